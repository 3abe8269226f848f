"""Pairs in, verdicts out: the one loop that spends CPU on comparing.

    PAIR ─► queue (bounded) ─► compare ─► noise ─► redact ─► groups, log, ledger ─► verdict counted
              └ full: reading stops, shadow's channel fills up, shadow drops and counts

Laws: every pair that is taken ends as one verdict or one failed(step); nothing that a pair holds
can end the process; after SLICE_S the event loop has its turn.
"""

import asyncio
import traceback
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic, perf_counter_ns
from typing import Final

from shadowproxy import logs
from shadowproxy.compare.comparing import compare
from shadowproxy.compare.ruleset import Rules
from shadowproxy.core.lifecycle import FailReason
from shadowproxy.core.settings import Settings
from shadowproxy.findings.group import Group
from shadowproxy.ipc import frames
from shadowproxy.ipc.channel import Receiver
from shadowproxy.judge import counting
from shadowproxy.judge.decision import Decision, decide
from shadowproxy.judge.exchange import Exchange
from shadowproxy.judge.forwarding import forward_access, forward_event
from shadowproxy.judge.knowledge import Knowledge
from shadowproxy.judge.ledger import Ledger
from shadowproxy.judge.rechecking import Rechecks
from shadowproxy.judge.recording import Recorder
from shadowproxy.judge.reproducing import Reproducer
from shadowproxy.judge.telling import Teller
from shadowproxy.redact.redaction import Redactor

SLICE_S: Final = 0.005
"""Of comparing before events, access lines and the heartbeat have their turn."""

MEMORY_SHARE: Final = 0.25
"""Of `max_memory` that waiting pairs may take; the rest is the edges' and shadow's."""

MIN_QUEUE_BYTES: Final = 1 << 20

SHADOW: Final = 0
"""The slot of the one who sends pairs and takes rechecks."""

_log = logs.get("judge")


class Judge:
    """What one judge process is working on. `key` keys the hashes of values."""

    def __init__(self, cells: memoryview, settings: Settings, key: bytes) -> None:
        self._cells = cells
        self._key = key
        redactor = Redactor(settings.redact, key)
        self.teller = Teller(redactor)
        self.recorder = Recorder(settings, self.teller)
        self.knowledge = Knowledge(settings, key)
        self.ledger = Ledger(settings, redactor, self.recorder)
        self.rechecks = Rechecks(settings, self.recorder, self._send)
        self.reproducer = Reproducer(settings, redactor)
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
        redactor = Redactor(settings.redact, self._key)
        self._settings = settings
        self.teller.redactor = redactor
        self.recorder.apply(settings, redactor)
        self.ledger.apply(settings, redactor)
        self.reproducer.apply(settings, redactor)
        self.knowledge.apply(settings)
        self.read_rules()
        self.rechecks.apply(settings)
        share = int(settings.shadow.max_memory_bytes * MEMORY_SHARE)
        self._max_queue_bytes = max(MIN_QUEUE_BYTES, share)

    def read_rules(self) -> None:
        """The rules as of today: one that expires does so without a reload."""
        self._today = datetime.now(UTC).date()
        self.rules = Rules.read(self._settings.compare, self._today)
        self.knowledge.follow(self.rules, datetime.now(UTC).timestamp())

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

    def tick(self, now_s: float) -> None:
        """Once a second: what time alone changes."""
        if datetime.now(UTC).date() != self._today:
            self.read_rules()
        self.rechecks.forget_late(now_s)
        self.teller.summarise(now_s, self.recorder.groups)
        self._tell_of_rules()
        for old, new in self.knowledge.follow_folds().items():
            self.ledger.rename(old, new, self.recorder.rename(old, new))

    def _tell_of_rules(self) -> None:
        """Those that matched nothing, each once."""
        unix_s = datetime.now(UTC).timestamp()
        for standing in self.knowledge.usage.standings(unix_s):
            if standing.is_reported:
                self.knowledge.has_news |= self.teller.useless_rule(self.rules, standing)

    def on_frame(self, slot: int, kind: int, frame: bytes) -> None:
        """One frame of a channel; pairs wait for their turn, the rest is small and goes on."""
        if self._is_closed:
            return
        if kind == frames.PAIR:
            self._take(frame)
        elif kind == frames.MATCHES:
            self._guarded(self._note_matches, frame)
        elif kind == frames.RECHECKED:
            self._guarded(self._note_recheck, frame)
        elif kind == frames.EVENT:
            forward_event(frame, self.teller, self.recorder.route_name, monotonic())
        elif kind == frames.ACCESS:
            forward_access(frame, self.teller.redactor)

    def _take(self, frame: bytes) -> None:
        self._cells[counting.ACCEPTED] += 1
        self._queue.append(frame)
        self.queued_bytes += len(frame)
        if self.queued_bytes > self._max_queue_bytes and self._receiver is not None:
            self._is_paused = True
            self._receiver.pause()
        if self.idle.is_set():
            self.idle.clear()
            self._call_soon(self._work)

    def _guarded(self, work: Callable[[bytes], None], frame: bytes) -> None:
        """What is no exchange's fate: a bug of ours there is told and ends nothing."""
        try:
            work(frame)
        except Exception as error:  # noqa: BLE001 - the funnel
            self._report(FailReason.COMPARE, error)

    def _note_matches(self, frame: bytes) -> None:
        now_s, now = monotonic(), datetime.now(UTC)
        unix_s, seen = now.timestamp(), now.isoformat(timespec="milliseconds")
        for match in frames.unpack_matches(frame):
            endpoint = self.knowledge.note_match(match, now_s)
            self.ledger.note_match(endpoint, match[0], match[1:3], unix_s, seen)

    def _note_recheck(self, frame: bytes) -> None:
        self.rechecks.answered(frames.unpack_rechecked(frame), self.rules)

    def _send(self, frame: bytes) -> bool:
        return self._receiver is not None and self._receiver.reply(SHADOW, frame)

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
            now_s, now = monotonic(), datetime.now(UTC)
            decision = self._decide(exchange, now_s, now.timestamp())
            step = FailReason.REDACT
            unix_s, seen = now.timestamp(), now.isoformat(timespec="milliseconds")
            version = self.ledger.version_of(exchange)
            groups = self.recorder.record(exchange, decision, now_s, seen, version)
            self.ledger.note(exchange, decision, unix_s, seen, version)
        except Exception as error:  # noqa: BLE001 - the funnel
            self._cells[counting.FAILED[step]] += 1
            self._report(step, error)
            return
        counting.count_verdict(self._cells, exchange.pair.route, decision)
        if groups:
            self._look_closer(exchange, decision, groups, now_s, now, version)
        if self.rules.all:
            self._note_rules(exchange, decision, unix_s)

    def _decide(self, exchange: Exchange, now_s: float, unix_s: float) -> Decision:
        endpoint = self.knowledge.endpoint_of(exchange)
        self.knowledge.note_pair(exchange, endpoint, now_s)
        started_ns = perf_counter_ns()
        comparison = compare(exchange.legacy, exchange.candidate, self.rules, endpoint)
        counting.count_compare(self._cells, (perf_counter_ns() - started_ns) // 1000)
        witness = (
            None
            if exchange.witness is None
            else compare(exchange.legacy, exchange.witness, self.rules, endpoint)
        )
        if not comparison.differences and witness is None:
            return Decision(endpoint, comparison)
        judgements = self.knowledge.judge_noise(
            exchange, endpoint, comparison, witness, self.recorder.redactor, unix_s
        )
        return decide(endpoint, comparison, judgements)

    def _look_closer(
        self,
        exchange: Exchange,
        decision: Decision,
        groups: list[Group],
        now_s: float,
        now: datetime,
        version: str,
    ) -> None:
        """What a finding gets besides its count; a bug of ours here costs no verdict."""
        try:
            seen = now.isoformat(timespec="milliseconds")
            self.ledger.note_groups(
                exchange, decision, self.rules, groups, now_s, now.timestamp(), seen, version
            )
            self.rechecks.ask(exchange, decision.endpoint, groups, now_s)
            self.reproducer.serve(exchange, decision.endpoint, groups, self.rules)
        except Exception as error:  # noqa: BLE001 - the funnel
            self._report(FailReason.REDACT, error)

    def _note_rules(self, exchange: Exchange, decision: Decision, unix_s: float) -> None:
        """Which rules were of use; a bug of ours here costs no verdict."""
        try:
            hits = decision.comparison.hits
            answers = exchange.legacy, exchange.candidate
            self.knowledge.usage.count(self.rules, decision.endpoint, hits, *answers, unix_s)
        except Exception as error:  # noqa: BLE001 - the funnel
            self._report(FailReason.COMPARE, error)

    def _report(self, step: FailReason, error: Exception) -> None:
        """Says where our bug is; never what the exchange held, so only the frames' lines."""
        if not self.teller.admits(f"internal_error {step} {type(error).__name__}", monotonic()):
            return
        lines = traceback.format_tb(error.__traceback__, limit=-8)
        _log.error(
            "internal_error",
            step=str(step),
            error=type(error).__name__,
            traceback="".join(lines),
        )
