"""Waiting for facts instead of sleeping.

Law: every wait has a deadline, and a deadline that passes says what was waited for.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

DEADLINE_S = 5.0
"""For one expected event on loopback: a hundred times what it takes on a busy 2-core machine."""

POLL_S = 0.002

T = TypeVar("T")


class TooLateError(AssertionError):
    """What was waited for did not happen."""


async def until(read: Callable[[], T], what: str, deadline_s: float = DEADLINE_S) -> T:
    """The first true value of `read`, which is asked every few milliseconds.

    For facts that no one announces, such as a cell of a tally page.
    """
    loop = asyncio.get_running_loop()
    end_s = loop.time() + deadline_s
    while not (value := read()):
        if loop.time() > end_s:
            raise TooLateError(f"after {deadline_s} s still not: {what} (last value {value!r})")
        await asyncio.sleep(POLL_S)
    return value


async def until_said(
    ask: Callable[[], Awaitable[T]], what: str, deadline_s: float = DEADLINE_S
) -> T:
    """The first true value that `ask` gives, for facts that someone else must be asked for."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + deadline_s
    while not (value := await ask()):
        if loop.time() > end_s:
            raise TooLateError(f"after {deadline_s} s still not: {what} (last value {value!r})")
        await asyncio.sleep(POLL_S)
    return value


def wait_for(read: Callable[[], T], what: str, deadline_s: float = DEADLINE_S) -> T:
    """The first true value of `read`, for tests without a loop: of threads and other processes."""
    end_s = time.monotonic() + deadline_s
    while not (value := read()):
        if time.monotonic() > end_s:
            raise TooLateError(f"after {deadline_s} s still not: {what} (last value {value!r})")
        time.sleep(POLL_S)
    return value


@asynccontextmanager
async def alongside(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Runs `work` while the body runs and cancels it afterwards; its failure fails the body.

    Unlike a TaskGroup it lets the body's exception through as it is: the message of a failing
    test is what broke, not a group of it.
    """
    task = asyncio.get_running_loop().create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled() and (fault := task.exception()) is not None:
        raise fault
