"""Processes that are started, and their end."""

import os
import select
from pathlib import Path

import pytest

from shadowproxy.demo import children
from shadowproxy.demo.children import ChildError, Children

pytestmark = pytest.mark.slow


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_backends_end_with_the_block(tmp_path: Path) -> None:
    """Whoever was started in the block is gone after it."""
    async with Children(tmp_path) as crew:
        first = await crew.start_backend("legacy")
        second = await crew.start_backend("candidate")
        assert first != second
        pids = [child.process.pid for child in crew.started]
        assert all(map(_is_alive, pids))
    assert not any(map(_is_alive, pids))


async def _start_and_fail(folder: Path, pids: list[int]) -> None:
    async with Children(folder) as crew:
        await crew.start_backend("legacy")
        pids += [child.process.pid for child in crew.started]
        raise ZeroDivisionError


async def test_they_end_after_an_error_too(tmp_path: Path) -> None:
    """An exception leaves no process behind."""
    pids: list[int] = []
    with pytest.raises(ZeroDivisionError):
        await _start_and_fail(tmp_path, pids)
    assert pids
    assert not any(map(_is_alive, pids))


async def test_one_that_ignores_sigterm_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the grace time the whole session is killed, also what the child itself started."""
    monkeypatch.setattr(children, "GRACE_S", 0.1)
    (tmp_path / "stubborn.py").write_text(
        "import signal, subprocess, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)\n"
        "print(grandchild.pid, flush=True)\n"
        "grandchild.wait()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    async with Children(tmp_path) as crew:
        child = await crew.start("stubborn", "stubborn", prints=True)
        assert child.process.stdout is not None
        grandchild = os.pidfd_open(int(await child.process.stdout.readline()))
    assert not _is_alive(child.process.pid)
    assert select.select([grandchild], [], [], 5)[0], "the grandchild lives on"
    os.close(grandchild)


async def test_a_failed_start_shows_the_log(tmp_path: Path) -> None:
    """The message holds the end of what the child said, and the file's name."""
    async with Children(tmp_path) as crew:
        with pytest.raises(ChildError, match="other ended while starting") as caught:
            await crew.start_backend("other")
    assert str(tmp_path / "other.log") in str(caught.value)
    assert "invalid Variant value" in str(caught.value)
