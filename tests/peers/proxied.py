"""The real command in front of real servers."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from aiohttp import ClientResponseError, ClientSession, ClientTimeout

from shadowproxy.demo.asking import Asking
from shadowproxy.demo.observed import Observed
from shadowproxy.demo.waiting import ticks
from tests.peers.programs import START_S, free_port, running
from tests.support.waiting import DEADLINE_S, POLL_S, TooLateError

if TYPE_CHECKING:
    import subprocess

PLAIN = """\
listen: 127.0.0.1:{port}
admin: {{listen: 127.0.0.1:{admin}}}
workers: 1
legacy: {{url: "http://127.0.0.1:{legacy}"}}
candidate: {{url: "http://127.0.0.1:{candidate}"}}
limits: {{drain_delay: 0s, drain_timeout: 5s}}
guard: {{enabled: false}}  # a busy machine must not change what is copied
log: {{format: json}}
"""


@dataclass(frozen=True)
class Proxied:
    """A legacy server, the proxy in front of it, and where the proxy answers questions."""

    legacy: int
    port: int
    admin: int
    log: Path
    process: "subprocess.Popen[bytes]"

    def get_json(self, path: str) -> Any:
        """An answer of the admin API."""
        with urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=5) as answer:
            return json.load(answer)

    async def at_rest(self) -> Observed:
        """Where all exchanges ended, once nothing is in flight."""
        async with _asking(self.admin) as asking:
            async for _ in ticks(asyncio.Event(), POLL_S, DEADLINE_S):
                observed = await asking.observe()
                if not observed.sums.in_flight:
                    assert observed.sums.hold, observed
                    return observed
        raise TooLateError("exchanges are still in flight")

    async def comparing(self) -> None:
        """Sends requests until the first is compared: edges serve before the shadow is there."""
        async with ClientSession() as session:
            async for _ in ticks(asyncio.Event(), POLL_S, DEADLINE_S):
                await (await session.get(f"http://127.0.0.1:{self.port}/")).read()
                if (await self.at_rest()).sums.recorded:
                    return
        raise TooLateError("nothing is compared")


@asynccontextmanager
async def _asking(admin: int) -> AsyncIterator[Asking]:
    async with ClientSession(timeout=ClientTimeout(total=DEADLINE_S)) as session:
        yield Asking(session, f"127.0.0.1:{admin}")


@contextmanager
def shadowproxy_before(
    legacy: int, candidate: int, folder: Path, configuration: str = PLAIN
) -> Iterator[Proxied]:
    """Runs `shadowproxy run` between its users and the two ports.

    `configuration` is a template of port, admin, legacy, candidate and folder.
    """
    port, admin = free_port(), free_port()
    file = folder / "shadowproxy.yaml"
    file.write_text(
        configuration.format(
            port=port, admin=admin, legacy=legacy, candidate=candidate, folder=folder
        )
    )
    command = [sys.executable, "-m", "shadowproxy", "run", "-c", str(file)]
    with running(command, folder, [port, admin], "shadowproxy") as process:
        asyncio.run(_wait_until_ready(admin))
        yield Proxied(legacy, port, admin, folder / "shadowproxy.log", process)


async def _wait_until_ready(admin: int) -> None:
    """Until it takes requests and has a store: 503 says that nothing was written yet."""
    async with _asking(admin) as asking:
        async for _ in ticks(asyncio.Event(), POLL_S, START_S):
            if await asking.is_ready():
                with suppress(ClientResponseError):
                    await asking.observe()
                    return
    raise TooLateError("the proxy is not ready")
