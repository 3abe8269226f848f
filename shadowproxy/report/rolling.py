"""Fine buckets of time become coarse ones as they get old.

    10 s ─ after 15 min ─► 1 min ─ after 6 h ─► 1 h ─ after two weeks ─► 1 d

Law: a step takes the fine rows of one coarse bucket and nothing else, in one transaction: takes them
out, adds them up, adds that to what the coarse bucket has. So no count is there twice or not at all,
and what another proxy adds to them meanwhile is in the sum or stays.
"""

from typing import Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    FromClause,
    Table,
    delete,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite

from shadowproxy.report import schema
from shadowproxy.report.opening import is_sqlite

SERIES: Final = (schema.series, schema.traffic, schema.group_series)


class Step(NamedTuple):
    """From one width to the next, once rows are older than `after_s`."""

    fine_s: int
    coarse_s: int
    after_s: int


STEPS: Final = (
    Step(10, 60, 900),
    Step(60, 3600, 6 * 3600),
    Step(3600, 86_400, 14 * 86_400),
)
"""So that no window of a day or more has over some 500 buckets: the latencies of 100 endpoints are
added up in 0.2 s."""


def roll(connection: Connection, table: Table, step: Step, now_s: float) -> bool:
    """Makes one coarse bucket of the oldest fine rows; False if none is old enough."""
    end_s = int(now_s - step.after_s) // step.coarse_s * step.coarse_s
    is_fine = table.c.width_s == step.fine_s
    oldest_s = connection.execute(select(func.min(table.c.start_s)).where(is_fine)).scalar()
    if oldest_s is None or oldest_s >= end_s:
        return False
    start_s = oldest_s // step.coarse_s * step.coarse_s
    chosen = is_fine & table.c.start_s.between(start_s, start_s + step.coarse_s - 1)
    if is_sqlite(connection):
        add = _adding(sqlite.insert(table), table, step.coarse_s, start_s, table, chosen)
        connection.execute(add)
        connection.execute(delete(table).where(chosen))
    else:  # in one statement: others write at the same time
        taken = delete(table).where(chosen).returning(*table.columns).cte("taken")
        connection.execute(
            _adding(postgresql.insert(table), table, step.coarse_s, start_s, taken, true())
        )
    return True


def _adding(
    statement: sqlite.Insert | postgresql.Insert,
    table: Table,
    width_s: int,
    start_s: int,
    source: FromClause,
    chosen: ColumnElement[bool],
) -> Executable:
    """Adds up what is chosen of a source, by its name, into a coarse bucket."""
    name = next(c.name for c in table.primary_key if c.name not in ("width_s", "start_s"))
    counters = [column.name for column in table.columns if not column.primary_key]
    key, sums = source.c[name], [func.sum(source.c[each]) for each in counters]
    rows = select(literal(width_s), literal(start_s), key, *sums).where(chosen).group_by(key)
    statement = statement.from_select(["width_s", "start_s", name, *counters], rows)
    return statement.on_conflict_do_update(
        index_elements=[column.name for column in table.primary_key],
        set_={each: table.c[each] + statement.excluded[each] for each in counters},
    )
