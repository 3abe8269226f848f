"""Questions that no user asked: what a backend says when it is asked once more.

    start ─► answered | broke off | flooded | given up ─► learner.over(inquiry), once

Laws: a question has a deadline whatever its connection does; its bytes count in `Room`, and when
there is no room the question goes, never an exchange; a bug of ours costs the question alone.
"""

from abc import ABC, abstractmethod
from time import monotonic_ns
from typing import TYPE_CHECKING, Final

from shadowproxy.core.observing import Failure
from shadowproxy.core.overriding import override
from shadowproxy.core.settings import BackendSettings, Settings
from shadowproxy.core.words import Backend, FailureKind
from shadowproxy.ipc.frames import Request
from shadowproxy.shadow import counting
from shadowproxy.shadow.asking import Asking
from shadowproxy.shadow.funnel import funnelled
from shadowproxy.shadow.marking import Marking
from shadowproxy.shadow.room import Room
from shadowproxy.shadow.target import Target
from shadowproxy.shadow.telling import Tell
from shadowproxy.upstream.connection import Connection

if TYPE_CHECKING:
    from shadowproxy.upstream.pool import Pool

TOO_MANY_REQUESTS: Final = 429
"""With 5xx what an overloaded backend says: then it is left alone as if it had not answered."""


def second_of(settings: Settings) -> tuple[Backend, BackendSettings]:
    """Whom a question about legacy goes to: secondary if the settings say so, else legacy."""
    if settings.noise.source == Backend.SECONDARY and settings.secondary is not None:
        return Backend.SECONDARY, settings.secondary
    return Backend.LEGACY, settings.legacy


class Inquiry(Asking):
    """One question; `is_usable` once it is over and was answered whole."""

    __slots__ = ("is_usable", "learner", "marking", "outcomes")

    def __init__(
        self, learner: "Learner", target: Target, pool: "Pool", request: Request,
        outcomes: counting.Outcomes, marking: Marking,
    ) -> None:  # fmt: skip
        super().__init__(pool, target.breaker, request, learner.max_body_bytes)
        self.learner = learner
        self.outcomes = outcomes
        self.marking = marking
        self.is_usable = False

    @override
    def on_connected(self, connection: Connection) -> None:
        self.learner.send(self, connection)

    @override
    def on_answered(self) -> None:
        self.learner.answered(self)

    @override
    def on_flooded(self) -> None:
        self.learner.flooded(self)

    @override
    def on_failure(self, failure: Failure) -> None:
        self.learner.broke_off(self, failure)

    @override
    def hold(self, size: int) -> None:
        if self.is_over:
            return
        self.held += size
        room = self.learner.room
        room.held_bytes += size
        if room.held_bytes > room.max_bytes and size > 0:
            self.learner.give_up(self)

    @override
    def legacy_bytes(self) -> int | None:
        return None

    @property
    def tells_of_trouble(self) -> bool:
        """The answer is one of a backend that has too much to do, or is ill."""
        return self.status >= 500 or self.status == TOO_MANY_REQUESTS

    def free(self) -> None:
        """Gives the bytes back; the answer is gone."""
        self.learner.room.held_bytes -= self.held
        self.held = 0
        self.answer = self.answer_head = b""


class Learner(ABC):
    """Asks and counts; `open` are the questions under way."""

    def __init__(self, cells: memoryview, room: Room, tell: Tell) -> None:
        self.cells = cells
        self.room = room
        self.tell = tell
        self.max_body_bytes = 0
        self.open: list[Inquiry] = []
        self.is_closed = False

    @abstractmethod
    def over(self, inquiry: Inquiry) -> None:
        """A question has its answer, or will have none."""

    def start(self, inquiry: Inquiry, now_ns: int, deadline_ns: int) -> None:
        """Asks; the caller has looked at limits and breaker."""
        inquiry.ticket = inquiry.breaker.admit(now_ns / 1e9)
        inquiry.deadline_ns = deadline_ns
        self.open.append(inquiry)
        self.room.held_bytes += inquiry.held
        self._submit(inquiry)

    @funnelled
    def _submit(self, inquiry: Inquiry) -> None:
        if not inquiry.pool.submit(inquiry):
            self.give_up(inquiry)

    @funnelled
    def send(self, inquiry: Inquiry, connection: Connection) -> None:
        """Writes the question to a connection."""
        inquiry.write_to(connection, inquiry.marking)

    @funnelled
    def answered(self, inquiry: Inquiry) -> None:
        """The answer is whole."""
        if inquiry.is_over:
            return
        counting.count_status(self.cells, inquiry.outcomes, inquiry.status)
        now_s = inquiry.ended_ns / 1e9
        if inquiry.tells_of_trouble and inquiry.outcomes is counting.OF_SECOND:
            inquiry.breaker.failed(inquiry.ticket, now_s)
        else:
            inquiry.breaker.succeeded(inquiry.ticket, now_s)
        inquiry.is_usable = True
        self._end(inquiry)

    @funnelled
    def broke_off(self, inquiry: Inquiry, failure: Failure) -> None:
        """There is no whole answer."""
        if inquiry.is_over:
            return
        counting.count_failure(self.cells, inquiry.outcomes, failure.kind)
        inquiry.breaker.failed(inquiry.ticket, inquiry.ended_ns / 1e9)
        inquiry.failure = failure
        self._end(inquiry)

    @funnelled
    def flooded(self, inquiry: Inquiry) -> None:
        """The answer is larger than it is worth reading, which may well be how legacy is."""
        if inquiry.is_over:
            return
        inquiry.ended_ns = monotonic_ns()
        inquiry.pool.cancel(inquiry)
        counting.count_failure(self.cells, inquiry.outcomes, FailureKind.TOO_LARGE)
        inquiry.breaker.released(inquiry.ticket)
        inquiry.failure = inquiry.too_large()
        self._end(inquiry)

    def give_up(self, inquiry: Inquiry) -> None:
        """Whatever the backend does, nobody is told; neither answer nor failure remains."""
        if inquiry.is_over:
            return
        inquiry.breaker.released(inquiry.ticket)
        inquiry.pool.cancel(inquiry)
        self._end(inquiry)

    def _end(self, inquiry: Inquiry) -> None:
        inquiry.is_over = True
        self.open.remove(inquiry)
        if not inquiry.is_usable:
            inquiry.free()
        self.over(inquiry)

    def fault(self, inquiry: Inquiry) -> None:
        """Our own bug."""
        self.tell.internal_error()
        self.give_up(inquiry)

    def tick(self, now_ns: int) -> None:
        """Ends what is past its deadline, after the connections have had their say."""
        for inquiry in self.open[:]:
            inquiry.expire(now_ns)

    def close(self) -> None:
        """Nothing counts from here on."""
        self.is_closed = True
        self.open.clear()
