"""node as legacy: chunks and trailers, interim answers, events, upgrades, broken answers."""

import asyncio
import hashlib
import json
import os
from collections.abc import Iterator

import pytest

from tests.peers.asked import Asked, ask, ask_both
from tests.peers.node import node_proxied
from tests.peers.proxied import Proxied
from tests.support.messages import read_answer, read_answers
from tests.support.wire import Wire

pytestmark = pytest.mark.slow

UPGRADE = (
    b"GET /%s HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""For the key above, RFC 6455 1.3."""


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    with node_proxied(tmp_path_factory.mktemp("node")) as proxied:
        yield proxied


async def _connect(proxied: Proxied) -> Wire:
    return await Wire.connect(("127.0.0.1", proxied.port))


@pytest.mark.parametrize("target", ["/cookies", "/chunks", "/closing", "/none", "/cookies?x=%00"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_answer_is_that_of_node(proxied: Proxied, target: str, method: str) -> None:
    """Reason phrase, spelling, order and repetition of fields, and bytes are node's own."""
    direct, through = await ask_both(proxied, Asked(target, method))
    assert through == direct


async def test_trailers_arrive(proxied: Proxied) -> None:
    """The trailer behind the last chunk reaches the user."""
    wire = await _connect(proxied)
    await wire.send(b"GET /chunks HTTP/1.1\r\nHost: a.test\r\nTE: trailers\r\n\r\n")
    answer = await read_answer(wire)
    wire.close()
    assert answer.body == b"one two three"
    assert answer.trailers == [(b"X-Sum", b"3")]


async def test_early_hints_come_before_the_answer(proxied: Proxied) -> None:
    """A 103 is passed on, then the final answer."""
    wire = await _connect(proxied)
    await wire.send(b"GET /hints HTTP/1.1\r\nHost: a.test\r\n\r\n")
    hints, answer = await read_answers(wire, [b"GET"])
    wire.close()
    assert (hints.status, hints.values("link")) == (103, [b"</style.css>; rel=preload"])
    assert (answer.status, answer.body) == (200, b"hinted")


async def test_node_sees_the_request_as_it_was_sent(proxied: Proxied) -> None:
    """Spelling, order and repetition of the user's fields; X-Forwarded-* are all that is added."""
    sent = ["Host", "shop.test", "x-ODD", "1", "Accept", "a/b", "x-odd", "2", "Cookie", "a=1; b=2"]
    lines = "".join(f"{n}: {v}\r\n" for n, v in zip(sent[::2], sent[1::2], strict=True))
    wire = await _connect(proxied)
    await wire.send(f"GET /asked?a=%2f&b=//c HTTP/1.1\r\n{lines}\r\n".encode())
    seen = json.loads((await read_answer(wire)).body)
    wire.close()
    assert seen["url"] == "/asked?a=%2f&b=//c"
    assert seen["fields"][: len(sent)] == sent
    assert seen["fields"][len(sent) :: 2] == [
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "X-Forwarded-Host",
    ]


async def test_an_event_is_not_held_back(proxied: Proxied) -> None:
    """The first event of an endless answer arrives while the second does not exist yet."""
    wire = await _connect(proxied)
    await wire.send(b"GET /events HTTP/1.1\r\nHost: a.test\r\nX-Shadow: candidate\r\n\r\n")
    head_and_first = await wire.read_until(b"data: first\n\n\r\n")
    assert head_and_first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (await ask(proxied.port, Asked("/go"))).body == b"went"
    assert b"data: last\n\n" in await wire.read_until(b"0\r\n\r\n")
    wire.close()


async def test_an_upload_waits_for_100_continue(proxied: Proxied) -> None:
    """The 100 comes from node through the proxy, before the body has been sent."""
    body = os.urandom(200_000)
    wire = await _connect(proxied)
    await wire.send(
        b"POST /upload HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    )
    assert (await read_answer(wire, b"POST")).status == 100
    await wire.send(body)
    answer = json.loads((await read_answer(wire, b"POST")).body)
    wire.close()
    assert answer["sum"] == hashlib.sha256(body).hexdigest()


async def test_a_refused_upload_is_never_sent(proxied: Proxied) -> None:
    """A 413 instead of a 100 reaches the user, who then need not send the body."""
    wire = await _connect(proxied)
    await wire.send(
        b"POST /refuse HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\n"
        b"Content-Length: 1000000\r\n\r\n"
    )
    answer = await read_answer(wire, b"POST")
    wire.close()
    assert (answer.status, answer.body) == (413, b"too much")


async def test_a_chunked_upload_keeps_its_bytes_and_trailers(proxied: Proxied) -> None:
    """Chunks of any size arrive as one body; a harmless trailer field goes with them."""
    wire = await _connect(proxied)
    await wire.send(
        b"POST /upload HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n"
        b"Trailer: X-Check\r\n\r\n3\r\nabc\r\n01\r\nd\r\n000a;x=y\r\n0123456789\r\n"
        b"0\r\nX-Check: 1\r\n\r\n"
    )
    answer = json.loads((await read_answer(wire, b"POST")).body)
    wire.close()
    assert answer["sum"] == hashlib.sha256(b"abcd0123456789").hexdigest()
    assert answer["framing"] == "chunked"
    assert answer["trailers"] == ["X-Check", "1"]


async def test_an_upgrade_is_a_tunnel(proxied: Proxied) -> None:
    """After the 101 every byte passes both ways, also those that came with the handshake."""
    wire = await _connect(proxied)
    await wire.send(UPGRADE % b"echo")
    answer = await read_answer(wire)
    assert (answer.status, answer.values("sec-websocket-accept")) == (101, [ACCEPT])
    for message in (b"\x81\x05hello", os.urandom(300_000)):
        async with asyncio.TaskGroup() as both_ways:
            both_ways.create_task(wire.send(message))
            echoed = both_ways.create_task(wire.read_exactly(len(message)))
        assert echoed.result() == message
    wire.close()


async def test_a_tunnel_ends_when_the_server_ends_it(proxied: Proxied) -> None:
    """What was sent before the end arrives, then the end."""
    wire = await _connect(proxied)
    await wire.send(UPGRADE % b"bye")
    assert (await read_answer(wire)).status == 101
    data, _ = await wire.read_to_end()
    wire.close()
    assert data == b"bye"


@pytest.mark.parametrize("target", [b"/cut", b"/short"])
async def test_a_broken_answer_is_broken_for_the_user_too(proxied: Proxied, target: bytes) -> None:
    """An answer that legacy did not finish never looks finished."""
    wire = await _connect(proxied)
    await wire.send(b"GET %s HTTP/1.1\r\nHost: a.test\r\n\r\n" % target)
    answer = await read_answer(wire)
    wire.close()
    assert not answer.is_complete
    assert (await ask(proxied.port, Asked("/cookies"))).status == 200


async def test_h2c_is_not_offered_to_node(proxied: Proxied) -> None:
    """The user gets an HTTP/1.1 answer and node never sees the upgrade to HTTP/2."""
    headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMA"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    wire = await _connect(proxied)
    await wire.send(f"GET /asked HTTP/1.1\r\nHost: a.test\r\n{lines}\r\n".encode())
    answer = await read_answer(wire)
    wire.close()
    assert answer.status == 200
    names = {name.lower() for name in json.loads(answer.body)["fields"][::2]}
    assert not names & {"upgrade", "http2-settings"}


async def test_sums_hold_after_all_that(proxied: Proxied) -> None:
    """Each request is in one state; the proxy itself failed at none."""
    observed = await proxied.at_rest()
    assert observed.sums.received > 0
    assert observed.sums.failed == 0, observed
