"""The shadow proxy of many a blog post: an aiohttp server, a client session, a task per copy.

    python -m bench.naive PORT LEGACY_URL CANDIDATE_URL

It is the arm to beat, not a straw man: the task set is kept, bodies are compared, the session is
shared, the connector has no limit, the access log is off and the loop is uvloop.
"""

import asyncio
import resource
import sys
from collections.abc import Mapping

import uvloop
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "content-length"}
)


class Naive:
    """The proxy: `answer` is the handler of every request."""

    def __init__(self, legacy: str, candidate: str, session: ClientSession) -> None:
        self._legacy = legacy
        self._candidate = candidate
        self._session = session
        self._tasks: set[asyncio.Task[None]] = set()
        self.differences = 0
        self.failures = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Asks legacy, starts the copy, gives legacy's answer."""
        body = await request.read()
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP}
        url = self._legacy + request.raw_path
        async with self._session.request(
            request.method, url, headers=headers, data=body or None, allow_redirects=False
        ) as response:
            payload = await response.read()
            answer = web.Response(
                status=response.status, body=payload, headers=_end_to_end(response.headers)
            )
            status = response.status
        copy = self._copy(request.method, request.raw_path, headers, body, status, payload)
        task = asyncio.create_task(copy)  # noqa: TID251 - this is what the blog posts do
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return answer

    async def _copy(
        self, method: str, path: str, headers: dict[str, str], body: bytes, status: int, want: bytes
    ) -> None:
        try:
            async with self._session.request(
                method, self._candidate + path, headers=headers, data=body or None
            ) as response:
                if response.status != status or await response.read() != want:
                    self.differences += 1
        except Exception:  # noqa: BLE001 - this is what the blog posts do
            self.failures += 1


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in headers.items() if k.lower() not in HOP_BY_HOP}


async def _serve(port: int, legacy: str, candidate: str) -> None:
    async with ClientSession(
        connector=TCPConnector(limit=0),
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
        timeout=ClientTimeout(total=10),
    ) as session:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", Naive(legacy, candidate, session).answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    # An endless answer would take all the memory of the machine that measures it.
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
