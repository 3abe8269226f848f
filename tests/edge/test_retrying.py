"""A pooled connection that legacy had closed: asked once more, only where nothing can happen twice."""

import pytest

from tests.support.backends import Backend, backend, honest_body
from tests.support.edges import Edge, edge
from tests.support.messages import Answer, read_answer
from tests.support.waiting import until

_EVIL = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


async def _pooled(proxy: Edge, legacy: Backend) -> None:
    """Leaves one idle connection in the pool."""
    wire = await proxy.connect()
    await wire.send(b"GET /first HTTP/1.1\r\nHost: a.test\r\n\r\n")
    assert (await read_answer(wire)).status == 200
    wire.close()
    assert legacy.connections == 1


async def _ask(proxy: Edge, request: bytes) -> Answer:
    wire = await proxy.connect()
    await wire.send(request)
    return await read_answer(wire, request.partition(b" ")[0])


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
async def test_an_idempotent_request_is_asked_once_more(method: str) -> None:
    """Legacy closes the pooled connection instead of answering; the user notices nothing."""
    async with backend() as legacy, edge(legacy.address) as proxy:
        await _pooled(proxy, legacy)
        legacy.once[b"/x"] = [{"reset": True}]
        answer = await _ask(proxy, f"{method} /x HTTP/1.1\r\nHost: a.test\r\n\r\n".encode())
        assert answer.status == 200
        assert [request.target for request in legacy.requests] == [b"/first", b"/x", b"/x"]
        terms = await proxy.at_rest()
        assert proxy.cell("retries") == 1
    assert terms["received"] == 2


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /x HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"PATCH /x HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"BREW /x HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"get /x HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello",
        b"PUT /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello",
        b"GET /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    ],
)
async def test_what_may_have_had_an_effect_is_never_asked_twice(request_bytes: bytes) -> None:
    """A method that is not idempotent, or a body that has gone out: 502, and one request at legacy."""
    async with backend() as legacy, edge(legacy.address) as proxy:
        await _pooled(proxy, legacy)
        legacy.once[b"/x"] = [{"reset": True}]
        assert (await _ask(proxy, request_bytes)).status == 502
        await _ask(proxy, b"GET /last HTTP/1.1\r\nHost: a.test\r\n\r\n")
    assert [r.target for r in legacy.requests] == [b"/first", b"/x", b"/last"]


async def test_a_fresh_connection_that_fails_is_not_retried() -> None:
    """Only a pooled connection can have been closed without us knowing."""
    async with backend() as legacy, edge(legacy.address) as proxy:
        legacy.scripts[b"/x"] = [{"close": True}]
        assert (await _ask(proxy, b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n")).status == 502
    assert len(legacy.requests) == 1


async def test_a_retry_that_fails_too_is_the_last() -> None:
    """Two requests at legacy, never three."""
    async with backend() as legacy, edge(legacy.address) as proxy:
        await _pooled(proxy, legacy)
        legacy.scripts[b"/x"] = [{"close": True}]
        assert (await _ask(proxy, b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n")).status == 502
    assert [r.target for r in legacy.requests] == [b"/first", b"/x", b"/x"]


async def test_an_answer_that_has_begun_is_never_asked_again() -> None:
    """Legacy dies inside its head: the request had been taken, so it may have had its effect."""
    async with backend() as legacy, edge(legacy.address) as proxy:
        await _pooled(proxy, legacy)
        legacy.once[b"/x"] = [{"send": "HTTP/1.1 200 OK\r\nX-"}, {"close": True}]
        assert (await _ask(proxy, b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n")).status == 502
    assert [r.target for r in legacy.requests] == [b"/first", b"/x"]


async def test_a_connection_that_legacy_closed_while_idle_is_not_used() -> None:
    """POST after an idle close: noticed before the request is written, so nothing is at risk."""
    async with backend() as legacy, edge(legacy.address) as proxy:
        await _pooled(proxy, legacy)
        legacy.wires[0].half_close()
        answer = await _ask(proxy, b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n")
        assert answer.body == honest_body(b"POST", b"/x", b"")


@pytest.mark.parametrize("unasked", [_EVIL, "HTTP/1.1 408 Request Timeout\r\n\r\n", "x", "\r\n"])
async def test_what_legacy_says_unasked_while_idle_is_given_to_nobody(unasked: str) -> None:
    """A whole answer, a server's good-bye or a byte: the connection is closed, the next is fresh."""
    async with backend() as legacy, edge(legacy.address) as proxy:
        legacy.once[b"/first"] = [
            {"send": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
            {"await": "idle"},
            {"send": unasked},
            {"hang": True},
        ]
        await _pooled(proxy, legacy)
        legacy.events["idle"].set()
        await until(lambda: legacy.runs[0].is_over, "the connection is closed")
        answer = await _ask(proxy, b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n")
        assert answer.body == honest_body(b"POST", b"/x", b"")


async def test_connections_to_legacy_are_used_again() -> None:
    """Twenty users one after the other need one connection."""
    async with backend() as legacy, edge(legacy.address) as proxy:
        for number in range(20):
            target = b"/%d" % number
            answer = await _ask(proxy, b"GET %s HTTP/1.1\r\nHost: a.test\r\n\r\n" % target)
            assert answer.body == honest_body(b"GET", target, b"")
        assert legacy.connections == 1


async def test_a_connection_that_legacy_says_it_closes_is_not_used_again() -> None:
    """`Connection: close` in an answer: the next user gets another connection."""
    async with backend() as legacy, edge(legacy.address) as proxy:
        legacy.scripts[b"/x"] = [
            {"send": "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
            {"hang": True},
        ]
        assert (await _ask(proxy, b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n")).status == 200
        await _ask(proxy, b"POST /y HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n")
        assert legacy.connections == 2
        await until(lambda: legacy.runs[0].is_over, "the closed connection is let go")
