"""The stream that open pages listen to: GET /api/v1/events."""

import asyncio
from http import HTTPStatus

from aiohttp import web

from shadowproxy.control.answers import SECURITY_FIELDS, Refused
from shadowproxy.control.live import EVERY_S, MAX_LISTENERS
from shadowproxy.control.state import STATE


async def get_events(request: web.Request) -> web.StreamResponse:
    """Server-sent events: `changed`, at most once a second, while something changes."""
    live = request.app[STATE].live
    if live.listeners >= MAX_LISTENERS:
        detail = f"{MAX_LISTENERS} pages listen already"
        raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": "10"})
    fields = {**SECURITY_FIELDS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=fields)
    live.listeners += 1
    try:
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        await response.write(b"retry: 2000\n\n")
        seen, loop = 0, asyncio.get_running_loop()
        while True:
            seen, text = await live.next(seen)
            told_s = loop.time()
            await response.write(text)
            await asyncio.sleep(told_s + EVERY_S - loop.time())
    except ConnectionError:
        return response  # the page is closed
    finally:
        live.listeners -= 1
