"""The processes of one run, the demo's traffic through them, and what is read meanwhile.

demo's traffic ──► shadowproxy ──► legacy            the demo's shop
                              └──► candidate         the same program, another process
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from bench.aa.checks import Seen
from bench.aa.history import History
from bench.aa.reading import Reading, read
from bench.measuring import Neighbours, cpu_seconds, family
from bench.running import end, free_port, running, wait_until
from bench.scraping import get, is_ready
from shadowproxy.demo.shop import Variant
from shadowproxy.demo.traffic import Traffic

READ_S: Final = 0.5
"""Between two readings; the proxy writes what it learned every other second."""

SETTLE_S: Final = 20.0
"""That the last exchange may take to be compared and written down, after the last answer."""

QUIET_READINGS: Final = 8
"""So many equal readings are the end: four seconds, twice what may lie between two writings."""

SLACK: Final = 3.0
"""Times the planned duration after which a run is given up, and START_S more for short ones."""
START_S: Final = 30.0

CONFIGURATION: Final = """\
listen: 127.0.0.1:{listen}
admin: {{listen: "127.0.0.1:{admin}"}}
legacy: {{url: "http://127.0.0.1:{legacy}"}}
candidate: {{url: "http://127.0.0.1:{candidate}"}}
shadow: {{sample: 100%}}
routes:
  - {{name: quote, path: /quote, methods: [POST], shadow_methods: [POST], reason: computes only}}
limits: {{drain_delay: 0s}}
"""
"""All else is as it is by default: endpoints are learned, 2 % of requests are asked twice."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. `settings` are KEY=VALUE as `shadowproxy run --set` takes them."""

    exchanges: int
    rate: float
    is_spoiled: bool = False
    settings: Sequence[str] = ()

    @property
    def given_up_s(self) -> float:
        """After this long traffic ends, whatever was recorded."""
        return SLACK * self.exchanges / self.rate + START_S


@dataclass(frozen=True, slots=True)
class Driven:
    """What one run left: `seconds` of traffic, CPU by role of our processes, others' share."""

    seen: Seen
    seconds: float
    cpu_s: dict[str, float]
    neighbours: float


def drive(plan: Plan, folder: Path) -> Driven:
    """Runs everything once, on loopback; what was started has ended when this returns."""
    with ExitStack() as stack:
        legacy = stack.enter_context(_shop(Variant.LEGACY, 1, folder / "legacy"))
        other = Variant.CANDIDATE if plan.is_spoiled else Variant.LEGACY
        candidate = stack.enter_context(_shop(other, 2, folder / "candidate"))
        listen, admin = free_port(), free_port()
        file = folder / "shadowproxy.yaml"
        file.write_text(
            CONFIGURATION.format(listen=listen, admin=admin, legacy=legacy, candidate=candidate)
        )
        settings = (part for setting in plan.settings for part in ("--set", setting))
        command = [sys.executable, "-m", "shadowproxy", "run", "-c", str(file), *settings]
        proxy = stack.enter_context(running(command, folder / "proxy"))
        wait_until(lambda: is_ready(admin), proxy, "ready")
        wait_until(lambda: get(admin, "/api/v1/groups")[0] == HTTPStatus.OK, proxy, "a store")
        neighbours, before_s = Neighbours(), cpu_seconds(family(proxy))
        traffic = Traffic(f"http://127.0.0.1:{listen}", plan.rate)
        history = History()
        seconds = asyncio.run(_drive(plan, traffic, admin, history))
        spent_s = cpu_seconds(family(proxy))
        return Driven(
            history.seen(plan.exchanges, traffic.seen),
            seconds,
            {role: spent_s[role] - before_s.get(role, 0.0) for role in spent_s},
            neighbours.share(),
        )


@contextmanager
def _shop(variant: Variant, seed: int, folder: Path) -> Iterator[int]:
    """One shop; its port. The seed makes its tokens its own: two shops of one would agree."""
    folder.mkdir(parents=True, exist_ok=True)
    arguments = [variant, "--seed", str(seed)]
    with (
        (folder / "stderr").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "shadowproxy.demo.backend", *arguments],
            stdin=subprocess.PIPE,  # the shop ends with it
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["port"]
        finally:
            end(process)


async def _drive(plan: Plan, traffic: Traffic, admin: int, history: History) -> float:
    """Sends traffic until enough is recorded, then waits for the last; how long traffic took."""
    start_s = time.monotonic()
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(traffic.run(stop))
        try:
            while not stop.is_set():
                await asyncio.sleep(READ_S)
                reading = await _read(admin, start_s, history)
                is_late = reading.at_s > plan.given_up_s
                if reading.counts.recorded >= plan.exchanges or is_late:
                    stop.set()
        finally:
            stop.set()
        await sending
    seconds = time.monotonic() - start_s
    await _settle(admin, start_s, history)
    return seconds


async def _settle(admin: int, start_s: float, history: History) -> None:
    """Reads until nothing changes any more."""
    end_s, equal = time.monotonic() + SETTLE_S, 0
    while equal < QUIET_READINGS and time.monotonic() < end_s:
        earlier = history.last
        await asyncio.sleep(READ_S)
        reading = await _read(admin, start_s, history)
        assert earlier is not None
        equal = equal + 1 if reading.counts == earlier.counts else 0


async def _read(admin: int, start_s: float, history: History) -> Reading:
    reading = await asyncio.to_thread(read, admin, time.monotonic() - start_s)
    history.add(reading)
    return reading
