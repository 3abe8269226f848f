"""What replaying one sample came to, and what all samples of a finding come to; pure.

Laws: the order of the samples does not matter; a stale one says nothing, whatever the others say; a
finding is fixed only if one of its samples shows so and none speaks against it.
"""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """Of a sample, and of a finding. `not_asked` is what an interruption leaves."""

    FIXED = "fixed"
    STILL_DIFFERENT = "still_different"
    FLAKY = "flaky"
    STALE = "stale"
    NOT_ASKED = "not_asked"

    @property
    def words(self) -> str:
        """For people."""
        return self.replace("_", " ")


class Said(NamedTuple):
    """An outcome and the sentence that defends it."""

    outcome: Outcome
    why: str


_SILENT = (Outcome.STALE, Outcome.NOT_ASKED)


def conclude(samples: Sequence[Said]) -> Said:
    """What a finding's samples come to together."""
    if not samples:
        return Said(Outcome.STALE, "no sample of it is kept that could be sent")
    if any(said.outcome is Outcome.NOT_ASKED for said in samples):
        asked = sum(said.outcome is not Outcome.NOT_ASKED for said in samples)
        return Said(Outcome.NOT_ASKED, f"{asked} of {_samples(len(samples))} were asked")
    counts = Counter(said.outcome for said in samples if said.outcome not in _SILENT)
    if not counts:
        return Said(Outcome.STALE, _leading(samples))
    if len(counts) > 1:
        told = ", ".join(f"{counts[each]} {each.words}" for each in Outcome if counts[each])
        return Said(Outcome.FLAKY, f"its samples do not agree: {told}")
    (outcome,) = counts
    why = _leading([said for said in samples if said.outcome is outcome])
    told = f"{counts[outcome]} of {_samples(len(samples))}: {why}"
    stale = [said for said in samples if said.outcome is Outcome.STALE]
    return Said(outcome, f"{told} ({len(stale)} stale: {_leading(stale)})" if stale else told)


def _samples(count: int) -> str:
    return f"{count} sample" if count == 1 else f"{count} samples"


def _leading(samples: Sequence[Said]) -> str:
    """The reason that most of them have; of equally many, the first by the alphabet."""
    reasons = Counter(said.why for said in samples)
    return min(reasons, key=lambda why: (-reasons[why], why))
