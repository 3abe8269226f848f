"""The judge and its store: restarts and kills, a store that is full or gone, what is told of it."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from shadowproxy import logs
from shadowproxy.core.settings import ListenSettings, ReportSettings, Settings
from shadowproxy.ipc.process import Process, write_settings
from shadowproxy.judge import serving
from shadowproxy.judge.figures import figures_of
from shadowproxy.judge.storing import tell_of
from shadowproxy.report import keeping, schema
from shadowproxy.report.batch import Batch
from shadowproxy.report.endpoints import endpoint_items
from shadowproxy.report.keeping import StoreStanding
from shadowproxy.report.learned import noise_of
from shadowproxy.report.opening import STORE_FILE
from shadowproxy.report.traffic import totals_of
from shadowproxy.report.windows import Window
from shadowproxy.report.writing import write
from tests.judge.playing import Played, findings_in, judged, teach
from tests.support.edges import backend_settings, runtime_dir
from tests.support.waiting import until

Capture = pytest.CaptureFixture[str]
SECRET = "hunter2-s3cr3t"

MANY = 60
"""Findings in one exchange: more than there is room for in the pages that each table has."""


def sums_in(connection: Connection) -> dict[str, int]:
    """The same exchanges as they are counted in five places."""
    totals = totals_of(connection, Window(datetime.now(UTC)))
    found = {
        "traffic": totals["verdict/mismatch"],
        "series": connection.execute(select(func.sum(schema.series.c.mismatch))).scalar(),
        "endpoints": connection.execute(select(func.sum(schema.endpoints.c.mismatch))).scalar(),
        "groups": connection.execute(select(func.sum(schema.groups.c.count))).scalar(),
        "charts": connection.execute(select(func.sum(schema.group_series.c.count))).scalar(),
    }
    return {name: int(count or 0) for name, count in found.items()}


def everywhere(count: int) -> dict[str, int]:
    return dict.fromkeys(("traffic", "series", "endpoints", "groups", "charts"), count)


def one_of_many(value: str) -> str:
    """A body that differs in MANY members from one of another value."""
    return json.dumps({f"member-{number}": value for number in range(MANY)})


async def test_counts_add_up_over_restarts(capfd: Capture) -> None:
    """Each judge goes on where the one before has stopped: nothing is lost or counted twice."""
    async with judged(capfd) as played:
        for sent in (3, 6, 7):
            for _ in range(sent - played.sent):
                played.pair("1", "2")
            await played.until_settled()
            await played.restarted()
            assert played.read(sums_in) == everywhere(sent)
        await played.ended()
        (group,) = played.read(findings_in) or []
        writers = played.read(lambda connection: connection.execute(select(schema.writers)).all())
    assert (group["count"], group["exchanges"]) == (7, 7)
    assert group["pairs"] == [{"legacy": "1", "candidate": "2", "count": 7, "over": 0}]
    assert writers is not None
    assert len(writers) == 1


async def test_a_killed_judge_loses_what_it_had_not_written_and_nothing_else(
    capfd: Capture,
) -> None:
    """After kill -9 its successor counts on: at most the last second is missing, nothing is twice."""
    async with judged(capfd) as played:
        await played.ended()
        arguments = ("-m", "shadowproxy.runtime.process", "judge", "0")
        folder = str(played.running.runtime_dir)
        victim = await asyncio.create_subprocess_exec(sys.executable, *arguments, folder)
        try:
            await played.connect(deadline_s=20.0)
            await send(played, 50)
            await until(
                lambda: (played.read(sums_in) or {}).get("groups") == 50, "all are written", 20.0
            )
            await send(played, 20)
        finally:
            victim.kill()
            await victim.wait()
        await played.resumed()
        await send(played, 10)
        await played.ended()
        sums = played.read(sums_in) or {}
        recorded = played.route_cell("verdict/mismatch")
        assert recorded + played.cell("dropped/process_lost") == played.sent == 80
    assert sums["traffic"] == recorded
    assert 60 <= sums["groups"] <= recorded
    assert sums == {**everywhere(sums["groups"]), "traffic": recorded}


async def send(played: Played, count: int) -> None:
    """Sends mismatches and waits until they were judged."""
    for _ in range(count):
        played.pair("1", "2")
    await played.until_settled()


async def test_a_successor_knows_noise_from_its_first_pair_on(capfd: Capture) -> None:
    """What was learned is written at the end of a judge, however lately it was written before."""
    async with judged(capfd) as played:
        teach(played, 12)
        await played.until_settled()
        await played.restarted()
        before = played.route_cell("verdict/noise")
        teach(played, 1)
        await played.until_settled()
        assert played.route_cell("verdict/noise") == before + 1
        (noise,) = await played.stored(
            lambda connection: [row for row in noise_of(connection)["noise"] if row["b"] == 13],
            "all that both have seen",
        )
        assert noise["state"] == "noisy"


async def test_noise_that_a_successor_learns_is_said_of_its_predecessors_findings(
    capfd: Capture,
) -> None:
    """What it explains is counted there, and does not make the finding look as if it were back."""
    async with judged(capfd) as played:
        teach(played, 1)
        await played.until_settled()
        await played.restarted()
        (before,) = played.read(findings_in) or []
        assert (before["explained"], before["noise"]["state"]) == (0, "open")
        teach(played, 15)
        await played.until_settled()
        await played.ended()
        (group,) = played.read(findings_in) or []
    assert played.route_cell("verdict/noise") == 15
    assert (group["count"], group["explained"], group["noise"]["state"]) == (1, 15, "noisy")
    assert (group["first_seen"], group["last_seen"]) == (before["first_seen"], before["last_seen"])


def on_a_full_disk(connection: Connection, *what: Any) -> bool:
    """SQLite may not make the file larger, and says what it says when the disk is full."""
    connection.exec_driver_sql("PRAGMA max_page_count=1")
    return write(connection, *what)


async def test_a_full_store_is_said_survived_and_made_up_for(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event, a gauge and a counter say so; pairs are judged on; with room all is written."""
    async with judged(capfd) as played:
        monkeypatch.setattr(keeping, "write", on_a_full_disk)
        for number in range(3):
            played.pair(one_of_many("0"), one_of_many(str(number + 1)))
        (event,) = await played.logged("store_failed")
        assert (event["level"], event["state"]) == ("error", "full")
        assert "full" in event["error"]
        await until(lambda: played.cell("store_flushes/failed") >= 2, "it is tried again")
        assert played.cell("store_up") == 0
        said = played.document(STORE_FILE)
        assert (said["state"], said["error"]) == ("full", event["error"])
        played.pair(one_of_many("0"), one_of_many("4"))
        await played.until_settled()
        assert played.route_cell("verdict/mismatch") == 4
        monkeypatch.setattr(keeping, "write", write)
        (resumed,) = await played.logged("store_resumed")
        groups = await played.found(
            lambda groups: [each["count"] for each in groups] == [4] * MANY, "all is written"
        )
        await until(lambda: played.cell("store_up") == 1, "it is up")
        assert len(played.log("store_failed")) == 1
        said = played.document(STORE_FILE)
    assert groups[0]["exchanges"] == 4
    assert resumed["rows_lost"] == played.cell("store_rows_lost") == 0
    assert (said["state"], said["error"], said["rows_lost"]) == ("ok", "", 0)


async def test_a_store_that_cannot_be_reached_is_waited_for(capfd: Capture, tmp_path: Path) -> None:
    """Its folder does not exist yet: what comes meanwhile is written when it does."""
    folder = tmp_path / "later"
    report = ReportSettings(store=f"sqlite:///{folder}/report.db")
    async with judged(capfd, report=report) as played:
        await send(played, 2)
        (event,) = await played.logged("store_failed")
        assert event["state"] == "lost"
        assert str(folder) in event["error"]
        folder.mkdir()
        await send(played, 1)
        await played.stored(lambda connection: sums_in(connection) == everywhere(3), "all three")
        await played.logged("store_resumed")


async def test_a_judge_that_ends_without_its_store_says_so_and_ends(
    capfd: Capture, tmp_path: Path
) -> None:
    """What could not be written is lost with it; it waits no longer than LAST_FLUSH_S."""
    report = ReportSettings(store=f"sqlite:///{tmp_path}/never/report.db")
    async with judged(capfd, report=report) as played:
        await send(played, 2)
        await played.logged("store_failed")
        await played.ended()
        assert played.cell("store_up") == 0
    assert played.route_cell("verdict/mismatch") == 2


async def test_a_bug_in_writing_is_told_and_ends_nothing(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it stumbled over is given up and counted; what comes then is written."""

    def breaks(connection: Connection, batch: Batch, *more: Any) -> bool:
        if batch.groups:
            raise RuntimeError(SECRET)
        return write(connection, batch, *more)

    async with judged(capfd) as played:
        with monkeypatch.context() as patch:
            patch.setattr(keeping, "write", breaks)
            played.pair("1", "2")
            (event, *_) = await played.logged("internal_error")
            (failed,) = await played.logged("store_failed")
            await until(lambda: played.cell("store_rows_lost") > 0, "what was lost is counted")
        assert (event["step"], event["error"]) == ("store", "RuntimeError")
        assert "breaks" in event["traceback"]
        assert (failed["state"], failed["error"]) == ("refused", "a bug of ours: RuntimeError")
        await played.logged("store_resumed")
        played.pair('"a"', '{"b": 1}')
        groups = await played.found(lambda groups: bool(groups), "the next one is written")
        assert [group["kind"] for group in groups] == ["type"]
        await played.stored(lambda connection: sums_in(connection)["traffic"] == 2, "the tallies")
        assert SECRET not in json.dumps(played.log())
    assert played.route_cell("verdict/mismatch") == 2


async def test_a_bug_in_adding_up_is_told_and_ends_nothing(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No finding is lost by it: they are written as soon as adding up works again."""
    is_broken = True

    def breaks(runtime_dir: Path) -> Any:
        if is_broken:
            raise KeyError(SECRET)
        return figures_of(runtime_dir)

    monkeypatch.setattr(serving, "figures_of", breaks)
    async with judged(capfd) as played:
        played.pair("1", "2")
        (event, *_) = await played.logged("internal_error")
        assert (event["step"], event["error"]) == ("store", "KeyError")
        await played.logged("store_failed")
        is_broken = False
        await played.stored(lambda connection: sums_in(connection) == everywhere(1), "all of it")
        (resumed,) = await played.logged("store_resumed")
        assert resumed["rows_lost"] == 0
        assert SECRET not in json.dumps(played.log())


async def test_the_end_writes_what_there_is(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A judge that is asked to end right after a pair has written it, and all its figures."""
    async with judged(capfd) as played:
        monkeypatch.setattr(serving, "FLUSH_S", 60.0)
        await played.restarted()
        await send(played, 3)
        assert (played.read(sums_in) or {}).get("groups", 0) <= 3
        await played.ended()
        assert played.read(sums_in) == everywhere(3)
        items = played.read(
            lambda connection: endpoint_items(connection, Window(datetime.now(UTC)), {})
        )
        assert items is not None
        assert [(item["endpoint"], item["exchanges"]) for item in items] == [("GET /items/{id}", 3)]
        learned = played.read(lambda connection: connection.execute(select(schema.learned)).all())
        assert learned is not None
        assert {row.part for row in learned} == {"noise", "latencies", "rules"}


@contextmanager
def told_by_one() -> Iterator[Process]:
    """A judge's place, its log as the settings say."""
    address = ("127.0.0.1", 1)
    with runtime_dir() as folder:
        write_settings(folder, Settings((ListenSettings(*address),), backend_settings(address)))
        process = Process(folder, "judge")
        logs.configure(process.settings.log, process.tallies)
        yield process


STARTING = StoreStanding()
WRITTEN = StoreStanding("ok", flushes=3, size_bytes=4096, last_write="2026-01-01T00:00:00")
LOST = replace(WRITTEN, state="lost", error="no route", flushes=4, failures=2, rows_lost=5)


def test_cells_grow_by_what_came_since() -> None:
    """Whoever is restarted counts on; a store that is being opened is not up yet."""
    cells = (
        "store_flushes/ok",
        "store_flushes/failed",
        "store_rows_lost",
        "store_up",
        "store_bytes",
    )
    steps = [
        (STARTING, [0, 0, 0, 0, 0]), (WRITTEN, [3, 0, 0, 1, 4096]), (WRITTEN, [3, 0, 0, 1, 4096]),
        (LOST, [4, 2, 5, 0, 4096]), (replace(LOST, failures=4), [4, 4, 5, 0, 4096]),
        (replace(LOST, state="ok", error="", failures=4), [4, 4, 5, 1, 4096]),
    ]  # fmt: skip
    with told_by_one() as process:
        told = STARTING
        for now, expected in steps:
            told = tell_of(told, now, process)
            assert told is now
            assert [process.tallies.get(name) for name in cells] == expected


def test_the_file_follows_a_change() -> None:
    """It is not written again and again while the store is as it was."""
    with told_by_one() as process:
        file = process.runtime_dir / STORE_FILE
        tell_of(STARTING, STARTING, process)
        assert not file.exists()
        tell_of(STARTING, WRITTEN, process)
        said = json.loads(file.read_bytes())
        assert said == {
            "state": "ok", "error": "", "flushes": 3, "failures": 0, "rows_lost": 0,
            "size_bytes": 4096, "last_write": "2026-01-01T00:00:00",
        }  # fmt: skip
        file.unlink()
        tell_of(WRITTEN, WRITTEN, process)
        assert not file.exists()


def test_the_log_says_when_the_store_is_lost_and_when_it_is_back(capfd: Capture) -> None:
    """Once each; that it was opened, or that there is none, is no event."""
    steps = [
        WRITTEN, LOST, replace(LOST, failures=3), replace(LOST, state="full", error="no room"),
        WRITTEN, replace(WRITTEN, state="off"),
    ]  # fmt: skip
    with told_by_one() as process:
        told = STARTING
        for now in steps:
            told = tell_of(told, now, process)
    assert logs.close(5)
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [(line["event"], line["level"], line.get("state")) for line in lines] == [
        ("store_failed", "error", "lost"), ("store_failed", "error", "full"),
        ("store_resumed", "info", None),
    ]  # fmt: skip
    assert [line.get("error") for line in lines] == ["no route", "no room", None]


def test_a_runtime_folder_without_room_stops_nobody(capfd: Capture) -> None:
    """store.json cannot be written: cells and log say the same, and nothing raises."""
    with told_by_one() as process:
        process.runtime_dir = process.runtime_dir / "gone"
        assert tell_of(STARTING, LOST, process) is LOST
        assert process.tallies.get("store_flushes/failed") == 2
    assert logs.close(5)
    assert "no route" in capfd.readouterr().err
