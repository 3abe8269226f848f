"""The store behind the real command: judges that are killed, two proxies that write into one."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from shadowproxy.report.opening import StoreError, open_engine
from shadowproxy.report.reading import Reader
from shadowproxy.report.schema import groups, traffic
from shadowproxy.report.traffic import exchanges_of
from tests.support.backends import backend
from tests.support.command import Command, command
from tests.support.messages import Received, read_answer
from tests.support.postgres import Postgres
from tests.support.users import users_of
from tests.support.waiting import until, until_said

pytestmark = pytest.mark.slow

KILLS = 3
FLUSHED_S = 15.0
"""Judge's flush, its reading of the tallies and a busy machine."""


def _totals(url: str) -> Counter[str]:
    """By name, over all time, as the store says after the end."""
    reader, totals = Reader(url), Counter[str]()
    with reader.connect() as connection:
        for row in connection.execute(select(traffic.c.name, traffic.c.count)).mappings():
            totals[row["name"]] += row["count"]
    reader.close()
    return totals


async def test_the_store_says_what_the_api_says_whatever_was_killed(tmp_path: Path) -> None:
    """Judge is killed several times under load; after a clean stop all sums are in the store."""
    url = f"sqlite:///{tmp_path}/report.db"
    async with backend() as legacy, backend() as candidate:
        async with command(legacy.address, candidate.address, report={"store": url}) as proxy:
            async with users_of(proxy, 2) as users:
                for _ in range(KILLS):
                    await _has_grown(url)
                    await proxy.is_back("judge", proxy.kill("judge"))
                await _has_grown(url)
            assert users.failures == []
            sums = await proxy.at_rest()
            status = await proxy.status()
    totals = _totals(url)
    assert exchanges_of(totals) == {**sums, "balanced": None}
    assert sums["received"] == users.served
    for state, reasons in status["reasons"].items():
        name = "verdict" if state == "recorded" else state
        assert {reason: totals[f"{name}/{reason}"] for reason in reasons} == reasons
    assert totals["verdict/match"] > 0
    engine = open_engine(url, is_writer=True)
    with engine.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    engine.dispose()


async def _has_grown(url: str) -> None:
    """Waits until more is in the store: whoever writes it now has done so."""

    def received() -> int:
        try:
            return _totals(url)["received"]
        except StoreError:
            return 0

    before = received()
    await until(lambda: received() > before, "the store has grown", FLUSHED_S)


@pytest.fixture
def shared_url(postgres: Postgres) -> Iterator[str]:
    """An empty database."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


def _answer(price: int) -> Any:
    def answer(request: Received) -> bytes:
        shown = price if request.target == b"/price" else 1
        body = json.dumps({"name": "shoe", "price": shown}).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        return head % len(body) + body

    return answer


async def _ask(proxy: Command, target: bytes, count: int) -> None:
    wire = await proxy.connect()
    for _ in range(count):
        await wire.send(b"GET %s HTTP/1.1\r\nHost: a.test\r\n\r\n" % target)
        assert (await read_answer(wire)).status == 200
    wire.close()


async def _groups(proxy: Command) -> list[dict[str, Any]]:
    answer = await proxy.ask_admin("/api/v1/groups")
    if answer.status != 200:
        return []
    found: list[dict[str, Any]] = json.loads(answer.body)["groups"]
    return found


async def _report(proxy: Command) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((await proxy.ask_admin("/api/v1/report")).body)
    return document


async def test_two_proxies_write_one_store(shared_url: str) -> None:
    """Their counts add up exactly; both show the same findings; a killed judge changes nothing of that."""
    async with backend() as legacy, backend() as candidate:
        legacy.answer, candidate.answer = _answer(10), _answer(11)
        report = {"store": shared_url}
        async with (
            command(legacy.address, candidate.address, report=report, workers=1) as one,
            command(legacy.address, candidate.address, report=report, workers=1) as other,
        ):
            planted = await _traffic(one, other)
            sums = [await proxy.at_rest() for proxy in (one, other)]

            async def is_all_there() -> bool:
                found = [await _groups(proxy) for proxy in (one, other)]
                counts = [[group["count"] for group in each] for each in found]
                return counts == [[planted], [planted]] and found[0] == found[1]

            await until_said(is_all_there, "both show every planted mismatch", FLUSHED_S)
            received = sum(each["received"] for each in sums)

            async def is_counted() -> bool:
                reports = [await _report(proxy) for proxy in (one, other)]
                return [each["exchanges"]["received"] for each in reports] == [received] * 2

            await until_said(is_counted, "both report the same exchanges", FLUSHED_S)
            (first, second) = [await _report(proxy) for proxy in (one, other)]
            for name in ("exchanges", "verdicts", "endpoints", "findings", "open", "conclusion"):
                assert first[name] == second[name], name
    totals = _totals(shared_url)
    assert exchanges_of(totals) == dict(Counter(sums[0]) + Counter(sums[1])) | {
        name: sums[0][name] + sums[1][name]
        for name in ("skipped", "dropped", "failed", "in_flight")
    } | {"balanced": None}  # nobody can tell of a store
    assert totals["verdict/mismatch"] == planted
    assert totals["verdict/match"] == sums[0]["recorded"] + sums[1]["recorded"] - planted
    engine = open_engine(shared_url, is_writer=False)
    with engine.begin() as connection:
        assert connection.execute(select(groups.c.count)).scalars().all() == [planted]
    engine.dispose()


async def _traffic(one: Command, other: Command) -> int:
    """On both at once; how many mismatches there are, by what both APIs say."""
    counts = ((one, 120), (other, 80))
    async with asyncio.TaskGroup() as users:
        for proxy, count in counts:
            users.create_task(_users(proxy, count))
    found = 0
    for proxy, count in counts:
        await proxy.at_rest()
        mismatches = (await proxy.status())["reasons"]["recorded"]["mismatch"]
        assert mismatches > count
        found += mismatches
    return found


async def _users(proxy: Command, count: int) -> None:
    async def is_compared() -> bool:
        await _ask(proxy, b"/price", 1)
        return bool((await proxy.status())["reasons"]["recorded"]["mismatch"])

    await until_said(is_compared, "copies get through to the judge", FLUSHED_S)
    await _ask(proxy, b"/price", count)
    await _ask(proxy, b"/name", count)
