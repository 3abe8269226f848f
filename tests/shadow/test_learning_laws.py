"""Any fates of candidate, witness and legacy, in any order, end each exchange once, as they must.

a run = up to twelve exchanges at once; each has what the candidate does, what the witness does,
how legacy's half comes, and the order of these three.
"""

import itertools
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowproxy.core.lifecycle import DropReason
from shadowproxy.core.settings import NoiseSettings, ShadowSettings
from shadowproxy.core.words import FailureKind
from shadowproxy.ipc import frames
from tests.shadow.playing import FAILURES, Played, ok, shadowed
from tests.support.backends import Backend, backend
from tests.support.scripts import Step

pytestmark = pytest.mark.slow

SAME, OTHER, RESET, HANG, CANCEL = "same", "other", "reset", "hang", "cancel"
ANSWERS = {SAME: b"ok", OTHER: b"no"}
PARTS = ("candidate", "witness", "legacy")


class Plan(NamedTuple):
    """The fates of one exchange and the order in which they come."""

    candidate: str
    witness: str
    legacy: str
    order: tuple[str, ...]

    @property
    def is_sampled(self) -> bool:
        """The judge learns something."""
        return self.legacy != CANCEL and self.witness in ANSWERS

    @property
    def is_match(self) -> bool:
        """Shadow says so by itself."""
        return not self.is_sampled and self.legacy == SAME == self.candidate


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
    elif fate == RESET:
        failed = frames.Side(FAILURES[FailureKind.RESET], 0, 0, 0, 5, 0, b"", b"")
        played.answer(exchange, failed)
    else:
        played.answer(exchange, ok(ANSWERS[fate]))


def play(played: Played, sides: dict[str, Backend], plans: list[Plan]) -> None:
    """All requests at once, then each exchange's parts in their order, taking turns."""
    for number, plan in enumerate(plans):
        target = b"/%d" % number
        sides["candidate"].scripts[target] = steps(number, plan.candidate)
        sides["witness"].scripts[target] = steps(number, plan.witness)
    exchanges = [
        played.ask(b"GET /%d HTTP/1.1\r\nHost: shop.test\r\n\r\n" % number)
        for number in range(len(plans))
    ]
    for place in range(len(PARTS)):
        for number, plan in enumerate(plans):
            part = plan.order[place]
            if part == "legacy":
                half(played, exchanges[number], plan.legacy)
            else:
                sides[part].events[f"turn {number}"].set()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PLANS)
async def test_every_exchange_ends_as_its_parts_say(plans: list[Plan]) -> None:
    """Who is slow, dead or different decides the verdict; the witness decides what is learned."""
    noise = NoiseSettings(sample=1.0, source="legacy")
    async with (
        backend() as candidate,
        backend() as legacy,
        shadowed(
            candidate.address,
            legacy=legacy.address,
            noise=noise,
            shadow=ShadowSettings(timeout_s=0.4),
        ) as played,
    ):
        play(played, {"candidate": candidate, "witness": legacy}, plans)
        await played.until_settled()
        cancelled = sum(plan.legacy == CANCEL for plan in plans)
        sampled = sum(plan.is_sampled for plan in plans)
        matches = sum(plan.is_match for plan in plans)
        assert played.cell("dropped/client_gone") == cancelled
        assert played.route_cell("verdict/match") == matches
        assert played.cell("handed_over") == len(plans) - cancelled - matches
        assert played.witnesses() == {
            "asked": len(plans), "failed": len(plans) - sampled, "refused": 0, "used": sampled,
        }  # fmt: skip
