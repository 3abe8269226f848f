"""The candidate's versions: when each answered, what came and went with it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, func, select

from shadowproxy.findings.history import BACK, GONE, NEW, News, news
from shadowproxy.report.schema import group_versions, groups
from shadowproxy.report.schema import versions as table

MAX_VERSIONS = 50
"""The newest are told apart; older ones say nothing about what to do next."""


@dataclass(frozen=True, slots=True)
class History:
    """All versions, the oldest first, and how many exchanges each endpoint had in each."""

    order: tuple[str, ...] = ()
    exchanges: Mapping[int, Mapping[str, int]] = field(default_factory=dict)

    def news(self, endpoint: int, shown: Mapping[str, int]) -> News | None:
        """What is to be said of a finding of an endpoint; see findings.history."""
        if len(self.order) < 2:
            return None
        return news(self.order, shown, self.exchanges.get(endpoint, {}))


def history_of(connection: Connection) -> History:
    """Of everything that is kept."""
    first = func.min(table.c.first_seen)
    newest = select(table.c.version).group_by(table.c.version).order_by(first.desc(), "version")
    order = tuple(reversed(list(connection.execute(newest.limit(MAX_VERSIONS)).scalars())))
    exchanges: dict[int, dict[str, int]] = defaultdict(dict)
    for row in connection.execute(select(table.c.version, table.c.endpoint_id, table.c.exchanges)):
        exchanges[row.endpoint_id][row.version] = int(row.exchanges)
    return History(order, exchanges)


def shown_in(connection: Connection, ids: Sequence[str] | None) -> dict[str, dict[str, int]]:
    """How many exchanges of each version showed each finding; None: all findings."""
    chosen = [] if ids is None else [group_versions.c.group_id.in_(ids)]
    rows = connection.execute(
        select(group_versions.c.group_id, group_versions.c.version, group_versions.c.count)
        .where(*chosen)
        .order_by(group_versions.c.count.desc(), group_versions.c.version)
    )
    shown: dict[str, dict[str, int]] = defaultdict(dict)
    for group_id, version, count in rows:
        shown[group_id][version] = int(count)
    return shown


def versions_of(connection: Connection) -> dict[str, Any]:
    """{"versions": [...], "current": the one that answered last}; the newest first."""
    history = history_of(connection)
    sums = connection.execute(
        select(
            table.c.version,
            func.sum(table.c.exchanges).label("exchanges"),
            func.min(table.c.first_seen).label("first_seen"),
            func.max(table.c.last_seen).label("last_seen"),
        ).group_by(table.c.version)
    )
    items: dict[str, dict[str, Any]] = {
        row.version: {
            "version": row.version, "exchanges": int(row.exchanges),
            "first_seen": row.first_seen, "last_seen": row.last_seen,
            "new": [], "gone": [], "back": [],
        }
        for row in sums
        if row.version in history.order
    }  # fmt: skip
    rows = connection.execute(select(groups.c.id, groups.c.endpoint_id))
    of_endpoint = {row.id: row.endpoint_id for row in rows}
    for group_id, shown in shown_in(connection, None).items():
        said = history.news(of_endpoint.get(group_id, 0), shown)
        if said is not None and said.version in items:
            items[said.version][_LISTS[said.what]].append(group_id)
    current = max(items.values(), key=lambda each: str(each["last_seen"]), default={"version": ""})
    newest = [items[version] for version in reversed(history.order) if version in items]
    return {"versions": newest, "current": current["version"]}


_LISTS: Final = {NEW: "new", GONE: "gone", BACK: "back"}
