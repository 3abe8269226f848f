"""A small server of pages, assets and events, in the loop of the test that uses it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from aiohttp import web

from shadowproxy.pages.assets import asset

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What control sends with every page."""

HEARTBEAT_S: Final = 0.05


class Call(NamedTuple):
    """One changing call that a page made."""

    method: str
    path: str
    body: Any
    authorization: str


class Site:
    """Pages by path; what they ask of the API is kept and answered from `answers`.

    `answers` maps `PUT /api/v1/dials/shadow` to a status and a document; else it is 200 and {}.
    A call is refused with 401 while `token` is set and not shown.
    """

    def __init__(self) -> None:
        self.url = ""
        self.pages: dict[str, str] = {}
        self.answers: dict[str, tuple[int, Any]] = {}
        self.calls: list[Call] = []
        self.fetched: list[str] = []
        self.token = ""
        self.changes = 0
        self.is_streaming = True  # else the stream is refused, and ends where it runs
        self._listening = asyncio.Event()
        self._left = asyncio.Event()

    def change(self) -> None:
        """Every page that listens is told that something changed."""
        self.changes += 1

    async def listening(self) -> None:
        """Returns when a page listens."""
        async with asyncio.timeout(10):
            await self._listening.wait()

    async def left(self) -> None:
        """Returns when a page that listened has gone."""
        async with asyncio.timeout(10):
            await self._left.wait()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Every request."""
        if request.method != "GET":
            return await self._called(request)
        if request.path == "/api/v1/events":
            return await self._stream(request)
        if request.path.startswith("/static/"):
            return _static(request.path.removeprefix("/static/"))
        self.fetched.append(request.path)
        if request.path not in self.pages:
            raise web.HTTPNotFound
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
        html = self.pages[request.path]
        return web.Response(text=html, content_type="text/html", headers=headers)

    async def _called(self, request: web.Request) -> web.Response:
        authorization = request.headers.get("Authorization", "")
        body = await request.json() if request.can_read_body else None
        self.calls.append(Call(request.method, request.path, body, authorization))
        if self.token and authorization != f"Bearer {self.token}":
            challenge = {
                "WWW-Authenticate": 'Bearer realm="shadowproxy", Basic realm="shadowproxy"'
            }
            problem = {"status": 401, "detail": "the admin token is needed"}
            return web.json_response(problem, status=401, headers=challenge)
        status, document = self.answers.get(f"{request.method} {request.path}", (200, {}))
        return web.json_response(document, status=status)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self._refuse_unless_streaming()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"retry: 100\n\n")
        self._listening.set()
        try:
            await self._tell(response)
        finally:
            self._left.set()
        return response

    async def _tell(self, response: web.StreamResponse) -> None:
        seen = self.changes
        while self.is_streaming:
            if seen != self.changes:
                seen = self.changes
                data = b'{"exchanges": 1, "mismatch": 0, "groups": 0}'
                await response.write(b"event: changed\ndata: " + data + b"\n\n")
            else:
                await response.write(b": still here\n\n")  # raises when the page has gone
            await asyncio.sleep(HEARTBEAT_S)

    def _refuse_unless_streaming(self) -> None:
        if not self.is_streaming:
            raise web.HTTPServiceUnavailable


def _static(name: str) -> web.Response:
    found = asset(name)
    if found is None:
        raise web.HTTPNotFound
    return web.Response(body=found.content, headers={"Content-Type": found.content_type})


@asynccontextmanager
async def serving() -> AsyncIterator[Site]:
    """A site on a port of its own; its streams end with it."""
    site = Site()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", site.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    host, port = runner.addresses[0][:2]
    site.url = f"http://{host}:{port}"
    try:
        yield site
    finally:
        site.is_streaming = False
        await runner.cleanup()
