"""The stream that open pages listen to: GET /api/v1/events."""

import asyncio
from http import HTTPStatus
from typing import Final

from aiohttp import web

from shadowproxy.control.answers import SECURITY_FIELDS, Refused
from shadowproxy.control.live import EVERY_S, HEARTBEAT_S, MAX_LISTENERS, Live
from shadowproxy.control.state import STATE

HEARTBEAT: Final = b": still here\n\n"


async def get_events(request: web.Request) -> web.StreamResponse:
    """Server-sent events: `changed`, at most once a second, while something changes."""
    live = request.app[STATE].live
    if live.listeners >= MAX_LISTENERS:
        detail = f"{MAX_LISTENERS} pages listen already"
        raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, detail, [("Retry-After", "10")])
    fields = {**SECURITY_FIELDS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=fields)
    if request.method == "HEAD":
        return response
    live.listeners += 1
    try:
        await response.prepare(request)
        await _write(response, b"retry: 2000\n\n")
        await _tell(request, response, live)
    except ConnectionError:
        pass  # the page is closed
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()  # it would wait for its reader once more
    finally:
        live.listeners -= 1
    return response


async def _tell(request: web.Request, response: web.StreamResponse, live: Live) -> None:
    """Until the listener is gone, which nothing else tells while nothing is written, or we are."""
    seen, loop = 0, asyncio.get_running_loop()
    told_s = loop.time()
    while request.transport is not None and not live.is_over:
        seen, text = await live.next(seen, EVERY_S)
        if text or loop.time() - told_s >= HEARTBEAT_S:
            told_s = loop.time()
            await _write(response, text or HEARTBEAT)
            await live.pause()


async def _write(response: web.StreamResponse, text: bytes) -> None:
    async with asyncio.timeout(HEARTBEAT_S):
        await response.write(text)
