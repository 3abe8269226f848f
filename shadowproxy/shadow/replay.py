"""Takes exchanges from the edges, sends the copies, and settles each exactly once.

    REQUEST ─► refused: dropped(limit)
            └► copy ─► candidate over, legacy's half here, and the witness over if there is one
                   │     ├► same, and nothing to learn: match, told in a summary
                   │     └► PAIR to judge; no room: match if it is one, or dropped(channel)
                   └► given up: dropped(reason) | failed(send)

Laws: nothing here waits, and nothing grows past the limits in `Room`; every exchange counted in
`accepted_from` is counted once more when it ends.
"""

from random import random
from time import monotonic_ns
from typing import Final

from shadowproxy.compare.ruleset import rules_of
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
from shadowproxy.shadow.breaker import REFUSED, Breaker
from shadowproxy.shadow.copy import Copy
from shadowproxy.shadow.funnel import funnelled
from shadowproxy.shadow.learning import second_of
from shadowproxy.shadow.marking import Marking
from shadowproxy.shadow.recheck import MAX_RECHECKS, Rechecks
from shadowproxy.shadow.room import Room
from shadowproxy.shadow.sameness import Sameness
from shadowproxy.shadow.summaries import Summaries
from shadowproxy.shadow.target import Target
from shadowproxy.shadow.telling import Tell
from shadowproxy.shadow.witness import MAX_WITNESSES, Witnesses
from shadowproxy.upstream.connection import Connection
from shadowproxy.upstream.pool import Pool

_DROP_REASONS: Final = tuple(DropReason)


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
        self.candidate = Target()
        self.second = Target()
        self.summaries = Summaries(self._cells, judge)
        self.witnesses = Witnesses(self._cells, self.room, tell, self.second, self.witnessed)
        self.rechecks = Rechecks(
            self._cells, self.room, tell, judge, self._dial_words, self.candidate, self.second
        )
        self.apply(process.settings)

    def apply(self, settings: Settings) -> None:
        """Takes a generation of the settings; what is under way ends as it began."""
        shadow = settings.shadow
        self.max_body_bytes = shadow.max_body_bytes
        self._judge.limit_bytes = limit_for(self.max_body_bytes)
        self._timeout_ns = int(shadow.timeout_s * 1e9)
        self._marking = Marking(shadow)
        candidate = settings.candidate
        header = "" if candidate is None else candidate.version_header
        self._sameness = Sameness(rules_of(settings.compare), header)
        self.room.limit(shadow)
        self.candidate.aim(settings.candidate, shadow.max_in_flight, shadow.timeout_s)
        max_inquiries = MAX_WITNESSES + MAX_RECHECKS
        self.second.aim(second_of(settings)[1], max_inquiries, shadow.timeout_s)
        self.witnesses.apply(settings)
        self.rechecks.apply(settings)

    @property
    def breaker(self) -> Breaker:
        """The candidate's."""
        return self.candidate.breaker

    @property
    def has_work(self) -> bool:
        """Something is under way."""
        return bool(self.room.held_bytes or self.summaries)

    def tick(self, now_ns: int) -> None:
        """Time limits of all that is under way, and the summary of what has ended."""
        self.candidate.tick(now_ns)
        self.second.tick(now_ns)
        self.witnesses.tick(now_ns)
        self.rechecks.tick(now_ns)
        self.summaries.flush()

    def close(self) -> int:
        """Nothing counts from here on; how many exchanges were still under way."""
        self.is_closed = True
        self.summaries.drop()
        for asking in (self.candidate, self.second, self.witnesses, self.rechecks):
            asking.close()
        self.room.in_flight = self.room.held_bytes = 0
        return unsettled(self._cells)

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
            copy.ticket = copy.breaker.admit(copy.submitted_ns / 1e9)
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
        if self.rechecks.rate is not None:
            self.rechecks.rate.take(copy.submitted_ns)
        self._start(copy, pool)
        share = self.witnesses.share
        if share and random() < share and not copy.is_settled:  # noqa: S311 - no secret
            self.witnesses.ask(copy)

    @funnelled
    def _start(self, copy: Copy, pool: Pool) -> None:
        if not pool.submit(copy):
            self.give_up(copy, DropReason.IN_FLIGHT_LIMIT)

    @funnelled
    def _join(self, copy: Copy, side: frames.Side, size: int) -> None:
        """Legacy's half is here."""
        if side.flags & frames.FLAG_INCOMPLETE:
            self.give_up(copy, DropReason.CLIENT_GONE)
            return
        copy.legacy = side
        copy.hold(size)
        if side.failure:
            self.witnesses.legacy_failed(monotonic_ns())
        if copy.witness is not None:
            self.witnesses.legacy_answered(copy)
        if copy.is_over:
            self._conclude(copy)
        elif copy.is_flood:
            self.flooded(copy)

    @funnelled
    def send(self, copy: Copy, connection: Connection) -> None:
        """Writes the copy to a connection, in one write."""
        copy.write_to(connection, self._marking)

    @funnelled
    def answered(self, copy: Copy) -> None:
        """The candidate's answer is whole."""
        if copy.is_settled:
            return
        self._over(copy)
        counting.count_answer(self._cells, copy.base, copy.status, copy.total_us)
        copy.breaker.succeeded(copy.ticket, copy.ended_ns / 1e9)
        if copy.legacy is not None:
            self._conclude(copy)

    @funnelled
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
            counting.count_status(self._cells, counting.OF_CANDIDATE, copy.status)
            copy.breaker.succeeded(copy.ticket, now_s)
        else:
            counting.count_failure(self._cells, counting.OF_CANDIDATE, failure.kind)
            copy.breaker.failed(copy.ticket, now_s)
        if copy.legacy is not None:
            self._conclude(copy)

    @funnelled
    def flooded(self, copy: Copy) -> None:
        """The candidate's answer is larger than it is worth reading."""
        if copy.is_settled or copy.is_over:
            return
        copy.ended_ns = monotonic_ns()
        copy.pool.cancel(copy)
        self._over(copy)
        copy.failure = copy.too_large()
        counting.count_failure(self._cells, counting.OF_CANDIDATE, FailureKind.TOO_LARGE)
        if copy.legacy is None or copy.is_beyond_comparing:
            copy.breaker.released(copy.ticket)  # legacy's answer may be as large
        else:
            copy.breaker.failed(copy.ticket, copy.ended_ns / 1e9)
        if copy.legacy is not None:
            self._conclude(copy)

    @funnelled
    def witnessed(self, copy: Copy) -> None:
        """The witness has done its part, or will not."""
        self._conclude(copy)

    def _over(self, copy: Copy) -> None:
        """The candidate has done its part."""
        copy.is_over = True
        self.room.in_flight -= 1

    def _conclude(self, copy: Copy) -> None:
        """Both halves are here, and the witness if there is one: a match, or for the judge."""
        legacy, witness = copy.legacy, copy.witness
        if legacy is None or copy.is_settled:
            return
        if witness is not None and not (witness.is_over and copy.is_over):
            return
        if copy.is_flood:
            if copy.is_beyond_comparing:
                self.leave_unjudged(copy)
                return
            copy.failure = copy.failure or copy.too_large()
        sample = witness.side() if witness is not None and witness.is_usable else None
        is_match = self._is_match(copy, legacy)
        is_wanted = sample is not None or not is_match
        was_taken = is_wanted and self._hand_over(copy, legacy, sample)
        if is_match and not was_taken:
            self._cells[copy.base + counting.MATCH] += 1
            request = copy.request
            self.summaries.add(request.route, legacy.total_us, copy.total_us, request.head)
        elif not was_taken:
            is_full = self._judge.is_open
            reason = DropReason.CHANNEL_FULL if is_full else DropReason.CHANNEL_DOWN
            self._cells[counting.DROPPED[reason]] += 1
        self._settle(copy, was_witnessed=was_taken and sample is not None)

    def _hand_over(self, copy: Copy, legacy: frames.Side, sample: frames.Side | None) -> bool:
        request = copy.request
        pair = frames.Pair(
            request.route, request.written_ns, request.head, request.body, legacy, copy.side(),
            sample,
        )  # fmt: skip
        if not self._judge.send(frames.pack_pair(pair)):
            return False
        self._cells[counting.HANDED_OVER] += 1
        return True

    def _is_match(self, copy: Copy, legacy: frames.Side) -> bool:
        if copy.is_whole and not legacy.flags:
            return self._sameness.holds_for(legacy, copy.status, copy.answer_head, copy.answer)
        return self._sameness.holds(legacy, copy.side())

    def _settle(self, copy: Copy, *, was_witnessed: bool = False) -> None:
        copy.is_settled = True
        self.room.held_bytes -= copy.held
        if copy.witness is not None:
            self.witnesses.settle(copy, was_used=was_witnessed)
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
            copy.breaker.released(copy.ticket)
            copy.pool.cancel(copy)
        self._settle(copy)

    def fault(self, copy: Copy) -> None:
        """Our own bug: the exchange failed, and somebody should know."""
        self._tell.internal_error()
        if not copy.is_settled:
            self._cells[counting.FAILED_SEND] += 1
            self._let_go(copy)
