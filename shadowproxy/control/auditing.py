"""The audit of what is turned and loaded, in the store as soon as that takes it.

    a dial is turned, a file is loaded ─ note ─► waiting ─► one transaction

Laws: the change comes first and never waits for the store; what could not be written is kept, the
latest MAX_WAITING lines, and tried again; how many had no room is logged when the store is back. The
log has every change whatever becomes of this.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from shadowproxy import logs
from shadowproxy.control.answers import Refused
from shadowproxy.control.dialling import now_utc
from shadowproxy.control.faults import guarded
from shadowproxy.control.queries import storable
from shadowproxy.control.store import Store
from shadowproxy.report.deciding import Actor, Line, note_all

MAX_WAITING: Final = 1_000
"""Lines; a person turns a dial a few times an hour."""
PATIENCE_S: Final = 0.3
"""An answer waits so long for its line, so that a page that is loaded next shows it."""
FIRST_PAUSE_S: Final = 1.0
LAST_PAUSE_S: Final = 15.0


class Auditing:
    """What waits to be written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[Line] = deque()
        self._left_out = 0
        self._log = logs.get("control")
        self._news = asyncio.Event()
        self._tried = asyncio.Event()

    def note(
        self, actor: str, action: str, subject: str, before: str, after: str, reason: str
    ) -> None:
        """A change was made just now."""
        texts = map(storable, (action, subject, before, after, reason))
        if len(self._waiting) == MAX_WAITING:
            self._waiting.popleft()
            self._left_out += 1
        self._waiting.append(Line(Actor(storable(actor), now_utc()), *texts))
        self._tried.clear()
        self._news.set()

    async def settled(self) -> None:
        """Returns when what was noted is written, or could not be, or takes too long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._tried.wait()

    async def write(self) -> None:
        """Writes whatever is noted, until cancelled."""
        pause_s: float | None = None
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._news.wait()
            self._news.clear()
            if await self._write_waiting():
                pause_s = None
            else:
                pause_s = min(LAST_PAUSE_S, 2 * (pause_s or FIRST_PAUSE_S / 2))
            if not self._news.is_set():
                self._tried.set()

    async def _write_waiting(self) -> bool:
        lines = tuple(self._waiting)
        if await guarded(self._is_written(lines), "audit") is not True:
            return False
        for line in lines:
            if self._waiting and self._waiting[0] is line:
                self._waiting.popleft()
        if self._left_out:
            self._log.error("audit_left_out", lines=self._left_out)
            self._left_out = 0
        return True

    async def _is_written(self, lines: Sequence[Line]) -> bool:
        try:
            await self._store.write(note_all, lines)
        except Refused:  # judge, who writes the store all the time, says what is the matter
            return False
        return True
