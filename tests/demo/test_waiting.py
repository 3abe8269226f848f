"""Waiting for a moment or for the end."""

import asyncio

import pytest

from shadowproxy.demo.waiting import is_set_by, ticks


async def test_an_end_that_has_come_is_seen_at_once() -> None:
    """A set event wins over any moment, also over one that is past."""
    stop = asyncio.Event()
    stop.set()
    now_s = asyncio.get_running_loop().time()
    assert await is_set_by(stop, now_s + 60)
    assert await is_set_by(stop, now_s - 60)


async def test_a_moment_that_is_past_is_over() -> None:
    """Without an end, the wait is until the moment and no longer."""
    assert not await is_set_by(asyncio.Event(), asyncio.get_running_loop().time() - 1)


async def test_ticks_end_after_their_time() -> None:
    """The last tick is at the end of the time, also when the step does not divide it."""
    seen = [elapsed_s async for elapsed_s in ticks(asyncio.Event(), 0.02, 0.05)]
    assert len(seen) == 3
    assert seen[-1] == pytest.approx(0.05, abs=0.04)
    assert seen == sorted(seen)


async def test_ticks_end_with_the_event() -> None:
    """Endless ticks stop when told to."""
    stop = asyncio.Event()
    count = 0
    async for _ in ticks(stop, 0.001):
        count += 1
        if count == 3:
            stop.set()
    assert count == 3
