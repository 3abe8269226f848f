"""The kill switch of the real command: the very next request is not copied, in every edge."""

import asyncio
import json

import pytest

from tests.support.backends import backend
from tests.support.command import Command, command
from tests.support.messages import read_answer
from tests.support.users import users_of
from tests.support.waiting import until, until_said

pytestmark = pytest.mark.slow


async def _turn(proxy: Command, name: str, value: object) -> None:
    body = {"value": value, "reason": "test", "ttl": "1m"}
    answer = await proxy.ask_admin(f"/api/v1/dials/{name}", "PUT", body)
    assert answer.status == 200, answer


async def test_no_copy_leaves_after_shadow_is_off() -> None:
    """Under load on two edges: what was under way arrives, then nothing, until it is on again."""
    async with backend() as legacy, backend() as candidate:
        async with command(legacy.address, candidate.address) as proxy:
            async with users_of(proxy, 8) as users:
                await until(lambda: len(candidate.requests) > 200, "copies arrive", 10.0)
                await _turn(proxy, "shadow", "off")
                await asyncio.sleep(0.1)
                copies = len(candidate.requests)
                await users.have_been_served(500)
                assert len(candidate.requests) == copies
                await _turn(proxy, "shadow", "on")
                await until(lambda: len(candidate.requests) > copies + 200, "copies again", 10.0)
            assert users.failures == []
            sums = await proxy.at_rest()
            status = await proxy.status()
            assert status["reasons"]["skipped"]["off"] >= 500
            assert sums["received"] == users.served


async def test_a_sample_of_none_and_of_all() -> None:
    """`shadow.sample` 0 copies nothing and counts why; unset, the configured share is back."""
    async with backend() as legacy, backend() as candidate:
        async with command(legacy.address, candidate.address) as proxy:
            async with users_of(proxy, 4) as users:
                await until(lambda: len(candidate.requests) > 100, "copies arrive", 10.0)
                await _turn(proxy, "shadow.sample", "0%")
                await asyncio.sleep(0.1)
                copies = len(candidate.requests)
                await users.have_been_served(300)
                assert len(candidate.requests) == copies
                answer = await proxy.ask_admin("/api/v1/dials/shadow.sample", "DELETE")
                assert answer.status == 200, answer
                await until(lambda: len(candidate.requests) > copies + 100, "copies again", 10.0)
            assert users.failures == []
            status = await proxy.status()
            assert status["reasons"]["skipped"]["not_sampled"] >= 300


async def test_a_dial_goes_back_by_itself() -> None:
    """After its ttl a dial has its configured value again, without anybody asking."""
    async with backend() as legacy, backend() as candidate:
        async with command(legacy.address, candidate.address) as proxy:
            body = {"value": "off", "reason": "test", "ttl": "1s"}
            answer = await proxy.ask_admin("/api/v1/dials/shadow", "PUT", body)
            assert answer.status == 200, answer
            async with users_of(proxy, 2) as users:
                await until(lambda: candidate.requests, "copies again", 10.0)
            assert users.failures == []


async def test_the_kill_switch_works_while_control_hangs() -> None:
    """What was turned off stays off while control is stopped in its tracks."""
    async with backend() as legacy, backend() as candidate:
        async with command(legacy.address, candidate.address) as proxy:
            async with users_of(proxy, 4) as users:
                await until(lambda: len(candidate.requests) > 50, "copies arrive", 10.0)
                await _turn(proxy, "shadow", "off")
                await asyncio.sleep(0.1)
                with proxy.stopped("control"):
                    copies = len(candidate.requests)
                    await users.have_been_served(300)
                    assert len(candidate.requests) == copies
            assert users.failures == []


@pytest.mark.parametrize("name", ["shadow", "judge"])
async def test_a_process_that_hangs_costs_users_nothing(name: str) -> None:
    """SIGSTOP: its channel fills, copies are dropped and counted; users are served as before."""
    async with backend() as legacy, backend() as candidate:
        async with command(legacy.address, candidate.address) as proxy:
            async with users_of(proxy, 8) as users:
                await until(lambda: len(candidate.requests) > 100, "copies arrive", 10.0)
                with proxy.stopped(name):
                    users.slowest_s = 0.0
                    await users.have_been_served(1000)
                    assert users.slowest_s < 0.5
            assert users.failures == []
            assert (await proxy.at_rest())["received"] == users.served


async def test_every_difference_is_found() -> None:
    """The main job: a candidate that answers otherwise on one path is reported, and only there."""
    async with backend() as legacy, backend() as candidate:
        legacy_body = b'{"id": 7, "price": 1.5}'
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        legacy.answer = lambda _: head % len(legacy_body) + legacy_body
        candidate.answer = lambda request: (
            head % len(legacy_body) + legacy_body.replace(b"1.5", b'"5"')
            if request.target == b"/bad"
            else head % len(legacy_body) + legacy_body
        )
        async with command(legacy.address, candidate.address) as proxy:
            wire = await proxy.connect()

            async def ask(target: bytes) -> None:
                await wire.send(b"GET %s HTTP/1.1\r\nHost: a.test\r\n\r\n" % target)
                await read_answer(wire)

            async def is_judged() -> bool:
                await ask(b"/bad")
                return bool((await _recorded(proxy))["mismatch"])

            await until_said(is_judged, "a difference is recorded", 20.0)
            before = await _recorded(proxy)
            for _ in range(20):
                await ask(b"/good")
                await ask(b"/bad")
            wire.close()
            after = await _recorded(proxy)
            new = {verdict: after[verdict] - before[verdict] for verdict in after}
            assert {verdict: count for verdict, count in new.items() if count} == {
                "match": 20,
                "mismatch": 20,
            }
            line = next(line for line in proxy.log.splitlines() if '"shadow_mismatch"' in line)
            differences = json.loads(line)["differences"]
            assert [(d["path"], d["kind"]) for d in differences] == [("/price", "type")]


async def _recorded(proxy: Command) -> dict[str, int]:
    """The verdicts, once nothing is in flight."""
    await proxy.at_rest()
    verdicts: dict[str, int] = (await proxy.status())["reasons"]["recorded"]
    return verdicts
