"""What the report claims, where it would be easy to claim too much."""

import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine

from shadowproxy.core.words import Verdict
from shadowproxy.report import schema
from shadowproxy.report.batch import Batch
from shadowproxy.report.conclusion import GO, NO_GO, NOT_YET, Facts, conclude
from shadowproxy.report.deciding import Actor, decide, save_rule
from shadowproxy.report.findings import group_series
from shadowproxy.report.learned import slower_of
from shadowproxy.report.reading import report_of
from shadowproxy.report.tidying import Bounds, tidy
from shadowproxy.report.traffic import exchanges_of, series_of
from shadowproxy.report.versions import versions_of
from shadowproxy.report.windows import Window
from shadowproxy.report.writing import write
from tests.report.events import finding, group_id

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
ANN = Actor("ann", NOW)
ENDPOINT = "GET /a"


def put(
    engine: Engine, batch: Batch, number: int = 1, writer: str = "w", now: datetime = NOW
) -> None:
    with engine.begin() as connection:
        write(connection, batch, writer, number, now.isoformat(timespec="milliseconds"), 10)


def judged(**counts: int) -> Batch:
    """Exchanges of one endpoint by verdict, a moment ago."""
    batch = Batch()
    seen = NOW.isoformat(timespec="milliseconds")
    for verdict, count in counts.items():
        batch.traffic[NOW_S - 10, f"verdict/{verdict}"] = count
        batch.count(NOW_S - 10, ENDPOINT, "a", Verdict(verdict), seen)
    return batch


def word(engine: Engine, **how: Any) -> str:
    with engine.begin() as connection:
        said: str = report_of(connection, Window(NOW), **how)["conclusion"]["word"]
    return said


def test_what_could_not_be_compared_is_no_go_ahead(engine: Engine) -> None:
    """A hundred thousand answers that nobody could look into say nothing."""
    put(engine, judged(incomparable=100_000))
    assert word(engine) == NOT_YET


@pytest.mark.parametrize(
    ("compared", "bad", "unclear", "expected"),
    [
        (10_000, 0, 0, GO), (10_000, 0, 1, GO), (10_000, 0, 200, NOT_YET),
        (10_000, 100, 0, NO_GO), (10_000, 100, 1000, NO_GO), (10_000, 100, 10**6, NOT_YET),
    ],
)  # fmt: skip
def test_the_unclear_speaks_for_nobody(
    compared: int, bad: int, unclear: int, expected: str
) -> None:
    """For go it counts as bad, for no-go as good; and it is told."""
    said = conclude(Facts(compared, bad, 0.001, unclear))
    assert said["word"] == expected
    assert any("could not be compared" in reason for reason in said["reasons"]) == bool(unclear)


def test_a_finding_that_was_evicted_still_counts(engine: Engine) -> None:
    """Leaving out what a person expects must not leave out what there was no room for."""
    batch = judged(match=99_000, mismatch=1000)
    batch.add_group(finding(ENDPOINT, "/expected", NOW.isoformat(), 10))
    batch.traffic[NOW_S - 10, "evicted"] = 990
    put(engine, batch)
    with engine.begin() as connection:
        assert decide(connection, group_id(ENDPOINT, "/expected"), "expected", "", ANN)
    assert word(engine) == NO_GO


def test_nothing_is_left_out_where_something_was_lost(engine: Engine) -> None:
    """Rows that found no room may have been findings."""
    batch = judged(match=99_000, mismatch=1000)
    batch.add_group(finding(ENDPOINT, "/expected", NOW.isoformat(), 1000))
    put(engine, batch)
    with engine.begin() as connection:
        decide(connection, group_id(ENDPOINT, "/expected"), "expected", "", ANN)
    assert word(engine) == GO
    put(engine, Batch(lost=1), 2)
    assert word(engine) == NO_GO


def test_a_run_that_is_over_says_nothing_about_today(engine: Engine) -> None:
    """What it called slower was yesterday's candidate; a proxy that still writes is heard."""
    pace = {"endpoint": ENDPOINT, "is_slower": True, "sentence": "slow"}
    old = Batch(learned={"latencies": zlib.compress(orjson.dumps([pace]))})
    put(engine, old, writer="old", now=NOW - timedelta(days=5))
    put(engine, judged(match=100_000), writer="new")
    assert word(engine) == GO
    put(engine, old, 2, writer="old", now=NOW - timedelta(seconds=60))
    assert word(engine) == NO_GO


def test_a_run_that_was_the_last_is_heard_as_long_as_there_is_no_other(engine: Engine) -> None:
    """The report of a proxy that was stopped is as it was when it was."""
    pace = {"endpoint": ENDPOINT, "is_slower": True, "sentence": "slow"}
    batch = Batch(learned={"latencies": zlib.compress(orjson.dumps([pace]))})
    put(engine, batch, now=NOW - timedelta(days=5))
    with engine.begin() as connection:
        assert slower_of(connection) == {ENDPOINT: "slow"}


@pytest.mark.parametrize("version", ["build 1", "1", "new since 1", " ", "came back in 2"])
def test_any_name_of_a_version_is_listed(engine: Engine, version: str) -> None:
    """It is the candidate's text, and may have spaces."""
    batch = Batch()
    seen = NOW.isoformat(timespec="milliseconds")
    for name, count in (("0", 1000), (version, 1000)):
        for _ in range(count):
            batch.see_version(name, ENDPOINT, seen)
    group = finding(ENDPOINT, "/a", seen, 500)
    group.versions.add(version, 500)
    batch.add_group(group)
    put(engine, batch)
    with engine.begin() as connection:
        document = versions_of(connection)
    assert {each["version"] for each in document["versions"]} == {"0", version}
    told = [each["version"] for each in document["versions"] if each["new"] or each["gone"]]
    assert len(told) <= 1


@pytest.mark.parametrize("since_s", [1800.0, 12 * 3600.0, 86_400.0, None])
def test_steady_traffic_makes_a_level_chart(engine: Engine, since_s: float | None) -> None:
    """However wide the buckets are by now: no point is emptier than another but for the two ends."""
    batch = Batch()
    group = finding(ENDPOINT, "/a", NOW.isoformat(timespec="milliseconds"), 1)
    batch.add_group(group)
    for start_s in range(NOW_S - 86_400, NOW_S, 10):
        batch.traffic[start_s, "verdict/match"] = 100
        batch.count_group(start_s, group.id)
    put(engine, batch)
    assert tidy(engine, Bounds(30 * 86_400.0, 1 << 30), float(NOW_S), 60.0)
    window = Window(NOW, since_s)
    with engine.begin() as connection:
        charts = (
            [point["exchanges"] for point in series_of(connection, window)["points"]],
            [point["count"] for point in group_series(connection, group.id, window)["points"]],
        )
    for counts in charts:
        assert len(counts) > 3
        assert len(set(counts[1:-1])) == 1, counts


def test_the_sums_of_a_window_are_not_called_wrong() -> None:
    """What was received before it and ended in it is no loss."""
    sums = exchanges_of({"verdict/match": 3})
    assert (sums["received"], sums["recorded"], sums["in_flight"]) == (0, 3, 0)
    assert sums["balanced"] is None


def test_a_saved_rule_leaves_decisions_alone(engine: Engine) -> None:
    """What a person has called fixed stays so."""
    batch = Batch()
    batch.add_group(finding(ENDPOINT, "/a", NOW.isoformat(), 1))
    put(engine, batch)
    found = group_id(ENDPOINT, "/a")
    with engine.begin() as connection:
        decide(connection, found, "fixed", "JIRA-1", ANN)
        save_rule(connection, {"path": "$.a", "ignore": True}, "", "", [found], ANN)
        row = connection.execute(schema.groups.select()).one()
    assert (row.state, row.note, row.rule) == ("fixed", "JIRA-1", None)
