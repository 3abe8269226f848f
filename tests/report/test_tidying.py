"""What keeps the store small: in slices, with a budget, and never at the cost of what people decided."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Table, insert, select, text

from shadowproxy.core.words import Verdict
from shadowproxy.report import schema, tidying
from shadowproxy.report.batch import Batch, Sample
from shadowproxy.report.deciding import Actor, decide, note, save_rule
from shadowproxy.report.measuring import room_bytes, size_bytes
from shadowproxy.report.opening import open_engine
from shadowproxy.report.schema import COUNTERS
from shadowproxy.report.tidying import Bounds, tidy, vacuum
from shadowproxy.report.upserting import upsert
from shadowproxy.report.writing import row_of, write
from tests.report.events import finding, group_id
from tests.report.stores import count_of

NOW_S = 1_780_000_000.0
DAY_S = 86_400
WIDE = Bounds(14 * DAY_S, 1 << 40)
LONG_S = 60.0


def at(age_s: float) -> str:
    """So long ago, as judge writes it."""
    return datetime.fromtimestamp(NOW_S - age_s, UTC).isoformat(timespec="milliseconds")


def _group(number: int, age_s: float) -> Any:
    return finding(f"GET /{number}", "/a", at(age_s))


def _plant(engine: Engine, table: Table, rows: list[dict[str, Any]]) -> None:
    with engine.begin() as connection:
        connection.execute(insert(table), rows)


def _endpoint(number: int, age_s: float) -> dict[str, Any]:
    seen = at(age_s)
    return {"id": number, "endpoint": f"GET /{number}", "route": "all", "first_seen": seen,
            "last_seen": seen}  # fmt: skip


def _left(engine: Engine, table: Table, column: str) -> list[Any]:
    with engine.begin() as connection:
        return sorted(connection.execute(select(table.c[column])).scalars())


def test_what_is_older_than_the_retention_goes(engine: Engine) -> None:
    """Figures whose bucket is over, findings, endpoints, versions, samples, writers: by their age."""
    young, old = 13 * DAY_S, 16 * DAY_S
    for number, age_s in enumerate((young, old)):
        start_s = int(NOW_S - age_s) // DAY_S * DAY_S
        bucket = {"width_s": DAY_S, "start_s": start_s}
        seen = {"first_seen": at(age_s), "last_seen": at(age_s)}
        _plant(engine, schema.traffic, [{**bucket, "name": "received", "count": 1}])
        _plant(engine, schema.series, [{**bucket, "endpoint_id": 1}])
        _plant(engine, schema.group_series, [{**bucket, "group_id": "g", "count": 1}])
        _plant(engine, schema.endpoints, [_endpoint(number, age_s)])
        _plant(engine, schema.versions, [{"version": str(number), "endpoint_id": 1, **seen}])
        _plant(engine, schema.group_versions, [{"group_id": "g", "version": str(number), **seen}])
        row = row_of(_group(number, age_s))
        _plant(engine, schema.groups, [dict(row)])
        _plant(engine, schema.samples, [
            {"id": str(number), "at": at(age_s), "summary": "{}", "content": b""}
        ])  # fmt: skip
        _plant(engine, schema.sample_groups, [
            {"group_id": row["id"], "sample_id": str(number), "at": at(age_s), "draw": 0.5}
        ])  # fmt: skip
        _plant(engine, schema.writers, [{"id": str(number), "seen": at(age_s)}])
        _plant(engine, schema.learned, [
            {"writer_id": str(number), "part": "noise", "seen": at(age_s), "content": b""}
        ])  # fmt: skip
    assert tidy(engine, WIDE, NOW_S, LONG_S)
    for table in schema.metadata.sorted_tables:
        if table not in (schema.audit, schema.rules):
            assert count_of(engine, table) == 1, table.name
    assert _left(engine, schema.samples, "id") == ["0"]
    assert _left(engine, schema.groups, "id") == [group_id("GET /0", "/a")]


def test_decisions_are_not_deleted_for_their_age(engine: Engine) -> None:
    """States, notes and saved rules stay however old they are; so does the audit."""
    for number in range(3):
        _plant(engine, schema.groups, [dict(row_of(_group(number, 100 * DAY_S)))])
    ann = Actor("ann", datetime.fromtimestamp(NOW_S - 90 * DAY_S, UTC))
    with engine.begin() as connection:
        decide(connection, group_id("GET /1", "/a"), "expected", "by design", ann)
        rule = save_rule(connection, {"path": "/a"}, "", "", [group_id("GET /2", "/a")], ann)
    assert tidy(engine, WIDE, NOW_S, LONG_S)
    assert _left(engine, schema.groups, "state") == ["expected", "expected"]
    assert _left(engine, schema.rules, "id") == [rule]
    assert count_of(engine, schema.audit) == 2


def test_too_many_findings_and_what_is_told_of_them(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The longest unseen go, decided ones last, with all that is kept of them; it is counted."""
    monkeypatch.setattr(tidying, "MAX_GROUPS", 10)
    for number in range(20):
        group = _group(number, number * 60)
        _plant(engine, schema.groups, [dict(row_of(group))])
        _plant(engine, schema.group_series, [
            {"width_s": 60, "start_s": int(NOW_S), "group_id": group.id, "count": 1}
        ])  # fmt: skip
    with engine.begin() as connection:
        for number in (18, 19):
            decide(
                connection,
                group_id(f"GET /{number}", "/a"),
                "fixed",
                "",
                Actor("ann", datetime.now(UTC)),
            )
    assert tidy(engine, WIDE, NOW_S, LONG_S)
    kept = [*range(8), 18, 19]
    expected = sorted(group_id(f"GET /{number}", "/a") for number in kept)
    assert _left(engine, schema.groups, "id") == expected
    assert _left(engine, schema.group_series, "group_id") == expected
    with engine.begin() as connection:
        rows = connection.execute(select(schema.traffic.c.name, schema.traffic.c.count)).all()
    assert {row.name: row._asdict()["count"] for row in rows} == {
        "evicted": 10,
        "evicted_groups": 10,
    }


@pytest.mark.parametrize(
    ("name", "table", "column"),
    [
        ("MAX_ENDPOINTS", schema.endpoints, "last_seen"),
        ("MAX_VERSIONS", schema.versions, "last_seen"),
        ("MAX_GROUP_VERSIONS", schema.group_versions, "last_seen"),
        ("MAX_AUDIT", schema.audit, "at"),
    ],
)
def test_tables_are_bounded(
    engine: Engine, name: str, table: Table, column: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest rows of each go, exactly as many as are too many, even if all are of one moment."""
    bounded = tuple(each if each[0] is not table else (*each[:2], 30) for each in tidying._BOUNDED)
    monkeypatch.setattr(tidying, "_BOUNDED", bounded)
    monkeypatch.setattr(tidying, "SLICE", 7)
    assert hasattr(tidying, name)
    rows = []
    for number in range(50):
        age_s = 60.0 if number < 40 else 0.0
        seen = {"first_seen": at(age_s), "last_seen": at(age_s)}
        row: dict[str, Any] = {
            schema.endpoints: _endpoint(number, age_s),
            schema.versions: {"version": str(number), "endpoint_id": 1, **seen},
            schema.group_versions: {"group_id": "g", "version": str(number), **seen},
            schema.audit: {"at": at(age_s), "actor": "a", "action": "b", "subject": str(number)},
        }[table]
        rows.append(row)
    _plant(engine, table, rows)
    assert tidy(engine, WIDE, NOW_S, LONG_S)
    left = _left(engine, table, column)
    assert len(left) == 30
    assert left.count(at(0.0)) == 10


def test_time_is_kept(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no time left it ends after one slice and says that there is more; the next goes on."""
    monkeypatch.setattr(tidying, "SLICE", 10)
    rows = [
        {"id": f"{number:04}", "at": at(20 * DAY_S - number), "summary": "", "content": b""}
        for number in range(35)
    ]
    _plant(engine, schema.samples, rows)
    counts = []
    while not tidy(engine, WIDE, NOW_S, 0.0):
        counts.append(count_of(engine, schema.samples))
    assert counts[:3] == [25, 15, 5]
    assert count_of(engine, schema.samples) == 0


def test_one_proxy_tidies_at_a_time(postgresql_url: str) -> None:
    """While another one does, nothing is done and nobody waits."""
    engine, other = (open_engine(postgresql_url, is_writer=True) for _ in range(2))
    _plant(engine, schema.samples, [
        {"id": "0", "at": at(20 * DAY_S), "summary": "", "content": b""}
    ])  # fmt: skip
    with other.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": tidying._LOCK})
        assert tidy(engine, WIDE, NOW_S, LONG_S)
        assert count_of(engine, schema.samples) == 1
    assert tidy(engine, WIDE, NOW_S, LONG_S)
    assert count_of(engine, schema.samples) == 0
    engine.dispose()
    other.dispose()


def _write_for_ever(engine: Engine, number: int) -> None:
    """One flush of a busy proxy: samples, figures of a new bucket, new findings."""
    batch, start_s = Batch(), int(NOW_S) - 5000 + 10 * number
    for each in range(40):
        endpoint = f"GET /{each}"
        batch.count(start_s, endpoint, "all", Verdict.MATCH, at(-number))
        group = finding(f"GET /{number}/{each}", "/a", at(-number))
        assert group.reproduce({"legacy": os.urandom(600).hex()})
        batch.add_group(group)
        batch.count_group(start_s, group.id)
    for each in range(20):
        name = f"{number:08x}{each:08x}"
        group_of = group_id(f"GET /{number}/{each}", "/a")
        content = os.urandom(18_000)
        batch.add_sample(Sample(name, at(-number), "{}", content, ((group_of, 0.5),)))
    with engine.begin() as connection:
        write(connection, batch, "w", number + 1, at(-number), 10)


def test_the_file_stays_below_the_cap_for_ever(sqlite_url: str) -> None:
    """16 MiB, almost three times as much written: never above it, no flush fails, decisions survive."""
    engine = open_engine(sqlite_url, is_writer=True, is_lasting=True)
    bounds = Bounds(14 * DAY_S, 16 << 20)
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    first = group_id("GET /0/0", "/a")
    largest = 0
    for number in range(100):
        with engine.begin() as connection:
            connection.exec_driver_sql(
                f"PRAGMA max_page_count={room_bytes(bounds.max_bytes) // 4096}"
            )
        _write_for_ever(engine, number)
        if number == 0:
            with engine.begin() as connection:
                decide(connection, first, "expected", "by design", Actor("ann", datetime.now(UTC)))
                save_rule(connection, {"path": "/a"}, "", "", [], Actor("ann", datetime.now(UTC)))
        if number % 3 == 0:
            assert tidy(engine, bounds, NOW_S + number, LONG_S)
            vacuum(engine)
        sizes = [each.stat().st_size for each in path.parent.glob("report.db*")]
        largest = max(largest, sum(sizes))
    assert largest < 16 << 20
    assert path.stat().st_size <= room_bytes(bounds.max_bytes)
    with engine.begin() as connection:
        state = select(schema.groups.c.state).where(schema.groups.c.id == first)
        assert connection.execute(state).scalar_one() == "expected"
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    assert count_of(engine, schema.rules) == 1
    assert count_of(engine, schema.samples) >= 100
    engine.dispose()


def test_even_findings_go_where_there_is_nothing_else(engine: Engine) -> None:
    """A cap below what is kept without question: undecided findings go, the decided stay."""
    for number in range(30):
        group = _group(number, number)
        group.reproduce({"legacy": os.urandom(2_000).hex()})
        _plant(engine, schema.groups, [dict(row_of(group))])
    decided = group_id("GET /29", "/a")
    with engine.begin() as connection:
        decide(connection, decided, "expected", "", Actor("ann", datetime.now(UTC)))
    assert tidy(engine, Bounds(14 * DAY_S, 1), NOW_S, LONG_S)
    assert _left(engine, schema.groups, "id") == [decided]


def test_a_cap_deletes_no_more_than_it_must(engine: Engine) -> None:
    """Whatever the database does with the space of deleted rows: most of what fits stays."""
    rows = [
        {
            "id": f"{number:04}",
            "at": at(1000 - number),
            "summary": "{}",
            "content": os.urandom(8_000),
        }
        for number in range(1_000)
    ]
    _plant(engine, schema.samples, rows)
    with engine.begin() as connection:
        whole = size_bytes(connection)
    assert 8_000_000 < whole < 12_000_000
    bounds = Bounds(14 * DAY_S, 12 << 20)  # of which 6 MiB are for the file, 4.8 until it is full
    assert tidy(engine, bounds, NOW_S, LONG_S)
    with engine.begin() as connection:
        assert size_bytes(connection) < 0.8 * room_bytes(bounds.max_bytes)
    left = _left(engine, schema.samples, "id")
    assert 400 <= len(left) <= 650
    assert left[-1] == "0999", "the newest stay"
    assert tidy(engine, bounds, NOW_S, LONG_S)
    assert len(_left(engine, schema.samples, "id")) == len(left), "and nothing more goes"


def test_a_size_is_about_what_the_disk_says(postgresql_url: str) -> None:
    """Of freshly written tables PostgreSQL's own measure and ours differ by less than a half."""
    engine = open_engine(postgresql_url, is_writer=True)
    figures = dict.fromkeys(COUNTERS, 1)
    with engine.begin() as connection:
        # rows that an earlier test deleted have left their pages behind
        connection.execute(text("TRUNCATE series, traffic, groups, audit CASCADE"))
        upsert(connection, schema.series, [
            {"width_s": 10, "start_s": 10 * at_, "endpoint_id": key, **figures}
            for at_ in range(30) for key in range(100)
        ])  # fmt: skip
        upsert(connection, schema.traffic, [
            {"width_s": 10, "start_s": 10 * at_, "name": f"verdict/{key}", "count": 1}
            for at_ in range(200) for key in range(20)
        ])  # fmt: skip
        groups = [_group(number, 0) for number in range(1_000)]
        for group in groups:
            group.reproduce({"legacy": os.urandom(1_000).hex()})
        upsert(connection, schema.groups, [row_of(group) for group in groups])
        for number in range(2_000):
            note(connection, Actor("ann", datetime.now(UTC)), "dial", f"{number}", after="x" * 40)
    with engine.begin() as connection:
        ours = size_bytes(connection)
        theirs = connection.execute(
            text(
                "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'"
                " AND relname IN ('series', 'traffic', 'groups', 'audit')"
            )
        ).scalar_one()
    engine.dispose()
    assert 0.67 < ours / int(theirs) < 1.5, (ours, theirs)


def test_pages_are_given_back(sqlite_url: str) -> None:
    """After much was deleted the file becomes small again, some pages at a time."""
    engine = open_engine(sqlite_url, is_writer=True, is_lasting=True)
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    _plant(engine, schema.samples, [
        {"id": str(number), "at": at(20 * DAY_S), "summary": "", "content": os.urandom(8_000)}
        for number in range(2_500)
    ])  # fmt: skip
    tidy(engine, WIDE, NOW_S, LONG_S)
    assert count_of(engine, schema.samples) == 0
    sizes = []
    for _ in range(4):
        with engine.connect() as connection:
            connection.connection.commit()
        vacuum(engine)
        raw = engine.raw_connection()
        raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # type: ignore[union-attr]
        raw.close()
        sizes.append(path.stat().st_size)
    engine.dispose()
    assert sizes[0] > sizes[1] > sizes[2] >= sizes[3]
    assert tidying.VACUUM_PAGES <= (sizes[0] - sizes[1]) / 4096 <= tidying.VACUUM_PAGES + 10
    assert sizes[3] < 1 << 20
