"""The page of endpoints: how often each differs, and the times of both sides.

Law: sorting is by links, so it works without scripts and can be sent to somebody.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

from markupsafe import Markup

from shadowproxy.pages import charts
from shadowproxy.pages.documents import Document, count, member, members, text
from shadowproxy.pages.figures import finite, segment
from shadowproxy.pages.rendering import render

MAX_ROWS: Final = 1000
MAX_CURVES: Final = 50
"""Endpoints whose curves are on the page, the first of its order: each is 6 KB of markup."""

DEFAULT_SORT: Final = "mismatch"


class Column(NamedTuple):
    """A column that can be sorted by; numbers come largest first, names from A to Z."""

    name: str
    label: str
    key: Callable[[Document], Any]
    is_number: bool = True


class Row(NamedTuple):
    """An endpoint as it is shown; `curves` is empty without times, and beyond MAX_CURVES."""

    key: str
    endpoint: Document
    curves: Markup


def endpoints(document: Document, sort: str = "", since: str = "") -> str:
    """The page at `/endpoints`; `sort` and `since` are the query's, any text will do."""
    shown = members(document, "by_endpoint")
    column = _COLUMNS.get(sort, _COLUMNS[DEFAULT_SORT])
    shown.sort(key=lambda each: text(each, "endpoint"))
    shown.sort(key=column.key, reverse=column.is_number)
    return render(
        "endpoints.html",
        problem=text(document, "problem"),
        rows=_rows(shown[:MAX_ROWS]),
        left_off=max(0, len(shown) - MAX_ROWS),
        max_curves=MAX_CURVES,
        columns=[
            (each, f"?sort={each.name}{_more(since)}", each is column) for each in _COLUMNS.values()
        ],
    )


def _more(since: str) -> str:
    return f"&since={segment(since)}" if since else ""


def _rows(shown: Sequence[Document]) -> list[Row]:
    rows: list[Row] = []
    for index, endpoint in enumerate(shown):
        key = f"times-{sha256(repr(endpoint.get('endpoint')).encode()).hexdigest()[:12]}"
        if any(row.key == key for row in rows[:MAX_CURVES]):
            key = f"{key}-{index}"
        is_drawn = index < MAX_CURVES
        title = "Times of both sides by percentile"
        latency = member(endpoint, "latency")
        curves = charts.percentiles(f"{key}-chart", title, latency) if is_drawn else Markup()
        rows.append(Row(key, endpoint, curves))
    return rows


def wrong(endpoint: Document) -> float:
    """The share of answers that differ, or that never came: whichever is larger."""
    shares = (member(endpoint, name).get("rate") for name in ("mismatch", "failed"))
    return max(finite(share) or 0.0 for share in shares)


def _by_time(side: str, quantile: str) -> Callable[[Document], float]:
    return lambda each: finite(member(each, "latency", side).get(quantile)) or 0.0


_COLUMNS: Final = {
    column.name: column
    for column in (
        Column("endpoint", "Endpoint", lambda each: text(each, "endpoint"), is_number=False),
        Column("exchanges", "Exchanges", lambda each: count(each, "exchanges")),
        Column("mismatch", "Differ", wrong),
        Column("failed", "Fail", lambda each: finite(member(each, "failed").get("rate")) or 0.0),
        Column("legacy_p50", "Legacy, p50", _by_time("legacy", "p50_s")),
        Column("candidate_p50", "Candidate, p50", _by_time("candidate", "p50_s")),
        Column("legacy_p99", "Legacy, p99", _by_time("legacy", "p99_s")),
        Column("candidate_p99", "Candidate, p99", _by_time("candidate", "p99_s")),
    )
}
