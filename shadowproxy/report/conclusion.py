"""Go, no-go, or not enough data: the claim that the report makes, and what it rests on.

    goal: at most p0 of the answers differ
    go      E = mean over q < p0 of (q/p0)^k ((1-q)/(1-p0))^(n-k) >= 1 / ALPHA
    no-go   the same over q > p0, or the candidate is called slower

Laws: of all that is kept each claim is wrong with a probability of at most ALPHA, however often one
looks (Ville 1939), if exchanges are independent; of a window that was chosen beforehand, if one looks
once. Findings that a person expects do not count against the candidate. What could not be compared is
good for no claim: it speaks neither for the candidate nor against it; of what else cannot be told apart
the worse is assumed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

ALPHA: Final = 0.05
_BELOW: Final = (0.0, 0.1, 0.3, 0.5, 0.7)
_ABOVE: Final = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0, 300.0)
MAX_NEEDED: Final = 100_000_000

GO: Final = "go"
NO_GO: Final = "no-go"
NOT_YET: Final = "not enough data"


@dataclass(frozen=True, slots=True)
class Facts:
    """`compared` exchanges had a verdict on the candidate; in `bad` of them it failed or differed.

    `unclear` further ones were answered by both and could not be compared; `failed` of the bad ones
    the candidate did not answer.

    `open_findings` and `returned` are those that no person has decided on, and those that came back
    after they were called fixed; `decided` are those that a person expects or has called fixed, which
    are not among the `bad`.
    """

    compared: int
    bad: int
    goal: float
    unclear: int = 0
    failed: int = 0
    open_findings: int = 0
    returned: int = 0
    decided: int = 0
    slower: Sequence[str] = ()
    is_window: bool = False


def conclude(facts: Facts) -> dict[str, Any]:
    """{"word", "sentence", "reasons", "needed"}."""
    share = _percent(facts.bad / facts.compared) if facts.compared else "none"
    goal = _percent(facts.goal)
    reasons = _reasons(facts)
    if is_above(facts.bad, facts.compared + facts.unclear, facts.goal):
        told = f"The candidate is not ready: {share} of {facts.compared:,} answers differ or fail"
        return _made(NO_GO, f"{told}, at most {goal} may.", reasons)
    if facts.slower:
        count = _things(len(facts.slower), "endpoint")
        return _made(NO_GO, f"The candidate is not ready: it is slower at {count}.", reasons)
    if is_below(facts.bad + facts.unclear, facts.compared + facts.unclear, facts.goal):
        sentence = (
            f"The candidate behaves like legacy: of {facts.compared:,} compared answers at most"
            f" {goal} differ, with 95 % confidence{' for this window' if facts.is_window else ''}."
        )
        return _made(GO, sentence, reasons)
    if facts.unclear and is_below(facts.bad, facts.compared, facts.goal):
        sentence = (
            f"{facts.compared:,} answers were compared and hardly any differ, but"
            f" {_things(facts.unclear, 'answer')} could not be compared: that is too many to say go."
        )
        return _made(NOT_YET, sentence, reasons)
    more = needed(facts.bad, facts.compared, facts.goal)
    if more is None:
        sentence = (
            f"{facts.compared:,} answers were compared and {share} differ or fail: that is too near"
            f" to {goal} to be told from it."
        )
    else:
        sentence = (
            f"{facts.compared:,} answers were compared, about {more:,} more are needed to tell"
            f" whether at most {goal} differ."
        )
    return _made(NOT_YET, sentence, reasons, more)


def _made(word: str, sentence: str, reasons: list[str], more: int | None = None) -> dict[str, Any]:
    return {"word": word, "sentence": sentence, "reasons": reasons, "needed": more}


def _reasons(facts: Facts) -> list[str]:
    said = []
    if facts.bad:
        said.append(f"{facts.bad:,} of {facts.compared:,} answers differ or fail")
    if facts.failed:
        said.append(f"the candidate gave no usable answer {_things(facts.failed, 'time')}")
    if facts.unclear:
        said.append(f"{_things(facts.unclear, 'answer')} could not be compared")
    if facts.open_findings:
        said.append(f"{_things(facts.open_findings, 'finding')} nobody has decided on")
    if facts.returned:
        said.append(f"{_things(facts.returned, 'finding')} came back after being fixed")
    if facts.decided:
        said.append(f"not counted: {_things(facts.decided, 'finding')} marked as expected or fixed")
    return said + list(facts.slower[:5])


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"


def _things(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def is_below(bad: int, total: int, goal: float) -> bool:
    """Whether the evidence says that less than `goal` are bad."""
    return _log_e(bad, total, goal, [factor * goal for factor in _BELOW]) >= -math.log(ALPHA)


def is_above(bad: int, total: int, goal: float) -> bool:
    """Whether it says that more are."""
    rates = [factor * goal for factor in _ABOVE if factor * goal < 1]
    return _log_e(bad, total, goal, rates or [(1 + goal) / 2]) >= -math.log(ALPHA)


def needed(bad: int, total: int, goal: float) -> int | None:
    """How many more exchanges decide it, if as many are bad as so far; None if no number does."""
    rate = bad / total if total else 0.0
    low, high = 0, 64
    while not _is_decided(total + high, rate, goal):
        low, high = high, high * 2
        if high > MAX_NEEDED:
            return None
    while high - low > max(1, high // 50):
        middle = (low + high) // 2
        if _is_decided(total + middle, rate, goal):
            high = middle
        else:
            low = middle
    return high


def _is_decided(total: int, rate: float, goal: float) -> bool:
    bad = round(rate * total)
    return is_below(bad, total, goal) or is_above(bad, total, goal)


def _log_e(bad: int, total: int, goal: float, rates: Sequence[float]) -> float:
    """The logarithm of the mean of the likelihood ratios."""
    logs = [_log_ratio(bad, total, goal, rate) for rate in rates]
    most = max(logs)
    if most == -math.inf:
        return most
    return most + math.log(sum(math.exp(each - most) for each in logs) / len(logs))


def _log_ratio(bad: int, total: int, goal: float, rate: float) -> float:
    if not rate:
        return -math.inf if bad else -total * math.log1p(-goal)
    good = (total - bad) * (math.log1p(-rate) - math.log1p(-goal))
    return bad * math.log(rate / goal) + good
