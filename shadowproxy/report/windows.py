"""The stretch of time that is asked for, and time series cut to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, and_, func, or_, select, true

from shadowproxy.report.schema import WIDTHS_S

MAX_POINTS: Final = 120
"""Of a chart."""
_CHART_WIDTHS_S: Final = (10, 30, 60, 300, 600, 1800, 3600, 21_600, 86_400, 604_800)


@dataclass(frozen=True, slots=True)
class Window:
    """Until now; from `since_s` seconds ago, or all that is kept."""

    now: datetime
    since_s: float | None = None

    @property
    def start_s(self) -> float:
        """Unix seconds; 0 for all that is kept."""
        return 0.0 if self.since_s is None else self.now.timestamp() - self.since_s

    @property
    def since(self) -> str | None:
        """ISO 8601, None for all that is kept."""
        if self.since_s is None:
            return None
        return datetime.fromtimestamp(self.start_s, UTC).isoformat(timespec="milliseconds")

    def holds(self, table: Table) -> ColumnElement[bool]:
        """The condition that a bucket ends inside of it."""
        if self.since_s is None:
            return true()
        start_s = floor(self.start_s)
        return or_(  # by width and in whole numbers, so that the primary key finds the rows
            *(
                and_(table.c.width_s == width_s, table.c.start_s > start_s - width_s)
                for width_s in WIDTHS_S
            )
        )


def chart_width_s(first_s: float, last_s: float, widest_s: int = 0) -> int:
    """The width of a chart's points: at most MAX_POINTS, and none narrower than a bucket.

    Of what was counted in an hour nobody knows in which of its minutes.
    """
    for width_s in _CHART_WIDTHS_S:
        if width_s >= widest_s and (last_s - first_s) / width_s <= MAX_POINTS:
            return width_s
    return _CHART_WIDTHS_S[-1]


def span_of(
    connection: Connection, table: Table, window: Window, *more: Any
) -> tuple[int, int] | None:
    """Where the oldest bucket of a window begins and how wide the widest is; None without any.

    Of rows for which `more` holds.
    """
    found = select(func.min(table.c.start_s), func.max(table.c.width_s))
    first_s, widest_s = connection.execute(found.where(window.holds(table), *more)).one()
    return None if first_s is None else (int(first_s), int(widest_s))


def chart_of(
    connection: Connection,
    table: Table,
    window: Window,
    is_its: ColumnElement[bool],
    columns: Sequence[ColumnElement[Any]],
    points_of: Callable[[Sequence[RowMapping]], list[dict[str, Any]]],
    *,
    by: Sequence[ColumnElement[Any]] = (),
    narrowest_s: int = 10,
) -> dict[str, Any]:
    """Points over time of a table's rows for which `is_its` holds, and their width in seconds.

    `points_of` gets the rows in the order of time, `start_s` and then `columns`, one for each point
    and each value of `by`; its points carry `start_s`.
    """
    span = span_of(connection, table, window, is_its)
    if span is None:
        return {"width_s": narrowest_s, "points": []}
    now_s = int(window.now.timestamp())
    width_s = chart_width_s(span[0], now_s, max(narrowest_s, span[1]))
    start = (table.c.start_s - table.c.start_s % width_s).label("start_s")
    rows = connection.execute(
        select(start, *columns)
        .where(window.holds(table), is_its)
        .group_by(start, *by)  # by its name it would be the column's
        .order_by(start)
    )
    return {"width_s": width_s, "points": fill(points_of(rows.mappings().all()), width_s, now_s)}


def fill(points: Sequence[dict[str, Any]], width_s: int, last_s: int) -> list[dict[str, Any]]:
    """The same with empty points where nothing happened, up to `last_s`.

    What another proxy counted is shown even if its clock is ahead; by years it is wrong.
    """
    if not points:
        return []
    known = {point["start_s"]: point for point in points}
    empty = {
        name: 0 if isinstance(value, int) else None
        for name, value in points[0].items()
        if name != "start_s"
    }
    first_s, ahead_s = points[0]["start_s"], last_s + MAX_POINTS * width_s
    end_s = max(last_s, min(points[-1]["start_s"], ahead_s))
    return [
        known.get(start_s, {"start_s": start_s, **empty})
        for start_s in range(first_s, end_s // width_s * width_s + 1, width_s)
    ]
