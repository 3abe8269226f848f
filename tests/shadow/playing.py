"""Plays the edges and the judge around one real shadow process.

Played.ask() ─REQUEST─► shadow ─► candidate, and legacy for what only learns (scripted backends)
Played.answer() ─RESPONSE─► shadow ─PAIR, MATCHES, RECHECKED, EVENT─► Judge.pairs, ...
                            shadow ◄─RECHECK─ Judge.recheck()
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shadowproxy.core.cells import GLOBAL, ROUTE, route_base, unsettled
from shadowproxy.core.lifecycle import DropReason
from shadowproxy.core.settings import BackendSettings, RecheckSettings
from shadowproxy.core.words import FailureKind
from shadowproxy.ipc import frames
from shadowproxy.ipc.channel import Receiver, Sender
from shadowproxy.ipc.tallies import Tallies
from shadowproxy.shadow.upkeep import LEGACY_SLACK_S
from tests.shadow.clock import Clock, clock_in_hand
from tests.support.edges import Address, Edge, edge
from tests.support.waiting import alongside, until

HEAD = b"GET /item HTTP/1.1\r\nHost: shop.test\r\n\r\n"
ROUTE_SLOT = 3
Where = Address | BackendSettings
NOBODY: Address = ("127.0.0.1", 1)


def ok(text: bytes = b"ok", **changes: Any) -> frames.Side:
    """Legacy's answer: what the scripted candidate sends unless told otherwise."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(text)
    return frames.Side(0, 0, 200, 100, 200, len(text), head, text)._replace(**changes)


@dataclass
class Judge:
    """Takes what shadow hands over, and counts it as accepted; `receiver` while it listens."""

    pairs: list[frames.Pair] = field(default_factory=list)
    matches: list[frames.Match] = field(default_factory=list)
    rechecked: list[frames.Rechecked] = field(default_factory=list)
    summaries: list[int] = field(default_factory=list)
    """How many matches each frame told."""
    receiver: Receiver | None = None
    events: list[dict[str, Any]] = field(default_factory=list)

    def take(self, slot: int, kind: int, frame: bytes) -> None:
        if kind == frames.PAIR:
            self.pairs.append(frames.unpack_pair(frame))
        elif kind == frames.MATCHES:
            told = frames.unpack_matches(frame)
            self.summaries.append(len(told))
            self.matches += told
        elif kind == frames.RECHECKED:
            self.rechecked.append(frames.unpack_rechecked(frame))
        else:
            self.events.append(json.loads(frames.unpack_event(frame)))

    async def recheck(
        self, head: bytes = HEAD, body: bytes = b"", route: int = ROUTE_SLOT
    ) -> frames.Rechecked:
        """Wants a request asked again; what shadow says to that."""
        self.recheck_soon(head, body, route)
        count = len(self.rechecked)
        await until(lambda: len(self.rechecked) > count, "the recheck is answered")
        return self.rechecked[-1]

    def recheck_soon(
        self, head: bytes = HEAD, body: bytes = b"", route: int = ROUTE_SLOT, ticket: int = 7
    ) -> None:
        """The same without waiting."""
        assert self.receiver is not None
        wish = frames.Recheck(ticket, route, head, body)
        assert self.receiver.reply(0, frames.pack_recheck(wish))


class Played:
    """One running shadow process, with its surroundings in the test's hands."""

    def __init__(self, running: Edge, judge: Judge, edges: list[Sender], clock: Clock) -> None:
        self.running = running
        self.judge = judge
        self.edges = edges
        self.clock = clock
        self.sent = 0
        self._page = Tallies(running.runtime_dir, "shadow").cells
        """Mapped, so that it can be read when the process and its folder have gone."""

    def ask(self, head: bytes = HEAD, body: bytes = b"", flags: int = 0, slot: int = 0) -> int:
        """Hands over a request half; its exchange."""
        self.sent += 1
        written_ns = time.monotonic_ns()
        frame = frames.pack_request(self.sent, ROUTE_SLOT, flags, written_ns, head, body)
        assert self.edges[slot].send(frame)
        return self.sent

    def answer(self, exchange: int, side: frames.Side | None = None, slot: int = 0) -> None:
        """Hands over legacy's half."""
        frame = frames.pack_response(exchange, side if side is not None else ok())
        assert self.edges[slot].send(frame)

    def cancel(self, exchange: int, reason: DropReason) -> None:
        """Says that legacy's half will not come."""
        assert self.edges[0].send(frames.pack_cancel(exchange, list(DropReason).index(reason)))

    def cells(self) -> list[int]:
        return self._page.tolist()

    def cell(self, name: str) -> int:
        return self.cells()[GLOBAL[name]]

    def route_cell(self, name: str) -> int:
        return self.cells()[route_base(ROUTE_SLOT) + ROUTE[name]]

    def outcome(self, outcome: str, backend: str = "candidate") -> int:
        return self.cell(f"backend_requests/{backend}/{outcome}")

    def witnesses(self) -> dict[str, int]:
        """asked, failed, refused; and those that came with a pair."""
        found = {name: self.cell(f"witnesses/{name}") for name in ("asked", "failed", "refused")}
        return found | {"used": sum(pair.witness is not None for pair in self.judge.pairs)}

    async def until_cell(self, name: str, count: int = 1) -> None:
        await until(lambda: self.cell(name) == count, f"{name} = {count}")

    async def until_heard(self) -> None:
        """All that edge 0 said was heard, halves too: a request behind it was, and is skipped."""
        await self._until_taken()
        self.running.dials.turn(shadow_on=False)
        self.ask()
        await self._until_taken()
        self.running.dials.turn(shadow_on=True)

    async def pass_deadline(self) -> None:
        """The time of all that the backends were asked is over."""
        await self.clock.set_ahead(self.running.settings.shadow.timeout_s + 1)

    async def pass_legacys_time(self) -> None:
        """A half that is not there by now will not come."""
        settings = self.running.settings
        wait_s = max(settings.legacy.response_timeout_s, settings.shadow.timeout_s)
        await self.clock.set_ahead(wait_s + LEGACY_SLACK_S + 1)

    async def _until_taken(self) -> None:
        await until(
            lambda: self.cell("accepted_from/0") + self.cell("accepted_from/1") == self.sent,
            "all requests are taken",
        )

    async def until_ended(self) -> None:
        """Everything that was sent was taken and has ended."""
        await self._until_taken()
        await until(lambda: unsettled(self.cells()) == 0, "all exchanges have ended")

    async def until_settled(self) -> None:
        """The same, and nothing is held, which shadow says ten times a second."""
        await self.until_ended()
        await until(
            lambda: not self.cell("shadow_in_flight") and not self.cell("shadow_memory_bytes"),
            "nothing is held",
        )
        if self.judge.receiver is not None:
            await until(
                lambda: len(self.judge.pairs) == self.cell("handed_over"), "all pairs have arrived"
            )


@asynccontextmanager
async def shadow_alone(
    candidate: Where, edges: int = 1, legacy: Where = NOBODY, **changes: Any
) -> AsyncIterator[Played]:
    """A shadow process with played edges, and no judge."""
    async with AsyncExitStack() as stack:
        clock = stack.enter_context(clock_in_hand())
        changes = {"recheck": RecheckSettings(), **changes}  # only a played judge wishes any
        running = await stack.enter_async_context(edge(legacy, candidate, ("shadow",), **changes))
        senders = []
        for slot in range(edges):
            senders.append(sender := Sender(running.runtime_dir / "shadow.sock", slot))
            await stack.enter_async_context(alongside(sender.run()))
        await until(lambda: all(sender.is_open for sender in senders), "the channels are open")
        yield Played(running, Judge(), senders, clock)


@asynccontextmanager
async def shadowed(
    candidate: Where, edges: int = 1, legacy: Where = NOBODY, **changes: Any
) -> AsyncIterator[Played]:
    """The same with a judge that takes everything."""
    async with shadow_alone(candidate, edges, legacy, **changes) as played:
        async with judging(played.running.runtime_dir, played.judge):
            yield played


@asynccontextmanager
async def judging(runtime_dir: Path, judge: Judge) -> AsyncIterator[Receiver]:
    """Listens as the judge does."""
    welcomed = asyncio.Event()

    def accepted(slot: int) -> int:
        welcomed.set()
        return len(judge.pairs)

    receiver = Receiver(judge.take, accepted, lambda slot: None)
    server = await receiver.listen(runtime_dir / "judge.sock")
    try:
        async with asyncio.timeout(5):
            await welcomed.wait()
        judge.receiver = receiver
        yield receiver
    finally:
        judge.receiver = None
        server.close()
        for incoming in list(receiver._current.values()):
            assert incoming._transport is not None
            incoming._transport.abort()


FAILURES = {kind: index + 1 for index, kind in enumerate(FailureKind)}
