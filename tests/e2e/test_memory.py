"""What bodies and connections cost a real edge process."""

import hashlib
import resource

import pytest

from tests.support.backends import backend
from tests.support.command import Command, command
from tests.support.messages import read_answer
from tests.support.wire import Wire

pytestmark = pytest.mark.slow

MIB = 1 << 20
BODY_BYTES = 256 * MIB
PIECE = hashlib.shake_128(b"piece").digest(MIB)
GROWTH_BYTES = 16 * MIB
"""The budget of a 1 GiB body; it does not depend on the length, so a quarter shows it too."""

STALLED_BYTES = 64 * MIB
BYTES_A_CONNECTION = 15 << 10


async def _warm(proxy: Command) -> int:
    """Memory after the code paths have run once."""
    for _ in range(20):
        wire = await proxy.connect()
        await wire.send(b"GET /warm HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await read_answer(wire)
        wire.close()
    await proxy.at_rest()
    return proxy.rss("edge-0")


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
async def test_a_long_download_does_not_grow_the_edge(framing: str) -> None:
    """256 MiB with shadow on: the same bytes, and less than 16 MiB of memory more."""
    head, first, last = {
        "length": (f"Content-Length: {BODY_BYTES}", b"", b""),
        "chunked": ("Transfer-Encoding: chunked", b"100000\r\n", b"\r\n"),
        "close": ("Connection: close", b"", b""),
    }[framing]
    async with backend() as legacy, backend() as candidate:
        for side in (legacy, candidate):
            side.streams[b"/big"] = (
                f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode(),
                first + PIECE + last,
                BODY_BYTES // MIB,
                b"0\r\n\r\n" if framing == "chunked" else b"",
            )
        async with command(legacy.address, candidate.address, workers=1) as proxy:
            before = await _warm(proxy)
            wire = await proxy.connect()
            await wire.send(b"GET /big HTTP/1.1\r\nHost: a.test\r\n\r\n")
            digest, peak = await _read_big(wire, proxy, BODY_BYTES)
            wire.close()
            assert digest == hashlib.sha1(PIECE * (BODY_BYTES // MIB)).hexdigest()
            assert peak - before < GROWTH_BYTES
            await proxy.at_rest()


async def _read_big(wire: Wire, proxy: Command, length: int) -> tuple[str, int]:
    """The digest of the payload and the most memory that the edge had meanwhile."""
    head = await wire.read_until(b"\r\n\r\n")
    chunked = b"chunked" in head.lower()
    digest, peak, got = hashlib.sha1(), 0, 0
    while got < length:
        if chunked:
            size = int((await wire.read_until(b"\r\n")).strip(), 16)
            data = (await wire.read_exactly(size + 2))[:-2]
        else:
            data = await wire.read_some()
        digest.update(data)
        if got // (16 * MIB) != (got + len(data)) // (16 * MIB):
            peak = max(peak, proxy.rss("edge-0"))
        got += len(data)
    assert got == length
    return digest.hexdigest(), peak


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_long_upload_does_not_grow_the_edge(chunked: bool) -> None:
    """256 MiB with shadow on: legacy gets the same bytes, and the edge less than 16 MiB more."""
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % BODY_BYTES
    piece = b"100000\r\n" + PIECE + b"\r\n" if chunked else PIECE
    async with backend() as legacy, backend() as candidate:
        async with command(legacy.address, candidate.address, workers=1) as proxy:
            before = await _warm(proxy)
            wire = await proxy.connect()
            await wire.send(b"POST /big HTTP/1.1\r\nHost: a.test\r\n" + framing + b"\r\n\r\n")
            peak = 0
            for number in range(BODY_BYTES // MIB):
                assert await wire.send(piece)
                if number % 16 == 0:
                    peak = max(peak, proxy.rss("edge-0"))
            if chunked:
                await wire.send(b"0\r\n\r\n")
            answer = await read_answer(wire)
            wire.close()
            digest = hashlib.sha1(PIECE * (BODY_BYTES // MIB)).hexdigest()[:12]
            assert answer.body == b"POST /big %s\n" % digest.encode()
            assert peak - before < GROWTH_BYTES


async def test_a_user_who_does_not_read_does_not_grow_the_edge() -> None:
    """64 MiB that nobody takes: legacy is held back, the edge stays small."""
    async with backend() as legacy, backend() as candidate:
        legacy.streams[b"/big"] = (
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % STALLED_BYTES,
            PIECE,
            STALLED_BYTES // MIB,
            b"",
        )
        async with command(legacy.address, candidate.address, workers=1) as proxy:
            before = await _warm(proxy)
            wires = [await proxy.connect(receive_buffer=65536) for _ in range(10)]
            for wire in wires:
                await wire.send(b"GET /big HTTP/1.1\r\nHost: a.test\r\n\r\n")
                await wire.read_until(b"\r\n\r\n")
            sent = -1
            while sent != legacy.streamed_bytes:
                sent = legacy.streamed_bytes
                await _a_moment(proxy)
            assert sent < 10 * STALLED_BYTES / 2
            assert proxy.rss("edge-0") - before < GROWTH_BYTES
            for wire in wires:
                wire.close()
            await proxy.at_rest()


async def _a_moment(proxy: Command) -> None:
    """Long enough for bytes to move if they can: two answers of another process."""
    for _ in range(10):
        await proxy.status()


async def test_idle_connections_are_cheap() -> None:
    """2,000 kept connections, each used once: under 15 KiB each."""
    count = 2000
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 3 * count:
        pytest.skip("too few file descriptors allowed")
    async with backend() as legacy, command(legacy.address, workers=1) as proxy:
        before = await _warm(proxy)
        wires = []
        for _ in range(count):
            wire = await proxy.connect()
            wires.append(wire)
            await wire.send(b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n")
            await read_answer(wire)
        grown = proxy.rss("edge-0") - before
        for wire in wires:
            wire.close()
        assert grown / count < BYTES_A_CONNECTION
