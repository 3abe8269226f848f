"""The judge process from start to end."""

import asyncio
import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Final

import orjson

from shadowproxy import logs
from shadowproxy.core.cells import unsettled
from shadowproxy.ipc.process import TICK_S, Process, write_atomically
from shadowproxy.judge import counting, findings
from shadowproxy.judge.judging import Judge
from shadowproxy.judge.keeping import Kept

FINDINGS_S: Final = 1.0
LEARNED_S: Final = 2.0
STATE_S: Final = 10.0
"""Between two writings of a file, at least."""

FINISH_S: Final = 2.0
"""For pairs that wait when the proxy stops; the rest is counted as dropped(shutdown)."""

KEY_BYTES: Final = 32
"""Of the hashes of values: kept for a successor, so that what was learned of them holds."""


async def serve(process: Process, stop: asyncio.Event) -> None:
    """Serves until `stop`; then what waits has FINISH_S, and the rest is counted."""
    cells = process.tallies.cells
    cells[counting.PROCESS_LOST] += unsettled(cells)
    logs.configure(process.settings.log, process.tallies)
    judge = Judge(cells, process.settings, key_in(process.runtime_dir))
    findings.restore(process.runtime_dir, judge.recorder.groups)
    judge.knowledge.restore(findings.read(process.runtime_dir / findings.STATE), _unix_s())
    upkeep = _Upkeep(process, judge)
    server = await judge.receiver().listen(process.runtime_dir / "judge.sock")
    try:
        while not stop.is_set():
            upkeep.tick()
            await _pause(stop)
        await _finish(judge)
    finally:
        server.close()
        judge.close()
    cells[counting.SHUTDOWN] += unsettled(cells)
    upkeep.end()


def key_in(runtime_dir: Path) -> bytes:
    """The key of this run, made by its first judge."""
    path = runtime_dir / "judge.key"
    try:
        key = path.read_bytes()
    except OSError:
        key = b""
    if len(key) != KEY_BYTES:
        key = os.urandom(KEY_BYTES)
        with contextlib.suppress(OSError):
            write_atomically(path, key)
    return key


class _Upkeep:
    """What judge does ten times a second, and once a second."""

    def __init__(self, process: Process, judge: Judge) -> None:
        self._process = process
        self._judge = judge
        self._next_s = 0.0
        folder = process.runtime_dir
        self._findings = Kept(folder / findings.FINDINGS, self._render_findings, FINDINGS_S)
        self._learned = Kept(folder / findings.LEARNED, self._render_learned, LEARNED_S)
        self._state = Kept(folder / findings.STATE, self._render_state, STATE_S)

    def tick(self) -> None:
        """Once every ipc.process.TICK_S."""
        process = self._process
        process.beat()
        if process.reload():
            logs.configure(process.settings.log, process.tallies)
            self._judge.apply(process.settings)
        process.tallies.set("channel_bytes", self._judge.queued_bytes)
        now_s = monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + FINDINGS_S
            self._judge.tick(now_s)
            self.write_files(now_s)

    def write_files(self, now_s: float) -> None:
        """Writes what has news, one file after the other."""
        recorder, knowledge = self._judge.recorder, self._judge.knowledge
        if recorder.has_news and self._findings.is_due(now_s):
            recorder.has_news = not self._findings.write()
        if knowledge.has_news and self._learned.is_due(now_s):
            knowledge.has_news = not self._learned.write()
        if knowledge.is_unsaved and self._state.is_due(now_s):
            knowledge.is_unsaved = not self._state.write()

    def _render_findings(self) -> bytes:
        recorder = self._judge.recorder
        return findings.render(recorder.groups, recorder.together, self._judge.knowledge, _unix_s())

    def _render_learned(self) -> bytes:
        return findings.render_learned(self._judge.knowledge, self._judge.rules, _unix_s())

    def _render_state(self) -> bytes:
        return orjson.dumps(self._judge.knowledge.to_plain())

    def end(self) -> None:
        """The last words."""
        self._judge.teller.summarise(float("inf"), self._judge.recorder.groups)
        self.write_files(float("inf"))
        self._process.tallies.set("channel_bytes", 0)
        logs.close(1.0)


def _unix_s() -> float:
    return datetime.now(UTC).timestamp()


async def _pause(stop: asyncio.Event) -> None:
    """One tick, or until `stop`."""
    try:
        async with asyncio.timeout(TICK_S):
            await stop.wait()
    except TimeoutError:
        pass


async def _finish(judge: Judge) -> None:
    """Until no pair waits, at most FINISH_S."""
    try:
        async with asyncio.timeout(FINISH_S):
            await judge.idle.wait()
    except TimeoutError:
        pass
