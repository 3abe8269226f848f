"""promtool, of Debian's package `prometheus`: the judge of rules and of PromQL."""

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.peers.programs import find_program


def promtool(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Runs it; without it the test is skipped or, where CI=true, fails."""
    return subprocess.run(
        [find_program("promtool"), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def write_rules(file: Path, rules: Iterable[dict[str, Any]]) -> Path:
    """A rule file with one group."""
    file.write_text(yaml.safe_dump({"groups": [{"name": "generated", "rules": list(rules)}]}))
    return file
