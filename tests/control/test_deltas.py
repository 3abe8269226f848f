"""Deltas of reproducers in a child process."""

import sys
from pathlib import Path

import psutil
import pytest

from shadowproxy.control.deltas import MAX_OUTPUT_BYTES, NOT_RENDERED, TOO_LARGE, TOO_SLOW, rendered
from tests.control.filling import Filling
from tests.control.running import controlling

LEGACY, CANDIDATE = {"price": 1}, {"price": "1"}
DELTA = ['price: number 1 became string "1"']


@pytest.mark.slow
async def test_a_finding_shows_the_delta_of_its_reproducer() -> None:
    """Asked for one finding; in the list there are neither examples nor deltas."""
    filling = Filling()
    reproduced = filling.differ(LEGACY, CANDIDATE)["/price"]
    filling.batch.groups[reproduced].reproduce(
        {"legacy": LEGACY, "candidate": CANDIDATE, "curl": {}}
    )
    other = filling.differ({"a": 1}, {"a": 2})["/a"]
    async with controlling() as control:
        filling.write(control.store)
        found = (await control.get(f"/api/v1/groups/{reproduced}")).json
        assert found["reproducer"]["legacy"] == LEGACY
        assert found["delta"] == DELTA
        assert "delta" not in (await control.get(f"/api/v1/groups/{other}")).json
        listed = (await control.get("/api/v1/groups")).json["groups"]
        assert {"delta", "reproducer", "samples"}.isdisjoint(listed[0])


def children() -> list[psutil.Process]:
    return psutil.Process().children()


def pretend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str) -> None:
    """Another program in the place of Python."""
    fake = tmp_path / "python"
    fake.write_text(f"#!{sys.executable}\n{program}\n")
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import time; time.sleep(60)", TOO_SLOW),
        ("raise SystemExit(1)", NOT_RENDERED),
        ("print('{}')", NOT_RENDERED),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", NOT_RENDERED),
        (
            "import sys; sys.stdin.buffer.read()\nwhile True: sys.stdout.write('[' * 65536)",
            NOT_RENDERED,
        ),
        ("import sys; sys.stdin.buffer.read(); print('[1')", NOT_RENDERED),
    ],
)
async def test_a_child_that_misbehaves_costs_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, expected: str
) -> None:
    """Too slow, dead, lying, endless: control answers, and the child is gone."""
    before = children()
    pretend(monkeypatch, tmp_path, program)
    assert await rendered(["x" * 500_000], 1, timeout_s=1.0) == [expected]
    assert children() == before
    assert MAX_OUTPUT_BYTES < 1 << 20


async def test_what_cannot_be_asked_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too large, no JSON, no program: one line that says so."""
    assert await rendered("x" * (2 << 20), 1) == [TOO_LARGE]
    assert await rendered({1, 2}, 1) == [NOT_RENDERED]
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert await rendered(1, 2) == [NOT_RENDERED]
