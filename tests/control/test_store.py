"""A store that is missing, broken, locked or slow: said where it matters, felt nowhere else."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from shadowproxy.report import opening
from shadowproxy.report.reading import Reader
from tests.control.filling import shop
from tests.control.running import SETTINGS, Control, controlling
from tests.support.waiting import alongside

PAGES = ("/", "/findings", "/endpoints", "/noise", "/coverage", "/coverage?since=1h", "/controls",
         "/status")  # fmt: skip
SAID = "The store does not answer"
NEVER_NEED_IT = ("/livez", "/readyz", "/metrics", "/api/v1/status", "/api/v1/openapi.json",
                 "/api/v1/summary", "/api/v1/coverage", "/api/v1/endpoints")  # fmt: skip


@contextmanager
def locked(control: Control) -> Iterator[None]:
    """Somebody else writes, and does not stop."""
    path = control.store.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def spoil(control: Control) -> None:
    """What is no database in the store's place."""
    Path(control.store.removeprefix("sqlite:///")).write_bytes(b"no database" * 1000)


async def _what_needs_no_store_answers(control: Control, said: str) -> None:
    for path in NEVER_NEED_IT:
        assert (await control.get(path)).status == 200, path
    for path in PAGES:
        answer = await control.get(path, headers={"Accept": "text/html"})
        assert answer.status == 200, path
        if path not in ("/status", "/coverage"):
            assert said in answer.text, path
            assert SAID in answer.text, path
    for name, value in (("shadow", "off"), ("shadow.sample", "5%")):
        answer = await control.ask("PUT", f"/api/v1/dials/{name}", json={"value": value})
        assert answer.status == 200
    assert not control.process.dials.shadow_on


async def test_without_a_store_everything_else_answers() -> None:
    """Pages say what is missing; dials turn."""
    async with controlling() as control:
        (await control.get("/api/v1/report")).refuses(503)
        await _what_needs_no_store_answers(control, "there is no store")


async def test_a_file_that_is_no_store_is_said() -> None:
    """In the database's words."""
    async with controlling() as control:
        spoil(control)
        assert "not a database" in (await control.get("/api/v1/report")).refuses(503)
        await _what_needs_no_store_answers(control, "file is not a database")


async def test_a_server_that_is_away_is_said_without_its_password() -> None:
    """Whoever reads it learns where, not how to get in."""
    report = replace(SETTINGS.report, store="postgresql://u:hunter2@127.0.0.1:1/d")
    async with controlling(replace(SETTINGS, report=report)) as control:
        answer = await control.get("/api/v1/groups")
        said = answer.refuses(503)
        assert "could not be read" in said
        pages = [(await control.get(path)).text for path in ("/", "/status", "/api/v1/status")]
        assert "hunter2" not in "".join([said, *pages])


async def test_a_store_that_comes_is_read() -> None:
    """Without a restart; one that is replaced by another, too."""
    async with controlling() as control:
        (await control.get("/api/v1/groups")).refuses(503)
        for _ in range(2):
            shop()[0].write(control.store)
            assert (await control.get("/api/v1/groups")).json["total"] == 2
            page = (await control.get("/findings")).text
            assert SAID not in page
            control.lose_store()
            (await control.get("/api/v1/groups")).refuses(503)


async def test_a_locked_store_is_read_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers go on; who writes is told after a while; nobody else waits 50 ms for that."""
    assert opening.BUSY_MS <= 5_000
    monkeypatch.setattr(opening, "BUSY_MS", 1_500)
    async with controlling() as control:
        filling, found = shop()
        filling.write(control.store)
        path = f"/api/v1/groups/{found['/owner']}"
        loop = asyncio.get_running_loop()

        async def decide() -> None:
            answer = await control.ask("POST", path, json={"state": "fixed"})
            assert "locked" in answer.refuses(503)

        with locked(control):
            async with alongside(decide()) as deciding:
                waits = []
                while not deciding.done():
                    began_s = loop.time()
                    assert (await control.get("/livez")).status == 200
                    waits.append(loop.time() - began_s)
                    assert (await control.get("/api/v1/groups?limit=1")).status == 200
                began_s = loop.time()
                turned = await control.ask("PUT", "/api/v1/dials/shadow", json={"value": "off"})
                assert turned.status == 200
                assert loop.time() - began_s < 1
        waits.sort()
        assert waits[len(waits) // 2] < 0.05, waits[-5:]
        assert len(waits) > 10
        assert (await control.get(path)).json["state"] == "open"


@pytest.mark.parametrize("table", ["groups", "alembic_version"])
async def test_a_store_of_another_shape_is_said(table: str) -> None:
    """A table that is missing is no fault of ours."""
    async with controlling() as control:
        shop()[0].write(control.store)
        path = control.store.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path)) as other:
            other.execute(f"DROP TABLE {table}")
            other.commit()
        assert (await control.get("/api/v1/groups")).refuses(503)
        assert control.events("control_error") == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:12/geheim@127.0.0.1:1/d",
        "postgresql://u:geheim@127.0.0.1:1/d?sslpassword=geheim",
        "postgresql://u:geheim@nowhere.invalid/d",
        "postgresql:///d?passwor%64=geheim&host=127.0.0.1&port=1",
    ],
)
def test_what_cannot_be_reached_is_said_without_its_password(url: str) -> None:
    """The driver's sentence names the server, and what it was to be told never."""
    reader = Reader(url)
    with pytest.raises(opening.StoreError) as raised:
        reader.read(lambda _: None)
    reader.close()
    assert "127.0.0.1" in str(raised.value) or "nowhere.invalid" in str(raised.value)
    assert "geheim" not in str(raised.value)
