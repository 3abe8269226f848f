"""What the judge makes of one exchange: the comparison, and what noise explains of it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from shadowproxy.compare.differences import Comparison, Difference
from shadowproxy.core.words import Verdict
from shadowproxy.noise.learning import Judgement


class Decision(NamedTuple):
    """`judgements` has one for each difference, in their order."""

    endpoint: str
    comparison: Comparison
    judgements: Sequence[Judgement] = ()

    def unexplained(self) -> Iterator[Difference]:
        """The differences that noise does not explain."""
        for difference, judgement in zip(self.comparison.differences, self.judgements, strict=True):
            if not judgement.is_explained:
                yield difference

    def explained(self) -> Iterator[Difference]:
        """And those that it does."""
        for difference, judgement in zip(self.comparison.differences, self.judgements, strict=True):
            if judgement.is_explained:
                yield difference


def decide(endpoint: str, comparison: Comparison, judgements: Sequence[Judgement]) -> Decision:
    """A mismatch is noise if everything was looked at and every difference is explained."""
    is_noise = (
        comparison.verdict is Verdict.MISMATCH
        and not comparison.reason
        and all(judgement.is_explained for judgement in judgements)
    )
    if is_noise:
        comparison = replace(comparison, verdict=Verdict.NOISE)
    return Decision(endpoint, comparison, judgements)
