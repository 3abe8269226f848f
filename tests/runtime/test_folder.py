"""The runtime folder: one supervisor, and an end that removes only what is ours."""

import os
from pathlib import Path

import pytest

from shadowproxy.runtime import folder


def test_a_lock_is_had_once(tmp_path: Path) -> None:
    """And again after its descriptor is closed, as the kernel does for a process that ends."""
    fd = folder.lock(tmp_path)
    with pytest.raises(folder.AlreadySupervisedError):
        folder.lock(tmp_path)
    os.close(fd)
    os.close(folder.lock(tmp_path))


@pytest.mark.parametrize(
    ("name", "run", "expected"),
    [
        ("shadowproxy-abc", None, True),
        ("shadowproxy-abc", "{}", True),
        ("shadowproxy-abc", '{"remove": false}', False),
        ("var", '{"remove": true}', False),
        ("var", None, False),
    ],
)
def test_which_folders_go_with_the_run(
    tmp_path: Path, name: str, run: str | None, expected: bool
) -> None:
    """Those that `run` made for itself."""
    path = tmp_path / name
    path.mkdir()
    if run is not None:
        (path / "run.json").write_text(run)
    assert folder.is_temporary(path) is expected


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    """A folder that holds anything else is kept, with that alone in it."""
    path = tmp_path / "shadowproxy-x"
    path.mkdir()
    for name in ("settings.json", "dials", "edge-0.tally", "judge.sock", "judge.key", "notes.txt"):
        (path / name).write_text("")
    folder.remove(path)
    assert [left.name for left in path.iterdir()] == ["notes.txt"]
    (path / "notes.txt").unlink()
    folder.remove(path)
    assert not path.exists()
