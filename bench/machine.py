"""Where and of what a result was measured: commit, processor, versions."""

import os
import platform
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from bench.running import NotInstalledError, envoy, program

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]


def commit() -> str:
    """The commit that was measured, with a mark when files of the package were changed."""
    name = _out("git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD") or "unknown"
    changed = _out("git", "-C", str(ROOT), "status", "--porcelain", "--", "shadowproxy", "bench")
    return f"{name}+changes" if changed else name


def line() -> str:
    """The machine in one line; it names no host and no path."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return (
        f"{cpu[1].strip() if cpu else platform.machine()}, {os.cpu_count()} cores, "
        f"{int(memory[1]) >> 20 if memory else 0} GiB, Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}"
    )


def versions() -> dict[str, str]:
    """What the other programs say about themselves; `missing` when one is not installed."""
    asked: dict[str, tuple[Callable[[], str], str]] = {
        "nginx": (lambda: program("nginx"), "-v"),
        "HAProxy": (lambda: program("haproxy"), "-v"),
        "Envoy": (envoy, "--version"),
        "wrk": (lambda: program("wrk"), "-v"),
    }
    found: dict[str, str] = {}
    for name, (find, option) in asked.items():
        try:
            text = _out(find(), option)
        except NotInstalledError:
            found[name] = "missing"
            continue
        version = re.search(r"\d+\.\d+\.\d+", text)
        found[name] = version[0] if version else "unknown"
    return found


def _out(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return (result.stdout + result.stderr).strip()
