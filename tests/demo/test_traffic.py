"""The client, against servers that behave and that do not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from shadowproxy.demo import traffic
from shadowproxy.demo.shop import Variant, build_app
from shadowproxy.demo.traffic import Traffic


class Watch:
    """Stops the traffic once a server has seen so many requests; notes what it saw."""

    def __init__(self, count: int) -> None:
        self.stop = asyncio.Event()
        self.requests: list[web.BaseRequest] = []
        self.peers: list[object] = []
        self._count = count

    def see(self, request: web.BaseRequest) -> None:
        self.requests.append(request)
        assert request.transport is not None
        self.peers.append(request.transport.get_extra_info("peername"))
        if len(self.requests) == self._count:
            self.stop.set()


def _watched_shop(watch: Watch) -> web.Application:
    app = build_app(Variant.LEGACY)

    async def note(request: web.Request, _: web.StreamResponse) -> None:
        watch.see(request)

    app.on_response_prepare.append(note)
    return app


def _failing(watch: Watch) -> web.Application:
    async def fail(request: web.Request) -> web.Response:
        watch.see(request)
        return web.Response(status=503)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fail)
    return app


@asynccontextmanager
async def _serving(app: web.Application) -> AsyncIterator[str]:
    server = TestServer(app)
    await server.start_server()
    yield f"http://{server.host}:{server.port}"
    await server.close()


async def test_a_healthy_shop_leaves_no_error() -> None:
    """Against legacy itself, each request gets the status that the plan expects."""
    watch = Watch(150)
    async with _serving(_watched_shop(watch)) as url:
        load = Traffic(url, rate=1000.0)
        await load.run(watch.stop)
    assert load.seen.errors == {}
    assert load.seen.requests == len(watch.requests) >= 150
    assert load.seen.in_flight == 0
    assert load.seen.latencies.count == load.seen.requests


@pytest.mark.slow
async def test_some_connections_are_kept_and_some_are_fresh() -> None:
    """Fewer connections than requests, more than the pool of kept ones would need."""
    watch = Watch(200)
    async with _serving(_watched_shop(watch)) as url:
        await Traffic(url, rate=200.0).run(watch.stop)
    fresh = [peer for peer in set(watch.peers) if watch.peers.count(peer) == 1]
    assert 5 < len(fresh) < 100
    assert len(set(watch.peers)) < len(watch.requests) / 2


async def test_an_unexpected_status_is_an_error() -> None:
    """Every answer that legacy would not have given counts as a user's error."""
    watch = Watch(50)
    async with _serving(_failing(watch)) as url:
        load = Traffic(url, rate=1000.0)
        await load.run(watch.stop)
    assert load.seen.error_count == load.seen.requests >= 50
    assert load.seen.statuses == {503: load.seen.requests}


async def test_an_unreachable_server_is_an_error_and_not_a_crash() -> None:
    """Refused connections are counted by their exception's name."""
    async with _serving(web.Application()) as url:
        pass
    load = Traffic(url, rate=1000.0)
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, stop.set)
    await load.run(stop)
    assert load.seen.requests > 0
    assert load.seen.error_count == load.seen.requests
    assert all(name.endswith("ClientConnectorError") for name in load.seen.errors)


async def test_waiting_requests_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer makes errors that say so, never an endless queue."""
    monkeypatch.setattr(traffic, "MAX_OUTSTANDING", 5)
    release, full = asyncio.Event(), asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hang)
    async with _serving(app) as url, asyncio.TaskGroup() as tasks:
        load = Traffic(url, rate=1000.0)
        tasks.create_task(load.run(full))
        async with asyncio.timeout(5):
            while not load.seen.errors:
                assert load.seen.in_flight <= 5
                await asyncio.sleep(0)
        full.set()
        release.set()
    assert set(load.seen.errors) >= {"not sent: too many requests wait"}
