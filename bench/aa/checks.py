"""What a run must show for the proxy to be believed, as functions of what was read.

Law: a check holds only for what was seen. Too few exchanges, noise that was not learned, or too
little traffic after it are a check that does not hold, never one that had nothing to object to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.aa.reading import Counts, Place, Reading
from shadowproxy.noise.known import State

MAX_SHARE: Final = 0.001
"""Mismatches of the exchanges that came after all noise was learned."""

MIN_AFTER: Final = 0.5
"""Of all exchanges, that have to come after that; the share of a handful would say nothing."""

CLAIMED: Final = (State.REGRESSION, State.CONFIRMED)
"""States in which a difference is called the candidate's own: by evidence, and because legacy never
disagreed with itself. The weaker one counts, too: nothing in the shop differs once in a while."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """When a place was first read as noisy; `last_told_s` is of the last mismatch that had it."""

    endpoint: str
    path: str
    at_s: float
    exchanges: int
    last_told_s: float | None


@dataclass(slots=True)
class Seen:
    """What the readings of one run come to."""

    last: Reading
    wanted: int
    requests: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    lessons: Sequence[Lesson] = ()
    unlearned: Sequence[Place] = ()
    before: Counts | None = None
    """The counts that were read next after all noise was learned."""
    regressions: Mapping[str, str] = field(default_factory=dict)
    slower: Mapping[str, str] = field(default_factory=dict)
    """What was claimed at any moment: the place, and the proxy's sentence."""

    @property
    def compared_after(self) -> int:
        """Exchanges that got their verdict after all noise was learned."""
        return self.last.counts.compared - self.before.compared if self.before else 0

    @property
    def mismatches_after(self) -> int:
        """Mismatches among these."""
        return self.last.counts.mismatches - self.before.mismatches if self.before else 0


@dataclass(frozen=True, slots=True)
class Check:
    """One promise, whether it was kept, and in words what was seen."""

    promise: str
    holds: bool
    seen: str


def check(seen: Seen) -> tuple[Check, ...]:
    """All of them; a run is fine when each holds."""
    recorded = seen.last.counts.recorded
    return (
        Check(
            "the exchanges that were asked for are recorded",
            recorded >= seen.wanted,
            f"{recorded:,} of {seen.wanted:,}",
        ),
        Check(
            "no finding is claimed to be the candidate's",
            not seen.regressions,
            _list(seen.regressions),
        ),
        Check("no endpoint is claimed to be slower", not seen.slower, _list(seen.slower)),
        _share(seen),
        _books(seen.last.counts),
        Check(
            "users see no error",
            bool(seen.requests) and not seen.errors,
            f"{sum(seen.errors.values()):,} of {seen.requests:,} requests"
            + "".join(f"; {count:,} x {name}" for name, count in seen.errors.items()),
        ),
    )


def claims(reading: Reading) -> dict[str, str]:
    """The places that one reading calls the candidate's own, with the proxy's sentence if it has one."""
    told = {(each.endpoint, each.path, each.kind): each.sentence for each in reading.findings}
    states = [
        *(((each.endpoint, each.path, each.kind), each.state) for each in reading.findings),
        *(((each.endpoint, each.path, each.kind), each.state) for each in reading.noise),
    ]
    claimed = dict.fromkeys(key for key, state in states if state in CLAIMED)
    return {" ".join(key): told.get(key, "") for key in claimed}


def _share(seen: Seen) -> Check:
    after, mismatches = seen.compared_after, seen.mismatches_after
    holds = (
        not seen.unlearned
        and after >= MIN_AFTER * seen.last.counts.compared
        and mismatches <= MAX_SHARE * after
    )
    words = f"{mismatches:,} of {after:,}, {percent(mismatches, after)}"
    if seen.unlearned:
        words = "not learned: " + ", ".join(" ".join(place) for place in seen.unlearned)
    return Check(f"mismatches after noise was learned are at most {MAX_SHARE:.1%}", holds, words)


def _books(counts: Counts) -> Check:
    holds = counts.hold and counts.recorded == counts.compared and not counts.in_flight
    words = f"{counts.equation}; {counts.compared:,} verdicts"
    return Check("the books add up, and nothing is left in flight", holds, words)


def percent(part: int, whole: int) -> str:
    """A share that may be small."""
    return f"{100 * part / whole:.3f} %" if whole else "of none"


def _list(words: Iterable[str]) -> str:
    return "; ".join(words) or "none"
