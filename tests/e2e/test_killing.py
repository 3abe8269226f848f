"""kill -9 of each process under load: no user error but what was in flight in a killed edge."""

import os
import signal
from contextlib import suppress

import pytest

from tests.support.backends import Backend, backend
from tests.support.command import command
from tests.support.users import users_of
from tests.support.waiting import until

pytestmark = pytest.mark.slow

USERS = 8
BACK_S = 1.0
"""RELIABILITY: back within a second."""

MARGIN_S = 5.0
"""On a machine that is starved an interpreter of low priority takes seconds to start."""


async def _copies(candidate: Backend, more: int) -> None:
    """Waits until the candidate has got that many further copies."""
    goal = len(candidate.requests) + more
    await until(lambda: len(candidate.requests) >= goal, f"{more} more copies", 10.0)


@pytest.mark.parametrize("name", ["shadow", "judge", "control"])
async def test_users_notice_nothing_of_a_killed_process_that_is_not_theirs(name: str) -> None:
    """Zero failed requests, the process is back within a second, and the sums hold."""
    async with backend() as legacy, backend() as candidate:
        async with command(legacy.address, candidate.address) as proxy:
            async with users_of(proxy, USERS) as users:
                await _copies(candidate, 300)
                back_s = await proxy.is_back(name, proxy.kill(name))
                await _copies(candidate, 300)
            assert users.failures == []
            assert back_s < BACK_S + MARGIN_S
            sums = await proxy.at_rest()
            assert sums["received"] == users.served
            assert sums["recorded"] > 0, sums


async def test_a_killed_edge_costs_no_more_than_its_requests_in_flight() -> None:
    """At most one failure a user; the successor takes over the socket and its backlog."""
    async with backend() as legacy, backend() as candidate:
        async with command(legacy.address, candidate.address) as proxy:
            async with users_of(proxy, USERS) as users:
                await _copies(candidate, 300)
                back_s = await proxy.is_back("edge-0", proxy.kill("edge-0"))
                await _copies(candidate, 300)
            assert len(users.failures) <= USERS, users.failures
            assert not [failure for failure in users.failures if "Errno" in failure], "refused"
            assert back_s < BACK_S + MARGIN_S
            sums = await proxy.at_rest()
            assert users.served <= sums["received"] <= users.served + len(users.failures)


async def test_all_but_the_edges_dead_at_once_still_serve() -> None:
    """Shadow, judge and control are killed in the same instant: zero failed requests."""
    async with backend() as legacy, backend() as candidate:
        async with command(legacy.address, candidate.address) as proxy:
            async with users_of(proxy, USERS) as users:
                await _copies(candidate, 200)
                gone = {name: proxy.kill(name) for name in ("shadow", "judge", "control")}
                await users.have_been_served(200)
                for name, pid in gone.items():
                    await proxy.is_back(name, pid)
                await _copies(candidate, 200)
            assert users.failures == []
            assert (await proxy.at_rest())["received"] == users.served


async def test_edges_serve_on_without_their_supervisor() -> None:
    """The supervisor is killed: zero failed requests, old connections and new ones."""
    async with backend() as legacy, backend() as candidate:
        async with command(legacy.address, candidate.address) as proxy:
            pids = [proxy.pid(name) for name in proxy.names()]
            try:
                async with users_of(proxy, USERS) as users:
                    await users.have_been_served(200)
                    proxy.process.kill()
                    await proxy.process.wait()
                    await users.have_been_served(400)
                assert users.failures == []
            finally:
                _end(pids)


def _end(pids: list[int]) -> None:
    """What the supervisor would have ended."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
