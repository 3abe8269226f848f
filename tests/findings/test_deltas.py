"""Deltas for people, by DeepDiff."""

import ast
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowproxy.compare.walking import Walk
from shadowproxy.findings import deltas
from shadowproxy.findings.deltas import MAX_LEAVES, MAX_LINE, MAX_LINES, TOO_DEEP, TOO_LARGE, render
from shadowproxy.findings.escaping import escape

TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.just(1.0) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("_a'", max_size=3), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("legacy", "candidate", "expected"),
    [
        ([1], [True], ["[0]: number 1 became boolean true"]),
        ({"a": 0}, {"a": False}, ["a: number 0 became boolean false"]),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": 2.5}, ["a: 1 became 2.5"]),
        ({"a": Decimal("1e2")}, {"a": 100}, []),
        ({"__typename": "A"}, {"__typename": "B"}, ['__typename: "A" became "B"']),
        ({"a": {"x": 1}}, {"a": {"y": 1}}, ["a.x: 1 is missing", "a.y: 1 is new"]),
        ([1, 2, 3], [3, 1, 2],
         ["[0]: 1 became 3", "[1]: 2 became 1", "[2]: 3 became 2"]),
        ({"items": [{"price": 1}]}, {"items": [{"price": "1"}]},
         ['items[0].price: number 1 became string "1"']),
        ({"a": None}, {}, ["a: null is missing"]),
        ({"a": None}, {"a": []}, ["a: null became array [0 elements]"]),
        (1, "1", ['the body: number 1 became string "1"']),
        ({"a b": 1, "c\n": 2}, {}, ["['a b']: 1 is missing", r"['c\u000a']: 2 is missing"]),
        ({"l": list(range(12))}, {"l": []},
         [f"l[{number}]: {number} is missing" for number in range(12)]),
    ],
)  # fmt: skip
def test_a_delta_says_what_differs(legacy: Any, candidate: Any, expected: list[str]) -> None:
    """Exactly: the traps of DeepDiff's defaults are closed, numbers are compared by value."""
    assert render(legacy, candidate) == expected


@settings(deadline=None)
@given(TREES, TREES)
def test_a_delta_is_empty_when_the_comparer_finds_nothing(legacy: Any, candidate: Any) -> None:
    """And only then; DeepDiff and the comparer were written apart. Each line is one line."""
    walk = Walk()
    walk.walk(legacy, candidate, None)
    found = walk.found
    lines = render(legacy, candidate)
    assert bool(lines) == bool(found)
    assert all(escape(line) == line and len(line) <= MAX_LINE for line in lines)


def test_what_is_too_large_or_too_deep_is_said() -> None:
    """In one line and without asking DeepDiff, which would need seconds, or recurse."""
    body = list(range(MAX_LEAVES // 2 - 2))
    assert render(body, body) == []
    assert render(body, [*body, 1, 2, 3]) == [TOO_LARGE]
    deep: Any = 1
    for _ in range(99):
        deep = {"a": deep}
    assert render(deep, deep) == []
    assert render([[deep]], 1) == [TOO_DEEP]
    for _ in range(100_000):
        deep = [deep]
    assert render(deep, 1) == [TOO_DEEP]


def test_lines_are_bounded() -> None:
    """A hundred, and how many more; long names and values are cut."""
    lines = render({f"{'n' * 500}{number}": "v" * 500 for number in range(150)}, {})
    assert len(lines) == MAX_LINES + 1
    assert lines[-1] == "and 50 more"
    assert max(map(len, lines)) <= MAX_LINE


def test_delta_of_deepdiff_is_never_imported() -> None:
    """It unpickles: two CVEs. DeepDiff itself is imported where it is used, and not before."""
    tree = ast.parse(Path(deltas.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import)]
    foreign = [
        [name.name for name in node.names]
        for node in imports
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("deepdiff")
    ]
    assert foreign == [["DeepDiff"]]
    assert all(not (isinstance(n, ast.Import) and "deepdiff" in ast.dump(n)) for n in imports)
    code = "import sys, shadowproxy.findings.deltas; sys.exit('deepdiff' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_it_runs_as_a_program() -> None:
    """A document in, lines out; anything else is exit code 1 and no output."""
    command = [sys.executable, "-m", "shadowproxy.findings.deltas"]
    asked = json.dumps({"legacy": {"a": 1}, "candidate": {"a": "1"}}).encode()
    done = subprocess.run(command, input=asked, capture_output=True, check=True)
    assert json.loads(done.stdout) == ['a: number 1 became string "1"']
    assert done.stderr == b""
    failed = subprocess.run(command, input=b"{}", capture_output=True, check=False)
    assert failed.returncode == 1
    assert failed.stdout == b""
