"""Findings as they are read: listed, filtered, sorted, one with everything."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, or_, select

from shadowproxy.findings.causes import find_causes
from shadowproxy.findings.documents import read_pairs, to_plain
from shadowproxy.findings.group import Evidence, Group, Recheck
from shadowproxy.findings.history import BACK, NEW, News
from shadowproxy.findings.sentences import sentence
from shadowproxy.noise.known import State
from shadowproxy.report import schema
from shadowproxy.report.endpoints import exchanges_by_endpoint
from shadowproxy.report.learned import links_of
from shadowproxy.report.schema import RECHECKS, endpoint_id, groups
from shadowproxy.report.traffic import rate
from shadowproxy.report.versions import History, history_of, shown_in
from shadowproxy.report.windows import Window, chart_of

MAX_LIMIT: Final = 1_000
DEFAULT_LIMIT: Final = 200
MAX_CAUSED: Final = 2_000
"""Findings, the most frequent, among which causes are looked for: 15 ms."""
SORTS: Final = ("count", "share", "last_seen", "first_seen")
STATES: Final = ("open", "expected", "fixed", "returned")


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for; empty texts ask for nothing. `after` is how many came before."""

    endpoint: str = ""
    state: str = ""
    kind: str = ""
    version: str = ""
    text: str = ""
    sort: str = "count"
    limit: int = DEFAULT_LIMIT
    after: int = 0


def has_returned() -> ColumnElement[bool]:
    """Called fixed, and seen again."""
    return (groups.c.state == "fixed") & (groups.c.last_seen > groups.c.state_since)


def group_list(connection: Connection, query: Query, window: Window) -> dict[str, Any]:
    """{"groups", "total", "next", "causes", "evicted", "evicted_groups"}."""
    chosen = [*_conditions(query), *_in_window(window)]
    total = connection.execute(select(func.count()).select_from(groups).where(*chosen)).scalar_one()
    exchanges = exchanges_by_endpoint(connection, window)
    counts = _window_counts(connection, window)
    rows = connection.execute(select(*_LISTED).where(*chosen)).mappings().all()
    ordered = sorted(rows, key=lambda row: _order(row, query.sort, counts, exchanges))
    if query.sort in ("last_seen", "first_seen"):
        ordered.sort(key=lambda row: str(row[query.sort]), reverse=True)
    page = ordered[query.after : query.after + query.limit]
    end = query.after + len(page)
    return {
        "groups": items_of(connection, page, exchanges, counts),
        "total": total,
        "next": str(end) if end < total else None,
        "causes": causes_of(connection, ordered),
        **_evicted(connection),
    }


_LISTED: Final = [column for column in groups.c if column.name != "reproducer"]
"""Up to 5 KiB each, and only one that is looked at needs it."""


class Standing(NamedTuple):
    """How many findings are of which sort.

    `undecided`: by people, and no noise; `returned`: though called fixed; `new`: undecided ones of a
    later version of the candidate, or first seen in the window. `counted` are the exchanges of the first two, added up; `excused`
    are all other findings, `decided` those of them that people have marked.
    """

    undecided: int
    returned: int
    new: int
    counted: int
    excused: int
    decided: int


def standing_of(connection: Connection, endpoint: str, window: Window) -> Standing:
    """How the findings of a window stand, all of them or those of one endpoint."""
    chosen = [*_conditions(Query(endpoint=endpoint)), *_in_window(window)]
    is_open = and_(groups.c.state == "open", groups.c.noise_state != State.NOISY)
    columns = (
        groups.c.id, groups.c.endpoint_id, groups.c.state, groups.c.count.label("seen"),
        groups.c.first_seen, is_open.label("open"),
    )  # fmt: skip
    rows = connection.execute(
        select(*columns, has_returned().label("returned")).where(*chosen)
    ).all()
    counts = _window_counts(connection, window)
    against = [row for row in rows if row.open or row.returned]
    history, shown = history_of(connection), shown_in(connection, None)
    return Standing(
        sum(bool(row.open) for row in rows),
        sum(bool(row.returned) for row in rows),
        sum(
            _is_new(history.news(row.endpoint_id, shown.get(row.id, {})))
            or (window.since is not None and row.first_seen >= window.since)
            for row in rows
            if row.open
        ),
        sum(row.seen if counts is None else counts.get(row.id, 0) for row in against),
        len(rows) - len(against),
        sum(row.state != "open" and not row.returned for row in rows),
    )


def _is_new(news: News | None) -> bool:
    return news is not None and news.what in (NEW, BACK)


def _has_returned(row: RowMapping) -> bool:
    """The same of a row."""
    return bool(row["state"] == "fixed" and row["last_seen"] > (row["state_since"] or ""))


def _order(
    row: RowMapping, sort: str, counts: Mapping[str, int] | None, exchanges: Mapping[int, int]
) -> tuple[int, float, str]:
    """Open ones and those that are back first, noise last, then the most."""
    count = row["count"] if counts is None else counts.get(row["id"], 0)
    most = count / max(1, exchanges.get(row["endpoint_id"], 0)) if sort == "share" else count
    is_settled = row["state"] != "open" and not _has_returned(row)
    place = 2 if row["noise_state"] == State.NOISY else int(is_settled)
    return place, -most, row["id"]


def _conditions(query: Query) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = []
    if query.endpoint:
        chosen.append(groups.c.endpoint_id == endpoint_id(query.endpoint))
    if query.state == "returned":
        chosen.append(has_returned())
    elif query.state:
        chosen.append(groups.c.state == query.state)
    if query.kind:
        chosen.append(groups.c.kind == query.kind)
    if query.version:
        shown = select(schema.group_versions.c.group_id)
        chosen.append(
            groups.c.id.in_(shown.where(schema.group_versions.c.version == query.version))
        )
    if query.text:
        chosen.append(
            or_(
                groups.c.endpoint.icontains(query.text, autoescape=True),
                groups.c.path.icontains(query.text, autoescape=True),
                groups.c.id == query.text,
            )
        )
    return chosen


def _in_window(window: Window) -> list[ColumnElement[bool]]:
    return [] if window.since is None else [groups.c.last_seen >= window.since]


def _window_counts(connection: Connection, window: Window) -> dict[str, int] | None:
    """How many exchanges of the window showed each; None: all, as counted in the findings."""
    if window.since is None:
        return None
    table = schema.group_series
    rows = connection.execute(
        select(table.c.group_id, func.sum(table.c.count))
        .where(window.holds(table))
        .group_by(table.c.group_id)
    )
    return {group_id: int(count) for group_id, count in rows}


def items_of(
    connection: Connection,
    rows: Sequence[RowMapping],
    exchanges: Mapping[int, int],
    counts: Mapping[str, int] | None = None,
) -> list[dict[str, Any]]:
    """Rows of `groups` as they are shown."""
    history = history_of(connection)
    shown = shown_in(connection, [row["id"] for row in rows])
    return [_item(row, exchanges, counts, history, shown.get(row["id"], {})) for row in rows]


def _item(
    row: RowMapping,
    exchanges: Mapping[int, int],
    counts: Mapping[str, int] | None,
    history: History,
    shown: Mapping[str, int],
) -> dict[str, Any]:
    group = group_of(row, shown)
    group.pairs = read_pairs(orjson.loads(row["pairs"]))
    if counts is not None:
        group.count = counts.get(group.id, 0)
    total = max(exchanges.get(row["endpoint_id"], 0), group.count)
    return {
        **to_plain(group),
        "exchanges": total,
        "share": rate(group.count, total),
        "sentence": sentence(group, total),
        "state": row["state"],
        "note": row["note"],
        "state_since": row["state_since"],
        "state_by": row["state_by"],
        "returned": _has_returned(row),
        "rule": row["rule"],
        "news": str(history.news(row["endpoint_id"], shown) or ""),
    }


def group_of(row: RowMapping, shown: Mapping[str, int]) -> Group:
    """A finding with what was counted but for its value pairs."""
    group = Group(
        row["id"], row["route"], row["endpoint"], row["legacy_status"], row["candidate_status"],
        row["path"], row["kind"], (row["type_legacy"], row["type_candidate"]), row["first_seen"],
        row["last_seen"], int(row["count"]), 0, int(row["explained"]),
        Evidence(
            row["noise_state"], int(row["noise_samples"]), int(row["noise_b"]), row["noise_e"]
        ),
    )  # fmt: skip
    group.rechecks = {Recheck(name): int(row[name]) for name in RECHECKS if row[name]}
    for version, count in shown.items():
        group.versions.add(version, count)
    return group


def causes_of(connection: Connection, rows: Sequence[RowMapping]) -> list[dict[str, Any]]:
    """Which of the findings have one cause."""
    frequent = sorted(rows, key=lambda row: -row["count"])[:MAX_CAUSED]
    found = find_causes([group_of(row, {}) for row in frequent], links_of(connection))
    return [{"sentence": cause.sentence, "groups": list(cause.groups)} for cause in found]


def _evicted(connection: Connection) -> dict[str, int]:
    table = schema.traffic
    rows = connection.execute(
        select(table.c.name, func.sum(table.c.count))
        .where(table.c.name.in_(("evicted", "evicted_groups")))
        .group_by(table.c.name)
    )
    found = {name: int(count) for name, count in rows}
    return {name: found.get(name, 0) for name in ("evicted", "evicted_groups")}


def group_detail(connection: Connection, group_id: str, window: Window) -> dict[str, Any] | None:
    """One finding with its samples, reproducer, chart and cause; None if there is none."""
    row = connection.execute(select(groups).where(groups.c.id == group_id)).mappings().one_or_none()
    if row is None:
        return None
    (item,) = items_of(connection, [row], exchanges_by_endpoint(connection, Window(window.now)))
    samples = samples_of(connection, group_id)
    reproducer = row["reproducer"]
    return {
        **item,
        "samples": samples,
        "sample": samples[0] if samples else {},
        "reproducer": orjson.loads(zlib.decompress(reproducer)) if reproducer else None,
        "series": group_series(connection, group_id, window),
        "cause": _cause(connection, group_id),
    }


def samples_of(connection: Connection, group_id: str) -> list[dict[str, Any]]:
    """The newest first, without their bodies."""
    of = schema.sample_groups
    rows = connection.execute(
        select(schema.samples.c.summary)
        .join(of, of.c.sample_id == schema.samples.c.id)
        .where(of.c.group_id == group_id)
        .order_by(schema.samples.c.at.desc(), schema.samples.c.id)
    )
    return [orjson.loads(summary) for summary in rows.scalars()]


def sample_of(connection: Connection, sample_id: str) -> dict[str, Any] | None:
    """One exchange, redacted; None if it is not kept."""
    found = connection.execute(
        select(schema.samples.c.content).where(schema.samples.c.id == sample_id)
    ).scalar()
    if found is None:
        return None
    document: dict[str, Any] = orjson.loads(zlib.decompress(found))
    return document


def group_series(connection: Connection, group_id: str, window: Window) -> dict[str, Any]:
    """How often it was seen, over time."""
    table = schema.group_series
    is_its = table.c.group_id == group_id
    sums = [func.sum(table.c.count).label("count")]
    return chart_of(connection, table, window, is_its, sums, _points, narrowest_s=60)


def _points(rows: Sequence[RowMapping]) -> list[dict[str, Any]]:
    return [{"start_s": int(row["start_s"]), "count": int(row["count"])} for row in rows]


def _cause(connection: Connection, group_id: str) -> dict[str, Any] | None:
    rows = connection.execute(select(*_LISTED)).mappings().all()
    known = {row["id"]: row for row in rows}
    for cause in causes_of(connection, rows):
        if group_id in cause["groups"]:
            others = [_sibling(known[each]) for each in cause["groups"] if each != group_id]
            return {"sentence": cause["sentence"], "groups": others}
    return None


def _sibling(row: RowMapping) -> dict[str, Any]:
    return {
        "id": row["id"], "endpoint": row["endpoint"], "sentence": sentence(group_of(row, {}))
    }  # fmt: skip
