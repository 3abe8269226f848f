"""Running the real command."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]


def environment(**more: str) -> dict[str, str]:
    """The test's environment without settings of the proxy, and with the source tree."""
    clean = {name: value for name, value in os.environ.items() if "SHADOWPROXY" not in name}
    return {**clean, "PYTHONPATH": str(ROOT), "COLUMNS": "80", **more}


def run(
    *arguments: str, given: str = "", cwd: Path = ROOT, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs `shadowproxy ARGUMENTS` to its end, with that text on its standard input."""
    return subprocess.run(
        [sys.executable, "-m", "shadowproxy", *arguments],
        input=given, capture_output=True, text=True, cwd=cwd, check=False, timeout=30,
        env=environment(**(environ or {})),
    )  # fmt: skip
