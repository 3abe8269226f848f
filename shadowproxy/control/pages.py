"""The pages for people: each asks for the documents of the API and renders them.

Laws: a page is rendered off the loop's thread; what is the matter with the store is a page too, with
what can be said without it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from shadowproxy.control import documents
from shadowproxy.control.answers import Refused
from shadowproxy.control.documents import Document
from shadowproxy.control.handlers import id_of
from shadowproxy.control.state import STATE
from shadowproxy.pages.assets import asset
from shadowproxy.pages.controls import controls
from shadowproxy.pages.coverage import coverage
from shadowproxy.pages.endpoints import endpoints
from shadowproxy.pages.finding import finding
from shadowproxy.pages.findings import findings
from shadowproxy.pages.noise import noise
from shadowproxy.pages.overview import MAX_FINDINGS, overview
from shadowproxy.pages.sample import sample
from shadowproxy.pages.status import status

REVALIDATED: Final = "no-cache"
"""Assets are asked for again and answered with 304: a new release is seen at once."""
_PAGE: Final = "text/html"


async def get_overview(request: web.Request) -> web.Response:
    """The verdict in words, users first, what was skipped and dropped, the top findings."""
    state = request.app[STATE]
    standing = await documents.status(state)
    report = await _or_none(documents.report(state, request.query, MAX_FINDINGS))
    return await _page(overview, report, standing)


async def get_findings(request: web.Request) -> web.Response:
    """The findings, sorted and filtered."""
    state, query = request.app[STATE], request.query
    found = await _or_none(documents.groups(state, query))
    return await _page(findings, found, dict(query))


async def get_finding(request: web.Request) -> web.Response:
    """One finding: what differs side by side, how often, since when, and what to do about it."""
    state = request.app[STATE]
    found = await documents.group(state, id_of(request))
    ids = [each["id"] for each in found["samples"]]
    wanted = request.query.get("sample", "")
    chosen: Document = {}
    if ids:
        with suppress(Refused):  # one that was dropped meanwhile is not shown
            chosen = await documents.sample(state, wanted if wanted in ids else ids[0])
    return await _page(finding, found, chosen)


async def get_sample_page(request: web.Request) -> web.Response:
    """One exchange, both answers side by side."""
    found = await documents.sample(request.app[STATE], id_of(request))
    return await _page(sample, found)


async def get_endpoints_page(request: web.Request) -> web.Response:
    """Endpoints with verdicts and the latency of both sides."""
    query = request.query
    found = await documents.endpoints(request.app[STATE], query)
    return await _page(endpoints, found, query.get("sort", ""), query.get("since", ""))


async def get_noise_page(request: web.Request) -> web.Response:
    """What legacy disagrees with itself about, and the rules with what they hide."""
    state = request.app[STATE]
    learned = await _or_none(documents.noise(state))
    latencies = await _or_none(documents.latencies(state))
    rules = await _or_none(documents.rules(state))
    return await _page(noise, learned, latencies, rules)


async def get_coverage_page(request: web.Request) -> web.Response:
    """What was compared, what was not and why."""
    state = request.app[STATE]
    return await _page(coverage, await _or_none(documents.coverage(state, request.query)))


async def get_controls(request: web.Request) -> web.Response:
    """The dials, and who changed what."""
    state = request.app[STATE]
    audit = await _or_none(documents.audit(state, request.query))
    return await _page(controls, await documents.status(state), audit)


async def get_status_page(request: web.Request) -> web.Response:
    """Processes, store, configuration, sums."""
    return await _page(status, await documents.status(request.app[STATE]))


async def get_asset(request: web.Request) -> web.Response:
    """A stylesheet, script or picture of the pages."""
    found = asset(request.match_info["name"])
    if found is None:
        raise Refused(HTTPStatus.NOT_FOUND, "no such file")
    fields = {"Content-Type": found.content_type, "ETag": found.etag, "Cache-Control": REVALIDATED}
    return web.Response(body=found.content, headers=fields)


async def _or_none(asked: Awaitable[Document]) -> Document:
    """The document, or why there is none: `problem`."""
    try:
        return await asked
    except Refused as refused:
        if refused.status is not HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        return {"problem": refused.detail}


async def _page(render: Callable[..., str], *parts: Any) -> web.Response:
    text = await asyncio.to_thread(render, *parts)
    return web.Response(text=text, content_type=_PAGE, charset="utf-8")
