"""The judge process from start to end."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Final

import orjson

from shadowproxy import logs
from shadowproxy.core.cells import unsettled
from shadowproxy.ipc.process import TICK_S, Process
from shadowproxy.judge import counting
from shadowproxy.judge.figures import figures_of
from shadowproxy.judge.judging import Judge
from shadowproxy.judge.keeping import Kept, Paced
from shadowproxy.judge.ledger import learned_parts
from shadowproxy.judge.memory import STATE, key_in, read_state, writer_of
from shadowproxy.judge.storing import tell_of
from shadowproxy.report.keeping import Keeper

FLUSH_S: Final = 1.0
"""Between two flushes of the store: what a killed judge loses at most."""
LEARNED_S: Final = 2.0
STATE_S: Final = 10.0
"""Between two writings, at least."""

FINISH_S: Final = 2.0
"""For pairs that wait when the proxy stops; the rest is counted as dropped(shutdown)."""
LAST_FLUSH_S: Final = 2.0


async def serve(process: Process, stop: asyncio.Event) -> None:
    """Serves until `stop`; then what waits has FINISH_S, and the rest is counted."""
    cells = process.tallies.cells
    cells[counting.PROCESS_LOST] += unsettled(cells)
    logs.configure(process.settings.log, process.tallies)
    key = key_in(process.runtime_dir)
    judge = Judge(cells, process.settings, key)
    judge.knowledge.restore(read_state(process.runtime_dir), _unix_s())
    figures = partial(figures_of, process.runtime_dir)
    upkeep = _Upkeep(process, judge, Keeper(process.settings.report, writer_of(key), figures))
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

    def __init__(self, process: Process, judge: Judge, keeper: Keeper) -> None:
        self._process = process
        self._judge = judge
        self._keeper = keeper
        self._told = keeper.standing
        self._next_s = 0.0
        self._learned = Paced(LEARNED_S)
        self._state = Kept(process.runtime_dir / STATE, self._render_state, STATE_S)

    def tick(self) -> None:
        """Once every ipc.process.TICK_S."""
        process = self._process
        process.beat()
        if process.reload():
            logs.configure(process.settings.log, process.tallies)
            self._judge.apply(process.settings)
            self._keeper.apply(process.settings.report)
        process.tallies.set("channel_bytes", self._judge.queued_bytes)
        now_s = monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + FLUSH_S
            self._judge.tick(now_s)
            self._flush(now_s)
        self._told = tell_of(self._told, self._keeper.standing, process)

    def _flush(self, now_s: float) -> None:
        """Hands over what there is, unless the store is still busy with what it got before."""
        judge, knowledge = self._judge, self._judge.knowledge
        if knowledge.has_news and self._learned.is_due(now_s):
            knowledge.has_news = False
            with self._learned:
                saved = [rule_id for rule_id, _, _ in self._process.settings.compare.saved]
                judge.ledger.batch.learned = learned_parts(knowledge, judge.rules, saved, _unix_s())
                judge.ledger.batch.links = judge.recorder.together.pairs()
        if knowledge.is_unsaved and self._state.is_due(now_s):
            knowledge.is_unsaved = not self._state.write()
        if self._keeper.is_free:
            self._keeper.hand(judge.ledger.take(knowledge, _unix_s()))

    def _render_state(self) -> bytes:
        return orjson.dumps(self._judge.knowledge.to_plain())

    def end(self) -> None:
        """The last words."""
        judge = self._judge
        judge.teller.summarise(float("inf"), judge.recorder.groups)
        self._flush(float("inf"))
        self._keeper.end(judge.ledger.take(judge.knowledge, _unix_s()), LAST_FLUSH_S)
        tell_of(self._told, self._keeper.standing, self._process)
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
