"""Bodies that are made to be slow or large are answered in time, in bounds, and never called equal."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.compare.hostile import PAIRS

LIMIT_MS = 300
LIMIT_MIB = 64


def measured(*names: str) -> dict[str, dict[str, Any]]:
    """What comparing these pairs costs, all of them when none is named."""
    command = [sys.executable, "-m", "tests.compare.hostile", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {line["name"]: line for line in map(json.loads, done.stdout.splitlines())}


@pytest.fixture(scope="module")
def costs() -> dict[str, dict[str, Any]]:
    return measured()


@pytest.mark.slow
@pytest.mark.parametrize("name", PAIRS)
def test_hostile_bodies_cost_little_and_are_not_called_equal(
    name: str, costs: dict[str, dict[str, Any]]
) -> None:
    """300 ms, 64 MiB above what the bodies take, and no match."""
    cost = costs[name]
    if cost.get("cpu_ms", 0) > LIMIT_MS:  # a busy machine makes one slow run, not two
        cost = measured(name)[name]
    assert cost["verdict"] in ("mismatch", "incomparable"), cost
    assert cost["cpu_ms"] <= LIMIT_MS, cost
    assert cost["grew_mib"] <= LIMIT_MIB, cost
