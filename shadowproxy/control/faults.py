"""The one place of this process where any exception is caught: our own bugs, told and survived."""

from collections.abc import Awaitable
from typing import TypeVar

from shadowproxy import logs

T = TypeVar("T")


class Fault:
    """What came of work that raised."""


async def guarded(work: Awaitable[T], what: str) -> T | Fault:
    """The result, or a Fault after the traceback has been logged."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - the funnel of this process
        logs.get("control").error("control_error", what=what, exc_info=error)
        return Fault()
