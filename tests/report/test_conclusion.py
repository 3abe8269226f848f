"""The claim that the report makes: seldom wrong however often one looks, monotone, and in reach."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.report.conclusion import (
    ALPHA,
    GO,
    NO_GO,
    NOT_YET,
    Facts,
    conclude,
    is_above,
    is_below,
    needed,
)

GOALS = (0.001, 0.01, 0.1, 0.5)
totals = st.integers(0, 200_000)
goals = st.sampled_from(GOALS)


def _ever(claims: list[int], goal: float, total: int, is_claimed: object) -> bool:
    """Whether a claim is made at any moment; `claims` are the exchanges that were bad."""
    assert callable(is_claimed)
    moments = range(len(claims) + 1)
    for bad in moments:
        # between two bad ones evidence below only grows and evidence above only shrinks, so these
        # are the moments at which a claim would be made if it ever is
        last = claims[bad] - 1 if bad < len(claims) else total
        first = claims[bad - 1] if bad else 1
        if is_claimed(bad, first, goal) or is_claimed(bad, last, goal):
            return True
    return False


def _stream(random: Random, rate: float, total: int) -> list[int]:
    """At which exchange each bad one came, the first being 1."""
    found: list[int] = []
    at = 0
    while True:
        at += 1 + int(math.log(1 - random.random()) / math.log1p(-rate))
        if at > total:
            return found
        found.append(at)


@pytest.mark.parametrize("goal", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("is_claimed", [is_below, is_above])
def test_false_claims_are_seldom_however_often_one_looks(goal: float, is_claimed: object) -> None:
    """At the very goal, looked at after every exchange: in less than ALPHA of 400 streams."""
    random = Random(11)
    runs, total = 400, int(60 / goal)
    wrong = sum(_ever(_stream(random, goal, total), goal, total, is_claimed) for _ in range(runs))
    # three standard deviations above what may be: a law that were broken would be far beyond
    assert wrong / runs < ALPHA + 3 * math.sqrt(ALPHA / runs)


def test_the_moments_of_a_claim_are_all_there() -> None:
    """Looking at every exchange one by one finds the same claims as the moments that are looked at."""
    random = Random(3)
    for _ in range(60):
        total, goal = 300, 0.1
        bad_at = _stream(random, random.choice((0.02, 0.1, 0.3)), total)
        for is_claimed in (is_below, is_above):
            every = any(
                is_claimed(sum(at <= moment for at in bad_at), moment, goal)
                for moment in range(1, total + 1)
            )
            assert every == _ever(bad_at, goal, total, is_claimed)


@pytest.mark.parametrize("goal", GOALS)
def test_true_claims_come(goal: float) -> None:
    """Without a bad one go is said after about what `needed` says; with many of them no-go."""
    random = Random(5)
    more = needed(0, 0, goal)
    assert more is not None
    assert is_below(0, more, goal)
    assert not is_below(0, int(more * 0.9), goal)
    rate = min(0.9, 4 * goal)
    total = int(60 / goal)
    said = sum(_ever(_stream(random, rate, total), goal, total, is_above) for _ in range(50))
    assert said == 50


@given(totals, totals, goals)
def test_more_good_ones_never_speak_against(bad: int, good: int, goal: float) -> None:
    """One more good exchange takes no go back, and brings no no-go."""
    total = bad + good
    if is_below(bad, total, goal):
        assert is_below(bad, total + 1, goal)
    if not is_above(bad, total, goal):
        assert not is_above(bad, total + 1, goal)


@given(totals, totals, goals)
def test_one_more_bad_one_never_speaks_for(bad: int, good: int, goal: float) -> None:
    """The same exchanges with one more bad among them: no go where there was none."""
    total = bad + good + 1
    if not is_below(bad, total, goal):
        assert not is_below(bad + 1, total, goal)
    if is_above(bad, total, goal):
        assert is_above(bad + 1, total, goal)


@given(totals, totals, goals)
def test_the_two_claims_exclude_each_other(bad: int, good: int, goal: float) -> None:
    """Never both, and neither against what was counted."""
    total = bad + good
    below, above = is_below(bad, total, goal), is_above(bad, total, goal)
    assert not (below and above)
    if below:
        assert bad < goal * total
    if above:
        assert bad > goal * total


@given(st.integers(0, 300), st.integers(0, 20_000), goals)
def test_what_is_needed_is_about_right(bad: int, good: int, goal: float) -> None:
    """As many more at the same rate decide it, and clearly fewer do not."""
    total = bad + good
    if is_below(bad, total, goal) or is_above(bad, total, goal):
        return
    more = needed(bad, total, goal)
    if more is None:
        assert 0.5 * goal < (bad / total if total else 0.0) < 2 * goal
        return
    rate = bad / total if total else 0.0

    def is_decided(count: int) -> bool:
        counted = round(rate * (total + count))
        return is_below(counted, total + count, goal) or is_above(counted, total + count, goal)

    assert is_decided(more)
    if more > max(64, total // 10):  # below that it is about the rounding of one bad one
        assert not is_decided(more // 2)


FACTS = [
    (Facts(0, 0, 0.001), NOT_YET),
    (Facts(100, 0, 0.001), NOT_YET),
    (Facts(10_000, 0, 0.001), GO),
    (Facts(10_000, 500, 0.001), NO_GO),
    (Facts(10_000, 0, 0.001, slower=["GET /a is slower"]), NO_GO),
    (Facts(1_000_000, 1_000, 0.001), NOT_YET),
    (Facts(10_000, 0, 0.001, open_findings=3, returned=1), GO),
]


@pytest.mark.parametrize(("facts", "word"), FACTS)
def test_the_word_and_its_reasons(facts: Facts, word: str) -> None:
    """The sentence names the numbers; reasons name what people have to look at."""
    said = conclude(facts)
    assert said["word"] == word
    assert said["sentence"]
    assert (said["needed"] is not None) == (word == NOT_YET and "about" in said["sentence"])
    reasons = " ".join(said["reasons"])
    assert ("answers differ or fail" in reasons) == bool(facts.bad)
    assert ("nobody has decided" in reasons) == bool(facts.open_findings)
    assert ("came back" in reasons) == bool(facts.returned)
    assert all(slow in reasons for slow in facts.slower)
