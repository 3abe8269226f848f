"""What each route of the admin server does: read the state, or change it, and answer."""

import asyncio
import json
import time
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from aiohttp import web

from shadowproxy.control import deltas, findings, metrics, reports
from shadowproxy.control.answers import Refused, document, problem
from shadowproxy.control.changes import read_change
from shadowproxy.control.dialling import NAMES, now_utc
from shadowproxy.control.front import render_front
from shadowproxy.control.standing import Standing, look, serving_edges
from shadowproxy.control.state import STATE, State
from shadowproxy.control.sums import add_up


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


async def get_status(request: web.Request) -> web.Response:
    """How the proxy stands: dials, conservation sums, processes, configuration, versions."""
    state = request.app[STATE]
    return document(_status(state, await _look(state)))


def _status(state: State, standing: Standing) -> dict[str, Any]:
    process, now = state.process, now_utc()
    sums = add_up(standing)
    last = state.reloading.last
    shed = process.dials.shed
    return {
        "ready": not process.dials.draining and bool(serving_edges(process)),
        "draining": process.dials.draining,
        "uptime_s": round(time.monotonic() - state.started_s, 1),
        "supervised": state.is_supervised,
        "exchanges": reports.exchanges(sums),
        "in_flight_at": sums.in_flight_at,
        "reasons": sums.by_reason,
        "dials": {name: state.dialling.describe(name, now) for name in NAMES},
        "shadow": {**reports.shadowing(standing), "shed": None if shed is None else str(shed)},
        "processes": reports.processes(standing),
        "config": {
            "path": state.reloading.path,
            "generation": process.settings.generation,
            "last_reload": None if last is None else asdict(last),
            "restart_needed": [] if last is None else list(last.restart_needed),
        },
        "versions": reports.versions(),
    }


async def get_summary(request: web.Request) -> web.Response:
    """Verdicts with rates and intervals, added latency, coverage, since the counters began."""
    if "since" in request.query:
        detail = "since: counts are kept as totals; ask without it"
        raise Refused(HTTPStatus.NOT_IMPLEMENTED, detail)
    state = request.app[STATE]
    standing = await _look(state)
    found = await asyncio.to_thread(findings.read_findings, state.process.runtime_dir)
    return document({**reports.summary(standing), "groups": len(found["groups"])})


async def get_endpoints(request: web.Request) -> web.Response:
    """Every route: requests, verdicts, latency of both sides."""
    standing = await _look(request.app[STATE])
    return document({"endpoints": await asyncio.to_thread(reports.endpoints, standing)})


async def get_groups(request: web.Request) -> web.Response:
    """Findings, most frequent first; `endpoint` selects."""
    state = request.app[STATE]
    found = await asyncio.to_thread(findings.read_findings, state.process.runtime_dir)
    groups = findings.select(found, request.query.get("endpoint"))
    return document({**found, "groups": groups})


async def get_group(request: web.Request) -> web.Response:
    """One finding with its samples and, when it has a reproducer, that one's delta."""
    state = request.app[STATE]
    found = await asyncio.to_thread(findings.read_findings, state.process.runtime_dir)
    group = findings.find(found, request.match_info["id"])
    if group is None:
        raise Refused(HTTPStatus.NOT_FOUND, "no such finding")
    reproducer = group.get("reproducer")
    if isinstance(reproducer, dict) and {"legacy", "candidate"} <= reproducer.keys():
        async with state.rendering:
            delta = await deltas.rendered(reproducer["legacy"], reproducer["candidate"])
        return document({**group, "delta": delta})
    return document(group)


async def get_noise(request: web.Request) -> web.Response:
    """Where legacy disagrees with itself, and what that excuses; with the numbers behind it."""
    learned = await _learned(request)
    return document({name: learned[name] for name in ("noise", "evicted", "expired")})


async def get_latencies(request: web.Request) -> web.Response:
    """Both sides' times by endpoint, and where the candidate is claimed to be slower."""
    return document({"latencies": (await _learned(request))["latencies"]})


async def get_rules(request: web.Request) -> web.Response:
    """Every rule with what it has hidden; those that matched nothing are marked."""
    return document({"rules": (await _learned(request))["rules"]})


async def put_dial(request: web.Request) -> web.Response:
    """Turns a dial; every edge acts on its next request."""
    name = _dial_name(request)
    try:
        change = read_change(name, json.loads(await request.read()), peer_of(request))
    except (ValueError, RecursionError) as error:
        raise Refused(HTTPStatus.BAD_REQUEST, _why(error)) from None
    dialling = request.app[STATE].dialling
    dialling.turn(change, now_utc())
    return document({"dial": name, **dialling.describe(name, now_utc())})


async def delete_dial(request: web.Request) -> web.Response:
    """Returns a dial to its configured value."""
    name = _dial_name(request)
    dialling = request.app[STATE].dialling
    dialling.turn_back(name, "", peer_of(request))
    return document({"dial": name, **dialling.describe(name, now_utc())})


async def post_reload(request: web.Request) -> web.Response:
    """Loads the configuration again; answers when every process has it, or why none has."""
    outcome = await request.app[STATE].reloading.reload("api")
    if not outcome.ok:
        detail = "the configuration is refused; what runs is unchanged"
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, problems=outcome.problems)
    return document(asdict(outcome))


async def get_front(request: web.Request) -> web.Response:
    """The page for people."""
    state = request.app[STATE]
    status = _status(state, await _look(state))
    found = await asyncio.to_thread(findings.read_findings, state.process.runtime_dir)
    page = render_front(status, findings.select(found, None))
    return web.Response(text=page, content_type="text/html", charset="utf-8")


def peer_of(request: web.Request) -> str:
    """The address of the other end, empty on a Unix socket."""
    name = request.transport.get_extra_info("peername") if request.transport else None
    return str(name[0]) if isinstance(name, tuple) else ""


async def _learned(request: web.Request) -> dict[str, Any]:
    runtime_dir = request.app[STATE].process.runtime_dir
    return await asyncio.to_thread(findings.read_learned, runtime_dir)


async def _look(state: State) -> Standing:
    return await asyncio.to_thread(look, state.process)


def _dial_name(request: web.Request) -> str:
    name = request.match_info["name"]
    if name not in NAMES:
        raise Refused(HTTPStatus.NOT_FOUND, f"no such dial; there are {' and '.join(NAMES)}")
    return name


def _why(error: Exception) -> str:
    is_syntax = isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError)
    return "expected a JSON object in UTF-8" if is_syntax else str(error)
