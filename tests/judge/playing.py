"""Plays shadow and an edge around one real judge process, and reads what it writes.

Played.pair() ─PAIR─► judge ─► cells, the store, log lines on standard error
"""

import json
import re
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, select

from shadowproxy import logs
from shadowproxy.core.cells import GLOBAL, ROUTE, recorded, route_base, unsettled
from shadowproxy.core.settings import RouteSettings
from shadowproxy.ipc import frames
from shadowproxy.ipc.channel import Sender
from shadowproxy.ipc.tallies import Tallies
from shadowproxy.judge import serving
from shadowproxy.report import keeping
from shadowproxy.report.findings import MAX_LIMIT, Query, group_detail, group_list
from shadowproxy.report.learned import latencies_of, noise_of, rules_of
from shadowproxy.report.opening import StoreError
from shadowproxy.report.reading import Reader
from shadowproxy.report.schema import metadata
from shadowproxy.report.windows import Window
from tests.support.edges import Edge, edge
from tests.support.waiting import DEADLINE_S, alongside, until

T = TypeVar("T")

ROUTES = (RouteSettings("item", 3, "/items/{id}"),)
QUICKLY = {
    (serving, "FLUSH_S"): 0.02,
    (serving, "TICK_S"): 0.02,
    (serving, "LEARNED_S"): 0.1,
    (keeping, "TRAFFIC_S"): 0.1,
    (keeping, "FIRST_PAUSE_S"): 0.05,
    (keeping, "LAST_PAUSE_S"): 0.1,
}
"""Intervals of judge in seconds: nobody here waits as long as a person can."""
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

    shadow: Sender
    events: Sender

    def __init__(self, running: Edge, capture: pytest.CaptureFixture[str]) -> None:
        self.running = running
        self.sent = 0
        self.wishes: list[frames.Recheck] = []
        """Rechecks that judge asked shadow for."""
        self._capture = capture
        self._channels = AsyncExitStack()
        self._lines: list[dict[str, Any]] = []
        self._page = Tallies(running.runtime_dir, "judge").cells
        self._reader = Reader(running.settings.report.store)

    async def connect(self, deadline_s: float = DEADLINE_S) -> None:
        """Opens the channels of shadow and of an edge, as soon as judge listens."""
        path = self.running.runtime_dir / "judge.sock"
        self.shadow = Sender(path, 0, on_frame=self.on_frame)
        self.events = Sender(path, frames.NO_EXCHANGES)
        both = self.shadow, self.events
        for sender in both:
            await self._channels.enter_async_context(alongside(sender.run()))
        await until(lambda: all(each.is_open for each in both), "the channels are open", deadline_s)

    async def close(self) -> None:
        """Ends the channels and the connections to the store."""
        await self._channels.aclose()
        self._reader.close()

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

    def read(self, what: Callable[[Connection], T]) -> T | None:
        """What the store says; None as long as nothing was written."""
        try:
            return self._reader.read(what)
        except StoreError as error:
            if "nothing was recorded yet" not in str(error):
                raise
            return None

    async def stored(self, what: Callable[[Connection], T], description: str) -> T:
        """Waits until the store says something true: it is asked at first and after each flush."""
        flushes = -1

        def look() -> T | None:
            nonlocal flushes
            if flushes == (flushes := self.cell("store_flushes/ok")):
                return None
            return self.read(what)

        found = await until(look, description)
        assert found is not None
        return found

    def tell(self, **event: Any) -> None:
        """A log event of another process."""
        assert self.events.send(frames.pack_event(json.dumps(event).encode()))

    def cells(self) -> list[int]:
        return self._page.tolist()

    def cell(self, name: str) -> int:
        count: int = self._page[GLOBAL[name]]
        return count

    def route_cell(self, name: str, slot: int = 3) -> int:
        count: int = self._page[route_base(slot) + ROUTE[name]]
        return count

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
        """Waits until the store has that many findings."""
        return await self.found(lambda groups: len(groups) == count, f"{count} findings")

    async def found(
        self, are_so: Callable[[list[dict[str, Any]]], bool], description: str
    ) -> list[dict[str, Any]]:
        """Waits until the findings of the store, each with everything, are as described."""

        def look(connection: Connection) -> list[dict[str, Any]]:
            groups = findings_in(connection)
            return groups if are_so(groups) else []

        return await self.stored(look, description)

    async def noise(self) -> list[dict[str, Any]]:
        """Waits until the store says what was learned to be noise."""
        return await self.stored(lambda connection: noise_of(connection)["noise"], "noise")

    async def ended(self) -> None:
        """Asks judge to end, as SIGTERM does; everything that it has to say is written then."""
        self.running.stop("judge")
        await self.running.stopped("judge")
        await self._channels.aclose()

    async def restarted(self) -> None:
        """Ends judge and starts its successor."""
        await self.ended()
        await self.resumed()

    async def resumed(self) -> None:
        """Starts a successor of a judge that has ended."""
        await self._channels.aclose()
        await self.running.start("judge")
        await self.connect()


def answer(number: int, **more: Any) -> frames.Side:
    """An item with a token that no other answer has."""
    return side(json.dumps({"token": f"tok-{number:032x}", "price": 5, **more}))


def head(number: int) -> bytes:
    return HEAD.replace(b"/items/42?q=1", b"/items/%d" % number)


def teach(played: Played, count: int) -> None:
    """So many requests that legacy was asked twice, and whose token differed."""
    for number in range(count):
        pair = pair_of(answer(3 * number), answer(3 * number + 1), head(number))
        played.send(pair._replace(witness=answer(3 * number + 2)))


def findings_in(connection: Connection) -> list[dict[str, Any]]:
    """All findings of a store, each with its samples, reproducer and cause."""
    window = Window(datetime.now(UTC))
    listed = group_list(connection, Query(limit=MAX_LIMIT), window)["groups"]
    found = [group_detail(connection, group["id"], window) for group in listed]
    return [group for group in found if group is not None]


def learned_in(connection: Connection) -> dict[str, Any]:
    """What the judges said last of what they have learned."""
    return {
        **noise_of(connection),
        "latencies": latencies_of(connection),
        "rules": rules_of(connection),
    }


def everything_in(folder: Path, connection: Connection) -> bytes:
    """All that judge has left anywhere: its files as they are, each value of its store unpacked."""
    files = [path.read_bytes() for path in folder.iterdir() if path.name not in _NOT_WRITTEN]
    values = [
        zlib.decompress(value) if isinstance(value, bytes) else str(value).encode()
        for table in metadata.tables.values()
        for row in connection.execute(select(table))
        for value in row
    ]
    return b"\n".join(files + values)


_NOT_WRITTEN = frozenset(("judge.sock",))


@asynccontextmanager
async def judged(capture: pytest.CaptureFixture[str], **changes: Any) -> AsyncIterator[Played]:
    """A running judge; `capture` is pytest's capfd, because the log goes to the descriptor.

    It writes its store and its files more often than usual: see QUICKLY.
    """
    changes.setdefault("routes", ROUTES)
    candidate = changes.pop("candidate", ("127.0.0.1", 1))
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for (module, name), seconds in QUICKLY.items():
            patch.setattr(module, name, seconds)
        running = await stack.enter_async_context(
            edge(("127.0.0.1", 1), candidate, ("judge",), **changes)
        )
        played = Played(running, capture)
        stack.push_async_callback(played.close)
        await played.connect()
        yield played
