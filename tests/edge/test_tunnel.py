"""Upgrades: after 101 the connection is a pipe of bytes, and never shadowed."""

import hashlib

import pytest

from tests.support.backends import backend, honest_body
from tests.support.edges import edge
from tests.support.messages import read_answer
from tests.support.waiting import alongside, until
from tests.support.wire import EndedError, Segmenting, Wire, one_byte_a_segment, whole

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
SWITCHING = (
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


async def test_the_handshake_passes_with_its_fields() -> None:
    """Upgrade and Connection, hop-by-hop elsewhere, are the point of this message."""
    async with backend() as legacy:
        legacy.scripts[b"/ws"] = [{"send": SWITCHING}, {"hang": True}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(UPGRADE)
            answer = await read_answer(wire)
    request = legacy.requests[0]
    assert answer.status == 101
    for message in (request, answer):
        assert [value.lower() for value in message.values("upgrade")] == [b"websocket"]
        assert b"upgrade" in b",".join(message.values("connection")).lower()
    assert answer.values("sec-websocket-accept") == [b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]


@pytest.mark.parametrize("segmenting", [whole, one_byte_a_segment])
async def test_what_follows_the_handshake_at_once_is_not_lost(segmenting: Segmenting) -> None:
    """Legacy's first frame in the segment of the 101, the user's in that of the request."""
    async with backend() as legacy:
        legacy.scripts[b"/ws"] = [{"send": SWITCHING + "from legacy"}, {"read": "end"}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(UPGRADE + b"from the user", segmenting)
            assert (await read_answer(wire)).status == 101
            assert await wire.read_exactly(11) == b"from legacy"
            await until(
                lambda: legacy.wires[0].bytes_read >= len(legacy.requests[0].head) + 13,
                "legacy has the user's first bytes",
            )


async def test_bytes_pass_both_ways_unchanged() -> None:
    """What looks like HTTP inside a tunnel is data too."""
    frames = [b"\x81\x05hello", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)), b"\r\n\r\n"]
    async with backend() as legacy:
        size = sum(map(len, frames))
        legacy.scripts[b"/ws"] = [{"send": SWITCHING}, {"echo": size}, {"close": True}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(UPGRADE)
            await read_answer(wire)
            for frame in frames:
                await wire.send(frame)
                assert await wire.read_exactly(len(frame)) == frame
            assert (await wire.read_to_end())[0] == b""
            wire.close()
            terms = await proxy.at_rest()
    assert terms["skipped"] == 1


@pytest.mark.slow
async def test_a_long_stream_passes_both_ways_at_once() -> None:
    """8 MiB up and the same down, with back-pressure, byte for byte."""
    data = hashlib.shake_128(b"tunnel").digest(8 << 20)
    async with backend() as legacy:
        legacy.scripts[b"/ws"] = [{"send": SWITCHING}, {"echo": len(data)}, {"close": True}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(UPGRADE)
            await read_answer(wire)
            async with alongside(_send(wire, data)):
                assert await wire.read_exactly(len(data)) == data


async def test_an_end_of_one_side_reaches_the_other() -> None:
    """A user who ends sending is heard by legacy, which may still answer; and the other way."""
    async with backend() as legacy:
        legacy.scripts[b"/ws"] = [{"send": SWITCHING}, {"read": "end"}, {"send": "bye"}, _CLOSE]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(UPGRADE)
            await read_answer(wire)
            wire.half_close()
            assert await wire.read_to_end() == (b"bye", EndedError)
            await proxy.at_rest()


_CLOSE = {"close": True}


async def test_a_user_who_leaves_ends_the_tunnel() -> None:
    """Legacy's connection does not outlive the user's."""
    async with backend() as legacy:
        legacy.scripts[b"/ws"] = [{"send": SWITCHING}, {"hang": True}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(UPGRADE)
            await read_answer(wire)
            wire.reset()
            await until(lambda: legacy.runs[0].is_over, "legacy's side of the tunnel ends")
            await proxy.at_rest()


@pytest.mark.parametrize("end", ["close", "reset"])
async def test_a_legacy_that_leaves_ends_the_tunnel(end: str) -> None:
    """The user's connection does not outlive legacy's."""
    async with backend() as legacy:
        legacy.scripts[b"/ws"] = [{"send": SWITCHING}, {end: True}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(UPGRADE)
            await read_answer(wire)
            await wire.read_to_end()
            await proxy.at_rest()


async def test_a_refused_upgrade_is_an_ordinary_answer() -> None:
    """Legacy answers 400 instead of 101: the connection goes on as HTTP."""
    async with backend() as legacy:
        legacy.scripts[b"/ws"] = [{"send": "HTTP/1.1 400 No\r\nContent-Length: 2\r\n\r\nno"}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(UPGRADE)
            answer = await read_answer(wire)
            assert (answer.status, answer.body) == (400, b"no")
            await wire.send(b"GET /next HTTP/1.1\r\nHost: a.test\r\n\r\n")
            assert (await read_answer(wire)).body == honest_body(b"GET", b"/next", b"")


async def _send(wire: Wire, data: bytes) -> None:
    assert await wire.send(data)
