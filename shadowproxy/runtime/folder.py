"""The runtime folder's beginning and end: who supervises it, and who removes it."""

import fcntl
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_OURS: Final = {".json", ".tally", ".sock", ".lock", ".draft", ".key"}


class AlreadySupervisedError(Exception):
    """Another supervisor works in this folder."""


def lock(runtime_dir: Path) -> int:
    """Takes the lock that says "supervised" and returns its descriptor, to be kept open.

    The kernel lets go of it when the process ends, however it ends.

    Raises:
        AlreadySupervisedError: someone else has it.
    """
    fd = os.open(runtime_dir / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise AlreadySupervisedError(str(runtime_dir)) from None
    return fd


def is_temporary(runtime_dir: Path) -> bool:
    """Whether the folder was made by `run` for one run, and goes with it."""
    if not runtime_dir.name.startswith("shadowproxy-"):
        return False
    with suppress(OSError, ValueError):
        return bool(json.loads((runtime_dir / "run.json").read_bytes()).get("remove", True))
    return True


def remove(runtime_dir: Path) -> None:
    """Removes what the processes wrote, and the folder when nothing else is in it."""
    with suppress(OSError):
        for path in runtime_dir.iterdir():
            if path.suffix in _OURS or path.name == "dials":
                path.unlink()
        runtime_dir.rmdir()
