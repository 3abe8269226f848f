"""Renamed endpoints: everything follows, nothing is lost, whoever writes meanwhile."""

from functools import partial

import orjson
from sqlalchemy import Engine, select

from shadowproxy.core.words import Verdict
from shadowproxy.findings.tallies import ValuePair
from shadowproxy.report import schema
from shadowproxy.report.batch import Batch, Rename
from shadowproxy.report.deciding import Actor, decide
from shadowproxy.report.moving import move_endpoint
from shadowproxy.report.opening import open_engine
from tests.report.events import START_S, finding, group_id, kept_in, sample, seen_at
from tests.report.racing import race
from tests.report.test_deciding import NOON
from tests.report.test_writing import put_in

OLD, OTHER, NEW = "GET /users/41", "GET /users/42", "GET /users/{int}"


def _seen(endpoint: str, second: int, value: str) -> Batch:
    batch = Batch()
    seen = seen_at(second)
    batch.count(START_S, endpoint, "all", Verdict.MISMATCH, seen)
    batch.see_version("2.0", endpoint, seen)
    group = finding(endpoint, "/a", seen)
    group.pairs.add(ValuePair(value, "x"))
    batch.add_group(group)
    batch.count_group(START_S, group.id)
    batch.add_sample(sample(second, [group.id]))
    return batch


def _move(engine: Engine, old: str, new: str = NEW) -> None:
    with engine.begin() as connection:
        move_endpoint(connection, Rename(old, new, new))


def test_all_that_is_kept_of_an_endpoint_follows(engine: Engine) -> None:
    """Series, versions, totals, findings with their charts, pairs and samples: two become one."""
    put_in(engine, _seen(OLD, 5, "a"), 1)
    put_in(engine, _seen(OTHER, 3, "b"), 2)
    _move(engine, OLD)
    _move(engine, OTHER)
    model = kept_in(engine)
    assert model.series[START_S, NEW, "mismatch"] == 2
    assert model.versions == {("2.0", NEW): 2}
    assert model.groups == {(NEW, "/a", "count"): 2}
    assert set(model.group_series.values()) == {2}
    assert model.seen == {NEW: (seen_at(3), seen_at(5))}
    with engine.begin() as connection:
        row = connection.execute(select(schema.groups)).one()
        assert (row.endpoint, row.first_seen, row.last_seen) == (NEW, seen_at(3), seen_at(5))
        pairs = {each["legacy"]: each["count"] for each in orjson.loads(row.pairs)}
        assert pairs == {"1": 2, "a": 1, "b": 1}
        held = connection.execute(select(schema.sample_groups.c.group_id)).scalars().all()
        assert held == [group_id(NEW, "/a")] * 2
        shown = connection.execute(select(schema.group_versions)).one()
        assert shown._asdict()["count"] == 2


def test_a_decision_follows_its_finding(engine: Engine) -> None:
    """And where two findings become one, the one that was there first keeps its own."""
    put_in(engine, _seen(OLD, 1, "a"), 1)
    put_in(engine, _seen(OTHER, 2, "a"), 2)
    for endpoint, state in ((OLD, "expected"), (OTHER, "fixed")):
        with engine.begin() as connection:
            decide(connection, group_id(endpoint, "/a"), state, state, Actor("ann", NOON))
    _move(engine, OLD)
    _move(engine, OTHER)
    with engine.begin() as connection:
        row = connection.execute(select(schema.groups)).one()
        assert (row.state, row.note) == ("expected", "expected")


def test_a_name_that_stays_the_same_when_redacted_loses_nothing(engine: Engine) -> None:
    """Old and new may be shown alike: findings get the new fingerprint, figures stay."""
    put_in(engine, _seen(OLD, 1, "a"), 1)
    before = kept_in(engine).series
    with engine.begin() as connection:
        move_endpoint(connection, Rename(OLD, OLD, NEW))
        ids = connection.execute(select(schema.groups.c.id)).scalars().all()
    assert ids == [group_id(NEW, "/a")]
    with engine.begin() as connection:
        charted = connection.execute(select(schema.group_series.c.group_id)).scalars().all()
    assert charted == ids
    assert sum(before.values()) == 1


def test_the_same_rename_again_changes_nothing(engine: Engine) -> None:
    """Two proxies learn the same and say it one after the other."""
    put_in(engine, _seen(OLD, 1, "a"), 1)
    _move(engine, OLD)
    before = kept_in(engine)
    _move(engine, OLD)
    assert kept_in(engine) == before


def test_what_another_proxy_adds_meanwhile_is_there(postgresql_url: str) -> None:
    """One renames again and again while another counts under the old name: the sum is exact."""
    times = 60
    engines = [open_engine(postgresql_url, is_writer=True) for _ in range(2)]

    def count(number: int) -> None:
        put_in(engines[1], _seen(OLD, number % 50, "a"), number)

    writes = (partial(count, number) for number in range(1, times + 1))
    race(writes, partial(_move, engines[0], OLD))
    _move(engines[0], OLD)
    model = kept_in(engines[0])
    assert model.series[START_S, NEW, "mismatch"] == times
    assert model.groups == {(NEW, "/a", "count"): times}
    assert set(model.group_series.values()) == {times}
    assert model.versions == {("2.0", NEW): times}
    for engine in engines:
        engine.dispose()
