"""Orphans: only what is surely ours and surely alone is taken for one, and only that is signalled."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shadowproxy.core.settings import ListenSettings
from shadowproxy.ipc.process import write_settings
from shadowproxy.ipc.tallies import Tallies
from shadowproxy.runtime import folder, orphans
from tests.runtime.supervised import tiny

HERE = ListenSettings("127.0.0.1", 8080)
SETTINGS = tiny(listen=(HERE,))

BEAT = """
import sys, time
from pathlib import Path
from shadowproxy.ipc.process import Process
process = Process(Path(sys.argv[1]), "edge", 0)
print(flush=True)
while True:
    process.beat()
    time.sleep(0.05)
"""


@dataclass
class Left:
    """A folder of a dead supervisor with one edge that still beats."""

    path: Path
    process: "subprocess.Popen[bytes]"

    def claim(self, **changes: object) -> None:
        """Writes processes.json with one entry."""
        entry = {"name": "edge-0", "pid": self.process.pid, **changes}
        (self.path / "processes.json").write_text(json.dumps([entry]))


@pytest.fixture
def left(tmp_path: Path) -> Iterator[Left]:
    path = tmp_path / "shadowproxy-old"
    path.mkdir(mode=0o700)
    write_settings(path, SETTINGS)
    process = subprocess.Popen([sys.executable, "-c", BEAT, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    found = Left(path, process)
    found.claim()
    yield found
    process.kill()
    process.wait()
    process.stdout.close()


def beside(left: Left) -> Path:
    """The folder of a new proxy."""
    path = left.path.parent / "shadowproxy-new"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def test_an_edge_on_our_address_is_found_and_ended(left: Left) -> None:
    """SIGTERM is enough for one that listens to it."""
    (orphan,) = orphans.find(beside(left), SETTINGS)
    assert (orphan.name, orphan.pid, orphan.serves_users) == ("edge-0", left.process.pid, True)
    orphans.end([orphan])
    assert left.process.wait(5) == -signal.SIGTERM


def test_one_that_does_not_end_is_killed(left: Left) -> None:
    """After two seconds."""
    left.process.kill()
    left.process.wait()
    ignoring = BEAT.replace("import sys, time", "import signal, sys, time\n"
                            "signal.signal(signal.SIGTERM, signal.SIG_IGN)")  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", ignoring, str(left.path)], stdout=subprocess.PIPE
    ) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        left.claim(pid=stubborn.pid)
        orphans.end(orphans.find(beside(left), SETTINGS))
        assert stubborn.wait(5) == -signal.SIGKILL


def test_another_proxy_is_left_alone(left: Left) -> None:
    """Other addresses, or a supervisor that holds its lock."""
    assert orphans.find(beside(left), tiny(listen=(ListenSettings("127.0.0.1", 8081),))) == []
    held = folder.lock(left.path)
    assert orphans.find(beside(left), SETTINGS) == []
    os.close(held)
    assert orphans.find(beside(left), SETTINGS) != []


def test_chosen_ports_never_clash(left: Left) -> None:
    """Port 0 is a wish, not an address."""
    any_port = tiny(listen=(ListenSettings("127.0.0.1", 0),))
    write_settings(left.path, any_port)
    assert orphans.find(beside(left), any_port) == []


def test_a_process_that_never_beat_is_not_touched(left: Left) -> None:
    """An id in a file proves nothing: it may be anybody's by now."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as innocent:
        left.claim(pid=innocent.pid)
        assert orphans.find(beside(left), SETTINGS) == []
        innocent.communicate(b"\n")
        assert innocent.returncode == 0


def test_a_process_that_beat_long_ago_is_not_touched(left: Left) -> None:
    """Its id may have been given away."""
    os.kill(left.process.pid, signal.SIGSTOP)
    Tallies(left.path, "edge-0").set("heartbeat_ms", 1)
    assert orphans.find(beside(left), SETTINGS) == []


def test_a_folder_that_others_can_write_proves_nothing(left: Left) -> None:
    """Somebody else could have put ids into it."""
    left.path.chmod(0o777)
    assert orphans.find(beside(left), SETTINGS) == []


@pytest.mark.parametrize("content", ["", "{}", "[1]", '[{"name": "edge-0"}]', '[{"pid": "x"}]'])
def test_a_file_that_is_no_record_is_ignored(left: Left, content: str) -> None:
    """Whatever it holds, the new proxy starts."""
    (left.path / "processes.json").write_text(content)
    assert orphans.find(beside(left), SETTINGS) == []


def test_folders_elsewhere_are_not_looked_for(left: Left) -> None:
    """An operator's own folder has no siblings."""
    own = left.path.parent / "own"
    own.mkdir(mode=0o700)
    assert orphans.find(own, SETTINGS) == []
