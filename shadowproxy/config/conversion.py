"""From the models to the plain values that every process works from."""

from dataclasses import dataclass
from pathlib import Path

from shadowproxy.config.comparing import NoiseSection, PlaceSection, ReportSection
from shadowproxy.config.examining import Examination
from shadowproxy.config.model import AUTO, BackendSection, CandidateSection, FileSection
from shadowproxy.config.plain_rules import plain_rule
from shadowproxy.config.slots import assign_slots, retired_routes
from shadowproxy.config.stores import absolute
from shadowproxy.core.cells import MAX_EDGES
from shadowproxy.core.settings import (
    AdminSettings,
    BackendSettings,
    CompareSettings,
    GuardSettings,
    LatencySettings,
    LimitSettings,
    LogSettings,
    NoiseSettings,
    RecheckSettings,
    RedactSettings,
    ReportSettings,
    RouteSettings,
    Settings,
    ShadowSettings,
    TlsSettings,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What `auto` depends on."""

    cores: int
    is_terminal: bool


def to_settings(found: Examination, around: Surroundings, previous: Settings | None) -> Settings:
    """The settings of a file that was examined and has no mistakes, as generation 1.

    Raises:
        NoSlotLeftError: more route names than a running proxy has slots for.
    """
    file = found.file
    assert file.legacy is not None
    latency = file.compare.latency
    slots = assign_slots(previous, [route.name for route in file.routes])
    return Settings(
        listen=file.listen,
        legacy=_backend(file.legacy),
        candidate=_backend(file.candidate) if file.candidate else None,
        secondary=_backend(file.secondary) if file.secondary else None,
        workers=max(1, min(around.cores, MAX_EDGES)) if file.workers == AUTO else file.workers,
        tls=TlsSettings(file.tls.cert, file.tls.key) if file.tls else None,
        forwarded=file.forwarded,
        admin=AdminSettings(file.admin.listen, file.admin.token),
        shadow=_shadow(file),
        guard=GuardSettings(file.guard.budget, file.guard.window, file.guard.enabled),
        routes=_routes(file, slots),
        retired_routes=retired_routes(previous, slots),
        limits=_limits(file),
        compare=to_comparison(found),
        noise=_noise(file.noise, has_secondary=file.secondary is not None),
        latency=LatencySettings(latency.ratio, latency.margin, latency.block),
        recheck=RecheckSettings(file.compare.recheck.per_minute),
        report=_report(file.report),
        redact=RedactSettings(
            _lowered(file.redact.headers), file.redact.members, file.redact.values
        ),
        log=_log(file, around),
    )


def _backend(section: BackendSection) -> BackendSettings:
    url = section.url
    return BackendSettings(
        scheme=url.scheme,
        host=url.host,
        port=url.port,
        unix=url.unix,
        connect_timeout_s=section.connect_timeout,
        response_timeout_s=section.response_timeout,
        max_connections=section.max_connections,
        verify=section.tls.verify,
        ca=section.tls.ca,
        server_name=section.tls.server_name,
        version_header=section.version_header if isinstance(section, CandidateSection) else "",
        version=section.version if isinstance(section, CandidateSection) else "",
    )


def _shadow(file: FileSection) -> ShadowSettings:
    shadow = file.shadow
    return ShadowSettings(
        enabled=shadow.enabled and file.candidate is not None,
        sample=shadow.sample,
        key=shadow.key,
        methods=shadow.methods,
        max_rps=shadow.max_rps,
        max_in_flight=shadow.max_in_flight,
        max_body_bytes=shadow.max_body,
        max_memory_bytes=shadow.max_memory,
        timeout_s=shadow.timeout,
        remove_headers=_lowered(shadow.headers.remove),
        set_headers=tuple(shadow.headers.set.items()),
    )


def _routes(file: FileSection, slots: dict[str, int]) -> tuple[RouteSettings, ...]:
    return tuple(
        RouteSettings(
            name=route.name,
            slot=slots[route.name],
            path=route.path,
            methods=route.methods,
            sample=route.sample,
            shadow=route.shadow != "never",
            shadow_methods=route.shadow_methods,
            max_rps=route.max_rps,
        )
        for route in file.routes
    )


def _limits(file: FileSection) -> LimitSettings:
    limits = file.limits
    return LimitSettings(
        max_head_bytes=limits.max_head,
        max_headers=limits.max_headers,
        max_connections=limits.max_connections,
        max_connections_per_peer=limits.max_connections_per_peer,
        max_waiting=limits.max_waiting,
        header_timeout_s=limits.header_timeout,
        body_timeout_s=limits.body_timeout,
        idle_timeout_s=limits.idle_timeout,
        drain_delay_s=limits.drain_delay,
        drain_timeout_s=limits.drain_timeout,
    )


def to_comparison(found: Examination) -> CompareSettings:
    """How answers are compared, of a file that was examined and has no mistakes."""
    compare = found.file.compare
    messages = compare.protobuf.messages if compare.protobuf else {}
    return CompareSettings(
        numbers=compare.defaults.numbers,
        arrays=compare.defaults.arrays,
        ignore_headers=_lowered((*compare.headers.ignore, *_version_headers(found.file))),
        unordered_headers=_lowered(compare.headers.lists_unordered),
        rules=tuple(map(plain_rule, compare.rules)),
        endpoints=tuple(
            (endpoint, tuple(map(plain_rule, rules)))
            for endpoint, rules in compare.endpoints.items()
        ),
        templates=found.templates,
        descriptors=found.descriptors,
        messages=tuple(messages.items()),
    )


def _version_headers(file: FileSection) -> tuple[str, ...]:
    """What the candidate says of itself is no difference."""
    candidate = file.candidate
    return (candidate.version_header,) if candidate and candidate.version_header else ()


def _noise(noise: NoiseSection, *, has_secondary: bool) -> NoiseSettings:
    source = noise.source
    if source == "auto":
        source = "secondary" if has_secondary else "legacy"
    return NoiseSettings(
        sample=noise.sample,
        source=source,
        alpha=noise.alpha,
        expire_s=noise.expire,
        pinned=_places(noise.pinned),
        refused=_places(noise.refused),
    )


def _places(places: tuple[PlaceSection, ...]) -> tuple[tuple[str, str, str], ...]:
    return tuple((place.endpoint, place.path, place.kind) for place in places)


def _report(report: ReportSection) -> ReportSettings:
    return ReportSettings(
        store=absolute(report.store, Path.cwd()),
        retention_s=report.retention,
        max_size_bytes=report.max_size,
        max_samples_per_group=report.max_samples_per_group,
        max_mismatch=report.max_mismatch,
    )


def _log(file: FileSection, around: Surroundings) -> LogSettings:
    form = file.log.format
    if form == "auto":
        form = "console" if around.is_terminal else "json"
    return LogSettings(file.log.level, form, file.log.access)


def _lowered(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)
