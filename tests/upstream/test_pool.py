"""The pool: what is reused, what waits, what is retried, and what is never given to anyone."""

import asyncio
import time
from time import monotonic_ns

from shadowproxy.core.words import FailureKind
from shadowproxy.upstream.pool import Pool
from tests.support.backends import backend, refusing, unreachable
from tests.support.waiting import until
from tests.upstream.calls import Recorded, settings

OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def _done(pool: Pool, *calls: Recorded) -> None:
    for call in calls:
        assert pool.submit(call)
    for call in calls:
        async with asyncio.timeout(5):
            await call.ended.wait()


async def test_one_connection_serves_calls_in_turn() -> None:
    """Three calls one after the other open one connection."""
    async with backend() as legacy:
        pool = Pool(settings(legacy.address), 10, 10)
        for _ in range(3):
            call = Recorded()
            await _done(pool, call)
            assert call.failure is None
        assert legacy.connections == 1
        assert (pool.active, pool.idle) == (0, 1)
        pool.close()


async def test_no_more_connections_than_allowed_and_no_longer_line() -> None:
    """Two connections, one call in line; the next is refused at once, and the line moves on."""
    async with backend() as legacy:
        legacy.scripts[b"/slow"] = [{"await": "go"}, {"send": OK}]
        pool = Pool(settings(legacy.address), 2, 1)
        slow = [Recorded("/slow"), Recorded("/slow")]
        waiting = Recorded("/next")
        for call in (*slow, waiting):
            assert pool.submit(call)
        assert not pool.submit(Recorded("/too-many"))
        await until(lambda: len(legacy.requests) == 2, "both slow requests have arrived")
        assert pool.waiting == 1
        legacy.events["go"].set()
        for call in (*slow, waiting):
            await call.ended.wait()
            assert call.failure is None
        assert legacy.connections == 2
        pool.close()


async def test_waiting_in_line_has_an_end() -> None:
    """A call that gets no connection within connect_timeout fails as one."""
    async with backend() as legacy:
        legacy.scripts[b"/slow"] = [{"hang": True}]
        pool = Pool(settings(legacy.address), 1, 1)
        hanging, waiting = Recorded("/slow"), Recorded()
        assert pool.submit(hanging)
        assert pool.submit(waiting)
        pool.tick(monotonic_ns() + 6_000_000_000)
        assert waiting.failure is not None
        assert waiting.failure.kind is FailureKind.CONNECT_TIMEOUT
        pool.cancel(hanging)
        pool.close()


async def test_a_limit_that_we_slept_through_is_not_the_backends_fault() -> None:
    """The machine stood still while we dialed: the backend gets its time, and the user an answer."""
    async with backend() as legacy:
        pool = Pool(settings(legacy.address, timeout_s=0.2), 1, 1)
        call = Recorded()
        assert pool.submit(call)
        await asyncio.sleep(0)
        time.sleep(1.0)  # noqa: ASYNC251 - this is what is tried
        async with asyncio.timeout(5):
            await call.ended.wait()
        assert call.failure is None
        pool.close()


async def test_a_closed_pooled_connection_is_noticed_or_retried_once() -> None:
    """A backend that closes behind its answer costs a GET nothing."""
    async with backend() as legacy:
        legacy.scripts[b"/bye"] = [{"send": OK}, {"close": True}]
        pool = Pool(settings(legacy.address), 10, 10)
        for _ in range(5):
            call = Recorded("/bye")
            await _done(pool, call)
            assert call.failure is None
        pool.close()


async def test_a_call_that_cannot_be_retried_is_not() -> None:
    """A request that was not answered on a pooled connection is not sent twice."""
    async with backend() as legacy:
        legacy.scripts[b"/die"] = [{"close": True}]
        pool = Pool(settings(legacy.address), 10, 10)
        await _done(pool, Recorded())
        call = Recorded("/die", can_retry=False)
        await _done(pool, call)
        assert call.failure is not None
        assert call.failure.kind is FailureKind.RESET
        assert sum(request.target == b"/die" for request in legacy.requests) == 1
        again = Recorded()
        await _done(pool, again)
        retried = Recorded("/die")
        await _done(pool, retried)
        assert retried.was_retried
        assert retried.failure is not None
        assert sum(request.target == b"/die" for request in legacy.requests) == 3
        pool.close()


async def test_bytes_that_nobody_asked_for_are_given_to_nobody() -> None:
    """A second answer in the same segment, or later on the idle connection, closes it."""
    async with backend() as legacy:
        legacy.scripts[b"/twice"] = [{"send": OK + OK.replace("ok", "NO")}]
        legacy.scripts[b"/later"] = [
            {"send": OK}, {"await": "later"}, {"send": OK.replace("ok", "NO")},
            {"signal": "sent"}, {"hang": True},
        ]  # fmt: skip
        pool = Pool(settings(legacy.address), 10, 10)
        for target in ("/twice", "/later"):
            first, second = Recorded(target), Recorded("/honest")
            await _done(pool, first)
            legacy.events["later"].set()
            if target == "/later":
                await legacy.events["sent"].wait()
            await _done(pool, second)
            assert first.payload == b"ok"
            assert b"honest" in second.payload
        assert legacy.connections == 3
        pool.close()


async def test_connecting_fails_as_what_it_was() -> None:
    """Nobody listens: connect_refused; nobody accepts: connect_timeout."""
    async with refusing() as address:
        call = Recorded()
        pool = Pool(settings(address), 10, 10)
        await _done(pool, call)
        assert call.failure is not None
        assert call.failure.kind is FailureKind.CONNECT_REFUSED
    async with unreachable() as address:
        call = Recorded()
        pool = Pool(settings(address, timeout_s=0.2), 10, 10)
        await _done(pool, call)
        assert call.failure is not None
        assert call.failure.kind is FailureKind.CONNECT_TIMEOUT


async def test_silence_ends_as_a_timeout_in_the_phase_where_it_was() -> None:
    """No head in time, and no further body in time."""
    async with backend() as legacy:
        legacy.scripts[b"/head"] = [{"hang": True}]
        legacy.scripts[b"/body"] = [
            {"send": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"},
            {"hang": True},
        ]
        pool = Pool(settings(legacy.address), 10, 10)
        for target, phase in (("/head", "head"), ("/body", "body")):
            call = Recorded(target)
            assert pool.submit(call)
            await until(lambda: len(legacy.runs) > 0, "the request has arrived")
            if phase == "body":
                await until(lambda call=call: call.payload, "half the body is here")  # type: ignore[misc]  # a lambda's default
            else:
                await until(lambda call=call: call.connections, "it is connected")  # type: ignore[misc]  # a lambda's default
            pool.tick(monotonic_ns() + 6_000_000_000)
            assert call.failure is not None
            assert (call.failure.kind, call.failure.phase) == (FailureKind.TIMEOUT, phase)
        pool.close()


async def test_a_name_that_cannot_be_resolved_is_a_failure_to_connect() -> None:
    """The resolver's error does not escape."""
    call = Recorded()
    pool = Pool(settings(("no-such-host.invalid", 80)), 10, 10)
    await _done(pool, call)
    assert call.failure is not None
    assert call.failure.kind in (FailureKind.CONNECT_REFUSED, FailureKind.CONNECT_TIMEOUT)


async def test_a_name_is_resolved_to_all_its_addresses() -> None:
    """A backend that listens on one of localhost's addresses alone is reached."""
    async with backend() as legacy:
        pool = Pool(settings(("localhost", legacy.address[1])), 10, 10)
        calls = [Recorded(), Recorded(), Recorded()]
        await _done(pool, *calls)
        assert [call.failure for call in calls] == [None, None, None]
        pool.close()
