"""The store as control reads and changes it, never on the loop's own thread.

Laws: what is the matter with the store is told as 503 and a sentence; health, metrics and dials need
no store; right after the start a reading waits until judge has opened it, START_S at most.
"""

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeVar

from shadowproxy.control.answers import Refused
from shadowproxy.report.deciding import Writer
from shadowproxy.report.opening import STARTING, STORE_FILE, StoreError
from shadowproxy.report.reading import Reader

MAX_READING: Final = 2
"""Readings at once; each is a thread that works, and there is one interpreter."""
START_S: Final = 5.0
LOOK_S: Final = 0.05
_T = TypeVar("_T")


class Store:
    """The report's store of one proxy."""

    def __init__(self, url: str, runtime_dir: Path) -> None:
        self._file = runtime_dir / STORE_FILE
        self._reader = Reader(url)
        self._writer = Writer(url)
        self._reading = asyncio.Semaphore(MAX_READING)
        self._writing = asyncio.Lock()

    async def read(self, what: Callable[..., _T], *arguments: Any, **more: Any) -> _T:
        """What a function of a connection says.

        Raises:
            Refused: 503, the store cannot be read.
        """
        await self._started()
        try:
            async with self._reading:
                return await asyncio.to_thread(self._reader.read, what, *arguments, **more)
        except StoreError as error:
            detail = self.said().get("error") or str(error)  # judge knows why there is none
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, str(detail)) from None

    async def _started(self) -> None:
        """Waits while the store is being opened for the first time."""
        for _ in range(round(START_S / LOOK_S)):
            if self.said().get("state") != STARTING:
                return
            await asyncio.sleep(LOOK_S)

    def said(self) -> dict[str, Any]:
        """How judge, who writes it, says that the store is; empty if it has said nothing."""
        try:
            said = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}

    async def write(self, what: Callable[..., _T], *arguments: Any) -> _T:
        """What a function of a connection says, once its transaction is committed.

        Raises:
            Refused: 503, the store cannot be written.
        """
        try:
            async with self._writing:
                written: _T = await asyncio.to_thread(self._writer.write, what, *arguments)
                return written
        except StoreError as error:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from None

    def close(self) -> None:
        """Ends all connections."""
        self._reader.close()
        self._writer.close()
