"""Asking both backends the same, at the same moment, as a re-check does.

Laws: every question has a deadline; of an answer at most `shadow.max_body` is held; a redirect is an
answer like any other, and nobody follows it.
"""

import asyncio
from time import monotonic_ns
from typing import Final

from shadowproxy.cli.replaying.preparing import Prepared
from shadowproxy.cli.replaying.reaching import Reach
from shadowproxy.compare import Observation
from shadowproxy.config.addresses import print_url
from shadowproxy.config.escaping import printable
from shadowproxy.core.observing import Failure
from shadowproxy.core.overriding import override
from shadowproxy.core.settings import BackendSettings, Settings, ShadowSettings
from shadowproxy.core.words import Backend, FailureKind
from shadowproxy.ipc.frames import Request
from shadowproxy.judge.exchange import observation_of
from shadowproxy.shadow.asking import Asking
from shadowproxy.shadow.marking import Marking, flags_of
from shadowproxy.shadow.target import Target
from shadowproxy.upstream.connection import Connection

MAX_IN_FLIGHT: Final = 8
"""Exchanges: 16 bodies of `max_body`, and no load that a backend would notice."""
TICK_S: Final = 0.1


class Question(Asking):
    """One side of it; `over` is set when there is an answer or will be none."""

    __slots__ = ("marking", "over")

    def __init__(
        self, target: Target, request: Request, max_body_bytes: int, marking: Marking
    ) -> None:
        assert target.pool is not None
        super().__init__(target.pool, target.breaker, request, max_body_bytes)
        self.marking = marking
        self.over = asyncio.Event()

    @override
    def on_connected(self, connection: Connection) -> None:
        self.write_to(connection, self.marking)

    @override
    def on_answered(self) -> None:
        self._end(None)

    @override
    def on_flooded(self) -> None:
        self.ended_ns = monotonic_ns()
        self.pool.cancel(self)
        self._end(self.too_large())

    @override
    def on_failure(self, failure: Failure) -> None:
        self._end(failure)

    def _end(self, failure: Failure | None) -> None:
        if not self.is_over:
            self.is_over = True
            self.failure = failure
            self.over.set()

    @override
    def hold(self, size: int) -> None:
        """Nothing to account for: MAX_IN_FLIGHT bounds it."""

    @override
    def legacy_bytes(self) -> int | None:
        return None


class Backends:
    """Both; `keep_time` must run beside the questions."""

    def __init__(self, settings: Settings, candidate: BackendSettings) -> None:
        shadow = settings.shadow
        self._max_body_bytes = shadow.max_body_bytes
        self._timeout_ns = int(shadow.timeout_s * 1e9)
        self._sides = (
            (_aimed(settings.legacy, shadow), Marking(ShadowSettings(), Backend.LEGACY)),
            (_aimed(candidate, shadow), Marking(shadow)),
        )
        self._reaches = (
            Reach(f"legacy at {_named(settings.legacy)}"),
            Reach(f"the candidate at {_named(candidate)}"),
        )
        self._open: set[Question] = set()

    @property
    def troubles(self) -> list[str]:
        """Which of them could not be reached even once, in words fit for a terminal."""
        return [reach.trouble for reach in self._reaches if reach.trouble]

    async def ask(self, prepared: Prepared) -> tuple[Observation, Observation]:
        """What legacy and candidate say."""
        flags = flags_of(prepared.head)
        request = Request(0, 0, flags, 0, prepared.head, prepared.body)
        questions = [
            Question(target, request, self._max_body_bytes, marking)
            for target, marking in self._sides
        ]
        try:
            for question in questions:
                self._submit(question)
            for question in questions:
                await question.over.wait()
        finally:
            for question in questions:
                self._open.discard(question)
                if not question.is_over:
                    question.is_over = True
                    question.pool.cancel(question)
        legacy, candidate = (observation_of(question.side()) for question in questions)
        for reach, observation in zip(self._reaches, (legacy, candidate), strict=True):
            reach.count(observation.failure)
        return legacy, candidate

    def _submit(self, question: Question) -> None:
        question.deadline_ns = question.submitted_ns + self._timeout_ns
        self._open.add(question)
        if not question.pool.submit(question):  # not with MAX_IN_FLIGHT of them
            full = Failure(FailureKind.CONNECT_TIMEOUT, "connect", "too many at once")
            question.on_failure(full)

    async def keep_time(self) -> None:
        """Ends what is late, until cancelled; then closes all connections."""
        try:
            while True:
                self._tick()
                await asyncio.sleep(TICK_S)
        finally:
            for target, _ in self._sides:
                target.close()

    def _tick(self) -> None:
        now_ns = monotonic_ns()
        for target, _ in self._sides:
            target.tick(now_ns)
        for question in tuple(self._open):
            question.expire(now_ns)


def _named(backend: BackendSettings) -> str:
    return printable(print_url(backend))


def _aimed(backend: BackendSettings, shadow: ShadowSettings) -> Target:
    target = Target()
    target.aim(backend, MAX_IN_FLIGHT, shadow.timeout_s)
    return target


class Pace:
    """At most so many a second, evenly: a burst would be a load that no rate shows."""

    def __init__(self, per_s: float) -> None:
        self._gap_s = 1 / per_s
        self._next_s = 0.0

    async def turn(self) -> None:
        """Waits for the next one."""
        now_s = asyncio.get_running_loop().time()
        at_s = max(now_s, self._next_s)
        self._next_s = at_s + self._gap_s
        await asyncio.sleep(at_s - now_s)
