"""The shop as a process of its own."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import pytest

pytestmark = pytest.mark.slow


@contextmanager
def _started(variant: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "shadowproxy.demo.backend", variant]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _ask(process: "subprocess.Popen[str]") -> int:
    assert process.stdout is not None
    port = json.loads(process.stdout.readline())["port"]
    with urlopen(f"http://127.0.0.1:{port}/items/13") as answer:
        status: int = answer.status
        return status


def test_it_serves_on_the_port_that_it_prints_and_ends_on_sigterm() -> None:
    """SIGTERM ends it with exit code 0."""
    with _started("legacy") as process:
        assert _ask(process) == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0


def test_it_ends_with_its_input() -> None:
    """A parent that is gone, even by kill -9, takes its shops with it."""
    with _started("legacy") as process:
        assert _ask(process) == 200
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=5) == 0


def test_an_unknown_variant_is_wrong_usage() -> None:
    """There are two variants."""
    with _started("other") as process:
        assert process.wait(timeout=5) == 2
