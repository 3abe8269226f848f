"""Over a limit: 503 with Retry-After, fast, counted, and nobody else is touched."""

from dataclasses import replace

import pytest

from tests.edge.playing import ask
from tests.support.backends import backend
from tests.support.edges import QUICK, Edge, backend_settings, edge
from tests.support.messages import Answer, read_answer
from tests.support.waiting import until

HANG = [{"hang": True}]


def _is_overload(answer: Answer) -> bool:
    return answer.status == 503 and answer.values("retry-after")[0].isdigit()


async def test_one_connection_too_many_is_503_and_the_end() -> None:
    """Those within the limit go on, and a free place is taken again."""
    limits = replace(QUICK, max_connections=5)
    async with backend() as legacy, edge(legacy.address, limits=limits) as proxy:
        within = [await proxy.connect() for _ in range(5)]
        for wire in within:
            await ask(wire, b"/within")
        over = await proxy.connect()
        await over.send(b"GET /over HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert _is_overload(await read_answer(over))
        await over.read_to_end()
        over.close()
        for wire in within:
            await ask(wire, b"/still-within")
        within[0].close()
        await until(lambda: proxy.cell("refused/overload") == 1, "the refusal is counted")
        await _until_served(proxy)
        terms = await proxy.at_rest()
    assert b"/over" not in [request.target for request in legacy.requests]
    assert terms["received"] == terms["skipped"] + terms["dropped"]


async def _until_served(proxy: Edge) -> None:
    for _ in range(100):
        wire = await proxy.connect()
        await wire.send(b"GET /free HTTP/1.1\r\nHost: a.test\r\n\r\n")
        if (await read_answer(wire)).status == 200:
            return
        wire.close()
    raise AssertionError("the free place is not taken again")


async def test_one_peer_cannot_take_all_connections() -> None:
    """`max_connections_per_peer` holds for each address by itself."""
    limits = replace(QUICK, max_connections_per_peer=2)
    async with backend() as legacy, edge(legacy.address, limits=limits) as proxy:
        for _ in range(2):
            await ask(await proxy.connect(), b"/within")
        over = await proxy.connect()
        await over.send(b"GET /over HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert _is_overload(await read_answer(over))


async def test_one_waiting_request_too_many_is_503() -> None:
    """Legacy's connections are all busy and the line is full: a fast no, and those in line wait on."""
    limits = replace(QUICK, max_waiting=2)
    async with backend() as legacy:
        settings = backend_settings(legacy.address, max_connections=2)
        legacy.scripts[b"/busy"] = [{"await": "go"}, {"send": _OK}]
        async with edge(settings, limits=limits) as proxy:
            busy = [await proxy.connect() for _ in range(2)]
            for wire in busy:
                await wire.send(b"GET /busy HTTP/1.1\r\nHost: a.test\r\n\r\n")
            await until(lambda: len(legacy.requests) == 2, "both connections are busy")
            waiting = [await proxy.connect() for _ in range(2)]
            for wire in waiting:
                await wire.send(b"GET /waiting HTTP/1.1\r\nHost: a.test\r\n\r\n")
            over = await proxy.connect()
            await over.send(b"GET /over HTTP/1.1\r\nHost: a.test\r\n\r\n")
            assert _is_overload(await read_answer(over))
            legacy.events["go"].set()
            for wire in (*busy, *waiting):
                assert (await read_answer(wire)).status == 200
            assert legacy.connections == 2
            assert proxy.cell("refused/overload") == 1
            terms = await proxy.at_rest()
    assert terms["received"] == 5


_OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.slow
async def test_a_request_does_not_wait_for_a_connection_for_ever() -> None:
    """In line for longer than legacy may take: 502, 503 or 504 in time, and the line is free again."""
    async with backend() as legacy:
        settings = backend_settings(
            legacy.address, max_connections=1, response_timeout_s=0.4, connect_timeout_s=0.3
        )
        legacy.scripts[b"/x"] = HANG
        async with edge(settings) as proxy:
            wires = [await proxy.connect() for _ in range(3)]
            for wire in wires:
                await wire.send(b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n")
            for wire in wires:
                assert (await read_answer(wire)).status in (502, 503, 504)
            await proxy.at_rest()
            await ask(await proxy.connect(), b"/fine")


async def test_a_user_who_leaves_the_line_frees_the_place() -> None:
    """A waiting request whose user is gone is never sent to legacy."""
    async with backend() as legacy:
        settings = backend_settings(legacy.address, max_connections=1)
        legacy.scripts[b"/busy"] = [{"await": "go"}, {"send": _OK}]
        async with edge(settings) as proxy:
            busy = await proxy.connect()
            await busy.send(b"GET /busy HTTP/1.1\r\nHost: a.test\r\n\r\n")
            await until(lambda: legacy.requests, "the connection is busy")
            gone = await proxy.connect()
            await gone.send(b"GET /gone HTTP/1.1\r\nHost: a.test\r\n\r\n")
            await until(lambda: proxy.cell("received") == 2, "the second request waits")
            gone.reset()
            await until(lambda: proxy.conservation()["in_flight"] == 0, "it is counted")
            legacy.events["go"].set()
            assert (await read_answer(busy)).status == 200
            await ask(await proxy.connect(), b"/after")
    assert b"/gone" not in [request.target for request in legacy.requests]


@pytest.mark.parametrize("count", [1, 30])
async def test_a_pipeline_does_not_jump_the_limits(count: int) -> None:
    """One connection has one request at legacy at a time, however many it sends ahead."""
    async with backend() as legacy:
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(b"GET /p HTTP/1.1\r\nHost: a.test\r\n\r\n" * count)
            for _ in range(count):
                assert (await read_answer(wire)).status == 200
        assert legacy.connections == 1
