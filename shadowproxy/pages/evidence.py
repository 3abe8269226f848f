"""What legacy against itself, and asking once more, say about a finding: in words, with what they mean.

Law: nothing is said to be certain that was not counted; where nothing was asked, that is said.
"""

import math
from typing import Final, NamedTuple

from shadowproxy.findings.shares import share
from shadowproxy.pages.documents import Document, count, member, text
from shadowproxy.pages.figures import finite, number, percent, plural

ALPHA: Final = 0.05
"""Of a bound that holds with 95 % confidence."""
MAX_BET: Final = 1e6
"""From here on more evidence means the same."""


class Said(NamedTuple):
    """`fact` was counted; `meaning` is what follows from it."""

    fact: str
    meaning: str


def of_noise(group: Document) -> Said:
    """Legacy asked twice."""
    noise = member(group, "noise")
    samples, times = count(noise, "aa_samples"), min(count(noise, "b"), count(noise, "aa_samples"))
    if not samples:
        return Said(
            "Legacy was not asked a second time for this endpoint yet.",
            "So it is not known whether legacy agrees with itself here. Safe requests are asked again "
            "for noise.sample of the traffic; raise it to know sooner.",
        )
    if not times:
        fact = f"Legacy never disagreed with itself in {plural(samples, 'check')}."
        return Said(fact, _of_steady(text(noise, "state"), samples))
    _, low, high = share(times, samples)
    counted = f"Legacy disagreed with itself in {number(times)} of {plural(samples, 'check')}"
    return Said(f"{counted} ({percent(low)} to {percent(high)}).", _of_noisy(noise))


_OWN: Final = ("confirmed", "regression")
"""States in which the checks have decided that a difference is no noise."""


def _of_steady(state: str, samples: int) -> str:
    """Legacy asked twice gave the same each time; how much that says depends on how often."""
    if state in _OWN:
        most = 1 - math.pow(ALPHA, 1 / samples)
        return (
            "It was asked twice at the same moment and gave the same here each time. So chance or time "
            f"alone make this difference in at most {percent(most)} of answers, with 95 % confidence: "
            "it is the candidate's own."
        )
    if state == "noisy":
        return "The place counts as noise all the same, so the difference is explained."
    return (
        f"It is not decided yet whether the difference is the candidate's own: {plural(samples, 'check')} "
        f"{'is' if samples == 1 else 'are'} too few to tell. It stays open until there are more."
    )


def _of_noisy(noise: Document) -> str:
    state, bet = text(noise, "state"), finite(noise.get("e")) or 1.0
    if state == "regression":
        odds = "more than a million" if bet >= MAX_BET else number(round(bet))
        return (
            "The place is noisy, but the candidate differs more often than that explains: betting on a "
            f"fair coin would turn 1 into {odds} with a chance of 1 in {odds} at most. A regression."
        )
    if state == "noisy":
        return (
            "A difference of this kind here is what legacy does, too, so it is explained by noise. "
            "Another type, null, a missing value or one of another shape still shows."
        )
    return "Too seldom to call the place noisy; the difference stays open until more is known."


def of_rechecks(group: Document) -> Said | None:
    """Both sides asked once more; None when nobody was."""
    rechecks = member(group, "rechecks")
    still, gone, flaky = (count(rechecks, name) for name in ("still", "gone", "legacy_flaky"))
    total = still + gone + flaky
    if not total:
        return None
    parts = [
        f"still there in {number(still)}" if still else "",
        f"gone in {number(gone)}" if gone else "",
        f"legacy differed from itself in {number(flaky)}" if flaky else "",
    ]
    fact = f"Asked again {plural(total, 'time')}: {', '.join(filter(None, parts))}."
    if still == total:
        return Said(fact, "It can be reproduced: send the request again and it is there.")
    if not still:
        return Said(
            fact, "It has not come back for the same request: look for state, time or load."
        )
    return Said(fact, "It comes and goes for the same request: look for state, time or load.")
