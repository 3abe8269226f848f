"""SIGTERM and reloads of the real command under load: zero failed requests."""

import asyncio
import json
import signal

import pytest

from tests.support.backends import backend
from tests.support.command import Command, command
from tests.support.messages import read_answer
from tests.support.users import users_of
from tests.support.waiting import until, until_said
from tests.support.wire import EndedError

pytestmark = pytest.mark.slow

USERS = 8
DRAIN = {"drain_delay": "1s", "drain_timeout": "5s"}
GET = b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n"


async def test_no_request_fails_while_the_proxy_drains() -> None:
    """Users are told to go during the delay; each answer until then is whole; exit code 0."""
    async with backend() as legacy, backend() as candidate:
        async with command(legacy.address, candidate.address, limits=DRAIN) as proxy:
            async with users_of(proxy, USERS) as users:
                await users.have_been_served(300)
                proxy.process.terminate()
                await until_said(lambda: _is_unready(proxy), "readiness is off")
                users.is_over = True
            assert users.failures == []
            assert await proxy.ends() == 0
            assert len(legacy.requests) == users.served


async def _is_unready(proxy: Command) -> bool:
    return (await proxy.ask_admin("/readyz")).status == 503


async def test_users_who_stay_to_the_end_lose_nothing_that_was_accepted() -> None:
    """Whoever keeps asking through the whole drain is refused a connection, never an answer."""
    async with backend() as legacy:
        async with command(legacy.address, limits=DRAIN) as proxy:
            async with users_of(proxy, USERS) as users:
                await users.have_been_served(300)
                proxy.process.terminate()
                assert await proxy.ends() == 0
                users.is_over = True
            lost = [failure for failure in users.failures if not failure.startswith("connect: ")]
            assert lost == []
            assert len(legacy.requests) == users.served


async def test_a_slow_answer_is_finished_after_the_delay() -> None:
    """What runs at the end of the delay has the drain timeout."""
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [
            {"await": "go"},
            {"send": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
        ]
        limits = {"drain_delay": "0s", "drain_timeout": "10s"}
        async with command(legacy.address, limits=limits) as proxy:
            wire = await proxy.connect()
            await wire.send(GET)
            await until(lambda: legacy.requests, "legacy works")
            proxy.process.terminate()
            await until_said(lambda: _refuses(proxy), "no more connections are accepted")
            legacy.events["go"].set()
            assert (await read_answer(wire)).body == b"ok"
            wire.close()
            assert await proxy.ends() == 0


async def _refuses(proxy: Command) -> bool:
    try:
        wire = await proxy.connect()
    except OSError:
        return True
    wire.close()
    return False


async def test_a_second_signal_ends_at_once() -> None:
    """SIGTERM twice: no more waiting, though a request hangs and the delay is long."""
    async with backend() as legacy:
        legacy.scripts[b"/x"] = [{"hang": True}]
        limits = {"drain_delay": "60s", "drain_timeout": "60s"}
        async with command(legacy.address, limits=limits) as proxy:
            wire = await proxy.connect()
            await wire.send(GET)
            await until(lambda: legacy.requests, "legacy works")
            proxy.process.terminate()
            await until_said(lambda: _is_unready(proxy), "readiness is off")
            proxy.process.terminate()
            async with asyncio.timeout(5):
                await proxy.process.wait()
            with pytest.raises(EndedError):
                await read_answer(wire)
            wire.close()


@pytest.mark.parametrize("told_by", ["content", "SIGHUP", "api"])
async def test_no_request_fails_while_the_configuration_is_loaded_again(told_by: str) -> None:
    """Five reloads that swap legacy and candidate under load; the last one is in force."""
    async with backend() as one, backend() as other:
        async with command(one.address, other.address) as proxy:
            async with users_of(proxy, USERS) as users:
                await users.have_been_served(100)
                for turn in range(5):
                    legacy, candidate = (other, one) if turn % 2 == 0 else (one, other)
                    proxy.write(
                        legacy={"url": "http://{}:{}".format(*legacy.address)},
                        candidate={"url": "http://{}:{}".format(*candidate.address)},
                    )
                    await _tell(proxy, told_by)
                    before = await _generation_is(proxy, turn + 2)
                    assert before
                    await users.have_been_served(100)
            assert users.failures == []
            assert (await proxy.at_rest())["received"] == users.served


async def _tell(proxy: Command, how: str) -> None:
    if how == "SIGHUP":
        proxy.process.send_signal(signal.SIGHUP)
    elif how == "api":
        answer = await proxy.ask_admin("/api/v1/reload", "POST")
        assert answer.status == 200, answer


async def _generation_is(proxy: Command, generation: int) -> bool:
    async def is_everywhere() -> bool:
        processes = (await proxy.status())["processes"]
        return all(process["generation"] >= generation for process in processes)

    return await until_said(is_everywhere, f"generation {generation} is in force", 15.0)


async def test_a_bad_file_changes_nothing_and_says_so() -> None:
    """The running configuration stays, the log and the API name the line, nobody is refused."""
    async with backend() as legacy:
        async with command(legacy.address) as proxy:
            async with users_of(proxy, USERS) as users:
                await users.have_been_served(50)
                proxy.write(limits={"max_haed": "1KiB"})
                answer = await proxy.ask_admin("/api/v1/reload", "POST")
                assert answer.status in (400, 409, 422)
                assert b"max_haed" in answer.body
                assert b"max_head" in answer.body
                await until(lambda: '"config_rejected"' in proxy.log, "the log says so")
                await users.have_been_served(50)
            assert users.failures == []
            processes = (await proxy.status())["processes"]
            assert {process["generation"] for process in processes} <= {0, 1}  # 0: still starting
            metrics = (await proxy.ask_admin("/metrics")).body
            assert b"shadowproxy_config_last_reload_successful 0" in metrics


async def test_the_log_is_json_lines() -> None:
    """Each line that the command writes is one JSON object with an event.

    Each answer has its line in the access log, or is counted as a line that was dropped.
    """
    async with backend() as legacy:
        async with command(legacy.address, log={"format": "json", "access": True}) as proxy:
            async with users_of(proxy, 2) as users:
                await until(lambda: '"event":"access"' in proxy.log, "lines are written")
                await users.have_been_served(50)
            await proxy.at_rest()
            dropped = await _metric(proxy, "shadowproxy_log_events_dropped_total")
            proxy.process.terminate()
            assert await proxy.ends() == 0
            events = [json.loads(line) for line in proxy.log.splitlines()]
            assert all("event" in event for event in events)
            lines = sum(event["event"] == "access" for event in events)
            assert lines >= 50
            assert lines + dropped == users.served


async def _metric(proxy: Command, name: str) -> int:
    """A sample without labels."""
    text = (await proxy.ask_admin("/metrics")).body.decode()
    return int(
        float(next(line for line in text.splitlines() if line.startswith(name + " ")).split()[1])
    )
