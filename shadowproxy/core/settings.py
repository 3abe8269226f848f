"""The effective configuration as plain values: what every process works from.

`config/` validates the operator's file and writes one of these as JSON; the other processes read
it without importing a validator. Durations are seconds, sizes bytes, shares 0.0 to 1.0.
"""

from dataclasses import dataclass, field, fields, is_dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True, slots=True)
class ListenSettings:
    """One listening address: TCP `host` and `port`, or `unix` with a path."""

    host: str = ""
    port: int = 0
    unix: str = ""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Certificate chain and key files (PEM) of the users' side."""

    cert: str
    key: str


@dataclass(frozen=True, slots=True)
class AdminSettings:
    """Where control listens and the bearer token that guards it (empty: none)."""

    listen: ListenSettings = ListenSettings("127.0.0.1", 9900)
    token: str = ""


@dataclass(frozen=True, slots=True)
class BackendSettings:
    """How to reach one backend. `unix` replaces host and port when set; `ca` is a PEM file."""

    scheme: str
    host: str
    port: int
    unix: str = ""
    connect_timeout_s: float = 2.0
    response_timeout_s: float = 60.0
    max_connections: int = 1024
    verify: bool = True
    ca: str = ""
    server_name: str = ""
    version_header: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class RouteSettings:
    """One route; the first that matches wins. `slot` is its place in the tally pages."""

    name: str
    slot: int
    path: str
    methods: tuple[str, ...] = ()
    sample: float | None = None
    shadow: bool = True
    shadow_methods: tuple[str, ...] = ()
    max_rps: float | None = None


@dataclass(frozen=True, slots=True)
class ShadowSettings:
    """What is copied and how much of it at once."""

    enabled: bool = True
    sample: float = 1.0
    key: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("GET", "HEAD", "OPTIONS")
    max_rps: float | None = None
    max_in_flight: int = 256
    max_body_bytes: int = 1 << 20
    max_memory_bytes: int = 256 << 20
    timeout_s: float = 10.0
    remove_headers: tuple[str, ...] = ()
    set_headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """Budget of added time per answer (p99 over the window) above which shadowing pauses."""

    budget_s: float = 0.005
    window_s: float = 10.0
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """Bounds of the users' side. Connections are per edge process."""

    max_head_bytes: int = 64 << 10
    max_headers: int = 200
    max_connections: int = 20_000
    max_connections_per_peer: int = 0
    max_waiting: int = 1024
    header_timeout_s: float = 10.0
    body_timeout_s: float = 30.0
    idle_timeout_s: float = 75.0
    drain_delay_s: float = 5.0
    drain_timeout_s: float = 20.0


@dataclass(frozen=True, slots=True)
class CompareSettings:
    """What counts as a difference. Header names are lower-case.

    A rule is the mapping that the file holds, as plain values: `compare.rules` reads it.
    `endpoints` are (METHOD /template, its rules); `templates` the endpoints of an OpenAPI file;
    `messages` says which protobuf message (of `descriptors`, a base64 FileDescriptorSet) the
    answers of an endpoint are. `saved` are the rules that people saved on a page, as (id, endpoint,
    rule): control reads them from the store and adds them to what the file says.
    """

    numbers: str = "value"
    arrays: str = "auto"
    ignore_headers: tuple[str, ...] = ()
    unordered_headers: tuple[str, ...] = ()
    rules: tuple[dict[str, Any], ...] = ()
    endpoints: tuple[tuple[str, tuple[dict[str, Any], ...]], ...] = ()
    templates: tuple[str, ...] = ()
    descriptors: str = ""
    messages: tuple[tuple[str, str], ...] = ()
    saved: tuple[tuple[str, str, dict[str, Any]], ...] = ()


@dataclass(frozen=True, slots=True)
class NoiseSettings:
    """Learning from legacy against itself.

    `sample` is the share of safe requests that are asked twice, `source` whom the second time.
    Learned noise that no A/A difference renews for `expire_s` is forgotten. `pinned` and `refused`
    are (endpoint, general path, kind): always, and never, taken for noise.
    """

    sample: float = 0.02
    source: str = "legacy"
    alpha: float = 0.05
    expire_s: float = 7 * 86400.0
    pinned: tuple[tuple[str, str, str], ...] = ()
    refused: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LatencySettings:
    """When the candidate is called slower: more than `ratio` times legacy plus `margin_s`."""

    ratio: float = 1.2
    margin_s: float = 0.005
    block_s: float = 10.0


@dataclass(frozen=True, slots=True)
class RecheckSettings:
    """Asking both sides once more for a mismatch on a safe request; 0 a minute is never."""

    per_minute: int = 5


@dataclass(frozen=True, slots=True)
class RedactSettings:
    """What must not leave the judge; names are matched whole or by the default expression."""

    headers: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    values: str = "keep"


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """The store (a URL; of a file with its absolute path) and how much is kept in it.

    `max_mismatch` is the share of answers that may differ for the report to say go.
    """

    store: str = ""
    retention_s: float = 14 * 86400.0
    max_size_bytes: int = 1 << 30
    max_samples_per_group: int = 10
    max_mismatch: float = 0.001


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Level, `json` or `console` (already resolved from `auto`), and the access log switch."""

    level: str = "info"
    format: str = "json"
    access: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """One generation of the configuration.

    `retired_routes` are (name, slot) of routes that earlier generations had: their tallies stay
    in the pages and keep their name.
    """

    listen: tuple[ListenSettings, ...]
    legacy: BackendSettings
    candidate: BackendSettings | None = None
    secondary: BackendSettings | None = None
    generation: int = 1
    workers: int = 1
    tls: TlsSettings | None = None
    forwarded: str = "append"
    admin: AdminSettings = field(default_factory=AdminSettings)
    shadow: ShadowSettings = field(default_factory=ShadowSettings)
    guard: GuardSettings = field(default_factory=GuardSettings)
    routes: tuple[RouteSettings, ...] = ()
    retired_routes: tuple[tuple[str, int], ...] = ()
    limits: LimitSettings = field(default_factory=LimitSettings)
    compare: CompareSettings = field(default_factory=CompareSettings)
    noise: NoiseSettings = field(default_factory=NoiseSettings)
    latency: LatencySettings = field(default_factory=LatencySettings)
    recheck: RecheckSettings = field(default_factory=RecheckSettings)
    redact: RedactSettings = field(default_factory=RedactSettings)
    report: ReportSettings = field(default_factory=ReportSettings)
    log: LogSettings = field(default_factory=LogSettings)


def settings_from_json(document: dict[str, Any]) -> Settings:
    """Builds `Settings` from the JSON that `dataclasses.asdict` of one encodes to.

    Raises:
        TypeError: a member is missing or unknown; the file was not written by this release.
    """
    built: Settings = _build(Settings, document)
    return built


def _build(hint: Any, value: Any) -> Any:
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        assert isinstance(hint, type)
        known = {f.name for f in fields(hint)}
        if unknown := set(value) - known:
            raise TypeError(f"unknown members of {hint.__name__}: {sorted(unknown)}")
        return hint(**{name: _build(hints[name], item) for name, item in value.items()})
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        inner = next(arg for arg in get_args(hint) if arg is not type(None))
        return None if value is None else _build(inner, value)
    if origin is tuple:
        args = get_args(hint)
        if args[-1] is Ellipsis:
            return tuple(_build(args[0], item) for item in value)
        return tuple(_build(arg, item) for arg, item in zip(args, value, strict=True))
    return value
