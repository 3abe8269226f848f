"""Reading the proxy while traffic runs, and once more when all of it has been compared."""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import aiohttp
from rich.console import Console
from rich.live import Live
from rich.text import Text

from shadowproxy.demo import showing
from shadowproxy.demo.asking import Asking
from shadowproxy.demo.children import START_S, Child
from shadowproxy.demo.observed import Observed
from shadowproxy.demo.traffic import Experience, Traffic
from shadowproxy.demo.waiting import ticks

READY_S = 0.05
SHOW_S = 1.0
SHOWS_A_LINE = 5
SETTLE_S = 8.0
"""How long the last exchanges may take to be compared and to appear in the findings."""

SETTLE_STEP_S = 0.4
QUIET_READINGS = 4
"""So many equal readings in a row are the end: findings are written at least once a second."""

Show = Callable[[float, Experience, Observed], None]


async def wait_until_ready(asking: Asking, proxy: Child, stop: asyncio.Event) -> None:
    """Returns when the proxy takes requests, or `stop` is set.

    Raises:
        ChildError: it ended, or is not ready in time.
    """
    async for _ in ticks(stop, READY_S, START_S):
        if await asking.is_ready():
            return
        proxy.assert_runs()
    if not stop.is_set():
        raise proxy.failure(f"is not ready after {START_S:.0f} s")


async def watch(
    show: Show, asking: Asking, traffic: Traffic, proxy: Child, stop: asyncio.Event
) -> None:
    """Shows what happens until `stop` is set; sets it when the proxy ended."""
    observed = Observed()
    async for elapsed_s in ticks(stop, SHOW_S):
        if proxy.has_ended:
            stop.set()
            break
        observed = await _read_or(asking, observed)
        show(elapsed_s, traffic.seen, observed)


async def settle(asking: Asking) -> Observed:
    """The reading after the last exchange: nothing in flight, and nothing changes any more."""
    observed, equal = Observed(), 0
    async for _ in ticks(asyncio.Event(), SETTLE_STEP_S, SETTLE_S):
        earlier, observed = observed, await _read_or(asking, observed)
        equal = equal + 1 if observed == earlier else 0
        if equal >= QUIET_READINGS and not observed.sums.in_flight:
            break
    return observed


async def _read_or(asking: Asking, earlier: Observed) -> Observed:
    """A new reading; the earlier one while control does not answer."""
    try:
        return await asking.observe()
    except (aiohttp.ClientError, TimeoutError):
        return earlier


@contextmanager
def display(console: Console) -> Iterator[Show]:
    """How to show progress: a moving picture on a terminal, else a line now and then."""
    if not console.is_terminal:
        yield _lines(console)
        return
    with Live(console=console, auto_refresh=False, transient=True) as picture:
        yield lambda *reading: picture.update(showing.live(*reading), refresh=True)


def _lines(console: Console) -> Show:
    turn = itertools.count()

    def show(elapsed_s: float, seen: Experience, observed: Observed) -> None:
        if next(turn) % SHOWS_A_LINE == 0:
            console.print(Text(showing.progress_line(elapsed_s, seen, observed)))

    return show
