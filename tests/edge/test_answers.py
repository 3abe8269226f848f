"""The corpus of backends that lie, as legacy: never a wrong whole answer, never another user's."""

import pytest

from tests.edge.lying import as_parameter, check, is_small, reached, teach, tell
from tests.edge.playing import ask
from tests.support.backends import Backend
from tests.support.corpora import AnswerCase, answer_cases
from tests.support.edges import Edge, edge
from tests.support.messages import Answer
from tests.support.scripts import begins_at_accept
from tests.support.waiting import until

CASES = [as_parameter(case, False) for case in answer_cases()]
CASES += [as_parameter(case, True) for case in answer_cases() if is_small(case)]


def _name(value: AnswerCase | bool) -> str:
    if isinstance(value, AnswerCase):
        return value.id
    return "byte-by-byte" if value else "whole"


@pytest.mark.parametrize(("case", "dripping"), CASES, ids=_name)
async def test_a_lie_of_legacy_has_its_outcome(case: AnswerCase, dripping: bool) -> None:
    """The user gets 502 or 504, an aborted connection, or the answer; others get their own.

    The poisoned connection to legacy is never used again, and the exchange is in the sums.
    """
    async with reached(case) as (settings, legacy):
        if legacy is not None:
            teach(legacy, case, dripping=dripping)
        async with edge(settings) as proxy:
            await _play(case, proxy, legacy)
            await proxy.at_rest()
            if case.user == {"refused"}:
                await until(lambda: "legacy_failed" in _events(proxy), "legacy_failed is told")
        assert legacy is None or not legacy.malformed


async def _play(case: AnswerCase, proxy: Edge, legacy: Backend | None) -> None:
    has_bystander = legacy is not None and not legacy.at_accept and case.listen == "plain"
    bystander = await proxy.connect() if has_bystander else None
    if bystander is not None:
        await ask(bystander, b"/before")
    lie, wire = await tell(proxy, case, bystander)
    check(lie, case)
    if bystander is not None:
        assert legacy is not None
        if lie.kind == "answered" and b"close" not in _connection(lie.answer):
            await ask(wire, b"/after-the-lie")
        await ask(bystander, b"/after")
        fresh = await proxy.connect()
        await ask(fresh, b"/fresh")
        fresh.close()
        if "clean" in case.user:
            assert legacy.open_connections == legacy.connections, "a clean connection was closed"
        wire.close()
        bystander.close()
        await until(lambda: all(run.is_over for run in legacy.runs), "the lying connection is gone")
    wire.close()


def _events(proxy: Edge) -> list[str]:
    return [event["event"] for event in proxy.events]


def _connection(answer: Answer | None) -> bytes:
    assert answer is not None
    return b",".join(answer.values("connection")).lower()


def test_scripts_that_speak_first_are_told_from_others() -> None:
    """A bystander is left out only where the backend lies to everyone."""
    first = [case.id for case in answer_cases() if begins_at_accept(list(case.script))]
    assert 5 <= len(first) <= 10
