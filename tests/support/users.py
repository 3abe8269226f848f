"""Users of the real command who never pause and keep book of what they got."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.support.backends import honest_body
from tests.support.command import STOP_S, Command
from tests.support.messages import read_answer
from tests.support.waiting import alongside, until
from tests.support.wire import EndedError, Wire


@dataclass
class Users:
    """Users who ask without pause and keep book of what they got."""

    proxy: Command
    served: int = 0
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    is_over: bool = False

    async def ask_until_over(self, user: int) -> None:
        """One user: twenty requests a connection, then a new one, and a new one after a failure."""
        wire: Wire | None = None
        number, fresh = 0, True
        while not self.is_over:
            if wire is None or number % 20 == 0:
                if wire is not None:
                    wire.close()
                wire = await self._connect()
                if wire is None:
                    continue
                fresh = True
            number += 1
            goes_on = await self._ask(wire, b"/%d/%d" % (user, number), fresh)
            fresh = False
            if not goes_on:
                wire.close()
                wire = None
        if wire is not None:
            wire.close()

    async def _connect(self) -> Wire | None:
        try:
            return await self.proxy.connect()
        except OSError as error:
            if not self.is_over:
                self.failures.append(f"connect: {error}")
            await asyncio.sleep(0.01)
            return None

    async def _ask(self, wire: Wire, target: bytes, fresh: bool) -> bool:
        """True while the connection goes on.

        A fresh connection that ends without a byte was never accepted: the kernel had taken it
        into the backlog of a socket that was then closed. That is a failure to connect.
        """
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        try:
            await wire.send(b"GET %s HTTP/1.1\r\nHost: a.test\r\n\r\n" % target)
            answer = await read_answer(wire)
        except (EndedError, AssertionError) as error:
            is_unheard = fresh and isinstance(error, EndedError) and not error.rest
            where = "connect" if is_unheard else repr(target)
            self.failures.append(f"{where}: {type(error).__name__} {error}"[:300])
            return False
        self.slowest_s = max(self.slowest_s, loop.time() - start_s)
        if answer.status == 200 and answer.body == honest_body(b"GET", target, b""):
            self.served += 1
        else:
            self.failures.append(f"{target!r}: {answer.status} {answer.body[:80]!r}")
        return b"close" not in b",".join(answer.values("connection")).lower()

    async def have_been_served(self, more: int) -> None:
        """Waits for that many further answers."""
        goal = self.served + more
        await until(lambda: self.served >= goal, f"{more} more answers ({self.failures[:3]})", 30.0)


@asynccontextmanager
async def users_of(proxy: Command, count: int = 8) -> AsyncIterator[Users]:
    """Users who ask while the block runs."""
    users = Users(proxy)

    async def all_of_them() -> None:
        async with asyncio.TaskGroup() as group:
            for user in range(count):
                group.create_task(users.ask_until_over(user))

    async with alongside(all_of_them()) as asking:
        yield users
        users.is_over = True
        async with asyncio.timeout(STOP_S):
            await asyncio.wait([asking])
