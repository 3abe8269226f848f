"""What is read from a store: the same from both databases, and what the rows add up to."""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, Engine, insert, select

from shadowproxy.core.words import Verdict
from shadowproxy.report import schema
from shadowproxy.report.deciding import audit_page, extent, saved_rules
from shadowproxy.report.endpoints import (
    compared,
    endpoint_items,
    endpoint_series,
    exchanges_by_endpoint,
)
from shadowproxy.report.findings import (
    SORTS,
    STATES,
    Query,
    group_detail,
    group_list,
    sample_of,
    samples_of,
    standing_of,
)
from shadowproxy.report.learned import latencies_of, links_of, noise_of, rules_of, slower_of
from shadowproxy.report.opening import StoreError, make_private, open_engine
from shadowproxy.report.reading import Reader, read_groups, read_report, read_sample, report_of
from shadowproxy.report.schema import VERDICTS, endpoint_id
from shadowproxy.report.traffic import exchanges_of, series_of, totals_of, users_of, verdicts_of
from shadowproxy.report.versions import versions_of
from shadowproxy.report.windows import MAX_POINTS, Window
from tests.report.planting import ENDPOINTS, HOSTILE, KINDS, NOW, VERSIONS, plant
from tests.report.stores import copy_into, rows_of, wipe
from tests.support.postgres import Postgres

WINDOWS = [None, 3600.0, 86_400.0, 3 * 86_400.0, 30 * 86_400.0]


@pytest.fixture(scope="module")
def planted(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with a week's rows."""
    path = tmp_path_factory.mktemp("reading") / "report.db"
    path.write_bytes(sqlite_template.read_bytes())
    engine = open_engine(f"sqlite:///{path}", is_writer=True, is_lasting=True)
    plant(engine)
    engine.dispose()
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def copied(planted: str, postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """The same rows in PostgreSQL."""
    name = postgres.create(postgres_template)
    source, target = (open_engine(url, is_writer=True) for url in (planted, postgres.url(name)))
    copy_into(target, source)
    source.dispose()
    target.dispose()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(scope="module")
def file(planted: str) -> Iterator[Reader]:
    """A reader of the file."""
    it = Reader(planted)
    yield it
    it.close()


@pytest.fixture(scope="module")
def both(file: Reader, copied: str) -> Iterator[tuple[Reader, Reader]]:
    """Readers of both."""
    it = Reader(copied)
    yield file, it
    it.close()


def _is_same(both: tuple[Reader, Reader], what: Callable[..., Any], *arguments: Any) -> Any:
    """What both say, JSON-able and to the byte the same."""
    one, other = (reader.read(what, *arguments) for reader in both)
    assert orjson.dumps(one) == orjson.dumps(other), (what.__name__, arguments)
    return one


@pytest.mark.parametrize("since_s", WINDOWS)
@pytest.mark.parametrize("endpoint", [None, ENDPOINTS[0], HOSTILE[0], "GET /nowhere"])
def test_the_report_is_the_same(
    both: tuple[Reader, Reader], since_s: float | None, endpoint: str | None
) -> None:
    """The whole document, of every window and endpoint."""
    report = _is_same(both, report_of, Window(NOW, since_s), endpoint)
    assert report["conclusion"]["word"] in ("go", "no-go", "not enough data")
    if endpoint == "GET /nowhere":
        assert report["findings"] == 0


@pytest.mark.parametrize("since_s", WINDOWS)
def test_endpoints_are_the_same(both: tuple[Reader, Reader], since_s: float | None) -> None:
    """All of them, with latencies and series."""
    window = Window(NOW, since_s)
    items = _is_same(both, endpoint_items, window, {})
    assert items == sorted(items, key=lambda item: (-item["exchanges"], item["endpoint"]))
    for endpoint in ENDPOINTS[:3]:
        _is_same(both, endpoint_series, window, endpoint)


@pytest.mark.parametrize("what", [
    versions_of, noise_of, latencies_of, slower_of, rules_of, links_of, saved_rules, extent,
])  # fmt: skip
def test_what_else_is_read_is_the_same(
    both: tuple[Reader, Reader], what: Callable[..., Any]
) -> None:
    """Versions, what was learned, rules, how much there is."""
    assert _is_same(both, what)


def test_the_audit_is_the_same(both: tuple[Reader, Reader]) -> None:
    """Page by page."""
    page = _is_same(both, audit_page, 7, None)
    while page["next"]:
        page = _is_same(both, audit_page, 7, page["next"])
    assert page["entries"]


QUERIES = [
    *(Query(sort=sort) for sort in SORTS),
    *(Query(state=state) for state in STATES),
    *(Query(kind=kind) for kind in KINDS),
    *(Query(version=version) for version in VERSIONS),
    *(Query(endpoint=endpoint) for endpoint in HOSTILE),
    *(
        Query(text=text)
        for text in ("%", "_", "'", '"', "\\", "/", "shop/1", "SHOP", "<", ";", ":")
    ),
    *(Query(text=text) for text in ("straße", "über", "ITS_HERE", "it's_here", "100%", "a_b")),
    Query(state="open", kind="changed", version="2.0", text="shop", sort="share"),
]


@pytest.mark.parametrize("query", QUERIES, ids=str)
@pytest.mark.parametrize("since_s", [None, 86_400.0])
def test_findings_are_the_same(
    both: tuple[Reader, Reader], query: Query, since_s: float | None
) -> None:
    """Whatever is asked for, in whatever order."""
    _is_same(both, group_list, query, Window(NOW, since_s))


def test_every_finding_is_the_same(both: tuple[Reader, Reader]) -> None:
    """With samples, reproducer, chart and cause."""
    listed = both[0].read(group_list, Query(limit=1_000), Window(NOW))
    assert len(listed["groups"]) > 100
    for group in listed["groups"][::9]:
        detail = _is_same(both, group_detail, group["id"], Window(NOW))
        assert detail["count"] == group["count"]
        for sample in _is_same(both, samples_of, group["id"]):
            assert _is_same(both, sample_of, sample["id"])["id"] == sample["id"]
    for what, name in ((group_detail, "f" * 16), (sample_of, "f" * 16)):
        arguments = (name, Window(NOW)) if what is group_detail else (name,)
        assert _is_same(both, what, *arguments) is None


def _rows(reader: Reader) -> list[dict[str, Any]]:
    with reader.connect() as connection:
        return [dict(row) for row in connection.execute(select(schema.groups)).mappings()]


def _found(reader: Reader, **asked: Any) -> set[str]:
    listed = reader.read(group_list, Query(limit=1_000, **asked), Window(NOW))
    assert listed["total"] == len(listed["groups"])
    return {group["id"] for group in listed["groups"]}


@pytest.mark.parametrize(
    "text", ["%", "_", "'", '"', "\\", "shop/1", "SHOP", "über", "a_b", "100%"]
)
def test_a_text_is_found_as_it_stands(file: Reader, text: str) -> None:
    """No character of it means anything but itself; case does not matter."""
    expected = {
        row["id"]
        for row in _rows(file)
        if text.lower() in row["endpoint"].lower() or text.lower() in row["path"].lower()
    }
    assert _found(file, text=text) == expected
    assert len(expected) < len(_rows(file))


def test_each_filter_keeps_what_it_says(file: Reader) -> None:
    """State, kind, version, endpoint, id; `returned` is fixed and seen again."""
    rows = _rows(file)
    for state in ("open", "expected", "fixed"):
        assert _found(file, state=state) == {row["id"] for row in rows if row["state"] == state}
    back = {
        row["id"]
        for row in rows
        if row["state"] == "fixed" and row["last_seen"] > row["state_since"]
    }
    assert _found(file, state="returned") == back != set()
    for kind in KINDS:
        assert _found(file, kind=kind) == {row["id"] for row in rows if row["kind"] == kind}
    for endpoint in HOSTILE:
        expected = {row["id"] for row in rows if row["endpoint"] == endpoint}
        assert _found(file, endpoint=endpoint) == expected != set()
    with file.connect() as connection:
        shown = connection.execute(select(schema.group_versions)).mappings().all()
    for version in VERSIONS:
        expected = {row["group_id"] for row in shown if row["version"] == version}
        assert _found(file, version=version) == expected
    assert _found(file, text=rows[0]["id"]) == {rows[0]["id"]}


@pytest.mark.parametrize("since_s", [None, 3 * 86_400.0])
@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_pages_visit_each_finding_once(
    file: Reader, sort: str, limit: int, since_s: float | None
) -> None:
    """`next` leads through all of them, in the order of one long page."""
    window = Window(NOW, since_s)
    whole = file.read(group_list, Query(sort=sort, limit=1_000), window)
    found: list[str] = []
    after: str | None = "0"
    with file.connect() as connection:
        while after is not None:
            query = Query(sort=sort, limit=limit, after=int(after))
            page = group_list(connection, query, window)
            assert page["total"] == whole["total"]
            found += [group["id"] for group in page["groups"]]
            after = page["next"]
            if limit == 1 and len(found) == 20:
                break
    ids = [group["id"] for group in whole["groups"]]
    assert found == ids[: len(found)]
    assert limit == 1 or len(found) == whole["total"]


def test_open_ones_come_first_and_noise_last(file: Reader) -> None:
    """Within that the most frequent, or what was asked for."""
    groups = file.read(group_list, Query(limit=1_000), Window(NOW))["groups"]

    def place(group: dict[str, Any]) -> int:
        if group["noise"]["state"] == "noisy":
            return 2
        return int(group["state"] != "open" and not group["returned"])

    assert groups == sorted(groups, key=lambda group: (place(group), -group["count"], group["id"]))
    newest = file.read(group_list, Query(limit=1_000, sort="last_seen"), Window(NOW))["groups"]
    times = [group["last_seen"] for group in newest]
    assert times == sorted(times, reverse=True)


def _held(connection: Connection, table: Any, since_s: float | None) -> list[dict[str, Any]]:
    start_s = 0.0 if since_s is None else NOW.timestamp() - since_s
    rows = connection.execute(select(table)).mappings()
    return [dict(row) for row in rows if row["start_s"] + row["width_s"] > start_s]


@pytest.mark.parametrize("since_s", WINDOWS)
def test_figures_are_what_the_rows_add_up_to(file: Reader, since_s: float | None) -> None:
    """Exchanges, verdicts, users, endpoints, findings: each number of a window, counted again."""
    with file.connect() as connection:
        report = report_of(connection, Window(NOW, since_s))
        totals: Counter[str] = Counter()
        for row in _held(connection, schema.traffic, since_s):
            totals[row["name"]] += row["count"]
        series = _held(connection, schema.series, since_s)
        shown: Counter[str] = Counter()
        for row in _held(connection, schema.group_series, since_s):
            shown[row["group_id"]] += row["count"]
    assert report["exchanges"] == exchanges_of(totals)
    assert report["exchanges"]["received"] == totals["received"]
    assert report["verdicts"] == verdicts_of(totals)
    assert report["users"] == users_of(totals)
    assert report["users"]["requests"] == totals["requests/2xx"] + totals["requests/5xx"]
    by_endpoint: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for row in series:
        by_endpoint[row["endpoint_id"]].update({name: row[name] for name in VERDICTS})
    assert {
        endpoint_id(item["endpoint"]): Counter(item["verdicts"]) for item in report["endpoints"]
    } == by_endpoint
    for group in report["groups"]:
        assert group["count"] == shown[group["id"]]
        both_answered = compared(by_endpoint[endpoint_id(group["endpoint"])])
        assert group["exchanges"] == max(both_answered, group["count"])
    points = report["series"]["points"]
    assert sum(point["exchanges"] for point in points) == sum(
        totals[f"verdict/{verdict}"] for verdict in Verdict
    )
    for verdict in Verdict:
        assert sum(point[verdict] for point in points) == totals[f"verdict/{verdict}"]
    assert len(points) <= MAX_POINTS + 2
    starts = [point["start_s"] for point in points]
    assert starts == list(range(starts[0], starts[0] + len(starts) * report["series"]["width_s"],
                                report["series"]["width_s"]))  # fmt: skip


def test_charts_show_each_count_once(file: Reader) -> None:
    """Of an endpoint and of a finding: the points add up to what is counted."""
    with file.connect() as connection:
        items = endpoint_items(connection, Window(NOW), {})
        for item in items[:5]:
            chart = endpoint_series(connection, Window(NOW), item["endpoint"])
            assert sum(point["exchanges"] for point in chart["points"]) == item["exchanges"]
        assert exchanges_by_endpoint(connection, Window(NOW)) == {
            endpoint_id(item["endpoint"]): compared(item["verdicts"]) for item in items
        }
        for group in group_list(connection, Query(limit=5), Window(NOW))["groups"]:
            detail = group_detail(connection, group["id"], Window(NOW))
            assert detail is not None
            assert sum(point["count"] for point in detail["series"]["points"]) == group["count"]


def test_what_is_counted_ahead_of_our_clock_is_shown(engine: Engine) -> None:
    """Another proxy's clock may be ahead: its buckets are in the chart, not left out."""
    wipe(engine)
    ahead_s = int(NOW.timestamp()) // 10 * 10 + 120
    with engine.begin() as connection:
        connection.execute(insert(schema.traffic), [
            {"width_s": 10, "start_s": at_s, "name": "verdict/match", "count": 3}
            for at_s in (ahead_s - 240, ahead_s)
        ])  # fmt: skip
        points = series_of(connection, Window(NOW))["points"]
    assert sum(point["match"] for point in points) == 6


def test_standing_is_what_the_list_says(file: Reader) -> None:
    """How many findings are undecided, back, excused."""
    with file.connect() as connection:
        for since_s in WINDOWS:
            window = Window(NOW, since_s)
            groups = group_list(connection, Query(limit=1_000), window)["groups"]
            quiet = [group for group in groups if group["noise"]["state"] != "noisy"]
            undecided = [group for group in quiet if group["state"] == "open"]
            returned = [group for group in groups if group["returned"]]
            standing = standing_of(connection, "", window)
            assert (standing.undecided, standing.returned) == (len(undecided), len(returned))
            against = {group["id"]: group["count"] for group in (*undecided, *returned)}
            assert standing.counted == sum(against.values())
            assert standing.excused == len(groups) - len(against)


def test_a_reading_sees_one_moment(url: str) -> None:
    """What is written while a report is read is in all of its numbers or in none."""
    writer, reader = open_engine(url, is_writer=True), Reader(url)
    row = {"width_s": 10, "start_s": 0, "name": "received", "count": 1}
    with reader.connect() as connection:
        assert totals_of(connection, Window(NOW)) == {}
        with writer.begin() as other:
            other.execute(insert(schema.traffic), [row])
        assert totals_of(connection, Window(NOW)) == {}
    assert reader.read(totals_of, Window(NOW)) == {"received": 1}
    reader.close()
    writer.dispose()


def test_an_empty_store_has_a_report(both: tuple[Reader, Reader], url: str) -> None:
    """With nothing in it, and no claim."""
    reader = Reader(url)
    report = reader.read(report_of, Window(NOW))
    reader.close()
    assert report["conclusion"]["word"] == "not enough data"
    assert (report["groups"], report["endpoints"], report["series"]["points"]) == ([], [], [])
    assert report["coverage"]["rate"] is None
    assert set(report) == set(both[0].read(report_of, Window(NOW)))


def test_what_the_command_line_reads(planted: str) -> None:
    """From a URL: a report, findings with samples, one exchange."""
    report = read_report(planted, since_s=86_400.0, endpoint=None, now=NOW)
    assert report["since"] == (NOW - timedelta(days=1)).isoformat(timespec="milliseconds")
    groups = read_groups(planted, None, NOW)
    assert {group["state"] for group in groups} == {"open", "fixed"}
    assert all(group["returned"] for group in groups if group["state"] == "fixed")
    (one,) = read_groups(planted, [groups[0]["id"], "f" * 16], NOW)
    assert one["id"] == groups[0]["id"]
    assert one["samples"]
    sample = read_sample(planted, one["samples"][0]["id"])
    assert sample is not None
    assert sample["endpoint"] == one["endpoint"]
    assert read_sample(planted, "f" * 16) is None


def test_reading_begins_no_store(tmp_path: Path) -> None:
    """Where nothing was recorded: a sentence, and no file; an empty file is no store either."""
    url = f"sqlite:///{tmp_path}/none.db"
    with pytest.raises(StoreError, match="there is no store"):
        read_report(url, since_s=None, endpoint=None, now=NOW)
    assert os.listdir(tmp_path) == []
    make_private(url)
    with pytest.raises(StoreError, match="the store is empty"):
        read_report(url, since_s=None, endpoint=None, now=NOW)


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    """A sentence without the password."""
    url = f"postgresql://ann:hunter2@/report?host={tmp_path}&port=1"
    with pytest.raises(StoreError) as caught:
        read_report(url, since_s=None, endpoint=None, now=NOW)
    assert "the store could not be read" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_reading_changes_nothing(file: Reader, planted: str) -> None:
    """Every row is as it was."""
    engine = open_engine(planted, is_writer=False)
    with engine.begin() as connection:
        before = [rows_of(connection, table) for table in schema.metadata.sorted_tables]
    file.read(report_of, Window(NOW))
    with engine.begin() as connection:
        after = [rows_of(connection, table) for table in schema.metadata.sorted_tables]
    engine.dispose()
    assert before == after
