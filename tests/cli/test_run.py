"""`run` up to the moment where it is the supervisor, `check --connect`, and the runtime folder."""

import contextlib
import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shadowproxy.cli.folders import open_folder
from shadowproxy.config import read_invocation
from shadowproxy.ipc.process import read_settings
from tests.cli.commands import ROOT, environment, run

pytestmark = pytest.mark.slow  # starts the real command, some of them twice

FLAGS = ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--workers", "1",
         "--set", "limits.drain_delay=0s", "--set", "log.format=json")  # fmt: skip


@contextmanager
def listener() -> Iterator[str]:
    """A backend that accepts and says nothing: enough to be reached."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield f"127.0.0.1:{sock.getsockname()[1]}"


class Running:
    """A proxy in the foreground of its own process; `events` are read as they come."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "shadowproxy", "run", *FLAGS, *arguments],
            stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(TMPDIR=str(folder)),
        )  # fmt: skip

    def wait_for(self, event: str) -> dict[str, Any]:
        """The next event of that name; fails when the proxy ends first."""
        assert self.process.stderr is not None
        seen = []
        for line in self.process.stderr:
            seen.append(line)
            if line.startswith("{") and (said := json.loads(line))["event"] == event:
                return dict(said)
        raise AssertionError("".join(seen))

    def stop(self) -> int:
        """Asks once, and drains what it says meanwhile."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)
        return self.process.returncode


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Running]:
    """Ends with the block, whatever happens in it."""
    proxy = Running(folder, *arguments)
    try:
        yield proxy
    finally:
        if proxy.process.poll() is None:
            proxy.process.terminate()
            proxy.process.terminate()
            proxy.process.communicate(timeout=30)


def test_run_becomes_the_supervisor_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """One process from the command to the end; what it was started with is kept for reloads."""
    with listener() as legacy, running(tmp_path, "--legacy", f"http://{legacy}") as proxy:
        warned = proxy.wait_for("config_warning")
        assert "there is no candidate" in warned["message"]
        proxy.wait_for("listening")
        folder = next(tmp_path.glob("shadowproxy-*"))
        assert folder.stat().st_mode & 0o777 == 0o700
        command = Path(f"/proc/{proxy.process.pid}/cmdline").read_bytes().split(b"\0")
        assert b"shadowproxy.runtime.supervisor" in command
        kept = read_invocation(folder)
        assert (kept.flags["--legacy"], kept.remove) == (f"http://{legacy}", True)
        assert read_settings(folder).generation == 1
        assert proxy.stop() == 0
    assert list(tmp_path.iterdir()) == []


def test_an_own_folder_is_kept_and_continued(tmp_path: Path) -> None:
    """Generation and route slots go on; while a proxy works there, no other may."""
    own, file = tmp_path / "own", tmp_path / "p.yaml"
    with listener() as legacy:
        file.write_text(f"legacy: {{url: 'http://{legacy}'}}\nroutes: [{{name: a, path: /a}}]\n")
        arguments = ("-c", str(file), "--runtime-dir", str(own))
        with running(tmp_path, *arguments) as proxy:
            proxy.wait_for("listening")
            second = run("run", *FLAGS, *arguments)
            assert (second.returncode, second.stderr) == (2, f"another proxy runs in {own}\n")
            assert proxy.stop() == 0
        file.write_text(file.read_text().replace("name: a", "name: b"))
        with running(tmp_path, *arguments) as proxy:
            proxy.wait_for("listening")
            assert read_invocation(own).config_path == str(file)
            settings = read_settings(own)
            assert proxy.stop() == 0
    assert (settings.generation, settings.routes[0].slot) == (2, 2)
    assert settings.retired_routes == (("a", 1),)


def test_on_a_terminal_one_line_says_where_everything_is(tmp_path: Path) -> None:
    """Users, candidate and admin, before the log begins."""
    mine, its = pty.openpty()
    with listener() as legacy:
        arguments = ["--legacy", f"http://{legacy}", "--candidate", "http://127.0.0.1:9"]
        process = subprocess.Popen(
            [sys.executable, "-m", "shadowproxy", "run", *FLAGS, *arguments],
            stderr=its, cwd=ROOT, env=environment(TMPDIR=str(tmp_path)),
        )  # fmt: skip
        os.close(its)
        with open(mine, encoding="utf-8") as terminal:
            line = terminal.readline()
            assert any("listening" in each for each in terminal)
            process.terminate()
            with contextlib.suppress(OSError):
                terminal.read()
        assert process.wait(30) == 0
    assert line == (
        f"shadowproxy  users: 127.0.0.1:0 -> http://{legacy}  |  "
        "copies (100%) -> http://127.0.0.1:9  |  admin: http://127.0.0.1:0\n"
    )


def test_what_lies_in_the_working_folder_is_never_imported(tmp_path: Path) -> None:
    """A json.py of someone else's does not become a part of the proxy."""
    (tmp_path / "json.py").write_text("raise SystemExit('imported')")
    with listener() as legacy:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "shadowproxy", "run", *FLAGS, "--legacy", f"http://{legacy}"],
            stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment(TMPDIR=str(tmp_path)),
        )  # fmt: skip
        assert process.stderr is not None
        said = ""
        while '"listening"' not in said and (line := process.stderr.readline()):
            said += line
        process.terminate()
        process.communicate(timeout=30)
    assert '"listening"' in said


def test_an_address_in_use_is_said_before_anything_starts(tmp_path: Path) -> None:
    """Exit code 2, and the folder that was made is gone again."""
    with listener() as taken:
        result = run(
            "run", "--legacy", "http://127.0.0.1:9", "--listen", taken, "--admin", "127.0.0.1:0",
            environ={"TMPDIR": str(tmp_path)},
        )  # fmt: skip
    assert (result.returncode, result.stderr) == (
        2, f"cannot listen on {taken}: Address already in use\n",
    )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_others_is_refused(tmp_path: Path) -> None:
    """One that others can look into, a file, one that cannot be made, one too long for sockets."""
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "open").chmod(0o755)
    (tmp_path / "file").touch()
    (tmp_path / "old").mkdir(mode=0o700)
    (tmp_path / "old" / "settings.json").write_text('{"from": "another release"}')
    long = "x" * 100
    for name, message in [
        ("open", "it must be ours alone (chmod 700)"),
        ("file", "cannot use"),
        ("gone/below", "No such file or directory"),
        (long, "too long for the sockets in it"),
        ("old", "was left by another release; remove it to start anew"),
    ]:
        result = run("run", *FLAGS, "--legacy", "http://a", "--runtime-dir", str(tmp_path / name))
        assert result.returncode == 2
        assert message in result.stderr
        assert "Traceback" not in result.stderr


def test_a_folder_is_removed_when_the_start_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless it was kept, or is the operator's."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with open_folder(None) as failed:
        assert failed.path.exists()
    with open_folder(None) as kept:
        kept.keep()
    with open_folder(str(tmp_path / "own")) as own:
        assert own.next_generation == 1
    assert (failed.path.exists(), kept.path.exists(), own.path.exists()) == (False, True, True)


def test_connect_says_who_answers(tmp_path: Path) -> None:
    """The candidate may be away; legacy may not."""
    with listener() as up, socket.socket() as down:
        down.bind(("127.0.0.1", 0))
        gone = f"127.0.0.1:{down.getsockname()[1]}"
        both = run(
            "check", "--connect", "--legacy", f"http://{up}", "--candidate", f"http://{gone}"
        )
        assert both.returncode == 0
        assert f"legacy     http://{up}" in both.stdout
        assert "reached in" in both.stdout
        assert "cannot be reached: Connection refused" in both.stdout
        assert run("check", "--connect", "--legacy", f"http://{gone}").returncode == 1


def test_connect_does_not_wait_for_ever() -> None:
    """A backend that accepts and never shakes hands is given up on."""
    with listener() as mute:
        result = run(
            "check", "--connect", "--legacy", f"https://{mute}",
            "--set", "legacy.connect_timeout=50ms",
        )  # fmt: skip
    assert result.returncode == 1
    assert "cannot be reached: timed out" in result.stdout


def test_connect_notices_one_backend_under_two_names() -> None:
    """What the names alone do not tell."""
    with listener() as up:
        port = up.rpartition(":")[2]
        result = run(
            "check", "--connect", "--allow-same", "--legacy", f"http://{up}",
            "--candidate", f"http://localhost:{port}",
        )  # fmt: skip
    assert "legacy and candidate are the same address" in result.stdout
