"""What the proxy says that it saw: values, read from its admin API by `asking.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Group:
    """One finding: differences that share endpoint, statuses, place and kind.

    Noise explains `explained` more of them, which are not in `count`.
    """

    endpoint: str
    path: str
    kind: str
    legacy_status: int
    candidate_status: int
    count: int
    explained: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Learned:
    """What the proxy learned of one place and kind from legacy, asked `aa_samples` times twice.

    `b` is how often legacy disagreed with itself there.
    """

    endpoint: str
    path: str
    kind: str
    state: str
    aa_samples: int
    b: int


@dataclass(frozen=True, slots=True)
class Pace:
    """What the proxy says about the speed of one endpoint; the sentence is empty without a claim.

    `legacy_us` and `candidate_us` are quantiles in µs by their names: p50, p90, p99.
    """

    endpoint: str
    is_slower: bool
    sentence: str
    blocks: int
    slower_blocks: int
    legacy_us: Mapping[str, int]
    candidate_us: Mapping[str, int]


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
    def parts(self) -> dict[str, int]:
        """What is to make up `received`, by its name for people."""
        return {
            "skipped": self.skipped,
            "dropped": self.dropped,
            "failed": self.failed,
            "recorded": self.recorded,
            "in flight": self.in_flight,
        }

    @property
    def hold(self) -> bool:
        """Whether every received request is in exactly one state."""
        return self.balanced and self.received == sum(self.parts.values())

    @property
    def equation(self) -> str:
        """`10 received = 1 skipped + 9 recorded`."""
        added = " + ".join(f"{count:,} {name}" for name, count in self.parts.items() if count)
        return f"{self.received:,} received = {added or 0}"


@dataclass(frozen=True, slots=True)
class Observed:
    """One reading of the proxy. `reasons` are keyed by (state, reason)."""

    sums: Sums = Sums()
    reasons: Mapping[tuple[str, str], int] = field(default_factory=dict)
    verdicts: Mapping[str, int] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    causes: tuple[str, ...] = ()
    learned: tuple[Learned, ...] = ()
    paces: tuple[Pace, ...] = ()
    added_p50_s: float | None = None
    added_p99_s: float | None = None
