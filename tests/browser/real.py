"""The real command between two scripted backends, and users who ask it; its pages are a `site`.

users ──► `python -m shadowproxy run` ──► backends that answer `answers[path]`
└ admin ◄── Chromium
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from tests.support.backends import Backend, backend
from tests.support.command import Command, command
from tests.support.messages import Received, read_answer
from tests.support.waiting import until_said

SEEN_S: Final = 15.0
"""Until judge has compared and the store has it, on a busy machine."""
SAME: Final = {"same": True}


def answer_of(body: Any, fields: str = "", status: int = 200) -> bytes:
    """A whole answer with a JSON body; `fields` are lines with their ends."""
    content = json.dumps(body, ensure_ascii=False).encode()
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{fields}"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode("latin-1") + content


class Real:
    """A running proxy. `answers` are legacy's and the candidate's by path; else both say SAME."""

    def __init__(self, proxy: Command, candidate: Backend, token: str = "") -> None:
        self.token = token
        self.proxy = proxy
        self.candidate = candidate
        self.url = f"http://127.0.0.1:{proxy.admin}"
        self.answers: dict[bytes, tuple[bytes, bytes]] = {}

    def plant(self, path: str, legacy: Any, candidate: Any) -> None:
        """From now on the two differ there."""
        self.answers[path.encode()] = answer_of(legacy), answer_of(candidate)

    async def send(self, target: str, times: int = 1, fields: str = "") -> None:
        """Users ask, and get what legacy says."""
        path = target.encode().partition(b"?")[0]
        wire = await self.proxy.connect()
        for _ in range(times):
            head = f"GET {target} HTTP/1.1\r\nHost: shop.test\r\n{fields}\r\n"
            await wire.send(head.encode("latin-1"))
            got = await read_answer(wire)
            assert (got.status, got.body) == (200, self._of(path, 0).partition(b"\r\n\r\n")[2])
        wire.close()

    async def warm(self) -> int:
        """How many differences judge was told of so far; the first are dropped while it starts."""
        self.plant("/warm", {"warm": 1}, {"warm": 2})
        await self.send("/warm")
        status = json.loads((await self.proxy.ask_admin("/api/v1/status", token=self.token)).body)
        mismatches: int = status["reasons"]["recorded"]["mismatch"]
        return mismatches

    def answering(self, side: int) -> Callable[[Received], bytes]:
        """For `Backend.answer`."""
        return lambda request: self._of(request.target.partition(b"?")[0], side)

    def _of(self, path: bytes, side: int) -> bytes:
        found = self.answers.get(path)
        return answer_of(SAME) if found is None else found[side]

    async def api(self, path: str) -> Any:
        """A document of the API."""
        answer = await self.proxy.ask_admin(f"/api/v1/{path}")
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    async def finding(self, endpoint: str, count: int = 1) -> Any:
        """The one finding of an endpoint, once it was seen so often."""

        async def seen() -> Any:
            answer = await self.proxy.ask_admin("/api/v1/groups")
            groups = json.loads(answer.body).get("groups", [])
            found = [group for group in groups if group["endpoint"] == endpoint]
            return found[0] if found and found[0]["count"] >= count else None

        return await until_said(seen, f"{count} times seen: {endpoint}", SEEN_S)

    async def recorded(self, endpoint: str, count: int) -> Any:
        """What is known of an endpoint, once so many exchanges are recorded in the store."""

        async def seen() -> Any:
            items = (await self.api("endpoints"))["by_endpoint"]
            found = [item for item in items if item["endpoint"] == endpoint]
            return found[0] if found and found[0]["exchanges"] >= count else None

        return await until_said(seen, f"{count} exchanges recorded: {endpoint}", SEEN_S)


@asynccontextmanager
async def real(**configuration: Any) -> AsyncIterator[Real]:
    """Runs it all."""
    async with backend() as legacy, backend() as candidate:
        one = {"workers": 1}  # edges get their channels one by one, and each must be warm
        async with command(legacy.address, candidate.address, **one, **configuration) as proxy:
            it = Real(proxy, candidate, configuration.get("admin", {}).get("token", ""))
            legacy.answer, candidate.answer = it.answering(0), it.answering(1)
            await until_said(it.warm, "judge compares", SEEN_S)
            yield it
