"""What each route that reads does: ask for its document, and answer with it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from aiohttp import web

from shadowproxy.control import deltas, documents, metrics
from shadowproxy.control.answers import Refused, document, problem
from shadowproxy.control.changes import read_change
from shadowproxy.control.dialling import NAMES, UNIX_PEER, now_utc
from shadowproxy.control.documents import Document, Query
from shadowproxy.control.queries import storable
from shadowproxy.control.standing import look, serving_edges
from shadowproxy.control.state import STATE, State

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def livez(request: web.Request) -> web.Response:
    """Alive: this process answers."""
    return web.Response(text="alive\n")


async def readyz(request: web.Request) -> web.Response:
    """Ready: users' requests are taken. The candidate has no say in it."""
    process = request.app[STATE].process
    if process.dials.draining:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "draining")
    if not serving_edges(process):
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "no edge serves")
    return web.Response(text="ready\n")


async def get_metrics(request: web.Request) -> web.Response:
    """Metrics for Prometheus."""
    state = request.app[STATE]
    accept = request.headers.get("Accept", "")
    async with state.scraping:
        body, content_type = await asyncio.to_thread(_scrape, state, accept)
    return web.Response(body=body, headers={"Content-Type": content_type})


def _scrape(state: State, accept: str) -> tuple[bytes, str]:
    reloading = state.reloading
    control = metrics.Control(
        state.dialling.numbers(), reloading.succeeded, reloading.succeeded_at_s
    )
    return metrics.render(look(state.process), control, accept)


def _plain(name: str, ask: Callable[[State], Awaitable[Document]]) -> Handler:
    """A handler that answers with a document nothing is asked of."""

    async def handle(request: web.Request) -> web.Response:
        return document(await ask(request.app[STATE]))

    handle.__name__, handle.__doc__ = name, ask.__doc__
    return handle


def _asked(name: str, ask: Callable[[State, Query], Awaitable[Document]]) -> Handler:
    """A handler that answers with a document of the request's query."""

    async def handle(request: web.Request) -> web.Response:
        return document(await ask(request.app[STATE], request.query))

    handle.__name__, handle.__doc__ = name, ask.__doc__
    return handle


get_status = _plain("get_status", documents.status)
get_noise = _plain("get_noise", documents.noise)
get_latencies = _plain("get_latencies", documents.latencies)
get_rules = _plain("get_rules", documents.rules)
get_versions = _plain("get_versions", documents.versions)
get_summary = _asked("get_summary", documents.summary)
get_report = _asked("get_report", documents.report)
get_endpoints = _asked("get_endpoints", documents.endpoints)
get_series = _asked("get_series", documents.series)
get_groups = _asked("get_groups", documents.groups)
get_coverage = _asked("get_coverage", documents.coverage)
get_audit = _asked("get_audit", documents.audit)


async def get_group(request: web.Request) -> web.Response:
    """One finding with its samples and, when it has a reproducer, that one's delta."""
    state = request.app[STATE]
    found = await documents.group(state, id_of(request))
    reproducer = found["reproducer"]
    if isinstance(reproducer, dict) and {"legacy", "candidate"} <= reproducer.keys():
        async with state.rendering:
            delta = await deltas.rendered(reproducer["legacy"], reproducer["candidate"])
        return document({**found, "delta": delta})
    return document(found)


async def get_sample(request: web.Request) -> web.Response:
    """One exchange, redacted, with its differences."""
    return document(await documents.sample(request.app[STATE], id_of(request)))


async def put_dial(request: web.Request) -> web.Response:
    """Turns a dial; every edge acts on its next request."""
    name = _dial_name(request)
    try:
        change = read_change(name, await body_of(request), peer_of(request))
    except ValueError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from None
    dialling = request.app[STATE].dialling
    dialling.turn(change, now_utc())
    await request.app[STATE].auditing.settled()
    return document({"dial": name, **dialling.describe(name, now_utc())})


async def delete_dial(request: web.Request) -> web.Response:
    """Returns a dial to its configured value."""
    name = _dial_name(request)
    dialling = request.app[STATE].dialling
    dialling.turn_back(name, "", peer_of(request))
    await request.app[STATE].auditing.settled()
    return document({"dial": name, **dialling.describe(name, now_utc())})


async def post_reload(request: web.Request) -> web.Response:
    """Loads the configuration again; answers when every process has it, or why none has."""
    state = request.app[STATE]
    outcome = await state.reloading.reload("api", actor_of(request))
    if not outcome.ok:
        detail = "the configuration is refused; what runs is unchanged"
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, problems=outcome.problems)
    await state.auditing.settled()
    return document(asdict(outcome))


async def body_of(request: web.Request) -> Any:
    """The request's JSON document.

    Raises:
        Refused: 400, it is none.
    """
    try:
        return json.loads(await request.read())
    except (ValueError, RecursionError):
        raise Refused(HTTPStatus.BAD_REQUEST, "expected a JSON object in UTF-8") from None


def peer_of(request: web.Request) -> str:
    """The address of the other end, empty on a Unix socket."""
    name = request.transport.get_extra_info("peername") if request.transport else None
    return str(name[0]) if isinstance(name, tuple) else ""


def id_of(request: web.Request) -> str:
    """The id in the request's path."""
    return storable(request.match_info["id"])


def actor_of(request: web.Request) -> str:
    """Who the audit says it was."""
    return peer_of(request) or UNIX_PEER


def _dial_name(request: web.Request) -> str:
    name = request.match_info["name"]
    if name not in NAMES:
        raise Refused(HTTPStatus.NOT_FOUND, f"no such dial; there are {' and '.join(NAMES)}")
    return name
