"""What the proxy says that it saw: values, read from its admin API by `asking.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Group:
    """One finding: differences that share endpoint, statuses, place and kind."""

    endpoint: str
    path: str
    kind: str
    legacy_status: int
    candidate_status: int
    count: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Speed:
    """The median time of both backends on one route."""

    endpoint: str
    legacy_s: float
    candidate_s: float


@dataclass(frozen=True, slots=True)
class Sums:
    """Where the exchanges ended; the law is that the parts make up `received`."""

    received: int = 0
    skipped: int = 0
    dropped: int = 0
    failed: int = 0
    recorded: int = 0
    in_flight: int = 0
    balanced: bool = True
    """The proxy's own word on it, for it knows in which process each one is in flight."""

    @property
    def hold(self) -> bool:
        """Whether every received request is in exactly one state."""
        parts = self.skipped + self.dropped + self.failed + self.recorded + self.in_flight
        return self.balanced and self.received == parts


@dataclass(frozen=True, slots=True)
class Observed:
    """One reading of the proxy. `reasons` are keyed by (state, reason)."""

    sums: Sums = Sums()
    reasons: Mapping[tuple[str, str], int] = field(default_factory=dict)
    verdicts: Mapping[str, int] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    speeds: tuple[Speed, ...] = ()
    added_p50_s: float | None = None
    added_p99_s: float | None = None
