"""Waiting for a moment or for the end, whichever comes first."""

import asyncio
import math
from collections.abc import AsyncIterator


async def is_set_by(stop: asyncio.Event, due_s: float) -> bool:
    """Waits until `due_s` (loop time) or until `stop` is set; says whether it is."""
    try:
        async with asyncio.timeout_at(due_s):
            await stop.wait()
    except TimeoutError:
        return False
    return True


async def ticks(
    stop: asyncio.Event, every_s: float, for_s: float | None = None
) -> AsyncIterator[float]:
    """Yields the seconds since the start, every `every_s`, until `for_s` have passed or `stop`."""
    now = asyncio.get_running_loop().time
    start_s = due_s = now()
    end_s = math.inf if for_s is None else start_s + for_s
    while due_s < end_s:
        due_s = min(due_s + every_s, end_s)
        if await is_set_by(stop, due_s):
            return
        yield now() - start_s
