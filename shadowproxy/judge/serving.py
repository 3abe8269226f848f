"""The judge process from start to end."""

import asyncio
import os
from time import monotonic
from typing import Final

from shadowproxy import logs
from shadowproxy.core.cells import unsettled
from shadowproxy.ipc.process import TICK_S, Process
from shadowproxy.judge import counting, findings
from shadowproxy.judge.judging import Judge
from shadowproxy.judge.recording import Recorder

FINDINGS_S: Final = 1.0
"""Between two writings of findings.json."""

FINISH_S: Final = 2.0
"""For pairs that wait when the proxy stops; the rest is counted as dropped(shutdown)."""

_log = logs.get("judge")


async def serve(process: Process, stop: asyncio.Event) -> None:
    """Serves until `stop`; then what waits has FINISH_S, and the rest is counted."""
    cells = process.tallies.cells
    cells[counting.PROCESS_LOST] += unsettled(cells)
    logs.configure(process.settings.log, process.tallies)
    recorder = Recorder(process.settings, os.urandom(32))
    findings.restore(process.runtime_dir, recorder.groups)
    judge = Judge(cells, process.settings, recorder)
    upkeep = _Upkeep(process, judge, recorder)
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


class _Upkeep:
    """What judge does ten times a second, and once a second."""

    def __init__(self, process: Process, judge: Judge, recorder: Recorder) -> None:
        self._process = process
        self._judge = judge
        self._recorder = recorder
        self._next_s = 0.0

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
            self._recorder.summarise(now_s)
            self.write_findings()

    def write_findings(self) -> None:
        """Writes findings.json if there is news."""
        if not self._recorder.has_news:
            return
        self._recorder.has_news = False
        try:
            findings.write(self._process.runtime_dir, self._recorder.groups)
        except (OSError, TypeError) as error:  # TypeError: orjson met what redaction let through
            self._recorder.has_news = True
            if self._recorder.admits("findings_not_written", monotonic()):
                _log.error("findings_not_written", error=str(error))

    def end(self) -> None:
        """The last words."""
        self._recorder.summarise(float("inf"))
        self.write_findings()
        self._process.tallies.set("channel_bytes", 0)
        logs.close(1.0)


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
