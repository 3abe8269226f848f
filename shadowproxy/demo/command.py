"""`shadowproxy demo`: everything together, on one machine, with one command.

    traffic ──► proxy (the real command) ──► legacy
                                        └──► candidate, with planted bugs

Exit code 0: no user saw an error, the sums hold, every planted bug was found and nothing else, and
the planted noise was learned. A demo of a few seconds need not have found what takes longer.
1: one of these is not so. 2: an address that cannot be listened at.
"""

import asyncio
import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.text import Text

from shadowproxy.demo import showing
from shadowproxy.demo.addresses import (
    USUAL_ADMIN,
    USUAL_LISTEN,
    AddressError,
    choose_address,
)
from shadowproxy.demo.asking import Asking
from shadowproxy.demo.children import Child, ChildError, Children
from shadowproxy.demo.configuration import Addresses, write_configuration
from shadowproxy.demo.outcome import conclude
from shadowproxy.demo.traffic import Traffic
from shadowproxy.demo.watching import display, settle, wait_until_ready, watch

DEFAULT_RATE = 150.0
ASK_TIMEOUT_S = 3.0


def run_demo(
    *,
    for_s: float | None = None,
    rate: float = DEFAULT_RATE,
    listen: str = "",
    admin: str = "",
    keep: bool = False,
) -> int:
    """Runs the demo and returns the exit code.

    Without `for_s` it runs until Ctrl-C; a second Ctrl-C leaves the summary out. Empty addresses are the
    usual ones, or free ones where those are taken. `keep` leaves the folder with the configuration
    and the logs; so does a demo that was not fine.
    """
    folder = Path(tempfile.mkdtemp(prefix="shadowproxy-demo-"))
    console = showing.make_console()
    code = 1
    try:
        code = asyncio.run(_Demo(console, folder, for_s, rate).run(listen, admin))
    except AddressError as error:
        console.print(Text(str(error), style="red"))
        code = 2
    except ChildError as error:
        console.print(Text(str(error), style="red"))
    except asyncio.CancelledError:
        console.print(Text("ended before its summary", style="red"))
    finally:
        if keep or code == 1:
            console.print(Text(f"The configuration and the logs are left in {folder}"))
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return code


@dataclass(frozen=True, slots=True)
class _Demo:
    """One run: where it writes and how long and how hard it drives."""

    console: Console
    folder: Path
    for_s: float | None
    rate: float

    async def run(self, listen: str, admin: str) -> int:
        stop = asyncio.Event()
        _end_on_signals(stop, self.console)
        timeout = aiohttp.ClientTimeout(total=ASK_TIMEOUT_S)
        async with Children(self.folder) as children:
            addresses = await self._choose(children, listen, admin)
            proxy = await self._start_proxy(children, addresses)
            async with aiohttp.ClientSession(timeout=timeout) as session:
                asking = Asking(session, addresses.admin)
                await wait_until_ready(asking, proxy, stop)
                self.console.print(showing.places(addresses, proxy.log))
                traffic = Traffic(f"http://{addresses.listen}", self.rate)
                elapsed_s = await self._drive(asking, traffic, proxy, stop)
                observed = await settle(asking)
        outcome = conclude(traffic.seen, observed)
        self.console.print(showing.summary(elapsed_s, traffic.seen, observed, outcome))
        self.console.print(showing.log_lines(proxy.log))
        self.console.print(showing.ending(outcome))
        return 1 if outcome.complaints else 0

    async def _choose(self, children: Children, listen: str, admin: str) -> Addresses:
        legacy_port = await children.start_backend("legacy")
        candidate_port = await children.start_backend("candidate")
        return Addresses(
            listen=choose_address(listen, USUAL_LISTEN),
            admin=choose_address(admin, USUAL_ADMIN),
            legacy_port=legacy_port,
            candidate_port=candidate_port,
        )

    async def _start_proxy(self, children: Children, addresses: Addresses) -> Child:
        file = self.folder / "shadowproxy.yaml"
        file.write_text(write_configuration(addresses, self.folder / "report.db"))
        return await children.start("proxy", "shadowproxy", "run", "-c", str(file))

    async def _drive(
        self, asking: Asking, traffic: Traffic, proxy: Child, stop: asyncio.Event
    ) -> float:
        """Sends traffic and shows it until the end; returns how long it ran."""
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        timer = loop.call_later(self.for_s, stop.set) if self.for_s is not None else None
        with display(self.console) as show:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(traffic.run(stop))
                await watch(show, asking, traffic, proxy, stop)
        if timer:
            timer.cancel()
        proxy.assert_runs()
        return loop.time() - start_s


def _end_on_signals(stop: asyncio.Event, console: Console) -> None:
    """The first SIGINT or SIGTERM ends the traffic, the second the demo."""
    task = asyncio.current_task()
    assert task is not None

    def end() -> None:
        if stop.is_set():
            task.cancel()
            return
        stop.set()
        console.print("Ending with a summary; Ctrl-C once more ends without.")

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end)
