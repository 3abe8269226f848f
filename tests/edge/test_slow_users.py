"""Users who are slow on purpose: they cost nobody else anything, and are let go in time."""

from dataclasses import replace

import pytest

from tests.edge.playing import ask
from tests.support.backends import backend
from tests.support.edges import QUICK, edge
from tests.support.messages import read_answer
from tests.support.wire import EndedError, Wire

pytestmark = pytest.mark.slow  # what is about time takes time

SHORT_S = 0.3
IMPATIENT = replace(QUICK, header_timeout_s=SHORT_S, body_timeout_s=SHORT_S, idle_timeout_s=SHORT_S)


async def test_300_slow_heads_cost_others_nothing_and_get_408() -> None:
    """Each sends a head that never ends, a few bytes at a time; a clean user is served throughout."""
    async with backend() as legacy, edge(legacy.address, limits=IMPATIENT) as proxy:
        slow = [await proxy.connect() for _ in range(300)]
        clean = await proxy.connect()
        for wire in slow:
            await wire.send(b"GET /slow HTTP/1.1\r\nHost: a.test\r\n")
        for number in range(20):
            for wire in slow:
                await wire.send(b"X-%d: v\r\n" % number)
            await ask(clean, b"/clean")
        for wire in slow:
            assert (await read_answer(wire)).status == 408
            with pytest.raises(EndedError):
                await read_answer(wire)
        assert proxy.cell("refused/header_timeout") == 300
        terms = await proxy.at_rest()
    assert terms["received"] == 300 + 20
    assert {request.target for request in legacy.requests} == {b"/clean"}


@pytest.mark.parametrize("begun", [b"G", b"GET /x HTTP/1.1\r\nHost: a.test\r\n", b"\r\n"])
async def test_a_head_that_takes_too_long_is_408_and_the_end(begun: bytes) -> None:
    """Each further byte does not prolong it: the limit is on the whole head."""
    async with backend() as legacy, edge(legacy.address, limits=IMPATIENT) as proxy:
        wire = await proxy.connect()
        await wire.send(begun)
        await _is_let_go(wire, {408})
    assert not legacy.requests


@pytest.mark.parametrize(
    "begun",
    [
        b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhel",
        b"POST /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"POST /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5",
    ],
)
async def test_a_body_that_stops_is_408_and_the_end(begun: bytes) -> None:
    """Legacy never gets it whole, and its connection is not used again."""
    async with backend() as legacy, edge(legacy.address, limits=IMPATIENT) as proxy:
        wire = await proxy.connect()
        await wire.send(begun)
        await _is_let_go(wire, {408})
        await ask(await proxy.connect(), b"/clean")
        assert proxy.cell("refused/body_timeout") == 1
        await proxy.at_rest()
    assert [request.target for request in legacy.requests] == [b"/clean"]


@pytest.mark.parametrize("before", [b"", b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n"])
async def test_an_idle_connection_is_closed_without_a_word(before: bytes) -> None:
    """Never used, or between two requests: an end, and no 408 that could be taken for an answer."""
    async with backend() as legacy, edge(legacy.address, limits=IMPATIENT) as proxy:
        wire = await proxy.connect()
        if before:
            await wire.send(before)
            assert (await read_answer(wire)).status == 200
        assert await wire.read_to_end() == (b"", EndedError)


async def test_a_slow_legacy_is_not_the_users_fault() -> None:
    """While legacy works on a whole request no user deadline runs."""
    async with backend() as legacy, edge(legacy.address, limits=IMPATIENT) as proxy:
        legacy.scripts[b"/x"] = [
            {"pause": 3 * SHORT_S},
            {"send": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
        ]
        wire = await proxy.connect()
        await wire.send(b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert (await read_answer(wire)).body == b"ok"


async def _is_let_go(wire: Wire, statuses: set[int]) -> None:
    answer = await read_answer(wire)
    assert answer.status in statuses
    assert (await wire.read_to_end())[1] is EndedError
