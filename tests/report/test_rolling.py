"""Rolling up: sums never change, each row is at one width, widths are as the steps say."""

from collections import Counter
from functools import partial
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, Table, func, select

from shadowproxy.report import schema
from shadowproxy.report.opening import open_engine
from shadowproxy.report.rolling import SERIES, STEPS, roll
from shadowproxy.report.schema import COUNTERS, WIDTHS_S
from shadowproxy.report.upserting import upsert
from tests.report.racing import race
from tests.report.stores import ON_A_STORE, wipe

NOW_S = 1_750_000_000.0
DAY_S = 86_400
KEYS = {schema.series: "endpoint_id", schema.traffic: "name", schema.group_series: "group_id"}


class Late(NamedTuple):
    """A count of something that happened so long before now."""

    age_s: int
    key: int
    times: int


class Wait(NamedTuple):
    """Time goes on, then all that is due is rolled up."""

    for_s: int


_ages = st.one_of(st.integers(0, 7200), st.integers(0, 3 * DAY_S), st.integers(0, 40 * DAY_S))
steps = st.lists(
    st.one_of(
        st.builds(Late, _ages, st.integers(1, 3), st.integers(1, 1_000)),
        st.builds(Wait, st.sampled_from((10, 600, 4000, DAY_S, 15 * DAY_S))),
    ),
    max_size=25,
)


def _name(table: Table, key: int) -> object:
    return key if table is schema.series else str(key)


def _add(engine: Engine, at_s: int, key: int, count: int) -> None:
    """One row in each table, as a flush writes it."""
    with engine.begin() as connection:
        for table, name in KEYS.items():
            width_s = 60 if table is schema.group_series else 10
            row = {
                "width_s": width_s,
                "start_s": at_s // width_s * width_s,
                name: _name(table, key),
            }
            counters = COUNTERS if table is schema.series else ("count",)
            upsert(connection, table, [row | dict.fromkeys(counters, count)])


def _roll_all(engine: Engine, now_s: float) -> None:
    for table in SERIES:
        for step in STEPS:
            more = True
            while more:
                with engine.begin() as connection:
                    more = roll(connection, table, step, now_s)


def _sums(engine: Engine, table: Table) -> Counter[object]:
    sums: Counter[object] = Counter()
    name = KEYS[table]
    counters = COUNTERS if table is schema.series else ("count",)
    with engine.begin() as connection:
        for row in connection.execute(select(table)).mappings():
            assert len({row[each] for each in counters}) == 1, "all counters go the same way"
            sums[row[name]] += row[counters[0]]
    return sums


@ON_A_STORE
@given(steps)
def test_sums_never_change(engine: Engine, stream: list[Late | Wait]) -> None:
    """Whatever is written late and whenever it is rolled up, each count is there once."""
    wipe(engine)
    now_s = NOW_S
    expected: Counter[int] = Counter()
    for step in stream:
        if isinstance(step, Late):
            _add(engine, int(now_s) - step.age_s, step.key, step.times)
            expected[step.key] += step.times
            continue
        now_s += step.for_s
        _roll_all(engine, now_s)
        for table in SERIES:
            _is_of_its_width(engine, table, now_s)
    for table in SERIES:
        assert _sums(engine, table) == {_name(table, key): n for key, n in expected.items()}


def _is_of_its_width(engine: Engine, table: Table, now_s: float) -> None:
    """Rows begin at multiples of their width, and none is finer than its age allows."""
    with engine.begin() as connection:
        rows = connection.execute(select(table.c.width_s, table.c.start_s)).all()
    for width_s, start_s in rows:
        assert width_s in WIDTHS_S
        assert start_s % width_s == 0
        for step in STEPS:
            if width_s == step.fine_s:
                end_s = start_s // step.coarse_s * step.coarse_s + step.coarse_s
                assert end_s > now_s - step.after_s, (width_s, now_s - start_s)


def test_the_way_through_all_widths(engine: Engine) -> None:
    """Each width holds until its rows are as old as its step says, then comes the next."""
    at_s = int(NOW_S) // DAY_S * DAY_S
    _add(engine, at_s, 1, 5)
    _add(engine, at_s + 10, 1, 7)
    for step in STEPS:
        for age_s, width_s in ((step.after_s - 1, step.fine_s), (step.after_s, step.fine_s),
                               (step.after_s + step.coarse_s, step.coarse_s)):  # fmt: skip
            _roll_all(engine, at_s + age_s)
            with engine.begin() as connection:
                found = connection.execute(select(schema.series.c.width_s)).scalars().all()
            assert set(found) == {width_s}, age_s
    assert _sums(engine, schema.series) == {1: 12}


def test_the_steps_go_from_each_width_to_the_next() -> None:
    """No width is left out, and buckets are whole parts of the next."""
    assert tuple(step.fine_s for step in STEPS) == WIDTHS_S[:-1]
    assert tuple(step.coarse_s for step in STEPS) == WIDTHS_S[1:]
    assert all(step.coarse_s % step.fine_s == 0 for step in STEPS)
    assert sorted(step.after_s for step in STEPS) == [step.after_s for step in STEPS]


def test_a_step_takes_one_bucket(engine: Engine) -> None:
    """A slice is the fine rows of one coarse bucket: what is beside it waits for the next."""
    wipe(engine)
    start_s = int(NOW_S) // 60 * 60
    for offset in (0, 10, 50, 60, 70):
        _add(engine, start_s + offset, 1, 1)
    with engine.begin() as connection:
        assert roll(connection, schema.series, STEPS[0], start_s + 2 * DAY_S)
        rows = connection.execute(
            select(
                schema.series.c.width_s, schema.series.c.start_s, schema.series.c.match
            ).order_by(schema.series.c.start_s, schema.series.c.width_s)
        ).all()
    assert [tuple(row) for row in rows] == [
        (60, start_s, 3), (10, start_s + 60, 1), (10, start_s + 70, 1),
    ]  # fmt: skip


def test_what_another_proxy_adds_meanwhile_is_there(postgresql_url: str) -> None:
    """One rolls up again and again while another writes late: the sum is exact."""
    times = 80
    engines = [open_engine(postgresql_url, is_writer=True) for _ in range(2)]
    writes = (
        partial(_add, engines[1], int(NOW_S) + number % 3 * 10, 1, 1) for number in range(times)
    )
    race(writes, partial(_roll_all, engines[0], NOW_S + 5 * DAY_S))
    for table in SERIES:
        assert _sums(engines[0], table) == {_name(table, 1): times}
    with engines[0].begin() as connection:
        widths = connection.execute(select(func.count(schema.series.c.width_s.distinct())))
        assert widths.scalar_one() >= 1
    for engine in engines:
        engine.dispose()
