"""`Expect: 100-continue` end to end, and answers that come while the request is still coming."""

import pytest

from tests.support.backends import backend, honest_body
from tests.support.edges import edge
from tests.support.messages import read_answer
from tests.support.waiting import until
from tests.support.wire import EndedError, ResetError, Wire

HEAD = b"POST /x HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n"
NO = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
NO_BUT_KEPT = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
GET = b"GET /after HTTP/1.1\r\nHost: a.test\r\n\r\n"


async def test_legacy_decides_whether_the_body_is_sent() -> None:
    """100 comes from legacy: it has the head before the user has sent the body."""
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [
            {"signal": "head"},
            {"await": "go"},
            {"send": CONTINUE},
            {"read": "body"},
            {"send": OK},
        ]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(HEAD)
            await legacy.events["head"].wait()
            assert not wire.buffer
            legacy.events["go"].set()
            assert (await read_answer(wire)).status == 100
            await wire.send(b"hello")
            assert (await read_answer(wire)).status == 200
    request = legacy.requests[0]
    assert request.body == b"hello"
    assert request.values("expect") == [b"100-continue"]


async def test_a_no_arrives_instead_of_continue() -> None:
    """The user gets legacy's refusal, has sent no body, and the connection ends behind it."""
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [{"send": NO}, {"close": True}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(HEAD)
            answer = await read_answer(wire)
            assert (answer.status, answer.body) == (413, b"no")
            with pytest.raises(EndedError):
                await read_answer(wire)
            await proxy.at_rest()


@pytest.mark.parametrize("script", [NO, NO_BUT_KEPT])
async def test_an_early_answer_arrives_while_the_body_is_still_coming(script: str) -> None:
    """Legacy answers at the head of a long upload; the answer is whole, and then the end.

    Nothing of the upload is taken for another request, neither here nor by legacy.
    """
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [{"send": script}, {"hang": True}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            smuggled = b"GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n"
            await wire.send(
                b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\n" + smuggled
            )
            answer = await read_answer(wire)
            assert (answer.status, answer.body) == (int(script[9:12]), b"no")
            await wire.send(smuggled * 100)
            _, end = await wire.read_to_end()
            assert end is not ResetError
            await _is_well(await proxy.connect())
            await proxy.at_rest()
    assert [request.target for request in legacy.requests] == [b"/x", b"/after"]


async def test_an_early_answer_is_not_destroyed_by_a_busy_sender() -> None:
    """A user who goes on sending gets the whole answer and a clean end, not a reset."""
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [{"send": NO}, {"close": True}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9000000\r\n\r\n")
            for _ in range(32):
                await wire.send(bytes(65536))
            answer = await read_answer(wire)
            assert (answer.status, answer.body) == (413, b"no")
            assert (await wire.read_to_end())[1] is EndedError


async def test_a_refusal_is_not_destroyed_by_a_busy_sender() -> None:
    """The same for a 400 of the proxy: its answer arrives though the user has sent much more."""
    async with backend() as legacy, edge(legacy.address) as proxy:
        wire = await proxy.connect()
        await wire.send(b"POST /x HTTP/1.1\r\nHost: a, b\r\nContent-Length: 9000000\r\n\r\n")
        for _ in range(32):
            await wire.send(bytes(65536))
        assert (await read_answer(wire)).status == 400
        assert (await wire.read_to_end())[1] is EndedError


async def test_a_kept_connection_to_legacy_is_not_used_while_an_upload_is_cut_short() -> None:
    """Legacy refuses early and keeps its connection open: no other request may be put on it."""
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [{"send": NO_BUT_KEPT}, {"hang": True}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(
                b"POST /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"
            )
            assert (await read_answer(wire)).status == 403
            for _ in range(3):
                await _is_well(await proxy.connect())
            await until(lambda: legacy.runs[0].is_over, "the connection to legacy is closed")


async def test_an_early_answer_and_then_the_whole_body_keep_the_connection_in_step() -> None:
    """The user finishes the body after the answer: whatever follows is read where it begins."""
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [{"send": NO_BUT_KEPT}, {"read": "body"}]
        async with edge(legacy.address) as proxy:
            wire = await proxy.connect()
            await wire.send(b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 30\r\n\r\n")
            assert (await read_answer(wire)).status == 403
            await wire.send(b"GET /smuggled HTTP/1.1\r\nHost: " + GET)
            try:
                answer = await read_answer(wire)
            except EndedError:
                pass
            else:
                assert answer.body == honest_body(b"GET", b"/after", b"")
            await _is_well(await proxy.connect())
    assert b"/smuggled" not in [request.target for request in legacy.requests]


async def _is_well(wire: Wire) -> None:
    await wire.send(GET)
    assert (await read_answer(wire)).body == honest_body(b"GET", b"/after", b"")
