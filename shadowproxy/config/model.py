"""The whole file, key by key, with the default and the bounds of each.

Values that need another value to be judged are judged in `checking`.
"""

from typing import Annotated

from pydantic import BeforeValidator, Field

from shadowproxy.config.addresses import BackendUrl
from shadowproxy.config.comparing import CompareSection, NoiseSection, RedactSection, ReportSection
from shadowproxy.config.leaves import BOOLEAN, Leaf, duration, integer, rate, share, size, word
from shadowproxy.config.nodes import Scalar
from shadowproxy.config.rules import as_list
from shadowproxy.config.sections import Section
from shadowproxy.config.values import (
    FILE,
    HEADER_NAME,
    HEADER_VALUE,
    HOST_NAME,
    LISTEN,
    METHOD,
    PATH,
    REASON,
    ROUTE_NAME,
    SHADOW_KEY,
    TOKEN_TEXT,
    URL,
    VERSION,
)
from shadowproxy.core.cells import MAX_EDGES
from shadowproxy.core.settings import ListenSettings

AUTO = 0
"""`workers: auto` as a number: one edge per core."""


def _read_workers(scalar: Scalar) -> int:
    count = scalar.text
    if count == "auto":
        return AUTO
    if not (count.isascii() and count.isdigit() and 1 <= int(count[:6]) <= MAX_EDGES):
        raise ValueError(f"expected auto or a number from 1 to {MAX_EDGES}")
    return int(count)


WORKERS = Leaf(
    f"expected auto or a number from 1 to {MAX_EDGES}",
    _read_workers,
    lambda count: "auto" if count == AUTO else str(count),
    {"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": MAX_EDGES}]},
)


class AdminSection(Section):
    """The admin server: API, metrics, health."""

    listen: Annotated[ListenSettings, LISTEN] = Field(
        default=ListenSettings("127.0.0.1", 9900), description="anything but loopback needs a token"
    )
    token: Annotated[str, TOKEN_TEXT] = Field(default="", description="bearer token; empty: none")


class TlsSection(Section):
    """TLS on the users' side."""

    cert: Annotated[str, FILE] = Field(description="PEM file with the certificate chain")
    key: Annotated[str, FILE] = Field(description="PEM file with the private key, unencrypted")


class BackendTlsSection(Section):
    """How a backend's certificate is checked; for https:// alone."""

    verify: Annotated[bool, BOOLEAN] = Field(default=True, description="false trusts anyone")
    ca: Annotated[str, FILE] = Field(
        default="", description="PEM file of authorities; else the system's"
    )
    server_name: Annotated[str, HOST_NAME] = Field(
        default="", description="name to send and to check instead of the URL's host"
    )


class BackendSection(Section):
    """One backend."""

    url: Annotated[BackendUrl, URL]
    connect_timeout: Annotated[float, duration("1ms", "5m")] = 2.0
    response_timeout: Annotated[float, duration("1ms", "1d")] = Field(
        default=60.0, description="between bytes of an answer"
    )
    max_connections: Annotated[int, integer(1, 65_536)] = Field(
        default=1024, description="per process"
    )
    tls: BackendTlsSection = BackendTlsSection()


class CandidateSection(BackendSection):
    """The backend on trial."""

    version_header: Annotated[str, HEADER_NAME] = Field(
        default="", description="response header that says which version answered"
    )
    version: Annotated[str, VERSION] = Field(
        default="", description="which version answers, if no header says so"
    )


class CopyHeadersSection(Section):
    """Header fields of the copy; the original's are never touched."""

    remove: tuple[Annotated[str, HEADER_NAME], ...] = ()
    set: dict[Annotated[str, HEADER_NAME], Annotated[str, HEADER_VALUE]] = Field(default={})


class ShadowSection(Section):
    """What is copied, and how much of it at once."""

    enabled: Annotated[bool, BOOLEAN] = Field(
        default=True, description="the dial `shadow` at start"
    )
    sample: Annotated[float, share()] = Field(default=1.0, description="share of what is eligible")
    key: tuple[Annotated[str, SHADOW_KEY], ...] = Field(
        default=(),
        description="same key, same decision: the first that a request has; [] is random",
    )
    methods: tuple[Annotated[str, METHOD], ...] = Field(
        default=("GET", "HEAD", "OPTIONS"),
        description="others are copied only where a route says so",
    )
    max_rps: Annotated[float | None, rate(1_000_000)] = Field(
        default=None, description="copies per second to the candidate; null: no limit"
    )
    max_in_flight: Annotated[int, integer(1, 65_536)] = 256
    max_body: Annotated[int, size("1KiB", "256MiB")] = Field(
        default=1 << 20, description="per body; a larger request is not copied"
    )
    max_memory: Annotated[int, size("1MiB", "1TiB")] = Field(
        default=256 << 20, description="all captures together"
    )
    timeout: Annotated[float, duration("1ms", "1h")] = Field(default=10.0, description="per copy")
    headers: CopyHeadersSection = CopyHeadersSection()


class RouteSection(Section):
    """One route; the first whose path and methods match wins."""

    name: Annotated[str, ROUTE_NAME]
    path: Annotated[str, PATH]
    methods: tuple[Annotated[str, METHOD], ...] = Field(default=(), description="[]: all")
    sample: Annotated[float | None, share()] = Field(
        default=None, description="instead of shadow.sample"
    )
    shadow: Annotated[str, word("sampled", "never")] = "sampled"
    shadow_methods: tuple[Annotated[str, METHOD], ...] = Field(
        default=(), description="instead of shadow.methods; unsafe ones need a reason"
    )
    max_rps: Annotated[float | None, rate(1_000_000)] = None
    reason: Annotated[str, REASON] = Field(default="", description="why copying is harmless")


class GuardSection(Section):
    """Shadowing pauses itself when it adds more than this to users' answers."""

    budget: Annotated[float, duration("0.01ms", "1m")] = 0.005
    window: Annotated[float, duration("1s", "10m")] = 10.0
    enabled: Annotated[bool, BOOLEAN] = True


class LimitsSection(Section):
    """Bounds of the users' side."""

    max_head: Annotated[int, size("1KiB", "1MiB")] = 64 << 10
    max_headers: Annotated[int, integer(1, 10_000)] = 200
    max_connections: Annotated[int, integer(1, 1_000_000)] = Field(
        default=20_000, description="of users, per edge"
    )
    max_connections_per_peer: Annotated[int, integer(0, 1_000_000)] = Field(
        default=0, description="per edge; 0: no limit"
    )
    max_waiting: Annotated[int, integer(0, 1_000_000)] = Field(
        default=1024, description="requests that wait for a connection to legacy, per edge"
    )
    header_timeout: Annotated[float, duration("1ms", "1h")] = 10.0
    body_timeout: Annotated[float, duration("1ms", "1h")] = Field(
        default=30.0, description="between bytes of a request's body"
    )
    idle_timeout: Annotated[float, duration("1ms", "1d")] = 75.0
    drain_delay: Annotated[float, duration("0s", "10m")] = 5.0
    drain_timeout: Annotated[float, duration("0s", "1h")] = 20.0


class LogSection(Section):
    """Log events on standard error."""

    level: Annotated[str, word("debug", "info", "warning", "error")] = "info"
    format: Annotated[str, word("auto", "json", "console")] = Field(
        default="auto", description="auto: readable on a terminal, one JSON object a line elsewhere"
    )
    access: Annotated[bool, BOOLEAN] = Field(default=False, description="a line per request")


class FileSection(Section):
    """The configuration file."""

    listen: Annotated[
        tuple[Annotated[ListenSettings, LISTEN], ...],
        BeforeValidator(as_list),
        Field(min_length=1),
    ] = Field(default=(ListenSettings("0.0.0.0", 8080),), description="one address or a list")  # noqa: S104
    admin: AdminSection = AdminSection()
    workers: Annotated[int, WORKERS] = Field(default=AUTO, description="edges; auto: one per core")
    tls: TlsSection | None = None
    forwarded: Annotated[str, word("append", "off")] = Field(
        default="append", description="X-Forwarded-For, -Proto and -Host"
    )
    legacy: BackendSection | None = None
    candidate: CandidateSection | None = None
    secondary: BackendSection | None = Field(
        default=None, description="a second copy of legacy, asked only to learn noise"
    )
    shadow: ShadowSection = ShadowSection()
    routes: tuple[RouteSection, ...] = ()
    compare: CompareSection = CompareSection()
    noise: NoiseSection = NoiseSection()
    redact: RedactSection = RedactSection()
    report: ReportSection = ReportSection()
    guard: GuardSection = GuardSection()
    limits: LimitsSection = LimitsSection()
    log: LogSection = LogSection()
