"""What shadow does ten times a second: time limits, gauges, news about the candidate, reload.

Law: an exchange whose legacy half does not come is settled too: as `incomparable` when neither
backend had finished within its time, else as dropped(deadline).
"""

from time import monotonic_ns
from typing import Final

from shadowproxy.core.lifecycle import DropReason
from shadowproxy.ipc.channel import Sender
from shadowproxy.ipc.process import Process
from shadowproxy.shadow.breaker import State
from shadowproxy.shadow.replay import Replay
from shadowproxy.shadow.telling import Tell

LEGACY_SLACK_S: Final = 5.0
"""Beyond legacy's own time limit before its half is taken for lost (the channel was full)."""


class Upkeep:
    """Keeps one `Replay` in order."""

    def __init__(self, process: Process, replay: Replay, judge: Sender, tell: Tell) -> None:
        self._process = process
        self._replay = replay
        self._judge = judge
        self._tell = tell
        self._is_paused = False

    def tick(self) -> None:
        """Once every ipc.process.TICK_S."""
        now_ns = monotonic_ns()
        self._process.beat()
        if self._process.reload():
            self._replay.apply(self._process.settings)
        self._replay.tick(now_ns)
        self._expire(now_ns)
        self._replay.reconsider()
        self._report_breaker()
        self.set_gauges()

    def set_gauges(self) -> None:
        """Shows what is under way."""
        room, tallies = self._replay.room, self._process.tallies
        tallies.set("shadow_in_flight", room.in_flight)
        tallies.set("shadow_memory_bytes", room.held_bytes)
        tallies.set("channel_bytes", self._judge.queued_bytes)
        tallies.set("breaker_open", int(self._is_paused))

    def _expire(self, now_ns: int) -> None:
        settings = self._process.settings
        wait_s = max(settings.legacy.response_timeout_s, settings.shadow.timeout_s)
        oldest_ns = now_ns - int((wait_s + LEGACY_SLACK_S) * 1e9)
        for copies in self._replay.open.values():
            late = []
            for copy in copies.values():
                if copy.submitted_ns > oldest_ns:
                    break
                late.append(copy)
            for copy in late:
                if copy.is_cut:
                    self._replay.leave_unjudged(copy)
                else:
                    self._replay.give_up(copy, DropReason.DEADLINE)

    def _report_breaker(self) -> None:
        breaker = self._replay.breaker
        is_paused = breaker.state is not State.CLOSED
        if is_paused == self._is_paused:
            return
        self._is_paused = is_paused
        if is_paused:
            self._tell("shadow_paused", "warning", reason="breaker", pause_s=breaker.pause_s)
        else:
            self._tell("shadow_resumed", "info", reason="breaker")
