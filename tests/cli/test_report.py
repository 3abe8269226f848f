"""`shadowproxy report` against an admin server: formats, exit codes, what cannot be had."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree, html

from tests.cli.commands import ROOT, environment, run
from tests.cli.reports import answer, empty, report, spoilt
from tests.cli.servers import scripted_admin

pytestmark = pytest.mark.slow  # starts the real command

FORMS = ("text", "json", "html", "markdown", "junit")


def test_text_is_for_people() -> None:
    """80 columns, nothing that acts on a terminal, exit code 0 whatever it says."""
    for document in (report(), empty(), spoilt(report())):
        with scripted_admin(answer(document)) as admin:
            result = run("report", "--admin", admin.address)
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout.startswith("shadowproxy report: ")
        assert all(len(line) <= 80 and line.isprintable() for line in result.stdout.splitlines())


def test_json_is_the_document() -> None:
    """Every member of it, in characters that act on nothing."""
    document = spoilt(report())
    with scripted_admin(answer(document)) as admin:
        result = run("report", "--admin", admin.address, "--format", "json")
    assert json.loads(result.stdout) == document
    assert all(line.isascii() and line.isprintable() for line in result.stdout.splitlines())


def test_html_is_one_file(tmp_path: Path) -> None:
    """To mail: it loads nothing, and hostile data is text in it."""
    evil = "<script>alert(1)</script><img src=//evil.example>"
    with scripted_admin(answer(spoilt(report(), evil))) as admin:
        form = ("report", "--admin", admin.address, "--format", "html")
        result = run(*form, "-o", "report.html", cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    page = html.fromstring((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.xpath("//script | //img | //link | //iframe | //@src") == []
    assert page.xpath("string(//meta/@http-equiv)") == "Content-Security-Policy"
    assert evil in str(page.xpath("string(//body)"))


def test_junit_and_markdown_have_the_conditions() -> None:
    """For who looks there, and not at standard error."""
    conditions = ("--fail-on", "mismatch>0.1%", "--fail-on", "findings>3")
    with scripted_admin(answer(report())) as admin:
        junit, markdown = (
            run("report", "--admin", admin.address, "--format", form, *conditions)
            for form in ("junit", "markdown")
        )
    said = "mismatch is 0.42 % (312 of 74,210), more than 0.1 %"
    for result in (junit, markdown):
        assert (result.returncode, result.stderr) == (1, f"{said}\n")
    assert etree.fromstring(junit.stdout.encode()).get("tests") == "5"
    assert f"- ❌ {said}\n- ✅ findings is 3 (open, of 4), not more than 3\n" in markdown.stdout


def test_each_condition_is_checked_and_told() -> None:
    """A sentence for each that fails it, in the order in which they were given."""
    with scripted_admin(answer(report())) as admin:
        result = run(
            "report", "--admin", admin.address, "--fail-on", "conclusion!=go",
            "--fail-on", "mismatch > 1 %", "--fail-on", "added_p99>0.5ms",
        )  # fmt: skip
        fine = run("report", "--admin", admin.address, "--fail-on", "mismatch>0.5%")
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "conclusion is no-go, not go: The candidate differs from legacy",
        "added_p99 is 0.9 ms (of 80,000 answers), more than 0.5 ms",
    ]
    assert result.stdout.startswith("shadowproxy report: no-go\n")
    assert (fine.returncode, fine.stderr) == (0, "")


def test_nothing_recorded_passes_no_gate() -> None:
    """An empty report is no good news."""
    with scripted_admin(answer(empty())) as admin:
        result = run("report", "--admin", admin.address, "--fail-on", "mismatch>0.1%")
    assert result.returncode == 1
    assert result.stderr == "mismatch cannot be told: nothing was recorded\n"


def test_every_mistake_is_listed() -> None:
    """Before anything is asked; what may be secret is not repeated."""
    result = run(
        "report", "--since", "soon", "--endpoint", "cart\x1b[2J", "--store", "mysql://u:hunter2@h/d",
        "--admin", "127.0.0.1:1", "--fail-on", "mismach>1%", "--fail-on", "findings>no",
    )  # fmt: skip
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "--since 'soon': expected a duration such as 250ms, 10s, 5m or 1h",
        "--endpoint 'cart\\x1b[2J': expected an endpoint such as GET /users/{id}",
        "--store: expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE",
        "--store and --admin: the report comes from one of them",
        "--fail-on 'mismach>1%': unknown name; did you mean mismatch?",
        "--fail-on 'findings>no': expected a whole number such as 0 or 1000",
    ]


def test_a_selection_is_the_servers_to_make() -> None:
    """`--since` and `--endpoint` go to the API as they were given; the token too."""
    path = "/api/v1/report?since=1h30m&endpoint=GET%20%2Fcart%2F%7Bid%7D"
    with scripted_admin({f"GET {path}": (200, json.dumps(report()).encode())}) as admin:
        result = run(
            "report", "--admin", admin.address, "--token", "t0ken", "--since", "1h30m",
            "--endpoint", "GET /cart/{id}",
        )  # fmt: skip
    assert result.returncode == 0
    assert admin.asked == [("GET", path, "Bearer t0ken", None)]


def test_a_file_is_written_whether_or_not_the_report_fails(tmp_path: Path) -> None:
    """Over what is there, without a word on standard output, never in colour; `-` is none."""
    (tmp_path / "report.xml").write_text("old" * 10_000)
    with scripted_admin(answer(report())) as admin:
        gate = ("report", "--admin", admin.address, "--fail-on", "mismatch>0.1%")
        junit = run(*gate, "--format", "junit", "-o", "report.xml", cwd=tmp_path)
        text = run(*gate, "-o", "report.txt", cwd=tmp_path, environ={"FORCE_COLOR": "1"})
        none = run(*gate, "-o", "-", cwd=tmp_path)
        gone = run(*gate, "-o", "gone\x1b/report.txt", cwd=tmp_path)
    assert [each.returncode for each in (junit, text, none, gone)] == [1, 1, 1, 2]
    assert (junit.stdout, text.stdout) == ("", "")
    assert etree.fromstring((tmp_path / "report.xml").read_bytes()).tag == "testsuites"
    assert (tmp_path / "report.txt").read_text() == none.stdout
    assert gone.stderr == "cannot write gone\\x1b/report.txt: No such file or directory\n"


def test_a_standard_output_that_cannot_be_used_is_told() -> None:
    """A full disk, none at all: one line each, exit code 2; a reader that leaves is nothing to tell."""
    with scripted_admin(answer(report())) as admin:
        command = f"{sys.executable} -m shadowproxy report --admin {admin.address}"
        for tail, code, said in (
            (">/dev/full", 2, "cannot write standard output: No space left on device\n"),
            (">&-", 2, "cannot write standard output: it is closed\n"),
            ("| true; exit ${PIPESTATUS[1]}", 0, ""),
        ):
            result = subprocess.run(
                ["bash", "-c", f"{command} {tail}"], capture_output=True, text=True, check=False,
                env=environment(), cwd=ROOT,
            )  # fmt: skip
            assert (result.returncode, result.stderr) == (code, said)


def test_a_terminal_gets_colours() -> None:
    """And NO_COLOR turns them off."""
    with scripted_admin(answer(report())) as admin:
        coloured, plain = (
            run("report", "--admin", admin.address, environ={"FORCE_COLOR": "1", **more})
            for more in ({}, {"NO_COLOR": "1"})
        )
    assert "\x1b[1;31mno-go\x1b[0m" in coloured.stdout
    assert "31m" not in plain.stdout


@pytest.mark.parametrize("form", FORMS)
def test_characters_that_an_encoding_lacks_are_spelled_out(form: str) -> None:
    """No traceback where standard output takes ASCII alone."""
    environ = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    with scripted_admin(answer(report(source="жук"))) as admin:
        result = run("report", "--admin", admin.address, "--format", form, environ=environ)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.isascii()


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ((401, b""), "a token is needed: --token or SHADOWPROXY_ADMIN_TOKEN (401)"),
        ((500, b'{"detail": "\\u001b[31mred"}'), "\\x1b[31mred (500)"),
        ((200, b"<html>"), "the answer is not one of shadowproxy's (200)"),
        ((200, b"{}"), "the answer is not a report; is it another release of shadowproxy?"),
        ((200, b'{"verdicts": 7, "exchanges": []}'),
         "the answer is not a report; is it another release of shadowproxy?"),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_report_is_said(reply: tuple[int, bytes], message: str) -> None:
    """In one line, exit code 1: no gate opens for it."""
    with scripted_admin({"GET /api/v1/report": reply}) as admin:
        result = run("report", "--admin", admin.address, "--fail-on", "mismatch>1%")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"{admin.address}: {message}\n"


def test_numbers_that_json_lacks_are_no_json() -> None:
    """Python reads NaN; others would not."""
    with scripted_admin(
        {"GET /api/v1/report": (200, json.dumps(report(x=float("nan"))).encode())}
    ) as admin:
        result = run("report", "--admin", admin.address, "--format", "json")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "the report has numbers or depths that JSON has not\n"


def test_where_nothing_runs_that_is_said() -> None:
    """With what else could be read."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{sock.getsockname()[1]}"
        result = run("report", "--admin", address, "--fail-on", "mismatch>1%")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"no proxy runs here: nothing listens on {address}; "
        "--store URL reads the store of one that does not run\n"
    )
