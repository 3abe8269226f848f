"""The documents of the API, of which the pages are made too; each is asked for with a query."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, Final

from shadowproxy.config.addresses import print_listen
from shadowproxy.config.stores import mask
from shadowproxy.control import reports
from shadowproxy.control.answers import Refused
from shadowproxy.control.dialling import NAMES, now_utc
from shadowproxy.control.queries import endpoint_of, groups_of, page_of, window_of
from shadowproxy.control.standing import look, serving_edges
from shadowproxy.control.state import State
from shadowproxy.control.sums import add_up
from shadowproxy.report import learned
from shadowproxy.report.deciding import audit_page, extent, saved_rules
from shadowproxy.report.endpoints import endpoint_items, endpoint_series
from shadowproxy.report.findings import group_detail, group_list, sample_of
from shadowproxy.report.reading import LEADING, report_of
from shadowproxy.report.traffic import exchanges_of, not_compared, rate, series_of, totals_of
from shadowproxy.report.versions import versions_of
from shadowproxy.report.windows import Window

Query = Mapping[str, str]
Document = dict[str, Any]

SOURCE: Final = "a running proxy"


async def status(state: State) -> Document:
    """How the proxy stands: dials, conservation sums, processes, store, configuration, versions."""
    return await asyncio.to_thread(_status, state)


def _status(state: State) -> Document:
    process, now = state.process, now_utc()
    standing = look(process)
    sums = add_up(standing)
    last = state.reloading.last
    shed = process.dials.shed
    return {
        "ready": not process.dials.draining and bool(serving_edges(process)),
        "draining": process.dials.draining,
        "uptime_s": round(time.monotonic() - state.started_s, 1),
        "supervised": state.is_supervised,
        "has_candidate": process.settings.candidate is not None,
        "listen": [print_listen(listen) for listen in process.settings.listen],
        "exchanges": reports.exchanges(sums),
        "in_flight_at": sums.in_flight_at,
        "reasons": sums.by_reason,
        "dials": {name: state.dialling.describe(name, now) for name in NAMES},
        "shadow": {
            **reports.shadowing(standing),
            "shed": None if shed is None else str(shed),
        },
        "processes": reports.processes(standing),
        "store": _store(state),
        "config": {
            "path": state.reloading.path,
            "generation": process.settings.generation,
            "last_reload": None if last is None else asdict(last),
            "restart_needed": [] if last is None else list(last.restart_needed),
        },
        "versions": reports.versions(),
    }


def _store(state: State) -> Document:
    """How judge, who writes it, says that the store is."""
    report = state.process.settings.report
    said = state.store.said()
    return {
        "url": mask(report.store),
        "state": said.get("state", ""),
        "error": said.get("error", ""),
        "bytes": said.get("size_bytes", 0),
        "max_bytes": report.max_size_bytes,
        "last_write": said.get("last_write"),
        "flushes": said.get("flushes", 0),
        "failures": said.get("failures", 0),
        "rows_lost": said.get("rows_lost", 0),
        "retention_s": report.retention_s,
    }


async def summary(state: State, query: Query) -> Document:
    """Verdicts with rates and intervals, added latency, coverage: of a window or an endpoint, or since the start."""
    standing = await asyncio.to_thread(look, state.process)
    found: Document = reports.summary(standing)
    window, endpoint = window_of(query), endpoint_of(query)
    if window.since_s is None and endpoint is None:
        with suppress(Refused):
            listed = await state.store.read(group_list, groups_of({"limit": "1"}), window)
            return {**found, "groups": listed["total"]}
        return {**found, "groups": None}
    found = await report(state, query, 1)
    return {
        **{name: found[name] for name in ("exchanges", "verdicts", "coverage", "conclusion")},
        "since": found["since"],
        "window_s": found["window_s"],
        "not_compared": {
            f"{each['state']}/{each['reason']}": each["count"] for each in found["not_compared"]
        },
        "added_latency": {
            "p50_s": found["users"]["added_p50_s"], "p99_s": found["users"]["added_p99_s"]
        },
        "users": found["users"],
        "groups": found["findings"],
    }  # fmt: skip


async def report(state: State, query: Query, leading: int = LEADING) -> Document:
    """The whole report, as the command `report` prints it."""
    goal = state.process.settings.report.max_mismatch
    window, endpoint = window_of(query), endpoint_of(query)
    found = await state.store.read(
        report_of, window, endpoint, max_mismatch=goal, source=SOURCE, leading=leading
    )
    return {**found, "store": _store(state)}


async def endpoints(state: State, query: Query) -> Document:
    """Every route with what users got, and every endpoint with verdicts and both latencies."""
    window, endpoint = window_of(query), endpoint_of(query)
    standing = await asyncio.to_thread(look, state.process)
    routes = await asyncio.to_thread(reports.endpoints, standing)
    try:
        items = await state.store.read(_endpoint_items, window, endpoint)
    except Refused as refused:
        return {"endpoints": routes, "by_endpoint": [], "problem": refused.detail}
    return {"endpoints": routes, "by_endpoint": items}


def _endpoint_items(connection: Any, window: Window, endpoint: str | None) -> list[Document]:
    return endpoint_items(connection, window, learned.slower_of(connection), endpoint)


async def series(state: State, query: Query) -> Document:
    """Verdicts over time; of one endpoint with both latencies."""
    endpoint = endpoint_of(query)
    if endpoint is None:
        return await state.store.read(series_of, window_of(query))
    return await state.store.read(endpoint_series, window_of(query), endpoint)


async def groups(state: State, query: Query) -> Document:
    """Findings, paged, with what has one cause."""
    return await state.store.read(group_list, groups_of(query), window_of(query))


async def group(state: State, group_id: str) -> Document:
    """One finding with its samples."""
    found = await state.store.read(group_detail, group_id, Window(now_utc()))
    if found is None:
        raise Refused(HTTPStatus.NOT_FOUND, "no such finding")
    return found


async def sample(state: State, sample_id: str) -> Document:
    """One exchange, redacted."""
    found = await state.store.read(sample_of, sample_id)
    if found is None:
        raise Refused(HTTPStatus.NOT_FOUND, "no such sample: only some of a finding are kept")
    return found


async def noise(state: State) -> Document:
    """Where legacy disagrees with itself, and what that excuses; with the numbers behind it."""
    return await state.store.read(learned.noise_of)


async def latencies(state: State) -> Document:
    """Both sides' times by endpoint, and where the candidate is claimed to be slower."""
    return {"latencies": await state.store.read(learned.latencies_of)}


async def rules(state: State) -> Document:
    """Every rule with what it has hidden; those that matched nothing are marked."""
    return await state.store.read(_rules)


def _rules(connection: Any) -> Document:
    saved = {each["id"]: each for each in saved_rules(connection)}
    shown = []
    for row in learned.rules_of(connection):
        if row.get("source") == "saved" and row.get("id") not in saved:
            continue  # deleted, and judge has not said so yet
        about: Document = saved.get(row.get("id"), {})
        said: Document = {name: about[name] for name in _SAVED if name in about}
        shown.append({**row, **said})
    in_force = {row.get("id") for row in shown}
    waiting = [{**each, **_WAITING} for each in saved.values() if each["id"] not in in_force]
    return {"rules": shown + waiting}


_SAVED: Final = ("by", "at", "reason")
_WAITING: Final[Document] = {
    "source": "saved", "hits": 0, "has_matched": False, "responses": 0, "is_expired": False,
    "sentence": "saved; not in force yet",
}  # fmt: skip


async def coverage(state: State, query: Query) -> Document:
    """What was compared, what was not and why."""
    standing = await asyncio.to_thread(look, state.process)
    sums = await asyncio.to_thread(add_up, standing)
    window = window_of(query)
    if window.since_s is None:
        totals: Counter[str] = Counter()
        for kind, reasons in sums.by_reason.items():
            for reason, count in reasons.items():
                totals[f"{kind}/{reason}"] = count
        totals["received"] = sums.received
        shown = reports.exchanges(sums)
    else:
        totals = await state.store.read(totals_of, window)
        shown = exchanges_of(totals)
    return {
        "since": window.since,
        "exchanges": shown,
        "coverage": rate(shown["recorded"], shown["received"]),
        "not_compared": not_compared(totals),
        "routes": await asyncio.to_thread(reports.routes, standing),
    }


async def versions(state: State) -> Document:
    """The candidate's versions, and what came and went with each."""
    return await state.store.read(versions_of)


async def audit(state: State, query: Query) -> Document:
    """Who changed what, the newest first."""
    return await state.store.read(audit_page, *page_of(query))


async def changed(state: State) -> Document:
    """What tells pages that there is something new.

    `flushes` since what a page shows is in the store a second after it was counted; `changes` since
    another person, or another proxy of the same store, decided something.
    """
    standing = await asyncio.to_thread(look, state.process)
    sums = await asyncio.to_thread(add_up, standing)
    found: Document = {
        "exchanges": sums.received,
        "recorded": sums.recorded,
        "mismatch": sums.by_reason["recorded"]["mismatch"],
        "flushes": standing.total("store_flushes/ok"),
    }
    with suppress(Refused):
        found |= await state.store.read(extent)
    return found
