"""The script that README.md shows, run as it stands there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.cli.commands import ROOT, environment
from tests.cli.reports import empty, report
from tests.cli.servers import scripted_admin

pytestmark = pytest.mark.slow  # starts the real command

FINE = {"candidate_failed": 5, "mismatch": 50}


@pytest.fixture(name="script")
def find_script(tmp_path: Path) -> Path:
    """The one block of shell in README.md."""
    (block,) = re.findall(r"(?ms)^```sh\n(.*?)^```$", (ROOT / "README.md").read_text())
    assert "--fail-on 'mismatch>0.1%'" in block
    path = tmp_path / "gate.sh"
    path.write_text(block)
    path.chmod(0o700)
    return path


def run_script(script: Path, document: Any) -> subprocess.CompletedProcess[str]:
    """With the `shadowproxy` of this environment, and a proxy that has this report."""
    folder = Path(sys.executable).parent
    assert (folder / "shadowproxy").exists()
    reply = (200, json.dumps(document).encode())
    with scripted_admin({"GET /api/v1/report?since=1h": reply}) as admin:
        return subprocess.run(
            [script], capture_output=True, text=True, check=False, cwd=script.parent, timeout=30,
            env=environment(ADMIN=admin.address, PATH=f"{folder}{os.pathsep}{os.environ['PATH']}"),
        )  # fmt: skip


def fine() -> dict[str, Any]:
    """A report that every condition of the script lets pass."""
    document = report(open=0, new=0, groups=[], since="2026-11-28T09:00:00+00:00")
    for verdict, count in FINE.items():
        document["verdicts"][verdict] = {"count": count}
    return document


def test_it_lets_a_good_candidate_pass(script: Path) -> None:
    """Exit code 0 and one line; every condition is a passed test case."""
    result = run_script(script, fine())
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "The candidate may go on.\n"
    root = etree.parse(script.with_name("report.xml")).getroot()
    assert (root.get("tests"), root.get("failures")) == ("5", "0")


def test_it_stops_a_bad_one(script: Path) -> None:
    """Exit code 1, each reason on standard error as README.md shows it, the report for people."""
    result = run_script(script, report())
    assert (result.returncode, result.stdout) == (1, "")
    reasons = result.stderr.splitlines()
    assert reasons == [
        "mismatch is 0.42 % (312 of 74,210), more than 0.1 %",
        "new is 2 (of 3 open), more than 0",
    ]
    assert f"\n    {reasons[0]}\n" in (ROOT / "README.md").read_text()
    assert script.with_name("report.md").read_text().startswith("## ❌ shadowproxy: no-go\n")


@pytest.mark.parametrize("document", [empty(), {}, fine() | {"users": {}}])
def test_it_stops_where_nothing_can_be_told(script: Path, document: Any) -> None:
    """Nothing recorded, no report at all, a member that is missing."""
    result = run_script(script, document)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr
