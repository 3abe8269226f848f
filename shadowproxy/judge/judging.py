"""Pairs in, verdicts out: the one loop that spends CPU on comparing.

    PAIR ─► queue (bounded) ─► compare ─► redact ─► groups and log ─► verdict counted
              └ full: reading stops, shadow's channel fills up, shadow drops and counts

Laws: every pair that is taken ends as one verdict or one failed(step); nothing that a pair holds
can end the process; after SLICE_S the event loop has its turn.
"""

import asyncio
import traceback
from collections import deque
from datetime import UTC, datetime
from time import monotonic, perf_counter_ns
from typing import Final

from shadowproxy import logs
from shadowproxy.compare.comparing import compare
from shadowproxy.compare.differences import Comparison
from shadowproxy.compare.ruleset import rules_of
from shadowproxy.core.lifecycle import FailReason
from shadowproxy.core.settings import Settings
from shadowproxy.ipc import frames
from shadowproxy.ipc.channel import Receiver
from shadowproxy.judge import counting
from shadowproxy.judge.exchange import Exchange
from shadowproxy.judge.forwarding import forward_access, forward_event
from shadowproxy.judge.recording import Recorder

SLICE_S: Final = 0.005
"""Of comparing before events, access lines and the heartbeat have their turn."""

MEMORY_SHARE: Final = 0.25
"""Of `max_memory` that waiting pairs may take; the rest is the edges' and shadow's."""

MIN_QUEUE_BYTES: Final = 1 << 20

_log = logs.get("judge")


class Judge:
    """What one judge process is working on."""

    def __init__(self, cells: memoryview, settings: Settings, recorder: Recorder) -> None:
        self._cells = cells
        self._recorder = recorder
        self._queue: deque[bytes] = deque()
        self.queued_bytes = 0
        self.idle = asyncio.Event()
        """Set while no pair waits."""
        self.idle.set()
        self._is_paused = False
        self._is_closed = False
        self._receiver: Receiver | None = None
        self._call_soon = asyncio.get_running_loop().call_soon
        self.apply(settings)

    def apply(self, settings: Settings) -> None:
        """Takes a generation of the settings."""
        self._rules = rules_of(settings.compare)
        self._recorder.apply(settings)
        share = int(settings.shadow.max_memory_bytes * MEMORY_SHARE)
        self._max_queue_bytes = max(MIN_QUEUE_BYTES, share)

    def receiver(self) -> Receiver:
        """The taking end of judge's channel."""
        cells = self._cells
        self._receiver = Receiver(
            self.on_frame, lambda slot: int(cells[counting.ACCEPTED]), lambda slot: None
        )
        return self._receiver

    def close(self) -> None:
        """Takes nothing more and forgets what waits; the caller counts it."""
        self._is_closed = True
        self._queue.clear()
        self.queued_bytes = 0

    def on_frame(self, slot: int, kind: int, frame: bytes) -> None:
        """One frame of a channel; pairs wait for their turn, the rest is small and goes on."""
        if self._is_closed:
            return
        if kind == frames.PAIR:
            self._cells[counting.ACCEPTED] += 1
            self._queue.append(frame)
            self.queued_bytes += len(frame)
            if self.queued_bytes > self._max_queue_bytes and self._receiver is not None:
                self._is_paused = True
                self._receiver.pause()
            if self.idle.is_set():
                self.idle.clear()
                self._call_soon(self._work)
        elif kind == frames.EVENT:
            forward_event(frame, self._recorder, monotonic())
        elif kind == frames.ACCESS:
            forward_access(frame, self._recorder.redactor)

    def _work(self) -> None:
        """Judges for one slice, then lets the loop run."""
        end_s = monotonic() + SLICE_S
        queue = self._queue
        while queue:
            frame = queue.popleft()
            self.queued_bytes -= len(frame)
            self.judge(frame)
            if monotonic() >= end_s:
                break
        if self._is_paused and self.queued_bytes * 2 < self._max_queue_bytes:
            self._is_paused = False
            assert self._receiver is not None
            self._receiver.resume()
        if queue:
            self._call_soon(self._work)
        else:
            self.idle.set()

    def judge(self, frame: bytes) -> None:
        """One pair from frame to verdict; the one funnel of this process."""
        step = FailReason.COMPARE
        try:
            exchange = Exchange(frames.unpack_pair(frame))
            comparison = self._compare(exchange)
            step = FailReason.REDACT
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            self._recorder.record(exchange, comparison, monotonic(), now)
        except Exception as error:  # noqa: BLE001 - the funnel
            self._cells[counting.FAILED[step]] += 1
            self._report(step, error)
        else:
            counting.count_verdict(self._cells, exchange.pair.route, comparison)

    def _compare(self, exchange: Exchange) -> Comparison:
        started_ns = perf_counter_ns()
        comparison = compare(exchange.legacy, exchange.candidate, self._rules)
        counting.count_compare(self._cells, (perf_counter_ns() - started_ns) // 1000)
        return comparison

    def _report(self, step: FailReason, error: Exception) -> None:
        """Says where our bug is; never what the exchange held, so only the frames' lines."""
        if not self._recorder.admits(f"internal_error {step} {type(error).__name__}", monotonic()):
            return
        lines = traceback.format_tb(error.__traceback__, limit=-8)
        _log.error(
            "internal_error",
            step=str(step),
            error=type(error).__name__,
            traceback="".join(lines),
        )
