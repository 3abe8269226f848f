"""What the handlers of one admin server share."""

import asyncio
import os
import time
from dataclasses import dataclass, field

from aiohttp import web

from shadowproxy.control.auditing import Auditing
from shadowproxy.control.dialling import Dialling
from shadowproxy.control.live import Live
from shadowproxy.control.reloading import Reloading
from shadowproxy.control.saved import Saved
from shadowproxy.control.store import Store
from shadowproxy.ipc.process import Process


@dataclass(frozen=True, slots=True)
class State:
    """Made once by `serving`."""

    process: Process
    dialling: Dialling
    reloading: Reloading
    store: Store
    saved: Saved
    auditing: Auditing
    supervisor: int = field(default_factory=os.getppid)
    started_s: float = field(default_factory=time.monotonic)
    scraping: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One rendering at a time: 256 routes take 0.2 s of a thread, and scrapers may be many."""
    rendering: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One child process that renders a delta at a time: 40 MiB, and readers may be many."""

    simulating: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One rule is tried at a time: it takes seconds of a thread."""
    live: Live = field(default_factory=Live)

    @property
    def is_supervised(self) -> bool:
        """False once the supervisor that started this process is gone."""
        return os.getppid() == self.supervisor


STATE = web.AppKey("state", State)
