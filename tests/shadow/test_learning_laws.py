"""Any fates of candidate, witness and legacy, in any order, end each exchange once, as they must.

a run = up to twelve exchanges at once; each has what the candidate does, what the witness does,
how legacy's half comes, and the order of these three.
"""

import itertools
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shadowproxy.core.cells import unsettled
from shadowproxy.core.lifecycle import DropReason
from shadowproxy.core.words import FailureKind
from shadowproxy.ipc import frames
from tests.shadow.playing import FAILURES, Played, ok
from tests.shadow.witnessing import FAILED_LEGACY, witnessed
from tests.support.backends import Backend
from tests.support.scripts import Step
from tests.support.waiting import until

pytestmark = pytest.mark.slow

SAME, OTHER, RESET, HANG, CANCEL = "same", "other", "reset", "hang", "cancel"
ANSWERS = {SAME: b"ok", OTHER: b"no"}
FATES_OF_FAILURES = {FAILURES[FailureKind.RESET]: RESET, FAILURES[FailureKind.TIMEOUT]: HANG}
CANDIDATE, WITNESS, LEGACY = PARTS = ("candidate", "witness", "legacy")


class Plan(NamedTuple):
    """The fates of one exchange and the order in which they come; a hanging part comes last."""

    candidate: str
    witness: str
    legacy: str
    order: tuple[str, ...]

    @property
    def is_cancelled(self) -> bool:
        """It ends when its edge says so."""
        return self.legacy == CANCEL

    @property
    def is_sampled(self) -> bool:
        """The judge learns something."""
        return not self.is_cancelled and self.witness in ANSWERS

    @property
    def is_match(self) -> bool:
        """Shadow says so by itself: both gave one and the same answer, and nothing is learned."""
        return not self.is_sampled and self.candidate == self.legacy and self.legacy in ANSWERS

    @property
    def is_late(self) -> bool:
        """It lasts until the deadline."""
        return not self.is_cancelled and HANG in (self.candidate, self.witness)

    def is_heard(self, part: str, place: int) -> bool:
        """Shadow knows how this part has ended, once all up to `place` have had their turn."""
        turn = self.order.index(part)
        is_in_time = not self.is_cancelled or turn < self.order.index(LEGACY)
        return turn <= place and is_in_time and getattr(self, part) != HANG


PLANS = st.lists(
    st.builds(
        Plan,
        st.sampled_from([SAME, SAME, OTHER, RESET, HANG]),
        st.sampled_from([SAME, OTHER, RESET, HANG]),
        st.sampled_from([SAME, SAME, OTHER, RESET, CANCEL]),
        st.sampled_from(list(itertools.permutations(PARTS))),
    ),
    min_size=1,
    max_size=12,
)


def steps(number: int, fate: str) -> list[Step]:
    """Waits for its turn; then the fate."""
    turn: Step = {"await": f"turn {number}"}
    if fate in ANSWERS:
        side = ok(ANSWERS[fate])
        return [turn, {"send": (side.head + side.body).decode()}]
    return [turn, {fate: True}]


def half(played: Played, exchange: int, fate: str) -> None:
    """Legacy's half, or that it will not come."""
    if fate == CANCEL:
        played.cancel(exchange, DropReason.CLIENT_GONE)
    else:
        played.answer(exchange, FAILED_LEGACY if fate == RESET else ok(ANSWERS[fate]))


async def until_asked(side: Backend, count: int) -> None:
    """So many wait for their turn."""
    await until(lambda: len(side.requests) == count, f"{count} are asked")


async def until_heard(played: Played, backend: str, count: int) -> None:
    """So many outcomes of this backend were counted."""

    def counted() -> int:
        return sum(played.outcome(kind, backend) for kind in ("2xx", FailureKind.RESET))

    await until(lambda: counted() == count, f"{count} outcomes of {backend}")


async def play(played: Played, sides: dict[str, Backend], plans: list[Plan]) -> None:
    """All requests at once; when all are asked, the exchanges' parts in their order, in turn."""
    for number, plan in enumerate(plans):
        for part, side in sides.items():
            side.scripts[b"/%d" % number] = steps(number, getattr(plan, part))
    exchanges = [
        played.ask(b"GET /%d HTTP/1.1\r\nHost: shop.test\r\n\r\n" % number)
        for number in range(len(plans))
    ]
    for side in sides.values():
        await until_asked(side, len(plans))
    for place in range(len(PARTS)):
        for number, plan in enumerate(plans):
            part = plan.order[place]
            if part == LEGACY:
                half(played, exchanges[number], plan.legacy)
            else:
                sides[part].events[f"turn {number}"].set()
        await played.until_heard()
        for part, backend in ((CANDIDATE, "candidate"), (WITNESS, "secondary")):
            count = sum(plan.is_heard(part, place) for plan in plans)
            await until_heard(played, backend, count)


def shown(side: frames.Side) -> str:
    """The fate that a side of a pair tells of."""
    if side.failure:
        return FATES_OF_FAILURES[side.failure]
    return {body: fate for fate, body in ANSWERS.items()}[side.body]


def paired(played: Played) -> dict[int, tuple[str, str, str | None]]:
    """What judge has of each exchange that it got: candidate, legacy and, if any, witness."""
    return {
        int(pair.request_head.split()[1][1:]): (
            shown(pair.candidate),
            shown(pair.legacy),
            None if pair.witness is None else shown(pair.witness),
        )
        for pair in played.judge.pairs
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PLANS)
@example([Plan(OTHER, RESET, OTHER, PARTS)])  # both say another thing than most, and the same
@example([Plan(OTHER, RESET, SAME, PARTS)])
@example([Plan(RESET, RESET, RESET, PARTS)])  # equal in failing is not equal
async def test_every_exchange_ends_as_its_parts_say(plans: list[Plan]) -> None:
    """Who is slow, dead or different decides the verdict; the witness decides what is learned."""
    async with witnessed() as (played, candidate, legacy):
        await play(played, {CANDIDATE: candidate, WITNESS: legacy}, plans)
        assert unsettled(played.cells()) == sum(plan.is_late for plan in plans)
        await played.pass_deadline()
        await played.until_settled()
        cancelled = sum(plan.is_cancelled for plan in plans)
        sampled = sum(plan.is_sampled for plan in plans)
        matches = {b"GET /%d" % number for number, plan in enumerate(plans) if plan.is_match}
        assert played.cell("dropped/client_gone") == cancelled
        assert played.route_cell("verdict/match") == len(matches)
        assert played.cell("handed_over") == len(plans) - cancelled - len(matches)
        assert played.witnesses() == {
            "asked": len(plans), "failed": len(plans) - sampled, "refused": 0, "used": sampled,
        }  # fmt: skip
        assert paired(played) == {
            number: (plan.candidate, plan.legacy, plan.witness if plan.is_sampled else None)
            for number, plan in enumerate(plans)
            if not (plan.is_cancelled or plan.is_match)
        }
        await until(lambda: len(played.judge.matches) >= len(matches), "the matches are told")
        assert {match[-1] for match in played.judge.matches} == matches
