"""Steady open-loop traffic: requests leave when they are due, however slow the answers are.

A latency counts from the moment at which the request was due, so waiting is not hidden. At most
`MAX_OUTSTANDING` requests run at once; one that would be above that counts as a user's error.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import aiohttp

from shadowproxy.demo.latencies import Latencies
from shadowproxy.demo.mix import Planned, gaps_s, plan
from shadowproxy.demo.waiting import is_set_by

MAX_OUTSTANDING = 512
"""Three seconds of the default rate: more than that waiting is an outage, not traffic."""

TIMEOUT_S = 15.0
CONNECTIONS = 64


@dataclass(slots=True)
class Experience:
    """What the users saw."""

    requests: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: Latencies = field(default_factory=Latencies)
    in_flight: int = 0

    @property
    def error_count(self) -> int:
        """Requests that did not get the answer that legacy gives."""
        return self.errors.total()


class Traffic:
    """Sends the seeded mix to one address until told to stop."""

    def __init__(self, base_url: str, rate: float, seed: int = 1) -> None:
        self.seen = Experience()
        self._base_url = base_url
        self._planned = plan(seed)
        self._gaps_s = gaps_s(seed, rate)

    async def run(self, stop: asyncio.Event) -> None:
        """Returns when `stop` is set and every request that was sent has its answer."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with (
            _session(timeout, aiohttp.TCPConnector(limit=CONNECTIONS)) as kept,
            _session(timeout, aiohttp.TCPConnector(limit=0, force_close=True)) as fresh,
            asyncio.TaskGroup() as requests,
        ):
            loop = asyncio.get_running_loop()
            due_s = loop.time()
            for planned, gap_s in zip(self._planned, self._gaps_s, strict=False):
                due_s += gap_s
                if await is_set_by(stop, due_s):
                    return
                if self.seen.in_flight >= MAX_OUTSTANDING:
                    self._count_unsent()
                    continue
                self.seen.in_flight += 1
                session = fresh if planned.is_fresh else kept
                requests.create_task(self._send(session, planned, due_s))

    async def _send(self, session: aiohttp.ClientSession, planned: Planned, due_s: float) -> None:
        seen = self.seen
        try:
            async with session.request(
                planned.method,
                self._base_url + planned.target,
                headers=planned.headers,
                data=planned.body or None,
                allow_redirects=False,
            ) as response:
                await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            seen.errors[f"{planned.name}: {type(error).__name__}"] += 1
        else:
            seen.statuses[response.status] += 1
            if response.status != planned.expected_status:
                seen.errors[f"{planned.name}: status {response.status}"] += 1
        finally:
            seen.requests += 1
            seen.in_flight -= 1
            seen.latencies.add(asyncio.get_running_loop().time() - due_s)

    def _count_unsent(self) -> None:
        self.seen.requests += 1
        self.seen.errors["not sent: too many requests wait"] += 1


def _session(
    timeout: aiohttp.ClientTimeout, connector: aiohttp.TCPConnector
) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        timeout=timeout, connector=connector, cookie_jar=aiohttp.DummyCookieJar()
    )
