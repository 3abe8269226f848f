"""Adding to what is there: every column says how, rows come in the order of their keys."""

import pytest
from sqlalchemy import Engine, Table, event

from shadowproxy.report import schema
from shadowproxy.report.upserting import _JOINS, Join, upsert
from tests.report.stores import rows_of

DECIDED = {schema.rules, schema.audit}
"""Are written by people alone, one row after the other."""


@pytest.mark.parametrize(
    "table", [each for each in schema.metadata.sorted_tables if each not in DECIDED], ids=str
)
def test_every_value_says_how_it_is_joined(table: Table) -> None:
    """None is forgotten, none is there that the table has not; what is counted is added."""
    joins = _JOINS[table]
    assert set(joins) == {column.name for column in table.columns if not column.primary_key}
    for name in ("count", "exchanges", *schema.COUNTERS, *schema.RECHECKS):
        assert joins.get(name, Join.ADD) is Join.ADD
    for name, join in (("first_seen", Join.FIRST), ("last_seen", Join.LAST)):
        assert joins.get(name, join) is join
    for name in ("state", "note", "state_since", "state_by"):
        assert joins.get(name, Join.OLD) is Join.OLD


def test_rows_go_in_the_order_of_their_keys(engine: Engine) -> None:
    """Whoever writes the same rows locks them in the same order: no circle."""
    sent: list[object] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(connection, cursor, statement, parameters, context, is_many):  # type: ignore[no-untyped-def]
        if statement.startswith("INSERT"):
            sent.extend(each["name"] if isinstance(each, dict) else each[2] for each in parameters)

    names = ["b", "a", "c", "B"]
    with engine.begin() as connection:
        upsert(connection, schema.traffic, [
            {"width_s": 10, "start_s": 0, "name": name, "count": 1} for name in names
        ])  # fmt: skip
    assert sent == sorted(names)


def test_only_what_is_given_is_changed(engine: Engine) -> None:
    """A column that a row does not have keeps what it had."""
    whole = {"id": "w", "flushes": 3, "seen": "1", "baseline": "{}", "links": "[1]"}
    with engine.begin() as connection:
        upsert(connection, schema.writers, [whole])
        upsert(connection, schema.writers, [{"id": "w", "seen": "2"}])
        upsert(connection, schema.writers, [])
        assert rows_of(connection, schema.writers) == [("w", 3, "2", "{}", "[1]")]
