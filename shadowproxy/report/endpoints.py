"""Endpoints: verdicts and the latency of both sides."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from shadowproxy.core.words import Verdict
from shadowproxy.report.latencies import curve, quantile_s
from shadowproxy.report.schema import COUNTERS, LATENCY, SIDES, VERDICTS, endpoint_id, series
from shadowproxy.report.schema import endpoints as table
from shadowproxy.report.traffic import rate
from shadowproxy.report.windows import Window, chart_of

_COMPARED = (Verdict.MATCH, Verdict.NOISE, Verdict.MISMATCH, Verdict.INCOMPARABLE)
"""Both sides have answered."""
MAX_ENDPOINTS = 2_000


def compared(verdicts: Mapping[str, int]) -> int:
    """How many exchanges both sides answered."""
    return sum(verdicts[verdict] for verdict in _COMPARED)


def exchanges_by_endpoint(connection: Connection, window: Window) -> dict[int, int]:
    """How many exchanges were compared, by the endpoint's number."""
    if window.since_s is None:
        total = reduce(add, (table.c[verdict] for verdict in _COMPARED))
        return {row[0]: int(row[1]) for row in connection.execute(select(table.c.id, total))}
    sums = reduce(add, (func.sum(series.c[verdict]) for verdict in _COMPARED))
    rows = connection.execute(
        select(series.c.endpoint_id, sums).where(window.holds(series)).group_by("endpoint_id")
    )
    return {row[0]: int(row[1]) for row in rows}


def endpoint_items(
    connection: Connection,
    window: Window,
    slower: Mapping[str, str],
    endpoint: str | None = None,
    limit: int = MAX_ENDPOINTS,
) -> list[dict[str, Any]]:
    """The endpoints with most exchanges first; `slower` are sentences about some of them."""
    chosen = [table.c.id == endpoint_id(endpoint)] if endpoint is not None else []
    about = table.c.id, table.c.endpoint, table.c.route, table.c.first_seen, table.c.last_seen
    counts = [] if window.since_s is not None else [table.c[verdict] for verdict in VERDICTS]
    found = [
        _plain(row) for row in connection.execute(select(*about, *counts).where(*chosen)).mappings()
    ]
    if window.since_s is not None:
        sums = _sums(connection, window, VERDICTS)
        found = [{**row, **sums[row["id"]]} for row in found if row["id"] in sums]
    found.sort(key=lambda row: (-sum(row[verdict] for verdict in VERDICTS), row["endpoint"]))
    latencies = _latencies(connection, window, [row["id"] for row in found[:limit]])
    return [
        _item({**row, **latencies[row["id"]]}, slower.get(row["endpoint"], ""))
        for row in found[:limit]
    ]


def _latencies(
    connection: Connection, window: Window, ids: Sequence[int]
) -> dict[int, dict[str, Any]]:
    """Both sides' counts by bucket: more columns than all else, so of those that are shown alone."""
    names = [*LATENCY["legacy"], *LATENCY["candidate"]]
    if window.since_s is not None:
        return _sums(connection, window, names, ids)
    columns = [table.c[name] for name in names]
    rows = connection.execute(select(table.c.id, *columns).where(table.c.id.in_(ids)))
    return {row["id"]: _plain(row) for row in rows.mappings()}


def _plain(row: RowMapping) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}


def _sums(
    connection: Connection, window: Window, names: Sequence[str], ids: Sequence[int] | None = None
) -> dict[int, dict[str, Any]]:
    chosen = [] if ids is None else [series.c.endpoint_id.in_(ids)]
    rows = connection.execute(
        select(series.c.endpoint_id, *(func.sum(series.c[name]).label(name) for name in names))
        .where(window.holds(series), *chosen)
        .group_by(series.c.endpoint_id)
    )
    return {row["endpoint_id"]: _plain(row) for row in rows.mappings()}


def _item(row: Mapping[str, Any], slower: str) -> dict[str, Any]:
    verdicts = {verdict: int(row[verdict]) for verdict in VERDICTS}
    total = sum(verdicts.values())
    return {
        "endpoint": row["endpoint"],
        "route": row["route"],
        "exchanges": total,
        "verdicts": verdicts,
        "mismatch": rate(verdicts[Verdict.MISMATCH], compared(verdicts)),
        "failed": rate(verdicts[Verdict.CANDIDATE_FAILED], total),
        "first_seen": row["first_seen"],
        "last_seen": row["last_seen"],
        "latency": {side: _latency([int(row[name]) for name in LATENCY[side]]) for side in SIDES},
        "slower": slower,
    }


def _latency(counts: Sequence[int]) -> dict[str, Any]:
    return {
        "count": sum(counts),
        "p50_s": quantile_s(counts, 0.5),
        "p90_s": quantile_s(counts, 0.9),
        "p99_s": quantile_s(counts, 0.99),
        "curve": curve(counts),
    }


def endpoint_series(connection: Connection, window: Window, endpoint: str) -> dict[str, Any]:
    """One endpoint's verdicts and latencies over time."""
    is_its = series.c.endpoint_id == endpoint_id(endpoint)
    sums = [func.sum(series.c[name]).label(name) for name in COUNTERS]
    return chart_of(connection, series, window, is_its, sums, _points)


def _points(rows: Sequence[RowMapping]) -> list[dict[str, Any]]:
    return [_point(_plain(row)) for row in rows]


def _point(row: Mapping[str, Any]) -> dict[str, Any]:
    verdicts = {verdict: int(row[verdict]) for verdict in VERDICTS}
    counts = {side: [int(row[name]) for name in LATENCY[side]] for side in SIDES}
    return {
        "start_s": int(row["start_s"]),
        "exchanges": sum(verdicts.values()),
        **verdicts,
        **{
            f"{side}_{name}_s": quantile_s(counts[side], at)
            for side in SIDES
            for name, at in (("p50", 0.5), ("p99", 0.99))
        },
    }
