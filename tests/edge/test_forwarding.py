"""What the proxy adds to a request of a user: three fields, or nothing; and to an answer: nothing."""

import pytest

from tests.edge.playing import OWN_FRAMING
from tests.support.backends import Backend, backend
from tests.support.edges import edge
from tests.support.messages import Received, read_answer

PLAIN = b"GET /x HTTP/1.1\r\nHost: a.test\r\nX-A: b\r\n%s\r\n"


async def _forwarded(legacy: Backend, request: bytes, forwarded: str) -> Received:
    async with edge(legacy.address, forwarded=forwarded) as proxy:
        wire = await proxy.connect()
        await wire.send(request)
        assert (await read_answer(wire)).status == 200
    return legacy.requests[-1]


def _lines(request: Received) -> list[str]:
    return [line for line in request.lines() if line.partition(":")[0].lower() not in _FRAMING]


_FRAMING = [name.decode() for name in OWN_FRAMING]


async def test_off_adds_nothing() -> None:
    """`forwarded: off` sends the user's fields and no others."""
    async with backend() as legacy:
        request = await _forwarded(legacy, PLAIN % b"", "off")
    assert _lines(request) == ["Host: a.test", "X-A: b"]


async def test_append_says_who_asked_and_how() -> None:
    """`forwarded: append` adds the client's address, the scheme and the host, behind the rest."""
    async with backend() as legacy:
        request = await _forwarded(legacy, PLAIN % b"", "append")
    assert _lines(request)[:2] == ["Host: a.test", "X-A: b"]
    assert sorted(_lines(request)[2:]) == [
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Host: a.test",
        "X-Forwarded-Proto: http",
    ]


@pytest.mark.parametrize(
    "sent",
    [
        ["X-Forwarded-For: 192.0.2.1"],
        ["x-forwarded-for: 192.0.2.1, 192.0.2.2"],
        ["X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.2"],
        ["X-Forwarded-For:"],
        ["Connection: X-Forwarded-For", "X-Forwarded-For: 192.0.2.1"],
    ],
)
async def test_append_goes_behind_what_earlier_proxies_said(sent: list[str]) -> None:
    """The list of addresses, read over all its lines, is the received one and then the peer."""
    lines = "".join(f"{line}\r\n" for line in sent).encode()
    async with backend() as legacy:
        request = await _forwarded(legacy, PLAIN % lines, "append")
    elements = b",".join(request.values("x-forwarded-for")).split(b",")
    earlier = [
        element.strip()
        for line in sent
        if line.lower().startswith("x-forwarded-for")
        for element in line.partition(":")[2].encode().split(b",")
    ]
    assert [e.strip() for e in elements if e.strip()] == [e for e in earlier if e] + [b"127.0.0.1"]


async def test_append_names_the_host_that_counts() -> None:
    """X-Forwarded-Host of an absolute-form request is the target's host, as Host is."""
    async with backend() as legacy:
        request = await _forwarded(
            legacy, b"GET http://b.test:81/x HTTP/1.1\r\nHost: a.test\r\n\r\n", "append"
        )
    assert request.values("host") == [b"b.test:81"]
    assert request.values("x-forwarded-host") == [b"b.test:81"]


async def test_an_answer_gains_and_loses_nothing() -> None:
    """Legacy's head reaches a keep-alive user byte for byte."""
    head = (
        b"HTTP/1.1 203 Sort Of\r\nserver: a/1\r\nDATE: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        b"Set-Cookie: a=b\r\nset-cookie: c=d\r\nVary: *\r\nX-Odd:\tv \r\nContent-Length: 2\r\n\r\n"
    )
    async with backend() as legacy:
        legacy.answer = lambda _: head + b"ok"
        async with edge(legacy.address, forwarded="append") as proxy:
            wire = await proxy.connect()
            await wire.send(PLAIN % b"")
            answer = await read_answer(wire)
    assert answer.head == head
    assert answer.body == b"ok"
