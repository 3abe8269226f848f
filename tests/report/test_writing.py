"""One flush: all of a batch or nothing, added to what is there, each once."""

import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from random import Random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, func, select, text

from shadowproxy.core.words import Verdict
from shadowproxy.findings.group import Evidence
from shadowproxy.findings.tallies import MAX_LEADING, ValuePair
from shadowproxy.report import schema
from shadowproxy.report.batch import Batch
from shadowproxy.report.deciding import Actor, decide
from shadowproxy.report.opening import StoreError, Trouble, open_engine, told
from shadowproxy.report.writing import last_flush, write
from tests.report.events import (
    START_S,
    Event,
    Model,
    batches,
    events,
    finding,
    group_id,
    kept_in,
    sample,
    seen_at,
)
from tests.report.stores import ON_A_STORE, contents, count_of, wipe
from tests.report.test_deciding import NOON

NOW = seen_at(0)
MAX_SAMPLES = 6
ENDPOINT, PATH = "GET /users/{int}", "/a"
GROUP = group_id(ENDPOINT, PATH)


def put_in(engine: Engine, batch: Batch, number: int = 1, writer: str = "w") -> bool:
    """One flush."""
    with told("written"), engine.begin() as connection:
        return write(connection, batch, writer, number, NOW, MAX_SAMPLES)


def batch_of(*seconds: int, endpoint: str = ENDPOINT, path: str = PATH) -> Batch:
    """A batch in which a finding is seen at some seconds."""
    batch = Batch()
    for second in seconds:
        seen = seen_at(second)
        batch.count(START_S, endpoint, "all", Verdict.MISMATCH, seen)
        batch.add_group(finding(endpoint, path, seen))
        batch.count_group(START_S, group_id(endpoint, path))
    return batch


def one(engine: Engine, column: str) -> object:
    """Of the one finding."""
    with engine.begin() as connection:
        return connection.execute(select(schema.groups.c[column])).scalar_one()


@ON_A_STORE
@given(
    events,
    st.lists(st.integers(0, 30), max_size=4),
    st.lists(st.sampled_from(["written", "failed", "unheard"]), max_size=8),
)
def test_every_split_and_every_retry_comes_to_the_same(
    engine: Engine, stream: list[Event], at: list[int], fates: list[str]
) -> None:
    """Flushes that failed and those that were committed unheard are tried again, and count once."""
    wipe(engine)
    waiting = iter(fates)
    for number, batch in enumerate(batches(stream, at), 1):
        while (fate := next(waiting, "written")) != "written":
            _try(engine, batch, number, fate)
        put_in(engine, batch, number)
    assert kept_in(engine) == Model.of(stream)


def _try(engine: Engine, batch: Batch, number: int, fate: str) -> None:
    if fate == "unheard":
        put_in(engine, batch, number)
        return
    before = contents(engine)
    with engine.connect() as connection:
        assert write(connection, batch, "w", number, NOW, MAX_SAMPLES) in (True, False)
        connection.rollback()
    assert contents(engine) == before, "all of a batch or nothing"


def test_two_writers_add_up(engine: Engine) -> None:
    """Counters are sums, times the first and the last, whoever writes in whatever order."""
    put_in(engine, batch_of(50, 60), writer="a")
    put_in(engine, batch_of(10, 20, 30), writer="b")
    put_in(engine, batch_of(40), number=2, writer="a")
    model = kept_in(engine)
    assert model.groups[ENDPOINT, PATH, "count"] == 6
    assert model.series[START_S, ENDPOINT, "mismatch"] == 6
    assert model.seen[ENDPOINT] == (seen_at(10), seen_at(60))
    assert (one(engine, "first_seen"), one(engine, "last_seen")) == (seen_at(10), seen_at(60))
    with engine.begin() as connection:
        row = connection.execute(select(schema.group_versions)).one()
        assert row._asdict()["count"] == 6
        assert row.version == "2.0"
        assert [last_flush(connection, each)[0] for each in "abc"] == [2, 1, 0]


def test_a_number_that_was_written_is_skipped(engine: Engine) -> None:
    """The same flush again, and an older one, change no figure."""
    assert put_in(engine, batch_of(1), number=7)
    before = contents(engine)
    assert not put_in(engine, batch_of(2), number=7)
    assert not put_in(engine, batch_of(2), number=3)
    assert contents(engine) == before
    assert put_in(engine, batch_of(2), number=8)


def test_an_attempt_that_still_runs_is_waited_for(postgresql_url: str) -> None:
    """A flush whose connection broke may be committed while it is tried again: it counts once."""
    engine, other = (open_engine(postgresql_url, is_writer=True) for _ in range(2))
    outcome: list[bool] = []
    second = threading.Thread(target=lambda: outcome.append(put_in(other, batch_of(1))))
    with engine.connect() as watching, engine.begin() as connection:
        assert write(connection, batch_of(1), "w", 1, NOW, MAX_SAMPLES)
        second.start()
        _until_blocked(watching)
    second.join()
    assert outcome == [False]
    assert kept_in(engine).groups[ENDPOINT, PATH, "count"] == 1
    engine.dispose()
    other.dispose()


def _until_blocked(watching: Connection) -> None:
    """Until somebody waits for a lock; `pg_locks` is read by polling, for nobody announces it."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _ in range(100_000):
        if watching.execute(waiting).scalar_one():
            return
    raise AssertionError("nobody waits")


def test_states_of_people_are_never_overwritten(engine: Engine) -> None:
    """A finding that is seen again keeps what a person decided, whoever saw it."""
    put_in(engine, batch_of(1))
    with engine.begin() as connection:
        assert decide(connection, GROUP, "fixed", "in 2.1", Actor("ann", NOON))
    names = ("state", "note", "state_since", "state_by", "rule")
    decided = [one(engine, name) for name in names]
    put_in(engine, batch_of(2), number=2)
    put_in(engine, batch_of(3), writer="other")
    assert [one(engine, name) for name in names] == decided
    assert one(engine, "count") == 3


def test_value_pairs_are_joined_and_bounded(engine: Engine) -> None:
    """Those of both flushes, the most frequent first, at most MAX_LEADING."""
    for number, values in enumerate((("a", "b"), ("b", "c", "d"), ("e", "f", "g", "b")), 1):
        batch = batch_of(number)
        for value in values:
            batch.groups[GROUP].pairs.add(ValuePair(value, "x"))
        put_in(engine, batch, number)
    pairs = orjson.loads(str(one(engine, "pairs")))
    assert len(pairs) == MAX_LEADING
    assert [pairs[0][name] for name in ("legacy", "candidate", "count")] == ["1", "2", 3]
    assert [pairs[1][name] for name in ("legacy", "candidate", "count", "over")] == ["b", "x", 3, 0]


def test_a_reproducer_is_kept(engine: Engine) -> None:
    """The first one stays: later flushes without one, or with another, change nothing."""
    put_in(engine, batch_of(1))
    assert one(engine, "reproducer") is None
    for number, legacy in enumerate(("first", "second"), 2):
        batch = batch_of(number)
        assert batch.groups[GROUP].reproduce({"legacy": legacy})
        put_in(engine, batch, number)
    put_in(engine, batch_of(4), 4)
    kept = one(engine, "reproducer")
    assert isinstance(kept, bytes)
    assert orjson.loads(zlib.decompress(kept)) == {"legacy": "first"}


def test_evidence_is_the_newest(engine: Engine) -> None:
    """Noise is not added up: what was said last holds, and infinity has a number."""
    for number, evidence in enumerate(
        (Evidence("noisy", 9, 8, 7.0), Evidence("open", 10, 8, float("inf"))), 1
    ):
        batch = batch_of(number)
        batch.groups[GROUP].noise = evidence
        put_in(engine, batch, number)
    shown = [one(engine, f"noise_{name}") for name in ("state", "samples", "b", "e")]
    assert shown == ["open", 10, 8, 1e300]


def _sampled(numbers: range, draws: Iterator[float]) -> Batch:
    batch = batch_of(0)
    for number in numbers:
        batch.add_sample(sample(number, [GROUP], next(draws)))
    return batch


def _kept(engine: Engine) -> list[int]:
    with engine.begin() as connection:
        rows = connection.execute(
            select(schema.samples.c.id)
            .join(schema.sample_groups, schema.sample_groups.c.sample_id == schema.samples.c.id)
            .where(schema.sample_groups.c.group_id == GROUP)
        )
        return sorted(int(found, 16) for found in rows.scalars())


@settings(ON_A_STORE, max_examples=8)
@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=24, max_size=24, unique=True))
def test_a_third_of_the_samples_are_the_latest_and_the_rest_by_draw(
    engine: Engine, draws: list[float]
) -> None:
    """However many come in however many flushes: MAX_SAMPLES, and no sample without a finding."""
    wipe(engine)
    drawn = iter(draws)
    for number in range(4):
        put_in(engine, _sampled(range(6 * number, 6 * number + 6), drawn), number + 1)
    latest = [22, 23]
    # a sample leaves by its draw once it is no longer one of the latest, so those kept of the
    # others are exactly the highest draws of all the others
    best = sorted(range(22), key=lambda number: draws[number])[-4:]
    assert _kept(engine) == sorted(best + latest)
    assert count_of(engine, schema.samples) == MAX_SAMPLES
    assert count_of(engine, schema.sample_groups) == MAX_SAMPLES


def test_every_sample_is_as_likely_to_stay(sqlite_url: str) -> None:
    """With random draws each of 16 older samples stays in 4 of 16 cases: chi squared over 200 runs."""
    random = Random(7)
    engine = open_engine(sqlite_url, is_writer=True, is_lasting=True)
    runs, older, places = 200, 16, 4
    for run in range(runs):
        batch = Batch()
        for number in range(older + 2):
            batch.add_sample(sample(100 * run + number, [f"{run:016x}"], random.random()))
        put_in(engine, batch, run + 1)
    with engine.begin() as connection:
        kept = connection.execute(select(schema.sample_groups.c.sample_id)).scalars()
        stayed = Counter(number for each in kept if (number := int(each, 16) % 100) < older)
    engine.dispose()
    assert sum(stayed.values()) == runs * places
    expected = runs * places / older
    variance = runs * places / older * (1 - places / older)
    chi = sum((stayed[number] - expected) ** 2 for number in range(older)) / variance
    assert chi < 37.7, stayed  # 15 degrees of freedom: 0.1 %


def test_a_sample_of_two_findings_leaves_with_the_last(engine: Engine) -> None:
    """It is deleted when no finding holds it any more, not before."""
    other = group_id(ENDPOINT, "/b/*/c")
    batch = Batch()
    batch.add_sample(sample(0, [GROUP, other], 0.0))
    put_in(engine, batch)
    crowd = Batch()
    for number in range(1, 8):
        crowd.add_sample(sample(number, [GROUP], 0.9))
    put_in(engine, crowd, 2)
    with engine.begin() as connection:
        holders = connection.execute(
            select(schema.sample_groups.c.group_id).where(
                schema.sample_groups.c.sample_id == f"{0:016x}"
            )
        ).scalars()
        assert list(holders) == [other]
    crowd = Batch()
    for number in range(8, 15):
        crowd.add_sample(sample(number, [other], 0.9))
    put_in(engine, crowd, 3)
    with engine.begin() as connection:
        ids = set(connection.execute(select(schema.samples.c.id)).scalars())
        assert f"{0:016x}" not in ids
        orphans = select(func.count()).select_from(schema.samples)
        held = select(schema.sample_groups.c.sample_id)
        assert connection.execute(orphans.where(schema.samples.c.id.not_in(held))).scalar_one() == 0


@pytest.mark.parametrize("poison", ["\0", "\ud800"])
def test_what_has_no_place_in_the_store_is_refused(engine: Engine, poison: str) -> None:
    """A lone surrogate anywhere, a NUL in PostgreSQL: nothing of the batch is there."""
    before = contents(engine)
    batch = batch_of(1)
    batch.count(START_S, f"GET /{poison}", "all", Verdict.MATCH, seen_at(1))
    if engine.dialect.name == "sqlite" and poison == "\0":
        assert put_in(engine, batch)
        return
    with pytest.raises(StoreError) as caught:
        put_in(engine, batch)
    assert caught.value.trouble is Trouble.REFUSED
    assert contents(engine) == before


def test_numbers_that_are_too_large_are_refused(engine: Engine) -> None:
    """An integer of more than 64 bits."""
    batch = Batch()
    batch.traffic[START_S, "received"] = 1 << 64
    with pytest.raises(StoreError) as caught:
        put_in(engine, batch)
    assert caught.value.trouble is Trouble.REFUSED


def test_what_was_learned_is_replaced(engine: Engine) -> None:
    """Parts and links of one writer; those of others stay."""
    for number, (writer, content) in enumerate([("a", b"1"), ("b", b"2"), ("a", b"3")], 1):
        batch = Batch()
        batch.learned, batch.links = {"noise": content}, [(content.decode(), "x")]
        put_in(engine, batch, number, writer)
    put_in(engine, batch_of(1), 4, "a")
    with engine.begin() as connection:
        rows = connection.execute(select(schema.learned.c.writer_id, schema.learned.c.content))
        assert {row.writer_id: row.content for row in rows} == {"a": b"3", "b": b"2"}
        links = dict(connection.execute(select(schema.writers.c.id, schema.writers.c.links)).all())
    assert links == {"a": '[["3","x"]]', "b": '[["2","x"]]'}


def test_the_baseline_is_where_traffic_came_up_to(engine: Engine) -> None:
    """It stays until a flush says another."""
    batch = Batch()
    batch.baseline = {"received": 5}
    put_in(engine, batch)
    put_in(engine, batch_of(1), 2)
    with engine.begin() as connection:
        assert last_flush(connection, "w") == (2, {"received": 5})
