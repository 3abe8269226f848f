"""The breaker's laws, under any sequence of copies, outcomes and time."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shadowproxy.shadow.breaker import (
    FIRST_PAUSE_S,
    MAX_PAUSE_S,
    MIN_COPIES,
    PROBES,
    REFUSED,
    WINDOW_S,
    Breaker,
    State,
)


class BreakerMachine(RuleBasedStateMachine):
    """Copies are admitted, and come back in any order, however late."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker()
        self.now_s = 100.0
        self.out: list[int] = []
        self.opened_s = 0.0

    @rule(seconds=st.floats(0, 40))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds

    @rule(copies=st.integers(1, 30))
    def copies_come(self, copies: int) -> None:
        for _ in range(copies):
            room = self.breaker.has_room(self.now_s)
            before = self.breaker.state
            ticket = self.breaker.admit(self.now_s)
            assert (ticket != REFUSED) == room
            if before is State.OPEN and ticket == REFUSED:
                assert self.now_s < self.opened_s + self.breaker.pause_s
            if ticket != REFUSED:
                self.out.append(ticket)

    @precondition(lambda self: self.out)
    @rule(count=st.integers(1, 30), at=st.sampled_from([0, -1]), good=st.booleans())
    def copies_return(self, count: int, at: int, good: bool) -> None:
        for _ in range(min(count, len(self.out))):
            ticket = self.out.pop(at)
            before = self.breaker.state
            (self.breaker.succeeded if good else self.breaker.failed)(ticket, self.now_s)
            if before is not State.OPEN and self.breaker.state is State.OPEN:
                assert not good
                self.opened_s = self.now_s

    @precondition(lambda self: self.out)
    @rule()
    def a_copy_is_given_up(self) -> None:
        state = self.breaker.state
        self.breaker.released(self.out.pop())
        assert self.breaker.state is state

    @invariant()
    def pauses_are_bounded(self) -> None:
        assert FIRST_PAUSE_S <= self.breaker.pause_s <= MAX_PAUSE_S

    @invariant()
    def probes_are_bounded(self) -> None:
        if self.breaker.state is State.HALF_OPEN:
            current = self.breaker._epoch
            assert sum(ticket == current for ticket in self.out) <= PROBES


TestBreaker = BreakerMachine.TestCase
TestBreaker.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)


def broken(breaker: Breaker, now_s: float) -> None:
    for _ in range(MIN_COPIES):
        breaker.failed(breaker.admit(now_s), now_s)


def probed(breaker: Breaker, now_s: float) -> None:
    for _ in range(PROBES):
        breaker.succeeded(breaker.admit(now_s), now_s)


@given(st.integers(0, 200), st.integers(0, 200))
def test_it_opens_at_half_of_twenty(good: int, bad: int) -> None:
    """It opens exactly when 20 copies or more have come back and half of them failed."""
    breaker = Breaker()
    for index in range(good + bad):
        ticket = breaker.admit(0.0)
        assert ticket != REFUSED
        if index < good:
            breaker.succeeded(ticket, 0.0)
        else:
            breaker.failed(ticket, 0.0)
            copies, failures = index + 1, index + 1 - good
            assert (breaker.state is State.OPEN) == (
                copies >= MIN_COPIES and failures * 2 >= copies
            )
            if breaker.state is State.OPEN:
                return


def test_old_failures_are_forgotten() -> None:
    """Nineteen failures, and a twentieth after the window: nothing opens."""
    breaker = Breaker()
    for _ in range(MIN_COPIES - 1):
        breaker.failed(breaker.admit(0.0), 0.0)
    breaker.failed(breaker.admit(WINDOW_S + 1.0), WINDOW_S + 1.0)
    assert breaker.state is State.CLOSED


def test_pauses_double_up_to_half_a_minute() -> None:
    """A candidate that stays dead is asked after 1, 2, 4 ... 30 s."""
    breaker, now_s, pauses = Breaker(), 0.0, []
    broken(breaker, now_s)
    for _ in range(7):
        pauses.append(breaker.pause_s)
        assert breaker.admit(now_s + breaker.pause_s - 0.01) == REFUSED
        now_s += breaker.pause_s
        breaker.failed(breaker.admit(now_s), now_s)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_five_good_probes_close_it_and_a_relapse_waits_longer() -> None:
    """After the pause 5 probes pass, no sixth; all good, it is closed; broken again, 2 s."""
    breaker = Breaker()
    broken(breaker, 0.0)
    tickets = [breaker.admit(1.0) for _ in range(PROBES + 1)]
    assert tickets[-1] == REFUSED
    assert REFUSED not in tickets[:-1]
    for ticket in tickets[:-1]:
        breaker.succeeded(ticket, 1.0)
    assert breaker.state is State.CLOSED
    broken(breaker, 2.0)
    assert breaker.pause_s == 2 * FIRST_PAUSE_S


def test_a_long_healthy_time_forgives() -> None:
    """Broken again after a healthy window, the first pause is 1 s as ever."""
    breaker = Breaker()
    broken(breaker, 0.0)
    probed(breaker, 1.0)
    broken(breaker, 1.0 + WINDOW_S)
    assert breaker.pause_s == FIRST_PAUSE_S


def test_late_outcomes_of_an_earlier_state_change_nothing() -> None:
    """Copies sent before the pause neither close nor open what came after."""
    breaker = Breaker()
    old = [breaker.admit(0.0) for _ in range(10)]
    broken(breaker, 0.0)
    assert breaker.admit(1.0) != REFUSED
    for ticket in old:
        breaker.failed(ticket, 1.0)
        breaker.succeeded(ticket, 1.0)
    assert breaker.state is State.HALF_OPEN


def test_a_probe_that_was_given_up_makes_room_for_another() -> None:
    """Probes whose exchange ended early do not block the recovery."""
    breaker = Breaker()
    broken(breaker, 0.0)
    for _ in range(3 * PROBES):
        breaker.released(breaker.admit(1.0))
    probed(breaker, 1.0)
    assert breaker.state is State.CLOSED
