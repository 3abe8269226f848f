"""Server-sent events: paced, alive, and over when the page or control is."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from shadowproxy.control.live import EVERY_S, MAX_LISTENERS, Live
from tests.control.filling import shop
from tests.control.running import Control, controlling
from tests.support.waiting import alongside, until, until_said

PATH = "/api/v1/events"


@contextlib.asynccontextmanager
async def listening(control: Control) -> AsyncIterator[aiohttp.StreamReader]:
    """A page that listens."""
    async with control.session.get(control.url + PATH) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        async with asyncio.timeout(5):
            assert await response.content.readuntil(b"\n\n") == b"retry: 2000\n\n"
        yield response.content


async def event(stream: aiohttp.StreamReader) -> Any:
    """The next one's data."""
    async with asyncio.timeout(5):
        name, data, _, _ = (await stream.readuntil(b"\n\n")).decode().split("\n")
    assert name == "event: changed"
    return json.loads(data.removeprefix("data: "))


def count(control: Control) -> None:
    control.others["edge-0"].tallies.add("received", 1)


async def test_a_change_is_told_with_its_figures() -> None:
    """Exchanges, mismatches, findings and decisions."""
    async with controlling() as control:
        filling, found = shop()
        filling.write(control.store)
        async with listening(control) as stream:
            first = await event(stream)
            assert (first["exchanges"], first["mismatch"], first["groups"]) == (0, 0, 2)
            count(control)
            assert (await event(stream))["exchanges"] == 1
            group = found["/owner"]
            await control.ask("POST", f"/api/v1/groups/{group}", json={"state": "fixed"})
            assert (await event(stream))["changes"] > first["changes"]


async def test_what_reaches_the_store_later_is_told_later() -> None:
    """A page that looked between the tally and the flush looks again."""
    async with controlling() as control, listening(control) as stream:
        await event(stream)
        control.others["judge"].tallies.add("store_flushes/ok", 1)
        assert (await event(stream))["flushes"] == 1


async def test_at_most_one_event_a_second() -> None:
    """However much happens, and for who comes just before the next one, too."""
    loop = asyncio.get_running_loop()
    async with controlling() as control:

        async def busy() -> None:
            await until(lambda: count(control), "never", 60)

        async with alongside(busy()), listening(control) as stream:
            await event(stream)
            began_s = loop.time()
            await event(stream)
            assert loop.time() - began_s > EVERY_S - 0.3
            latest_s = loop.time() + 0.7 * EVERY_S
            await until(lambda: loop.time() > latest_s, "the next is near")
            async with listening(control) as late:
                await event(late)
                began_s = loop.time()
                await event(late)
                assert loop.time() - began_s > EVERY_S - 0.1


async def test_a_listener_that_goes_is_forgotten() -> None:
    """Within a second, though nothing was written meanwhile; and there are no more than so many."""
    async with controlling() as control:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(MAX_LISTENERS):
                await stack.enter_async_context(listening(control))
            async with control.session.get(control.url + PATH) as response:
                assert response.status == 503

        async def is_there_room() -> bool:
            async with control.session.get(control.url + PATH) as response:
                return response.status == 200

        await until_said(is_there_room, "there is room again", 3)


async def test_head_tells_what_a_stream_would_be() -> None:
    """And takes no place."""
    async with controlling() as control:
        for _ in range(70):
            answer = await control.ask("HEAD", PATH)
            assert (answer.status, answer.body) == (200, b"")
            assert answer.headers["Content-Type"] == "text/event-stream"


async def test_control_ends_though_pages_listen() -> None:
    """Their streams are completed, inside the half second that the supervisor gives."""
    loop = asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as stack:
        async with controlling() as control:
            stream = await stack.enter_async_context(listening(control))
            await event(stream)
            began_s = loop.time()
        assert loop.time() - began_s < 1
        assert await stream.read() == b""


async def test_nothing_is_told_while_nothing_changes() -> None:
    """Equal figures are no news."""
    live = Live()
    await live.publish({"exchanges": 1})
    seen, text = await live.next(0, 5)
    assert text == b'event: changed\ndata: {"exchanges":1}\n\n'
    await live.publish({"exchanges": 1})
    assert await live.next(seen, 0.01) == (seen, b"")
    await live.publish({"exchanges": 2})
    assert (await live.next(seen, 5))[1]


@pytest.mark.parametrize("seen", [0, 1])
async def test_the_end_wakes_who_waits(seen: int) -> None:
    """With nothing to say."""
    live = Live()
    await live.end()
    assert (await live.next(seen, 5))[1] == b"" or seen
