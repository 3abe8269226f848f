"""Users and exchanges of all endpoints, from the tallies that judge adds to `traffic`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, func, select

from shadowproxy.core.cells import OVERHEAD_BOUNDS_S
from shadowproxy.core.histograms import Histogram
from shadowproxy.core.lifecycle import REASONS
from shadowproxy.core.words import Verdict
from shadowproxy.findings.shares import share
from shadowproxy.noise.latency import written
from shadowproxy.report.meanings import meaning
from shadowproxy.report.schema import VERDICTS, traffic
from shadowproxy.report.windows import Window, chart_of

Totals = Mapping[str, int]
"""By name: received, skipped/method, verdict/match, requests/2xx, overhead/0.001, ..."""

_BOUNDS: Final = tuple(str(bound) for bound in (*OVERHEAD_BOUNDS_S, "+Inf"))


def totals_of(connection: Connection, window: Window) -> Counter[str]:
    """The sums of a window."""
    rows = connection.execute(
        select(traffic.c.name, func.sum(traffic.c.count))
        .where(window.holds(traffic))
        .group_by(traffic.c.name)
    )
    return Counter({name: int(count) for name, count in rows})


def rate(count: int, total: int) -> dict[str, float | None]:
    """The share with its interval; nothing is known of nothing."""
    if not total:
        return {"rate": None, "low": None, "high": None}
    return dict(share(count, total)._asdict())


def exchanges_of(totals: Totals) -> dict[str, Any]:
    """The law of conservation in its six numbers.

    `balanced` is not told of a stretch of time: what was received before it may have ended in it.
    """
    ended = {
        str(state): sum(totals.get(f"{state}/{reason}", 0) for reason in reasons)
        for state, reasons in REASONS.items()
    }
    ended["recorded"] = sum(totals.get(f"verdict/{verdict}", 0) for verdict in Verdict)
    received = totals.get("received", 0)
    in_flight = max(0, received - sum(ended.values()))
    return {"received": received, **ended, "in_flight": in_flight, "balanced": None}


def verdicts_of(totals: Totals) -> dict[str, Any]:
    """Each with its share of what was recorded."""
    counts = {verdict: totals.get(f"verdict/{verdict}", 0) for verdict in VERDICTS}
    return with_rates(counts)


def with_rates(counts: Mapping[str, int]) -> dict[str, Any]:
    """Each count with its share of them all."""
    total = sum(counts.values())
    return {name: {"count": count, **rate(count, total)} for name, count in counts.items()}


def not_compared(totals: Totals) -> list[dict[str, Any]]:
    """What was received and has no verdict, by reason, the most frequent first."""
    received = totals.get("received", 0)
    found = [
        {
            "state": str(state),
            "reason": str(reason),
            "count": count,
            "share": count / received if received else 0.0,
            "meaning": meaning(str(state), str(reason)),
        }
        for state, reasons in REASONS.items()
        for reason in reasons
        if (count := totals.get(f"{state}/{reason}", 0))
    ]
    return sorted(found, key=lambda each: (-int(str(each["count"])), str(each["reason"])))


def users_of(totals: Totals) -> dict[str, Any]:
    """What shadowing did to users: added time, and answers that are not legacy's."""
    requests = sum(count for name, count in totals.items() if name.startswith("requests/"))
    errors = sum(count for name, count in totals.items() if name.startswith("legacy_failed/"))
    own = sum(count for name, count in totals.items() if name.startswith("refused/"))
    counts = tuple(totals.get(f"overhead/{bound}", 0) for bound in _BOUNDS)
    added = Histogram(OVERHEAD_BOUNDS_S, counts, 0.0)
    p99_s = added.quantile_s(0.99)
    return {
        "requests": requests,
        "added_p50_s": added.quantile_s(0.5),
        "added_p99_s": p99_s,
        "errors": errors,
        "own_answers": own,
        "altered": errors + own,
        "sentence": _sentence(requests, p99_s, errors, own),
    }


def _sentence(requests: int, p99_s: float | None, errors: int, own: int) -> str:
    if not requests:
        return "no user has asked for anything yet"
    added = (
        "" if p99_s is None else f"the proxy added at most {written(round(p99_s * 1e6))} to 99 %; "
    )
    if not errors and not own:
        return f"{requests:,} answers: {added}every one was legacy's, passed on as it came"
    said = []
    if errors:
        said.append(f"legacy failed {errors:,} times")
    if own:
        said.append(f"{own:,} requests were refused (malformed, or over a limit)")
    return (
        f"{requests:,} answers: {added}{' and '.join(said)}; all others were legacy's as they came"
    )


def series_of(connection: Connection, window: Window) -> dict[str, Any]:
    """Verdicts over time."""
    columns = (traffic.c.name, func.sum(traffic.c.count).label("count"))
    is_verdict = traffic.c.name.like("verdict/%")
    return chart_of(connection, traffic, window, is_verdict, columns, _points, by=(traffic.c.name,))


def _points(rows: Sequence[RowMapping]) -> list[dict[str, Any]]:
    points: dict[int, dict[str, Any]] = {}
    for row in rows:
        start_s, count = int(row["start_s"]), int(row["count"])
        empty = {"start_s": start_s, "exchanges": 0, **dict.fromkeys(VERDICTS, 0)}
        point = points.setdefault(start_s, empty)
        point[row["name"].removeprefix("verdict/")] = count
        point["exchanges"] += count
    return list(points.values())
