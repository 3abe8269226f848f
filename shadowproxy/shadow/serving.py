"""The shadow process from start to end."""

import asyncio
from typing import Final

from shadowproxy.core.cells import unsettled
from shadowproxy.core.lifecycle import DropReason
from shadowproxy.ipc.channel import Receiver, Sender
from shadowproxy.ipc.process import TICK_S, Process
from shadowproxy.shadow.counting import DROPPED, HANDED_OVER, PROCESS_LOST
from shadowproxy.shadow.replay import Replay
from shadowproxy.shadow.telling import Tell
from shadowproxy.shadow.upkeep import Upkeep

FINISH_S: Final = 2.0
"""For copies under way when the proxy stops: the edges have gone, so few can still be paired."""


async def serve(process: Process, stop: asyncio.Event) -> None:
    """Serves until `stop`; then what is under way has FINISH_S, and the rest is counted."""
    cells = process.tallies.cells
    cells[PROCESS_LOST] += unsettled(cells)
    process.dials.set_shed(None)

    def settle_with_judge(accepted: int) -> None:
        lost = cells[HANDED_OVER] - accepted
        cells[PROCESS_LOST] += lost
        cells[HANDED_OVER] -= lost

    def hear_judge(kind: int, frame: bytes) -> None:
        replay.rechecks.on_frame(kind, frame)

    path = process.runtime_dir / "judge.sock"
    judge = Sender(path, 0, settle_with_judge, on_frame=hear_judge)
    tell = Tell(process, judge)
    replay = Replay(process, judge, tell)
    upkeep = Upkeep(process, replay, judge, tell)
    receiver = Receiver(replay.on_frame, replay.accepted_from, replay.on_gone)
    async with asyncio.TaskGroup() as tasks:
        channel = tasks.create_task(judge.run())
        server = await receiver.listen(process.runtime_dir / "shadow.sock")
        try:
            while not stop.is_set():
                upkeep.tick()
                await _pause(stop)
            await _finish(replay, upkeep, judge)
        finally:
            server.close()
            channel.cancel()
    cells[DROPPED[DropReason.SHUTDOWN]] += replay.close()
    upkeep.set_gauges()


async def _pause(stop: asyncio.Event) -> None:
    """One tick, or until `stop`."""
    try:
        async with asyncio.timeout(TICK_S):
            await stop.wait()
    except TimeoutError:
        pass


async def _finish(replay: Replay, upkeep: Upkeep, judge: Sender) -> None:
    """Until everything is settled and handed over, at most FINISH_S."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + FINISH_S
    while loop.time() < end_s and (replay.has_work or (judge.is_open and judge.queued_bytes)):
        upkeep.tick()
        await asyncio.sleep(TICK_S / 10)
