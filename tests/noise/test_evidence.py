"""The bets."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.noise.evidence import FIRST_WEIGHT, MAX_E, Wager, _log_weight

OUTCOMES = st.lists(st.booleans(), max_size=60)
BAR = math.log(20)


def wagered(outcomes: list[bool]) -> Wager:
    wager = Wager()
    for is_win in outcomes:
        if is_win:
            wager.win()
        else:
            wager.lose()
    return wager


def formula(wins: int, losses: int) -> float:
    return math.fsum((1 + n / 10) ** wins * (1 - n / 10) ** losses for n in range(1, 10)) / 9


@pytest.mark.slow
@given(OUTCOMES)
def test_a_fair_game_stays_fair(outcomes: list[bool]) -> None:
    """Whatever has happened, the mean of E over the next two outcomes is at most E now.

    That is what Ville's bound asks for. Beginning anew adds what had been put aside: the second
    beginning of all nine bettors is a twentieth of the stake, and comes with one of two outcomes.
    """
    now, won, lost = wagered(outcomes), wagered([*outcomes, True]), wagered([*outcomes, False])
    assert (won.e + lost.e) / 2 <= now.e * (1 + 1e-9) + (1 - FIRST_WEIGHT) / 4


@pytest.mark.slow
@given(st.integers(0, 400))
def test_it_is_the_formula_while_nobody_is_ruined(wins: int) -> None:
    """E = mean over l in .1 ... .9 of prod(1 + l*s), nine tenths of it."""
    assert wagered([True] * wins).e == pytest.approx(FIRST_WEIGHT * formula(wins, 0))
    mixed = wagered([True] * (wins + 40) + [False])
    assert mixed.e == pytest.approx(FIRST_WEIGHT * formula(wins + 40, 1), rel=0.01)


def test_the_weights_of_all_beginnings_sum_to_one() -> None:
    """So all bets together never stake more than what there was: 10,000 beginnings of one bettor."""
    total = math.fsum(math.exp(_log_weight(begun)) for begun in range(1, 10_001))
    assert 0.9999 < total < 1


@given(OUTCOMES)
def test_the_peak_is_the_highest_there_was(outcomes: list[bool]) -> None:
    """A claim is made on it, so it never falls and is never below E."""
    wager, peak = Wager(), Wager().log_e
    for is_win in outcomes:
        (wager.win if is_win else wager.lose)()
        peak = max(peak, wager.log_e)
        assert wager.log_peak == peak
    assert (wager.wins, wager.losses) == (sum(outcomes), len(outcomes) - sum(outcomes))


@given(OUTCOMES)
def test_evidence_survives_a_restart(outcomes: list[bool]) -> None:
    """Through JSON, and goes on as it would have."""
    wager = wagered(outcomes)
    again = Wager.from_plain(json.loads(json.dumps(wager.to_plain())))
    for one in (wager, again):
        one.win()
        one.lose()
    assert again.to_plain() == wager.to_plain()
    assert again.log_e == wager.log_e


def test_nothing_overflows() -> None:
    """E of 10,000 wins is 1e2784; of as many losses it is not 0."""
    assert wagered([True] * 10_000).e == MAX_E
    assert wagered([False] * 10_000).e > 0


@pytest.mark.parametrize(("equal_days", "needed"), [(0, 8), (1_000, 60), (20_000, 90)])
def test_a_long_peace_does_not_blunt_it(equal_days: int, needed: int) -> None:
    """After n even outcomes a candidate that always fails is found within this many samples.

    Without new beginnings it would take 600 after 10,000 and 1,100 after 20,000.
    """
    wager = wagered([True, False] * (equal_days // 2))
    assert wager.log_peak < BAR
    count = 0
    while wager.log_peak < BAR:
        wager.win()
        count += 1
    assert count <= needed


def test_a_claim_is_taken_back_once_it_is_disproved() -> None:
    """The candidate was off, and was mended: a million to one, and everything starts anew."""
    wager = wagered([True] * 30)
    assert not wager.settle(BAR)
    for _ in range(5):
        wager.lose()
        assert not wager.settle(BAR), "five outcomes take nothing back"
    count = 1
    while not wager.settle(BAR):
        (wager.win if count % 2 else wager.lose)()
        count += 1
    assert count < 40
    assert (wager.wins, wager.losses) == (0, 0)
    assert wager.e == pytest.approx(FIRST_WEIGHT)


def test_without_a_claim_nothing_is_taken_back() -> None:
    """A new start after each bad run would be one more chance of a false alarm."""
    wager = wagered([False] * 100)
    assert not wager.settle(BAR)
    assert wager.losses == 100


@pytest.mark.parametrize(
    "plain",
    [None, 3, [], {}, {"wins": -1}, {**Wager().to_plain(), "held": [1.0]},
     {**Wager().to_plain(), "held": ["x"] * 9}, {**Wager().to_plain(), "log_peak": math.nan}],
)  # fmt: skip
def test_garbage_is_one_error(plain: object) -> None:
    """ValueError, for whoever reads the file."""
    with pytest.raises(ValueError, match="no"):
        Wager.from_plain(plain)
