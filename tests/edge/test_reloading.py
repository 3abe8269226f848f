"""New settings while users are being served: what runs ends as it began, what comes follows them."""

import asyncio
from dataclasses import replace

import pytest

from tests.edge.playing import ask
from tests.edge.test_tunnel import SWITCHING, UPGRADE
from tests.support.backends import backend
from tests.support.edges import QUICK, Edge, backend_settings, edge
from tests.support.messages import read_answer
from tests.support.waiting import until

OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def _applied(proxy: Edge, **changes: object) -> None:
    proxy.reload(**changes)
    generation = proxy.settings.generation
    await until(lambda: proxy.cell("generation") == generation, "the edge has reloaded")


async def test_another_legacy_takes_the_next_request() -> None:
    """On a kept connection too; the old legacy finishes what it was asked."""
    async with backend() as old, backend() as new, edge(old.address) as proxy:
        old.scripts[b"/slow"] = [{"await": "go"}, {"send": OK}]
        kept, slow = await proxy.connect(), await proxy.connect()
        await ask(kept, b"/first")
        await slow.send(b"GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await until(lambda: len(old.requests) == 2, "the old legacy works")
        await _applied(proxy, legacy=backend_settings(new.address))
        await ask(kept, b"/second")
        old.events["go"].set()
        assert (await read_answer(slow)).body == b"ok"
        await ask(slow, b"/third")
        assert [r.target for r in old.requests] == [b"/first", b"/slow"]
        assert [r.target for r in new.requests] == [b"/second", b"/third"]
        await until(lambda: old.open_connections == 0, "the old connections are let go")
        assert (await proxy.at_rest())["received"] == 4


async def test_a_download_an_upload_and_a_tunnel_outlive_a_reload() -> None:
    """Nothing that streams is cut, though legacy's pool is another one now."""
    async with backend() as old, backend() as new, edge(old.address) as proxy:
        old.scripts[b"/half"] = [
            {"send": "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"},
            {"await": "go"},
            {"send": "world"},
        ]
        old.scripts[b"/ws"] = [{"send": SWITCHING}, {"echo": 5}, {"close": True}]
        download, upload, tunnel = [await proxy.connect() for _ in range(3)]
        await download.send(b"GET /half HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await download.read_until(b"hello")
        await upload.send(b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhello")
        await tunnel.send(UPGRADE)
        await read_answer(tunnel)
        await until(lambda: old.open_connections == 3, "all three run")
        await _applied(proxy, legacy=backend_settings(new.address))
        old.events["go"].set()
        assert await download.read_exactly(5) == b"world"
        await upload.send(b"world")
        assert (await read_answer(upload)).status == 200
        await tunnel.send(b"hello")
        assert await tunnel.read_exactly(5) == b"hello"
    assert old.requests[-1].body == b"helloworld"
    assert not new.requests


async def test_those_in_line_are_served_after_a_reload() -> None:
    """A request that waits for a connection when legacy changes is not lost."""
    async with backend() as old, backend() as new:
        old.scripts[b"/busy"] = [{"await": "go"}, {"send": OK}]
        settings = backend_settings(old.address, max_connections=1)
        async with edge(settings) as proxy:
            busy, waiting = await proxy.connect(), await proxy.connect()
            await busy.send(b"GET /busy HTTP/1.1\r\nHost: a.test\r\n\r\n")
            await until(lambda: old.requests, "legacy works")
            await waiting.send(b"GET /waiting HTTP/1.1\r\nHost: a.test\r\n\r\n")
            await until(lambda: proxy.cell("received") == 2, "the second waits")
            await _applied(proxy, legacy=backend_settings(new.address, max_connections=1))
            old.events["go"].set()
            assert (await read_answer(busy)).status == 200
            assert (await read_answer(waiting)).status == 200


@pytest.mark.slow
async def test_the_old_legacys_deadlines_stay_in_force() -> None:
    """A request that hangs at the old legacy ends with 504 after a reload as before."""
    async with backend() as old, backend() as new:
        old.scripts[b"/x"] = [{"hang": True}]
        async with edge(backend_settings(old.address, response_timeout_s=0.5)) as proxy:
            wire = await proxy.connect()
            await wire.send(b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n")
            await until(lambda: old.requests, "the old legacy works")
            await _applied(proxy, legacy=backend_settings(new.address))
            assert (await read_answer(wire)).status == 504


async def test_limits_hold_for_the_next_head() -> None:
    """A smaller max_headers refuses the next request of a kept connection."""
    many = b"GET /x HTTP/1.1\r\nHost: a.test\r\n" + b"X-A: v\r\n" * 20 + b"\r\n"
    async with backend() as legacy, edge(legacy.address) as proxy:
        wire = await proxy.connect()
        await wire.send(many)
        assert (await read_answer(wire)).status == 200
        await _applied(proxy, limits=replace(QUICK, max_headers=10))
        await wire.send(many)
        assert (await read_answer(wire)).status == 431


@pytest.mark.slow
async def test_no_request_fails_while_everything_changes_under_load() -> None:
    """Ten users ask without pause through ten reloads that swap legacy and limits: zero errors."""
    async with backend() as one, backend() as other, edge(one.address) as proxy:
        over = asyncio.Event()

        async def use(user: int) -> int:
            wire = await proxy.connect()
            number = 0
            while not over.is_set():
                await ask(wire, b"/%d/%d" % (user, number))
                number += 1
                if number % 20 == 0:
                    wire.close()
                    wire = await proxy.connect()
            return number

        async with asyncio.TaskGroup() as users:
            tasks = [users.create_task(use(user)) for user in range(10)]
            for turn in range(10):
                legacy = (one, other)[turn % 2]
                limits = replace(QUICK, max_headers=100 + turn)
                await _applied(proxy, legacy=backend_settings(legacy.address), limits=limits)
            over.set()
        asked = sum(task.result() for task in tasks)
        assert (await proxy.at_rest())["received"] == asked
        assert len(one.requests) + len(other.requests) == asked
        assert one.requests
        assert other.requests
