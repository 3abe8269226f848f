"""The runtime folder of a new proxy: made for this run, or the operator's own.

An own folder (`--runtime-dir`) keeps counters over restarts: settings continue its generations and
its route slots. A folder made for one run lies in memory where that is safe, because the processes
count in mapped files: on a disk, writing them back could stall whoever counts.
"""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from shadowproxy.cli.ending import Ending
from shadowproxy.config.escaping import printable
from shadowproxy.core.settings import Settings
from shadowproxy.ipc.process import read_settings, settings_path

PREFIX: Final = "shadowproxy-"
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of its own in it
_FIRST_USER: Final = 1000
"""Below are system accounts; of others systemd removes the files there when they log out."""
_LONGEST_SOCKET: Final = 107 - len("/shadow.sock")


@dataclass(slots=True)
class Folder:
    """The folder, locked against other supervisors until `close`."""

    path: Path
    is_temporary: bool
    lock: int
    previous: Settings | None = None
    is_kept: bool = field(default=False)

    @property
    def next_generation(self) -> int:
        """Of the settings to be written."""
        return 1 if self.previous is None else self.previous.generation + 1

    def keep(self) -> None:
        """The proxy starts in it."""
        self.is_kept = True


@contextmanager
def open_folder(name: str | None) -> Iterator[Folder]:
    """A folder to start in; when the start fails, one that was made for it is removed again.

    Raises:
        Ending: it cannot be had.
    """
    from shadowproxy.runtime.folder import remove

    folder = _temporary() if name is None else _own(Path(name).absolute())
    try:
        yield folder
    finally:
        os.close(folder.lock)
        if folder.is_temporary and not folder.is_kept:
            remove(folder.path)


def _temporary() -> Folder:
    try:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_where()))
    except OSError as error:
        raise Ending(f"cannot make a runtime folder: {error.strerror}", 2) from None
    if len(os.fsencode(path)) > _LONGEST_SOCKET:
        path.rmdir()
        raise Ending(f"{printable(str(path.parent))} is too long for sockets in it; set TMPDIR", 2)
    return Folder(path, True, _locked(path))


def _where() -> Path | None:
    """None: where temporary files usually go (TMPDIR)."""
    is_system = os.geteuid() < _FIRST_USER and "TMPDIR" not in os.environ
    return _MEMORY if is_system and os.access(_MEMORY, os.W_OK | os.X_OK) else None


def _own(path: Path) -> Folder:
    shown = printable(str(path))
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        state = path.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a folder name"
        raise Ending(f"cannot use {shown}: {reason}", 2) from None
    if state.st_uid != os.geteuid() or stat.S_IMODE(state.st_mode) & 0o077:
        raise Ending(f"cannot use {shown}: it must be ours alone (chmod 700)", 2)
    if len(os.fsencode(path)) > _LONGEST_SOCKET:
        raise Ending(f"cannot use {shown}: its path is too long for the sockets in it", 2)
    return Folder(path, False, _locked(path), _previous(path))


def _locked(path: Path) -> int:
    from shadowproxy.runtime.folder import AlreadySupervisedError, lock

    shown = printable(str(path))
    try:
        return lock(path)
    except AlreadySupervisedError:
        raise Ending(f"another proxy runs in {shown}", 2) from None
    except OSError as error:
        raise Ending(f"cannot use {shown}: {error.strerror}", 2) from None


def _previous(path: Path) -> Settings | None:
    if not settings_path(path).exists():
        return None
    try:
        return read_settings(path)
    except (OSError, ValueError, TypeError, AttributeError):
        shown = printable(str(path))
        raise Ending(f"{shown} was left by another release; remove it to start anew", 2) from None
