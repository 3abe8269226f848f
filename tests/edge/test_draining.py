"""SIGTERM as an edge sees it: serve on and say close, then finish what runs, then go; zero errors."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tests.edge.playing import ask
from tests.edge.test_tunnel import SWITCHING, UPGRADE
from tests.support.backends import Backend, backend
from tests.support.edges import QUICK, Edge, edge
from tests.support.messages import Answer, read_answer
from tests.support.waiting import until
from tests.support.wire import EndedError, Wire

pytestmark = pytest.mark.slow  # what is about time takes time

GET = b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n"
OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DELAY_S = 0.3


@asynccontextmanager
async def _scene(
    drain_delay_s: float = 0.0, drain_timeout_s: float = 3.0
) -> AsyncIterator[tuple[Edge, Backend]]:
    limits = replace(QUICK, drain_delay_s=drain_delay_s, drain_timeout_s=drain_timeout_s)
    async with backend() as legacy, edge(legacy.address, limits=limits) as proxy:
        yield proxy, legacy


async def _get(wire: Wire) -> Answer:
    await wire.send(GET)
    return await read_answer(wire)


def _says_close(answer: Answer) -> bool:
    return b"close" in b",".join(answer.values("connection")).lower()


async def test_during_the_delay_users_are_served_and_told_to_go() -> None:
    """Old and new connections get their answers, each with `Connection: close` and then the end."""
    async with _scene(drain_delay_s=DELAY_S) as (proxy, _):
        old = await proxy.connect()
        assert not _says_close(await _get(old))
        proxy.stop()
        for wire in (old, await proxy.connect()):
            answer = await _get(wire)
            assert answer.status == 200
            assert _says_close(answer)
            with pytest.raises(EndedError):
                await read_answer(wire)
        await proxy.stopped()


async def test_what_runs_is_finished() -> None:
    """A request that legacy is still working on, and a download half way, end as if nothing was."""
    async with _scene() as (proxy, legacy):
        legacy.scripts[b"/slow"] = [{"await": "go"}, {"send": OK}]
        legacy.scripts[b"/half"] = [
            {"send": "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"},
            {"await": "go"},
            {"send": "world"},
        ]
        slow, half = await proxy.connect(), await proxy.connect()
        await slow.send(b"GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await half.send(b"GET /half HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await half.read_until(b"hello")
        await until(lambda: len(legacy.requests) == 2, "both are at legacy")
        proxy.stop()
        await _until_refused(proxy)
        legacy.events["go"].set()
        assert (await read_answer(slow)).body == b"ok"
        assert await half.read_exactly(5) == b"world"
        async with asyncio.timeout(1):
            await proxy.stopped()
        assert (await proxy.at_rest())["received"] == 2


async def test_an_upload_that_runs_is_finished() -> None:
    """The second half of a body is taken after the stop."""
    async with _scene() as (proxy, legacy):
        wire = await proxy.connect()
        await wire.send(b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhello")
        await until(lambda: proxy.cell("received") == 1, "the upload has begun")
        proxy.stop()
        await _until_refused(proxy)
        await wire.send(b"world")
        assert (await read_answer(wire)).status == 200
        assert legacy.requests[0].body == b"helloworld"
        await proxy.stopped()


async def test_idle_connections_do_not_delay_the_end() -> None:
    """A hundred of them are closed at once, without a word."""
    async with _scene(drain_timeout_s=30.0) as (proxy, _):
        wires = [await proxy.connect() for _ in range(100)]
        for wire in wires[:50]:
            await ask(wire, b"/used")
        proxy.stop()
        await proxy.stopped()
        for wire in wires:
            assert await wire.read_to_end() == (b"", EndedError)


async def test_what_takes_too_long_is_cut_and_counted() -> None:
    """After the drain timeout the process goes; the exchanges are in the sums."""
    async with _scene(drain_timeout_s=0.3) as (proxy, legacy):
        legacy.scripts[b"/x"] = [{"hang": True}]
        legacy.scripts[b"/ws"] = [{"send": SWITCHING}, {"hang": True}]
        hanging, tunnel = await proxy.connect(), await proxy.connect()
        await hanging.send(GET)
        await tunnel.send(UPGRADE)
        await read_answer(tunnel)
        await until(lambda: len(legacy.requests) == 2, "both are at legacy")
        proxy.stop()
        await proxy.stopped()
        await hanging.read_to_end()
        await tunnel.read_to_end()
        assert (await proxy.at_rest())["received"] == 2


async def test_no_request_fails_while_an_edge_drains_under_load() -> None:
    """Ten users ask without pause: each answer is whole and its own until they are told to go."""
    async with _scene(drain_delay_s=DELAY_S) as (proxy, _):
        served: list[int] = []
        stopping = asyncio.Event()

        async def use(user: int) -> None:
            number = 0
            while True:
                wire = await proxy.connect()
                for _ in range(50):
                    number += 1
                    answer = await _get_own(wire, user, number)
                    served.append(user)
                    if _says_close(answer):
                        wire.close()
                        if stopping.is_set():
                            return
                        break
                    if len(served) == 200:
                        stopping.set()
                        proxy.stop()

        async with asyncio.timeout(10), asyncio.TaskGroup() as users:
            for user in range(10):
                users.create_task(use(user))
        await proxy.stopped()
        assert len(served) >= 210
        assert (await proxy.at_rest())["received"] == len(served)


async def _get_own(wire: Wire, user: int, number: int) -> Answer:
    target = b"/%d/%d" % (user, number)
    await wire.send(b"GET %s HTTP/1.1\r\nHost: a.test\r\n\r\n" % target)
    answer = await read_answer(wire)
    assert answer.body.startswith(b"GET " + target + b" ")
    return answer


async def _until_refused(proxy: Edge) -> None:
    """The edge has stopped accepting, so the drain's delay is over."""

    def is_refused() -> bool:
        with socket.socket() as sock:
            return sock.connect_ex(proxy.address) != 0

    await until(is_refused, "no more connections are accepted")
