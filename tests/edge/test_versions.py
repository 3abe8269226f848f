"""HTTP/1.0 on either side, HEAD, 204 and 304, trailers, interim answers: framing between them."""

import pytest

from tests.support.backends import backend, honest_body
from tests.support.edges import edge
from tests.support.messages import read_answer, read_answers
from tests.support.notation import to_bytes
from tests.support.wire import EndedError

CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
UNDELIMITED = "HTTP/1.0 200 OK\r\n\r\nhello"


async def test_an_http10_client_never_sees_chunks() -> None:
    """A chunked answer of legacy ends, for HTTP/1.0, with the connection."""
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [{"send": CHUNKED}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(b"GET /x HTTP/1.0\r\n\r\n")
            answer = await read_answer(wire)
    assert (answer.body, answer.framing, answer.end) == (b"hello", "close", "complete")
    assert answer.values("transfer-encoding") == []


async def test_an_http10_client_never_sees_interim_answers() -> None:
    """103 is an answer that HTTP/1.0 does not know (9110 15.2)."""
    early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [{"send": early}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(b"GET /x HTTP/1.0\r\n\r\n")
            assert (await read_answer(wire)).status == 204


async def test_an_http10_client_that_asks_for_it_keeps_its_connection() -> None:
    """`Connection: keep-alive` is confirmed, and the next request is answered on it."""
    request = b"GET /%d HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"
    async with backend() as legacy, edge(legacy.address) as proxy:
        wire = await proxy.connect()
        await wire.send(request % 1)
        first = await read_answer(wire)
        if b"keep-alive" not in b",".join(first.values("connection")).lower():
            with pytest.raises(EndedError):
                await read_answer(wire)
            return
        await wire.send(request % 2)
        second = await read_answer(wire)
    assert first.body == honest_body(b"GET", b"/1", b"")
    assert second.body == honest_body(b"GET", b"/2", b"")


async def test_legacy_without_framing_reaches_a_keep_alive_user() -> None:
    """What ends with legacy's connection is framed for the user, who can ask again or sees the end."""
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [{"send": UNDELIMITED}, {"close": True}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n")
            answer = await read_answer(wire)
    assert (answer.body, answer.is_complete) == (b"hello", True)


async def test_trailers_reach_the_user() -> None:
    """Trailer fields of legacy arrive behind the last chunk, in order."""
    trailers = "X-T: 1\r\nX-U: 2\r\nX-T: 3\r\n"
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [{"send": CHUNKED[:-2] + trailers + "\r\n"}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(b"GET /x HTTP/1.1\r\nHost: a.test\r\nTE: trailers\r\n\r\n")
            answer = await read_answer(wire)
    assert answer.trailers == [(b"X-T", b"1"), (b"X-U", b"2"), (b"X-T", b"3")]


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_answers_without_a_body_are_followed_at_once(status: str) -> None:
    """Behind 204, 304 and HEAD the next answer of a pipeline follows without a byte between."""
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [{"send": f'HTTP/1.1 {status}\r\nETag: "a"\r\n\r\n'}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(
                b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\nHEAD /y HTTP/1.1\r\nHost: a.test\r\n\r\n"
                b"GET /z HTTP/1.1\r\nHost: a.test\r\n\r\n"
            )
            first, second, third = await read_answers(wire, [b"GET", b"HEAD", b"GET"])
    assert first.status == int(status[:3])
    assert second.values("content-length") == [str(len(honest_body(b"HEAD", b"/y", b""))).encode()]
    assert third.body == honest_body(b"GET", b"/z", b"")


async def test_interim_answers_come_before_the_final_one_has_been_written() -> None:
    """103 is passed on when it comes, not when legacy is done."""
    hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [
            {"send": hints},
            {"await": "hints-seen"},
            {"send": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
        ]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n")
            early = await read_answer(wire)
            legacy.events["hints-seen"].set()
            final = await read_answer(wire)
    assert early.head == to_bytes(hints)
    assert (early.status, final.status) == (103, 200)
