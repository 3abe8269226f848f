"""The examples for nginx and HAProxy, checked by nginx and HAProxy; `tests/peers` runs them."""

import subprocess
from pathlib import Path

import pytest

from tests.peers.programs import find_program

DEPLOY = Path(__file__).parents[2] / "deploy"

pytestmark = pytest.mark.slow


def test_nginx_accepts_its_example(tmp_path: Path) -> None:
    """`nginx -t` on a file that includes it inside `http`."""
    file = tmp_path / "nginx.conf"
    example = DEPLOY / "nginx" / "shadowproxy.conf"
    file.write_text(f"events {{}}\npid {tmp_path}/pid;\nhttp {{ include {example}; }}\n")
    result = subprocess.run(
        [find_program("nginx"), "-t", "-e", "stderr", "-p", str(tmp_path), "-c", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "[warn]" not in result.stderr


def test_haproxy_accepts_its_example() -> None:
    """`haproxy -c` has neither an error nor a warning."""
    example = DEPLOY / "haproxy" / "shadowproxy.cfg"
    result = subprocess.run(
        [find_program("haproxy"), "-c", "-f", str(example)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "[WARNING]" not in result.stdout + result.stderr
