"""Asking both sides once more, because judge wants to know whether a difference stays.

    RECHECK ─► refused: RECHECKED without sides
            └► legacy and candidate, at the same moment ─► both over ─► RECHECKED with both sides

Laws: a RECHECK is answered at most once, and exactly once unless judge's channel has no room or our
own bug ended it; it is no exchange: no sum and no latency knows of it.
"""

from time import monotonic_ns
from typing import Final

from shadowproxy.core.overriding import override
from shadowproxy.core.sampling import RateLimit
from shadowproxy.core.settings import Settings, ShadowSettings
from shadowproxy.ipc import frames
from shadowproxy.ipc.channel import Sender
from shadowproxy.ipc.dials import SHADOW
from shadowproxy.shadow import counting
from shadowproxy.shadow.asking import OVERHEAD_BYTES, is_safe
from shadowproxy.shadow.learning import Inquiry, Learner, second_of
from shadowproxy.shadow.marking import Marking, flags_of
from shadowproxy.shadow.room import Room
from shadowproxy.shadow.target import Target
from shadowproxy.shadow.telling import Tell

MAX_RECHECKS: Final = 4
"""In flight. Judge wants 5 a minute by default; four at once are a burst of findings, more would be
load that no user caused."""


class Again(Inquiry):
    """One side of a recheck."""

    __slots__ = ("recheck",)

    def __init__(
        self, rechecks: "Rechecks", target: Target, request: frames.Request,
        outcomes: counting.Outcomes, marking: Marking,
    ) -> None:  # fmt: skip
        assert target.pool is not None
        super().__init__(rechecks, target, target.pool, request, outcomes, marking)
        self.recheck: _Recheck | None = None


class _Recheck:
    """Both sides of one."""

    __slots__ = ("candidate", "legacy", "ticket")

    def __init__(self, ticket: int, legacy: Again, candidate: Again) -> None:
        self.ticket = ticket
        self.legacy = legacy
        self.candidate = candidate
        legacy.recheck = candidate.recheck = self

    @property
    def is_over(self) -> bool:
        """Both have ended."""
        return self.legacy.is_over and self.candidate.is_over

    def outcome(self) -> frames.Rechecked:
        """What both said, or that one was given up: then there is nothing to say."""
        legacy, candidate = self.legacy, self.candidate
        if not all(side.is_usable or side.failure for side in (legacy, candidate)):
            return frames.Rechecked(self.ticket, None)
        return frames.Rechecked(self.ticket, (legacy.side(), candidate.side()))


class Rechecks(Learner):
    """All rechecks under way."""

    def __init__(
        self, cells: memoryview, room: Room, tell: Tell, judge: Sender, dial_words: memoryview,
        candidate: Target, second: Target,
    ) -> None:  # fmt: skip
        super().__init__(cells, room, tell)
        self._judge = judge
        self._dial_words = dial_words
        self._candidate = candidate
        self._second = second
        self._under_way: set[_Recheck] = set()
        self.rate: RateLimit | None = None
        """Of `max_rps`: copies take what they need, rechecks what is left."""

    def apply(self, settings: Settings) -> None:
        """Takes a generation of the settings; as for a witness, legacy is asked what it was asked."""
        self.max_body_bytes = settings.shadow.max_body_bytes
        self._timeout_ns = int(settings.shadow.timeout_s * 1e9)
        self._is_wanted = settings.recheck.per_minute > 0
        self._never = frozenset(route.slot for route in settings.routes if not route.shadow)
        self._marking = Marking(settings.shadow)
        self._marking_of_second = Marking(ShadowSettings(), second_of(settings)[0])
        per_s = settings.shadow.max_rps
        self.rate = RateLimit(per_s) if per_s else None

    def on_frame(self, kind: int, frame: bytes) -> None:
        """One frame of judge's."""
        if kind == frames.RECHECK and not self.is_closed:
            self._recheck(frames.unpack_recheck(frame))

    def _recheck(self, wish: frames.Recheck) -> None:
        now_ns = monotonic_ns()
        if not self._is_let(wish, now_ns):
            self.cells[counting.RECHECKS_REFUSED] += 1
            self._reply(frames.Rechecked(wish.ticket, None))
            return
        self.cells[counting.RECHECKS_ASKED] += 1
        head, body = wish.request_head, wish.request_body
        request = frames.Request(wish.ticket, wish.route, flags_of(head), 0, head, body)
        candidate = Again(self, self._candidate, request, counting.OF_CANDIDATE, self._marking)
        legacy = Again(self, self._second, request, counting.OF_SECOND, self._marking_of_second)
        legacy.held += len(head) + len(body)
        self._under_way.add(_Recheck(wish.ticket, legacy, candidate))
        self.room.in_flight += 1
        for side in (candidate, legacy):
            self.start(side, now_ns, now_ns + self._timeout_ns)

    def _is_let(self, wish: frames.Recheck, now_ns: int) -> bool:
        """Nothing that guards users or the candidate from copies speaks against it."""
        now_s = now_ns / 1e9
        size = 2 * OVERHEAD_BYTES + len(wish.request_head) + len(wish.request_body)
        return (
            self._is_wanted
            and bool(self._dial_words[SHADOW])
            and len(self._under_way) < MAX_RECHECKS
            and wish.route not in self._never
            and is_safe(wish.request_head)
            and self._candidate.pool is not None
            and self._candidate.breaker.has_room(now_s)
            and self._second.breaker.has_room(now_s)
            and self.room.refusal(size) is None
            and (self.rate is None or self.rate.take(now_ns))
        )

    @override
    def over(self, inquiry: Inquiry) -> None:
        assert isinstance(inquiry, Again)
        recheck = inquiry.recheck
        assert recheck is not None
        if inquiry is recheck.candidate:
            self.room.in_flight -= 1
        if not recheck.is_over:
            return
        self._under_way.discard(recheck)
        self._reply(recheck.outcome())
        for side in (recheck.legacy, recheck.candidate):
            side.recheck = None
            if side.is_usable:
                side.free()

    def _reply(self, rechecked: frames.Rechecked) -> None:
        self._judge.send(frames.pack_rechecked(rechecked))
