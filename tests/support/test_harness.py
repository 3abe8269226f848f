"""The harness against itself and against a known server: what it says about the product counts."""

import asyncio
import socket

import pytest
from aiohttp import web

from tests.support.backends import backend, honest_body, refusing, unreachable
from tests.support.messages import MalformedError, read_answer, read_answers
from tests.support.wire import (
    EndedError,
    ResetError,
    Segmenting,
    Wire,
    head_and_body_apart,
    one_byte_a_segment,
    whole,
)

MESSAGE = b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello"
SEGMENTINGS = [whole, head_and_body_apart, one_byte_a_segment]


class _Counting(asyncio.Protocol):
    def __init__(self) -> None:
        self.segments: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        self.segments.append(data)


@pytest.mark.parametrize("segmenting", SEGMENTINGS)
async def test_a_peer_in_the_same_loop_reads_each_segment_by_itself(segmenting: Segmenting) -> None:
    """As many reads as segments, with the same borders."""
    loop = asyncio.get_running_loop()
    counting = _Counting()
    server = await loop.create_server(lambda: counting, "127.0.0.1", 0)
    wire = await Wire.connect(server.sockets[0].getsockname())
    try:
        await wire.send(MESSAGE, segmenting)
        assert counting.segments == list(segmenting(MESSAGE))
    finally:
        wire.close()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("segmenting", SEGMENTINGS)
@pytest.mark.parametrize("size", [0, 1, 2047, 2048, 2049, 70_000])
def test_segments_joined_are_the_message(segmenting: Segmenting, size: int) -> None:
    """No segmentation loses, repeats or reorders a byte."""
    message = bytes(at % 251 for at in range(size))
    assert b"".join(segmenting(message)) == message


@pytest.mark.parametrize("segmenting", SEGMENTINGS)
async def test_the_honest_backend_answers_what_was_asked(segmenting: Segmenting) -> None:
    """Two requests on one connection, each with its own answer."""
    async with backend() as origin:
        wire = await Wire.connect(origin.address)
        await wire.send(MESSAGE + b"GET /y HTTP/1.1\r\nHost: a.test\r\n\r\n", segmenting)
        first, second = await read_answers(wire, [b"POST", b"GET"])
        wire.close()
    assert first.body == honest_body(b"POST", b"/x", b"hello")
    assert second.body == honest_body(b"GET", b"/y", b"")
    assert [request.target for request in origin.requests] == [b"/x", b"/y"]


async def test_a_reset_and_an_end_are_told_apart() -> None:
    """A scripted reset reads as ResetError, a scripted close as EndedError."""
    async with backend() as origin:
        origin.scripts = {b"/reset": [{"reset": True}], b"/close": [{"close": True}]}
        for target, ending in ((b"/reset", ResetError), (b"/close", EndedError)):
            wire = await Wire.connect(origin.address)
            await wire.send(b"GET " + target + b" HTTP/1.1\r\nHost: a.test\r\n\r\n")
            with pytest.raises(EndedError) as caught:
                await read_answer(wire)
            assert type(caught.value) is ending
            wire.close()


async def test_nobody_listens_at_a_refusing_address() -> None:
    """Connecting fails at once."""
    async with refusing() as address:
        with pytest.raises(ConnectionRefusedError):
            await Wire.connect(address)


async def test_an_unreachable_address_does_not_complete_a_connection() -> None:
    """Connecting neither succeeds nor fails within a tenth of a second."""
    async with unreachable() as address:
        with socket.socket() as sock:
            sock.setblocking(False)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await asyncio.get_running_loop().sock_connect(sock, address)


async def test_the_strict_reader_reads_a_known_server() -> None:
    """Lengths, chunks and answers to HEAD of aiohttp are read to their ends."""

    async def chunks(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for part in (b"one ", b"two"):
            await response.write(part)
        return response

    async def fixed(_: web.Request) -> web.Response:
        return web.Response(text="fixed")

    app = web.Application()
    app.add_routes([web.get("/chunks", chunks), web.get("/fixed", fixed)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    wire = await Wire.connect(runner.addresses[0])
    for method, target in ((b"GET", b"/chunks"), (b"HEAD", b"/fixed"), (b"GET", b"/fixed")):
        await wire.send(b"%s %s HTTP/1.1\r\nHost: a.test\r\n\r\n" % (method, target))
    first, second, third = await read_answers(wire, [b"GET", b"HEAD", b"GET"])
    wire.close()
    await runner.cleanup()
    assert (first.framing, first.body, first.is_complete) == ("chunked", b"one two", True)
    assert (second.framing, second.body) == ("none", b"")
    assert (third.framing, third.body) == ("length", b"fixed")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: \0\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
    ],
)
async def test_the_strict_reader_refuses_what_could_be_read_differently(answer: bytes) -> None:
    """Nothing ambiguous is taken for an answer."""
    async with backend() as origin:
        origin.at_accept = [{"at": "accept"}, {"send": answer.decode("latin-1")}, {"close": True}]
        wire = await Wire.connect(origin.address)
        with pytest.raises(MalformedError):
            await read_answer(wire)
        wire.close()
