"""Back-off: the first restart at once, then ever longer pauses, forgotten by a healthy life."""

from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.runtime.backoff import FUTILE_STARTS, HEALTHY_S, LONGEST_S, Backoff


def test_pauses_double_up_to_five_seconds() -> None:
    """0, 0.2, 0.4 ... 5, 5."""
    backoff = Backoff()
    pauses = [backoff.pause_after(0.1) for _ in range(8)]
    assert pauses == [0, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5]


@given(st.lists(st.floats(0, HEALTHY_S, exclude_max=True)))
def test_a_healthy_life_is_followed_by_a_restart_at_once(lives_s: list[float]) -> None:
    """Whatever came before."""
    backoff = Backoff()
    for lived_s in lives_s:
        assert 0 <= backoff.pause_after(lived_s) <= LONGEST_S
    assert backoff.pause_after(HEALTHY_S) == 0


def test_futile_starts_are_said_once() -> None:
    """The fifth end in a row within a second is the moment; later ones are not news."""
    backoff = Backoff()
    moments = []
    for _ in range(FUTILE_STARTS + 3):
        backoff.pause_after(0.5)
        moments.append(backoff.is_futile)
    assert moments == [False] * 4 + [True] + [False] * 3


def test_a_start_that_worked_for_a_second_is_not_futile() -> None:
    """Four futile ones, a short life, four more: nothing to say."""
    backoff = Backoff()
    moments = []
    for lived_s in [0.5] * 4 + [1.0] + [0.5] * 4:
        backoff.pause_after(lived_s)
        moments.append(backoff.is_futile)
    assert not any(moments)
