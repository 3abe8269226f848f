"""Plays shadow and an edge around one real judge process, and reads what it writes.

Played.pair() ─PAIR─► judge ─► cells, findings.json, log lines on standard error
"""

import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from shadowproxy import logs
from shadowproxy.core.cells import GLOBAL, ROUTE, recorded, route_base, unsettled
from shadowproxy.core.settings import RouteSettings
from shadowproxy.ipc import frames
from shadowproxy.ipc.channel import Sender
from shadowproxy.ipc.tallies import Tallies
from shadowproxy.judge import serving
from tests.support.edges import Edge, edge
from tests.support.waiting import alongside, until

ROUTES = (RouteSettings("item", 3, "/items/{id}"),)
WRITE_S = 0.1
HEAD = b"GET /items/42?q=1 HTTP/1.1\r\nHost: shop.test\r\nX-Request-Id: req-1\r\n\r\n"


def side(body: bytes | str, status: int = 200, **changes: Any) -> frames.Side:
    """A JSON answer."""
    raw = body.encode() if isinstance(body, str) else body
    head = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\n\r\n" % status
    return frames.Side(0, 0, status, 1500, 2500, len(raw), head, raw)._replace(**changes)


def pair_of(
    legacy: frames.Side, candidate: frames.Side, head: bytes = HEAD, route: int = 3
) -> frames.Pair:
    return frames.Pair(route, time.monotonic_ns(), head, b"", legacy, candidate)


class Played:
    """One running judge, with its surroundings in the test's hands."""

    def __init__(
        self, running: Edge, shadow: Sender, events: Sender, capture: pytest.CaptureFixture[str]
    ) -> None:
        self.running = running
        self.shadow = shadow
        self.events = events
        self.sent = 0
        self.wishes: list[frames.Recheck] = []
        """Rechecks that judge asked shadow for."""
        self._capture = capture
        self._lines: list[dict[str, Any]] = []
        self._page = Tallies(running.runtime_dir, "judge").cells

    def send(self, pair: frames.Pair) -> None:
        self.sent += 1
        assert self.shadow.send(frames.pack_pair(pair))

    def pair(self, legacy: str, candidate: str, head: bytes = HEAD, route: int = 3) -> None:
        """Two JSON answers to one request."""
        self.send(pair_of(side(legacy), side(candidate), head, route))

    def on_frame(self, kind: int, frame: bytes) -> None:
        """What judge sends back."""
        assert kind == frames.RECHECK
        self.wishes.append(frames.unpack_recheck(frame))

    def answer(self, wish: frames.Recheck, legacy: frames.Side, candidate: frames.Side) -> None:
        """What both sides said when they were asked again."""
        rechecked = frames.Rechecked(wish.ticket, (legacy, candidate))
        assert self.shadow.send(frames.pack_rechecked(rechecked))

    def document(self, name: str) -> dict[str, Any]:
        """One of the files that judge writes; empty until it has."""
        path = self.running.runtime_dir / name
        found: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
        return found

    def tell(self, **event: Any) -> None:
        """A log event of another process."""
        assert self.events.send(frames.pack_event(json.dumps(event).encode()))

    def cells(self) -> list[int]:
        return self._page.tolist()

    def cell(self, name: str) -> int:
        return self.cells()[GLOBAL[name]]

    def route_cell(self, name: str, slot: int = 3) -> int:
        return self.cells()[route_base(slot) + ROUTE[name]]

    async def until_settled(self) -> None:
        """Every pair was taken and has ended."""
        await until(lambda: self.cell("accepted_from/0") == self.sent, "all pairs are taken")
        await until(lambda: unsettled(self.cells()) == 0, "all pairs have ended")

    def verdicts(self) -> int:
        return recorded(self.cells())

    def log(self, event: str | None = None) -> list[dict[str, Any]]:
        """The log lines so far, or those of one event."""
        assert logs.close(5)
        text = re.findall(r"(?m)^\{.*\}$", self._capture.readouterr().err)
        self._lines += map(json.loads, text)
        return [line for line in self._lines if event is None or line["event"] == event]

    async def logged(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        """Waits for that many lines of an event."""
        await until(lambda: len(self.log(event)) >= count, f"{count} {event}")
        return self.log(event)

    async def findings(self, count: int = 1) -> list[dict[str, Any]]:
        """Waits until findings.json has that many groups, all exchanges counted."""
        path = self.running.runtime_dir / "findings.json"

        def read() -> list[dict[str, Any]]:
            groups: list[dict[str, Any]] = (
                json.loads(path.read_bytes())["groups"] if path.exists() else []
            )
            return groups if len(groups) == count else []

        return await until(read, f"{count} groups in findings.json")


@asynccontextmanager
async def judged(capture: pytest.CaptureFixture[str], **changes: Any) -> AsyncIterator[Played]:
    """A running judge; `capture` is pytest's capfd, because the log goes to the descriptor.

    It writes its files more often than usual, so that nobody here waits two seconds for each.
    """
    changes.setdefault("routes", ROUTES)
    candidate = changes.pop("candidate", ("127.0.0.1", 1))
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(serving, "FINDINGS_S", WRITE_S)
        patch.setattr(serving, "LEARNED_S", WRITE_S)
        running = await stack.enter_async_context(
            edge(("127.0.0.1", 1), candidate, ("judge",), **changes)
        )
        played: list[Played] = []
        shadow = Sender(
            running.runtime_dir / "judge.sock",
            0,
            on_frame=lambda kind, frame: played[0].on_frame(kind, frame),
        )
        events = Sender(running.runtime_dir / "judge.sock", frames.NO_EXCHANGES)
        async with alongside(shadow.run()), alongside(events.run()):
            await until(lambda: shadow.is_open and events.is_open, "the channels are open")
            played.append(Played(running, shadow, events, capture))
            yield played[0]
