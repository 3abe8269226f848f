"""Bodies flow through as they come, and whoever is slow holds back whoever is fast."""

import asyncio
import functools
import hashlib
from collections.abc import Callable

import pytest

from tests.support.backends import backend, honest_answer, honest_body
from tests.support.edges import edge
from tests.support.messages import read_answer
from tests.support.waiting import alongside, until
from tests.support.wire import Wire

EVENTS = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n%s\r\n"
GET = b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n"

STALL_BYTES = 24 << 20
"""More than all buffers between two ends on loopback (kernel sockets take up to 6 MiB each)."""


@pytest.mark.parametrize("framing", ["Transfer-Encoding: chunked\r\n", "Connection: close\r\n"])
async def test_each_event_is_seen_before_the_next_is_sent(framing: str) -> None:
    """Server-sent events pass one by one: legacy sends the next when the user has seen the last."""
    chunked = "chunked" in framing
    script: list[dict[str, object]] = [{"send": EVENTS % framing}]
    for number in range(5):
        event = f"data: {number}\n\n"
        data = f"{len(event):x}\r\n{event}\r\n" if chunked else event
        script += [{"send": data}, {"await": f"seen-{number}"}]
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [*script, {"close": True}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(GET)
            for number in range(5):
                await wire.read_until(f"data: {number}\n\n".encode())
                legacy.events[f"seen-{number}"].set()


async def test_the_head_is_seen_before_the_first_byte_of_the_body() -> None:
    """A long poll shows its head at once."""
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [
            {"send": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"},
            {"await": "head-seen"},
            {"send": "ok"},
        ]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(GET)
            await wire.read_until(b"\r\n\r\n")
            legacy.events["head-seen"].set()
            assert await wire.read_exactly(2) == b"ok"


async def test_each_part_of_an_upload_is_seen_before_the_next_is_sent() -> None:
    """Legacy reads what the user has sent so far; nothing waits for the whole body."""
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [
            {"signal": "head"},
            {"read": "body"},
            {"send": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
        ]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 50\r\n\r\n")
            await legacy.events["head"].wait()
            head_bytes = len(legacy.requests[0].head)
            for part in range(1, 6):
                await wire.send(b"%010d" % part)
                await until(
                    functools.partial(_has_read, legacy.wires[0], head_bytes + 10 * part),
                    f"legacy has read {part} parts",
                )
            assert (await read_answer(wire)).status == 200


def _has_read(wire: Wire, count: int) -> bool:
    return wire.bytes_read >= count


@pytest.mark.slow
async def test_a_user_that_does_not_read_stops_legacy() -> None:
    """Back-pressure: an endless answer stops being sent, and goes on when the user reads."""
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [
            {"send": "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
            {"endless": {"repeat": "x", "times": 65536}},
        ]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect(receive_buffer=65536)
            await wire.send(GET)
            stalled_at = await _stalls(lambda: legacy.runs[0].sent_bytes if legacy.runs else 0)
            assert stalled_at < STALL_BYTES
            await wire.read_until(b"\r\n\r\n")
            await wire.read_exactly(STALL_BYTES)
            await until(lambda: legacy.runs[0].sent_bytes > stalled_at, "legacy goes on")


@pytest.mark.slow
async def test_a_legacy_that_does_not_read_stops_the_user() -> None:
    """Back-pressure: an upload stops being taken, and goes on when legacy reads."""
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [{"await": "read-on"}, {"read": "body"}, {"send": _OK}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(
                b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n"
                % (2 * STALL_BYTES)
            )
            upload = _Upload(wire, 2 * STALL_BYTES)
            async with alongside(upload.run()):
                stalled_at = await _stalls(lambda: upload.sent_bytes)
                assert stalled_at < STALL_BYTES
                legacy.events["read-on"].set()
                answer = await read_answer(wire)
            assert upload.sent_bytes == 2 * STALL_BYTES
            assert answer.status == 200


_OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class _Upload:
    def __init__(self, wire: Wire, size: int) -> None:
        self._wire = wire
        self._left = size
        self.sent_bytes = 0

    async def run(self) -> None:
        piece = bytes(65536)
        while self._left:
            piece = piece[: self._left]
            assert await self._wire.send(piece)
            self.sent_bytes += len(piece)
            self._left -= len(piece)


async def _stalls(sent_bytes: Callable[[], int]) -> int:
    """Waits until a count has grown and then stood still for ten looks; gives the count."""
    last, still = 0, 0
    async with asyncio.timeout(10):
        while still < 10:
            await asyncio.sleep(0.02)
            now = sent_bytes()
            still = still + 1 if now == last and now else 0
            last = now
    return last


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_long_body_arrives_unchanged_in_both_directions(chunked: bool) -> None:
    """8 MiB of bytes that differ everywhere, up and down at the same time."""
    body = hashlib.shake_128(b"body").digest(8 << 20)
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body)
    wired = _chunks(body) if chunked else body
    async with backend() as legacy:
        legacy.answer = lambda request: (
            b"HTTP/1.1 200 OK\r\n"
            + framing
            + b"\r\n\r\n"
            + (_chunks(request.body) if chunked else request.body)
        )
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            head = b"POST /x HTTP/1.1\r\nHost: a.test\r\n" + framing + b"\r\n\r\n"
            async with alongside(_send(wire, head + wired)):
                answer = await read_answer(wire)
    assert legacy.requests[0].body == body
    assert answer.body == body


async def _send(wire: Wire, data: bytes) -> None:
    assert await wire.send(data)


def _chunks(body: bytes) -> bytes:
    size = 50_000
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


async def test_a_user_who_leaves_ends_legacys_work() -> None:
    """The connection to legacy is closed when nobody is left to read its endless answer."""
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [
            {"send": "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
            {"endless": {"repeat": "x", "times": 65536}},
        ]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(GET)
            await wire.read_exactly(1 << 20)
            wire.close()
            await until(lambda: legacy.runs[0].is_over, "legacy's connection ends")
            terms = await proxy.at_rest()
    assert terms["received"] == 1


async def test_the_honest_answer_is_right_after_a_stalled_one() -> None:
    """A connection on which a slow user caught up goes on with the next request."""
    async with backend() as legacy:
        legacy.answer = lambda request: (
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % STALL_BYTES + bytes(STALL_BYTES)
            if request.target == b"/big"
            else honest_answer(request)
        )
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect(receive_buffer=65536)
            await wire.send(
                b"GET /big HTTP/1.1\r\nHost: a.test\r\n\r\nGET /small HTTP/1.1\r\nHost: a.test\r\n\r\n"
            )
            await until(lambda: legacy.requests, "legacy is asked")
            big = await read_answer(wire)
            small = await read_answer(wire)
    assert len(big.body) == STALL_BYTES
    assert small.body == honest_body(b"GET", b"/small", b"")
