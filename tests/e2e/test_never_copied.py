"""What is never copied, and what legacy gets whether it is copied or not."""

import pytest

from tests.e2e.warming import copies_get_through
from tests.edge.test_tunnel import SWITCHING, UPGRADE
from tests.support.backends import backend
from tests.support.edges import ALL, edge
from tests.support.messages import read_answer

GET = b"GET /x HTTP/1.1\r\nHost: a.test\r\n%s\r\n"


async def test_an_upgraded_connection_is_not_copied() -> None:
    """skipped(upgrade), and the candidate is not asked."""
    async with backend() as legacy, backend() as candidate:
        legacy.scripts[b"/ws"] = [{"send": SWITCHING}, {"hang": True}]
        async with edge(legacy.address, candidate.address, ALL) as proxy:
            await copies_get_through(proxy)
            wire = await proxy.connect()
            await wire.send(UPGRADE)
            assert (await read_answer(wire)).status == 101
            wire.close()
            await proxy.at_rest()
            assert proxy.cell("skipped/upgrade") == 1
    assert b"/ws" not in [request.target for request in candidate.requests]


async def test_a_copy_is_not_copied_again() -> None:
    """A request with the mark of a copy is served and skipped(loop)."""
    async with backend() as legacy, backend() as candidate:
        async with edge(legacy.address, candidate.address, ALL) as proxy:
            await copies_get_through(proxy)
            wire = await proxy.connect()
            await wire.send(GET % b"X-Shadow: candidate\r\n")
            assert (await read_answer(wire)).status == 200
            await proxy.at_rest()
            assert proxy.cell("skipped/loop") == 1
    assert b"/x" not in [request.target for request in candidate.requests]


@pytest.mark.parametrize(
    ("request_bytes", "reason"),
    [
        (b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nok", "skipped/method"),
        (b"BREW /x HTTP/1.1\r\nHost: a.test\r\n\r\n", "skipped/method"),
        (b"GET /x HTTP/1.1\r\nHost: a, b\r\n\r\n", "skipped/refused"),
    ],
)
async def test_what_may_have_effects_or_is_refused_is_not_copied(
    request_bytes: bytes, reason: str
) -> None:
    """Methods that are not configured and refused requests never reach the candidate."""
    async with backend() as legacy, backend() as candidate:
        async with edge(legacy.address, candidate.address, ALL) as proxy:
            await copies_get_through(proxy)
            wire = await proxy.connect()
            await wire.send(request_bytes)
            await read_answer(wire)
            await proxy.at_rest()
            assert proxy.cell(reason) == 1
    assert b"/x" not in [request.target for request in candidate.requests]


async def test_the_original_never_carries_the_mark() -> None:
    """Legacy gets the user's fields with shadowing on; the copy alone is marked."""
    async with backend() as legacy, backend() as candidate:
        async with edge(legacy.address, candidate.address, ALL) as proxy:
            await copies_get_through(proxy)
            wire = await proxy.connect()
            await wire.send(GET % b"Baggage: a=b\r\nX-A: c\r\n")
            assert (await read_answer(wire)).status == 200
            await proxy.at_rest()
    original, copy = legacy.requests[-1], candidate.requests[-1]
    assert original.lines() == ["Host: a.test", "Baggage: a=b", "X-A: c"]
    assert copy.target == b"/x"
    assert copy.values("x-shadow") == [b"candidate"]
    assert b"shadow=candidate" in b",".join(copy.values("baggage"))
    assert b"a=b" in b",".join(copy.values("baggage"))
    assert copy.values("host") == [b"a.test"]
