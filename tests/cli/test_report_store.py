"""`shadowproxy report` straight from a store, as judge's thread writes it."""

import json
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shadowproxy.core.words import Kind, Verdict
from shadowproxy.findings.group import Group
from shadowproxy.report.batch import WIDTH_S, Batch
from shadowproxy.report.migrating import migrate
from shadowproxy.report.opening import open_engine
from shadowproxy.report.writing import write
from tests.cli.commands import run
from tests.cli.reports import answer, report
from tests.cli.servers import scripted_admin

pytestmark = pytest.mark.slow  # starts the real command

ENDPOINTS = {"GET /cart/{id}": (Verdict.MISMATCH, 30), "GET /items": (Verdict.MATCH, 970)}
EVIL = "/\x1b]0;x\x07\x1b[2J<script>"


def make_store(path: Path) -> str:
    """1,000 exchanges just now, 30 of them mismatch, all at one endpoint; its URL."""
    now = datetime.now(UTC)
    start_s, seen = (
        int(now.timestamp()) // WIDTH_S * WIDTH_S,
        now.isoformat(timespec="milliseconds"),
    )
    batch = Batch()
    for endpoint, (verdict, count) in ENDPOINTS.items():
        for _ in range(count):
            batch.count(start_s, endpoint, "shop", verdict, seen)
        batch.traffic[start_s, f"verdict/{verdict}"] = count
    batch.traffic.update(
        {(start_s, "received"): 1_100, (start_s, "skipped/method"): 100,
         (start_s, "requests/2xx"): 1_100, (start_s, "overhead/0.001"): 1_100}
    )  # fmt: skip
    batch.add_group(
        Group("0123456789abcdef", "shop", "GET /cart/{id}", 200, 200, EVIL, Kind.CHANGED,
              ("number", "number"), seen, seen, 30)
    )  # fmt: skip
    batch.count_group(start_s, "0123456789abcdef")
    url = f"sqlite:///{path}"
    engine = open_engine(url, is_writer=True)
    migrate(engine)
    with engine.begin() as connection:
        assert write(connection, batch, "writer", 1, seen, 10)
    engine.dispose()
    return url


@pytest.fixture(name="store")
def find_store(tmp_path: Path) -> str:
    """A store's URL."""
    return make_store(tmp_path / "shadowproxy.db")


@pytest.fixture(name="nobody")
def find_nobody() -> Any:
    """An address where nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{sock.getsockname()[1]}"


def test_a_store_is_read_without_a_proxy(store: str) -> None:
    """By its URL; the gate is as strict as with one."""
    result = run("report", "--store", store, "--fail-on", "mismatch>1%", "--fail-on", "findings>5")
    assert (result.returncode, result.stderr) == (
        1,
        "mismatch is 3 % (30 of 1,000), more than 1 %\n",
    )
    assert "From       a store" in result.stdout
    assert "Findings: 1 open, of 1" in result.stdout
    assert " GET /cart/{id}         30   100 %   0 %" in result.stdout
    assert all(len(line) <= 80 and line.isprintable() for line in result.stdout.splitlines())


@pytest.mark.parametrize("form", ["text", "json", "html", "markdown", "junit"])
def test_every_format_is_made_of_a_store(store: str, form: str) -> None:
    """The document has what each of them needs."""
    result = run("report", "--store", store, "--format", form, "--since", "1h")
    assert (result.returncode, result.stderr) == (0, "")
    assert "0123456789abcdef" in result.stdout
    assert "\x1b" not in result.stdout


def test_one_endpoint_is_judged_by_its_own_exchanges(store: str) -> None:
    """Whatever the others are like."""
    gate = ("report", "--store", store, "--fail-on", "mismatch>50%", "--endpoint")
    bad, good = (run(*gate, endpoint) for endpoint in ENDPOINTS)
    assert (bad.returncode, good.returncode) == (1, 0)
    assert bad.stderr == "mismatch is 100 % (30 of 30), more than 50 %\n"


def test_the_files_store_is_read_where_no_proxy_answers(
    tmp_path: Path, store: str, nobody: str
) -> None:
    """And that is said; a relative one starts where we are."""
    for written, shown in ((store, store), ("sqlite:///shadowproxy.db", store)):
        (tmp_path / "p.yaml").write_text(
            f"legacy: {{url: http://a}}\nadmin: {{listen: {nobody}}}\nreport: {{store: '{written}'}}\n"
        )
        result = run("report", "-c", "p.yaml", "--format", "json", cwd=tmp_path)
        assert result.returncode == 0
        assert result.stderr == (
            f"no proxy runs here: nothing listens on {nobody}; "
            f"reading {shown}, the file's report.store\n"
        )
        assert json.loads(result.stdout)["verdicts"]["mismatch"]["count"] == 30


def test_a_proxy_that_answers_is_asked_and_not_its_store(tmp_path: Path, store: str) -> None:
    """Nor is the store read when the proxy refuses: it runs, and knows why."""
    for answers, code in ((answer(report()), 0), ({"GET /api/v1/report": (401, b"{}")}, 1)):
        with scripted_admin(answers) as admin:
            (tmp_path / "p.yaml").write_text(
                f"legacy: {{url: http://a}}\nadmin: {{listen: {admin.address}}}\n"
                f"report: {{store: '{store}'}}\n"
            )
            result = run("report", "-c", "p.yaml", "--fail-on", "mismatch>1%", cwd=tmp_path)
        assert result.returncode == code
        assert "report.store" not in result.stderr


def test_a_store_that_is_none_is_told(tmp_path: Path) -> None:
    """In a sentence, exit code 1; none is made by looking; a password is masked."""
    (tmp_path / "text.db").write_text("no database" * 1_000)
    for url, said in (
        ("sqlite:///gone.db", "nothing was recorded yet: there is no store"),
        ("sqlite:///text.db", "the store could not be read: file is not a database"),
    ):
        result = run("report", "--store", url, "--fail-on", "mismatch>1%", cwd=tmp_path)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr == f"sqlite:///{tmp_path / url.removeprefix('sqlite:///')}: {said}\n"
    assert not (tmp_path / "gone.db").exists()
    result = run("report", "--store", "postgresql://u:hunter2@127.0.0.1:1/d")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("postgresql://u:********@127.0.0.1:1/d: ")
    assert "hunter2" not in result.stderr
    assert len(result.stderr.splitlines()) == 1
