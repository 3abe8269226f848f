"""Takes exchanges from the edges, sends the copies, and settles each exactly once.

    REQUEST ─► refused: dropped(limit)
            └► copy ─► candidate over and legacy's half here ─► same: match
                   │                                         └► PAIR to judge, or dropped(channel)
                   └► given up: dropped(reason) | failed(send)

Laws: nothing here waits, and nothing grows past the limits in `Room`; every exchange counted in
`accepted_from` is counted once more when it ends.
"""

import os
import traceback
from time import monotonic_ns
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec

from shadowproxy.compare.observations import rules_of
from shadowproxy.core.cells import unsettled
from shadowproxy.core.lifecycle import DropReason
from shadowproxy.core.observing import Failure
from shadowproxy.core.settings import Settings
from shadowproxy.core.words import FailureKind
from shadowproxy.ipc import frames
from shadowproxy.ipc.channel import Sender, limit_for
from shadowproxy.ipc.dials import SHADOW
from shadowproxy.ipc.process import Process
from shadowproxy.shadow import counting
from shadowproxy.shadow.breaker import REFUSED
from shadowproxy.shadow.candidate import Candidate
from shadowproxy.shadow.copy import Copy
from shadowproxy.shadow.marking import TRACE_ENTROPY_BYTES, Marking
from shadowproxy.shadow.room import Room
from shadowproxy.shadow.sameness import Sameness
from shadowproxy.shadow.telling import Tell
from shadowproxy.upstream.connection import Connection
from shadowproxy.upstream.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable

_DROP_REASONS: Final = tuple(DropReason)
MAX_TRACEBACK: Final = 8000
_Rest = ParamSpec("_Rest")


def _funnelled(
    step: "Callable[Concatenate[Replay, Copy, _Rest], None]",
) -> "Callable[Concatenate[Replay, Copy, _Rest], None]":
    """The one funnel of this process: our bug costs the exchange, is counted and is logged."""

    def guarded(replay: "Replay", copy: Copy, /, *rest: _Rest.args, **named: _Rest.kwargs) -> None:
        try:
            if not replay.is_closed:
                step(replay, copy, *rest, **named)
        except Exception:  # noqa: BLE001 - the funnel
            replay.fault(copy)

    return guarded


def _too_large(copy: Copy) -> Failure:
    return Failure(FailureKind.TOO_LARGE, "body", f"more than {copy.size} bytes")


class Replay:
    """Everything that one shadow process has under way.

    `open` holds, by edge slot and exchange, the copies whose legacy half has not come, the oldest
    first.
    """

    def __init__(self, process: Process, judge: Sender, tell: Tell) -> None:
        self._judge = judge
        self._tell = tell
        self._cells = process.tallies.cells
        self._dial_words = process.dials.words
        self.is_closed = False
        self.open: dict[int, dict[int, Copy]] = {}
        self.room = Room(process.dials.set_shed)
        self.candidate = Candidate(process.settings)
        self.apply(process.settings)

    def apply(self, settings: Settings) -> None:
        """Takes a generation of the settings; what is under way ends as it began."""
        self.max_body_bytes = settings.shadow.max_body_bytes
        self._judge.limit_bytes = limit_for(self.max_body_bytes)
        self._timeout_ns = int(settings.shadow.timeout_s * 1e9)
        self._marking = Marking(settings.shadow)
        self._sameness = Sameness(rules_of(settings.compare))
        self.room.limit(settings.shadow)
        self.candidate.reload(settings)
        self.breaker = self.candidate.breaker

    @property
    def has_work(self) -> bool:
        """Something is under way."""
        return bool(self.room.held_bytes)

    def close(self) -> int:
        """Nothing counts from here on; how many exchanges were still under way."""
        self.is_closed = True
        self.candidate.close()
        self.room.in_flight = self.room.held_bytes = 0
        return unsettled(self._cells)

    # -- from the edges --------------------------------------------------------------------

    def on_frame(self, slot: int, kind: int, frame: bytes) -> None:
        """One frame of an edge's channel."""
        if self.is_closed:
            return
        if kind == frames.REQUEST:
            self._request(slot, frames.unpack_request(frame))
        elif kind == frames.RESPONSE:
            exchange, side = frames.unpack_response(frame)
            copy = self.open[slot].pop(exchange, None)
            if copy is not None:
                self._join(copy, side, len(frame))
        elif kind == frames.CANCEL:
            exchange, reason = frames.unpack_cancel(frame)
            copy = self.open[slot].pop(exchange, None)
            if copy is not None:
                self.give_up(copy, _DROP_REASONS[reason])

    def accepted_from(self, slot: int) -> int:
        """How many exchanges were ever taken from this edge slot."""
        self.open.setdefault(slot, {})
        accepted: int = self._cells[counting.ACCEPTED_FROM + slot]
        return accepted

    def on_gone(self, slot: int) -> None:
        """An edge's channel ended: the halves that had not come will not."""
        if self.is_closed:
            return
        for copy in list(self.open[slot].values()):
            self.give_up(copy, DropReason.PROCESS_LOST)

    def _request(self, slot: int, request: frames.Request) -> None:
        cells = self._cells
        cells[counting.ACCEPTED_FROM + slot] += 1
        pool = self.candidate.pool
        if pool is None or not self._dial_words[SHADOW]:
            # switched off while the request was in the channel: off means off for the last copy too
            cells[counting.SKIPPED_OFF] += 1
            return
        copy = Copy(self, pool, slot, request)
        copy.base = counting.BASES[request.route]
        reason = self.room.refusal(copy.held)
        if reason is None:
            copy.ticket = self.breaker.admit(copy.submitted_ns / 1e9)
            if copy.ticket == REFUSED:
                reason = DropReason.BREAKER_OPEN
        if reason is not None:
            cells[counting.DROPPED[reason]] += 1
            self.room.shed(reason)
            return
        self.open[slot][request.exchange] = copy
        self.room.in_flight += 1
        self.room.held_bytes += copy.held
        copy.deadline_ns = copy.submitted_ns + self._timeout_ns
        self._start(copy, pool)

    @_funnelled
    def _start(self, copy: Copy, pool: Pool) -> None:
        if not pool.submit(copy):
            self.give_up(copy, DropReason.IN_FLIGHT_LIMIT)

    @_funnelled
    def _join(self, copy: Copy, side: frames.Side, size: int) -> None:
        """Legacy's half is here."""
        if side.flags & frames.FLAG_INCOMPLETE:
            self.give_up(copy, DropReason.CLIENT_GONE)
            return
        copy.legacy = side
        self.hold(copy, size)
        if copy.is_over:
            self._conclude(copy)
        elif copy.is_flood:
            self.flooded(copy)

    # -- from the candidate ----------------------------------------------------------------

    @_funnelled
    def send(self, copy: Copy, connection: Connection) -> None:
        """Writes the copy to a connection, in one write."""
        request = copy.request
        entropy = os.urandom(TRACE_ENTROPY_BYTES) if request.flags & frames.FLAG_TRACED else b""
        head = self._marking.head_of_copy(request.head, request.flags, len(request.body), entropy)
        connection.write(head + request.body if request.body else head)
        connection.request_done()

    def hold(self, copy: Copy, size: int) -> None:
        """Accounts for bytes that a copy holds; one too many ends it."""
        if copy.is_settled:
            return
        copy.held += size
        room = self.room
        room.held_bytes += size
        if room.held_bytes > room.max_bytes and size > 0:
            self.room.shed(DropReason.MEMORY_LIMIT)
            self.give_up(copy, DropReason.MEMORY_LIMIT)

    @_funnelled
    def answered(self, copy: Copy) -> None:
        """The candidate's answer is whole."""
        if copy.is_settled:
            return
        self._over(copy)
        counting.count_answer(self._cells, copy.base, copy.status, copy.total_us)
        self.breaker.succeeded(copy.ticket, copy.ended_ns / 1e9)
        if copy.legacy is not None:
            self._conclude(copy)

    @_funnelled
    def broke_off(self, copy: Copy, failure: Failure) -> None:
        """The candidate gave no whole answer."""
        if copy.is_settled:
            return
        self._over(copy)
        copy.failure = failure
        now_s = copy.ended_ns / 1e9
        if failure.kind is FailureKind.TIMEOUT and copy.status and copy.legacy is None:
            # Neither backend had finished when the deadline came: an endless or a slow answer,
            # and nothing that the candidate could be blamed for.
            copy.is_cut = True
            counting.count_status(self._cells, copy.status)
            self.breaker.succeeded(copy.ticket, now_s)
        else:
            counting.count_failure(self._cells, failure.kind)
            self.breaker.failed(copy.ticket, now_s)
        if copy.legacy is not None:
            self._conclude(copy)

    @_funnelled
    def flooded(self, copy: Copy) -> None:
        """The candidate's answer is larger than it is worth reading."""
        if copy.is_settled or copy.is_over:
            return
        copy.ended_ns = monotonic_ns()
        copy.pool.cancel(copy)
        self._over(copy)
        copy.failure = _too_large(copy)
        counting.count_failure(self._cells, FailureKind.TOO_LARGE)
        if copy.legacy is None or copy.is_beyond_comparing:
            self.breaker.released(copy.ticket)  # legacy's answer may be as large
        else:
            self.breaker.failed(copy.ticket, copy.ended_ns / 1e9)
        if copy.legacy is not None:
            self._conclude(copy)

    # -- ends ------------------------------------------------------------------------------

    def _over(self, copy: Copy) -> None:
        """The candidate has done its part."""
        copy.is_over = True
        self.room.in_flight -= 1

    def _conclude(self, copy: Copy) -> None:
        """Both halves are here: the same, or something for the judge."""
        legacy = copy.legacy
        if copy.is_settled or legacy is None:
            return
        cells = self._cells
        if copy.is_flood:
            if copy.is_beyond_comparing:
                self.leave_unjudged(copy)
                return
            copy.failure = copy.failure or _too_large(copy)
        if self._is_match(copy, legacy):
            cells[copy.base + counting.MATCH] += 1
        else:
            candidate = copy.side()
            request = copy.request
            pair = frames.Pair(
                request.route, request.written_ns, request.head, request.body, legacy, candidate
            )
            if self._judge.send(frames.pack_pair(pair)):
                cells[counting.HANDED_OVER] += 1
            else:
                is_full = self._judge.is_open
                reason = DropReason.CHANNEL_FULL if is_full else DropReason.CHANNEL_DOWN
                cells[counting.DROPPED[reason]] += 1
        self._settle(copy)

    def _is_match(self, copy: Copy, legacy: frames.Side) -> bool:
        if copy.is_whole and not legacy.flags:
            return self._sameness.holds_for(legacy, copy.status, copy.answer_head, copy.answer)
        return self._sameness.holds(legacy, copy.side())

    def _settle(self, copy: Copy) -> None:
        copy.is_settled = True
        self.room.held_bytes -= copy.held
        if self.room.shedding is not None:
            self.reconsider()

    def reconsider(self) -> None:
        """Lets the edges capture again once what stopped them is over."""
        self.room.reconsider(self.breaker.has_room(monotonic_ns() / 1e9))

    def give_up(self, copy: Copy, reason: DropReason) -> None:
        """The exchange ends here, whatever the candidate does."""
        self._cells[counting.DROPPED[reason]] += 1
        self._let_go(copy)

    def leave_unjudged(self, copy: Copy) -> None:
        """Too slow or too large on both sides: nobody can say whether the answers are the same."""
        self._cells[copy.base + counting.INCOMPARABLE] += 1
        self._let_go(copy)

    def _let_go(self, copy: Copy) -> None:
        if copy.legacy is None:
            self.open[copy.slot].pop(copy.exchange, None)
        if not copy.is_over:
            self._over(copy)
            self.breaker.released(copy.ticket)
            copy.pool.cancel(copy)
        self._settle(copy)

    def fault(self, copy: Copy) -> None:
        """Our own bug: the exchange failed, and somebody should know."""
        self._tell(
            "internal_error", "error", exception=traceback.format_exc(limit=-8)[-MAX_TRACEBACK:]
        )
        if not copy.is_settled:
            self._cells[counting.FAILED_SEND] += 1
            self._let_go(copy)
