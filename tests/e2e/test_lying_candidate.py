"""The corpus of backends that lie, as candidate: nothing happens to any user, all is recorded."""

import json

import pytest

from shadowproxy.core.cells import OUTCOMES, ROUTE, route_base
from shadowproxy.core.settings import ShadowSettings
from shadowproxy.core.words import Verdict
from tests.e2e.warming import copies_get_through
from tests.edge.lying import TARGET, as_parameter, reached, teach
from tests.support.backends import Backend, backend, honest_answer
from tests.support.corpora import AnswerCase, answer_cases
from tests.support.edges import ALL, Edge, edge
from tests.support.messages import Received, read_answer

SHADOW = ShadowSettings(timeout_s=0.4)


def _json_answer(request: Received) -> bytes:
    """Legacy's answer to what the candidate lies about; honest and plain for all else."""
    if request.target != TARGET:
        return honest_answer(request)
    body = json.dumps({"asked": request.target.decode()}).encode()
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Served: %d\r\n"
        b"Content-Length: %d\r\n\r\n" % (len(request.fields), len(body))
    )
    return head if request.method == b"HEAD" else head + body


@pytest.mark.parametrize("case", list(map(as_parameter, answer_cases())), ids=lambda case: case.id)
async def test_a_lie_of_a_candidate_reaches_nobody(case: AnswerCase) -> None:
    """The user's bytes are legacy's to the last, and the verdict and the tally say what it was."""
    async with backend() as legacy, reached(case) as (candidate, liar):
        legacy.answer = _json_answer
        if liar is not None:
            teach(liar, case)
        async with edge(legacy.address, candidate, ALL, shadow=SHADOW) as proxy:
            await copies_get_through(proxy)
            before = await _tallies(proxy)
            await _ask(case, proxy, legacy)
            after = await _tallies(proxy)
            _check(case, {name: after[name] - before[name] for name in after})
        assert liar is None or not liar.malformed


async def _ask(case: AnswerCase, proxy: Edge, legacy: Backend) -> None:
    wire = await proxy.connect()
    for _ in range(2):
        await wire.send(case.request)
        answer = await read_answer(wire, case.request.partition(b" ")[0])
        assert answer.head + answer.body == _json_answer(legacy.requests[-1])
    assert legacy.connections == 1


async def _tallies(proxy: Edge) -> dict[str, int]:
    """The terms of the law, outcomes and verdicts, once all exchanges have ended."""
    terms = await proxy.at_rest()
    pages = proxy.cells()
    outcomes = {name: proxy.cell(f"backend_requests/candidate/{name}") for name in OUTCOMES}
    verdicts = {
        name.value: sum(page[route_base(0) + ROUTE[f"verdict/{name}"]] for page in pages)
        for name in Verdict
    }
    return terms | outcomes | verdicts


def _check(case: AnswerCase, tallies: dict[str, int]) -> None:
    seen = {name for name, count in tallies.items() if count}
    outcomes, verdicts = seen & set(OUTCOMES), seen & set(Verdict)
    about = f"{case.id}: {case.fact}\n{tallies}"
    assert tallies["received"] == tallies["recorded"] == 2, about
    assert outcomes, about
    assert outcomes <= case.outcome, about
    assert verdicts, about
    assert verdicts <= case.verdict, about
