"""The first law on the whole corpus: the users' bytes are the same, whatever the candidate does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shadowproxy.core.settings import ShadowSettings
from tests.e2e.warming import copies_get_through
from tests.edge.playing import play
from tests.support.backends import Backend, backend, refusing, unreachable
from tests.support.corpora import request_cases
from tests.support.edges import ALL, Address, edge
from tests.support.scripts import Step
from tests.support.wire import whole

SHADOW = ShadowSettings(timeout_s=0.5, methods=("GET", "HEAD", "POST", "PUT", "OPTIONS"))
ACCEPT: Step = {"at": "accept"}
GARBAGE: Step = {"send": "\u0001\u0002 garbage\r\n\r\n"}
ONCE_AND_AGAIN: Step = {
    "send": {"repeat": "HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nevil", "times": 9}
}

SCRIPTS: dict[str, list[Step]] = {
    "hanging": [ACCEPT, {"hang": True}],
    "resetting": [ACCEPT, {"reset": True}],
    "garbage": [ACCEPT, GARBAGE, {"close": True}],
    "answering-too-much": [ACCEPT, ONCE_AND_AGAIN, {"hang": True}],
}
SOME_COPIES = 5
"""What a breaker lets through before it opens for a candidate that always fails."""

MODES = ["same", "refusing", "unreachable", "huge", "different", *SCRIPTS]


@asynccontextmanager
async def _candidate(mode: str) -> AsyncIterator[Address]:
    if mode == "refusing":
        async with refusing() as address:
            yield address
    elif mode == "unreachable":
        async with unreachable() as address:
            yield address
    else:
        async with backend() as running:
            _behave(running, mode)
            yield running.address


def _behave(running: Backend, mode: str) -> None:
    if mode == "huge":
        body = bytes(4 << 20)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        running.answer = lambda _: head + body
    elif mode == "different":
        running.answer = lambda _: b"HTTP/1.1 302 No\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"
    else:
        running.at_accept = SCRIPTS.get(mode, [])


async def _bytes_of_all_cases(candidate: Address | None) -> dict[str, tuple[bytes, bool]]:
    """What each case's client got, and whether its connection was ended."""
    seen = {}
    processes = ("edge",) if candidate is None else ALL
    async with backend() as legacy:
        async with edge(legacy.address, candidate, processes, shadow=SHADOW) as proxy:
            if candidate is not None:
                await copies_get_through(proxy)
            for case in request_cases():
                played = await play(case, proxy, legacy, whole)
                assert any(map(played.is_as, case.outcomes)), (case.id, played)
                seen[case.id] = (played.raw, played.closed)
            terms = await proxy.at_rest()
    assert terms["received"] >= len(seen)
    assert terms["failed"] == 0
    assert candidate is None or terms["recorded"] >= SOME_COPIES, terms
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
async def test_the_users_bytes_are_those_without_a_candidate(mode: str) -> None:
    """Each raw request is answered byte for byte as with shadowing off, and the sums hold."""
    without = await _bytes_of_all_cases(None)
    async with _candidate(mode) as address:
        assert await _bytes_of_all_cases(address) == without
