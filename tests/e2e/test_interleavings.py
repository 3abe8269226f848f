"""Any order of what users, legacy, candidate and operators do keeps the bytes and the sums.

a run = a list of events: a user begins, finishes, resets or ends a request; legacy or the
candidate answers, breaks off or resets the oldest request that waits; a dial turns; settings
are loaded again. At the end everything that waits is answered and every user reads to the end.
"""

from collections import deque
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowproxy.core.settings import ShadowSettings
from tests.e2e.warming import copies_get_through
from tests.support.backends import Backend, backend, honest_body
from tests.support.edges import ALL, Edge, edge
from tests.support.messages import Answer, read_answer
from tests.support.scripts import Step
from tests.support.wire import EndedError, Wire

pytestmark = pytest.mark.slow

USERS = 3
SHADOW = ShadowSettings(timeout_s=0.5, methods=("GET", "POST"))
ENDS = ("answer", "break-off", "reset")
ANSWER, BREAK_OFF, RESET = ENDS

EVENTS = st.one_of(
    st.tuples(
        st.sampled_from(["begin", "finish", "reset", "half-close"]), st.integers(0, USERS - 1)
    ),
    st.tuples(st.sampled_from(["legacy", "candidate"]), st.sampled_from(ENDS)),
    st.tuples(st.just("shadow"), st.booleans()),
    st.tuples(st.just("reload"), st.integers(5, 20)),
)


@dataclass
class User:
    """One connection at a time; `asked` are the targets whose requests went out whole."""

    wire: Wire | None = None
    rest: bytes = b""
    asked: list[bytes] = field(default_factory=list)
    has_ended: bool = False


@dataclass
class Side:
    """A backend whose requests wait until an event says what becomes of them."""

    running: Backend
    waiting: deque[str] = field(default_factory=deque)
    fates: dict[bytes, str] = field(default_factory=dict)

    def expect(self, target: bytes) -> None:
        """Prepares the script of a request that will come, or not."""
        name = target.decode()
        self.waiting.append(name)
        self.running.scripts[target] = [{"read": "body"}, {"await": f"go {name}"}]

    def decide(self, fate: str) -> None:
        """The oldest request that waits here, or will, gets its fate."""
        if self.waiting:
            name = self.waiting.popleft()
            self.fates[name.encode()] = fate
            self.running.scripts[name.encode()] += _steps(name.encode(), fate)
            self.running.events[f"go {name}"].set()


def _steps(target: bytes, fate: str) -> list[Step]:
    if fate == RESET:
        return [{"reset": True}]
    body = honest_body(b"POST", target, b"hello").decode()
    if fate == BREAK_OFF:
        return [{"send": f"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{body}"}, {"reset": True}]
    return [{"send": f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}"}]


class Run:
    """One interleaving, played against the proxy."""

    def __init__(self, proxy: Edge, legacy: Side, candidate: Side) -> None:
        self.proxy = proxy
        self.sides = {"legacy": legacy, "candidate": candidate}
        self.users = [User() for _ in range(USERS)]
        self.number = 0

    async def act(self, verb: str, what: object) -> None:
        """One event; one that makes no sense now is none."""
        match verb, what:
            case "begin", int(at):
                await self._begin(self.users[at])
            case "finish", int(at):
                await self._finish(self.users[at])
            case "reset", int(at):
                self._leave(self.users[at])
            case "half-close", int(at):
                self._end(self.users[at])
            case "shadow", bool(is_on):
                self.proxy.dials.turn(shadow_on=is_on)
            case "reload", int(limit):
                limits = self.proxy.settings.limits
                self.proxy.reload(limits=replace(limits, max_headers=limit))
            case _, str(fate):
                self.sides[verb].decide(fate)
            case _:
                raise AssertionError(f"no such event: {verb} {what}")

    async def _begin(self, user: User) -> None:
        if user.rest or user.has_ended:
            return
        if user.wire is None:
            user.wire = await self.proxy.connect()
        self.number += 1
        target = b"/%d" % self.number
        for side in self.sides.values():
            side.expect(target)
        request = b"POST %s HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello" % target
        user.rest = request[-3:]
        user.asked.append(target)
        await user.wire.send(request[:-3])

    async def _finish(self, user: User) -> None:
        if user.wire is not None and user.rest:
            await user.wire.send(user.rest)
            user.rest = b""

    def _leave(self, user: User) -> None:
        if user.wire is not None:
            user.wire.reset()
        self._forget(user)

    def _end(self, user: User) -> None:
        if user.wire is not None and not user.rest and not user.has_ended:
            user.wire.half_close()
            user.has_ended = True

    def _forget(self, user: User) -> None:
        user.wire, user.rest, user.asked, user.has_ended = None, b"", [], False

    async def end(self) -> None:
        """Everyone finishes, both backends answer what is left, and the answers are read."""
        for user in self.users:
            await self._finish(user)
        for side in self.sides.values():
            while side.waiting:
                side.decide(ANSWER)
        for user in self.users:
            await self._read(user)

    async def _read(self, user: User) -> None:
        if user.wire is None:
            return
        fates = self.sides["legacy"].fates
        for target in user.asked:
            try:
                answer = await read_answer(user.wire)
            except EndedError:
                assert fates[target] != ANSWER or _broke_before(user.asked, target, fates)
                return
            _check(answer, target, fates[target])
            if not answer.is_complete:
                return
        user.wire.close()


def _broke_before(asked: list[bytes], target: bytes, fates: dict[bytes, str]) -> bool:
    """An earlier answer on the connection ended it."""
    return any(fates[earlier] != ANSWER for earlier in asked[: asked.index(target)])


def _check(answer: Answer, target: bytes, fate: str) -> None:
    """The user's own answer, or the right kind of failure: never another's, never half as whole."""
    if fate == ANSWER:
        assert (answer.status, answer.is_complete) == (200, True), (target, answer)
        assert answer.body == honest_body(b"POST", target, b"hello")
    elif fate == RESET:
        assert answer.status == 502, (target, answer)
    else:
        assert answer.status == 502 or not answer.is_complete, (target, answer)


@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(EVENTS, max_size=25))
async def test_any_interleaving_keeps_the_bytes_and_the_sums(
    events: list[tuple[str, object]],
) -> None:
    """Each user gets legacy's bytes or is told, and every request is in exactly one state."""
    async with backend() as legacy, backend() as candidate:
        sides = Side(legacy), Side(candidate)
        async with edge(legacy.address, candidate.address, ALL, shadow=SHADOW) as proxy:
            await copies_get_through(proxy)
            run = Run(proxy, *sides)
            for verb, what in events:
                await run.act(verb, what)
            await run.end()
            terms = await proxy.at_rest()
    assert terms["failed"] == 0
    assert terms["received"] >= len(legacy.requests)
    assert not legacy.malformed
    assert not candidate.malformed
