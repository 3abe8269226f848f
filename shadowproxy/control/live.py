"""What pages are told while they are open: that something changed, as server-sent events.

    event: changed
    data: {"exchanges": 12034, "mismatch": 31, "groups": 4, ...}

Laws: at most one event a second, and none while nothing changes; a listener that is gone is forgotten
within a second, and one that does not read is let go; there are at most MAX_LISTENERS.
"""

import asyncio
import json
from contextlib import suppress
from typing import Any, Final

MAX_LISTENERS: Final = 64
EVERY_S: Final = 1.0
HEARTBEAT_S: Final = 15.0
"""A comment that keeps proxies between us from closing the stream."""


class Live:
    """The latest figures, and who waits for the next ones."""

    def __init__(self) -> None:
        self.listeners = 0
        self._figures: dict[str, Any] = {}
        self._number = 0
        self._changed = asyncio.Condition()
        self._over = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether nothing comes any more."""
        return self._over.is_set()

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return self.listeners > 0

    async def publish(self, figures: dict[str, Any]) -> None:
        """Tells the listeners, if it is news."""
        if figures == self._figures:
            return
        async with self._changed:
            self._figures = figures
            self._number += 1
            self._changed.notify_all()

    async def end(self) -> None:
        """Nothing comes any more; listeners go."""
        async with self._changed:
            self._over.set()
            self._changed.notify_all()

    async def pause(self) -> None:
        """Between two events of one listener; shorter at the end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY_S):
                await self._over.wait()

    async def next(self, seen: int, wait_s: float) -> tuple[int, bytes]:
        """The number and the text of what comes after `seen`; no text if nothing comes in time."""
        try:
            async with asyncio.timeout(wait_s), self._changed:
                await self._changed.wait_for(lambda: self._number != seen or self.is_over)
        except TimeoutError:
            return seen, b""
        if self._number == seen:
            return seen, b""
        data = json.dumps(self._figures, separators=(",", ":"))
        return self._number, f"event: changed\ndata: {data}\n\n".encode()
