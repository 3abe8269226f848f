"""Processes whose supervisor died: still serving users, until a new supervisor replaces them.

    old supervisor ✗   old edges serve on ──────────── SIGTERM: they drain
    new supervisor ──► opens the same addresses ──► its edges are up ──┘

Law: only a process that beats its heart in a private folder of ours, whose supervisor's lock is
free, is taken for an orphan. Nothing else is ever signalled.
"""

import json
import os
import signal
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shadowproxy.core.settings import Settings
from shadowproxy.ipc.process import read_settings
from shadowproxy.runtime.folder import AlreadySupervisedError, lock
from shadowproxy.runtime.heartbeats import read_page

FRESH_MS: Final = 2_000
"""Twenty beats; an id that beat its page so recently still belongs to the process that did."""

END_S: Final = 2.0
"""They serve no user, or none that the folder's new edges do not serve."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """One process that lost its supervisor."""

    runtime_dir: Path
    name: str
    pid: int

    @property
    def serves_users(self) -> bool:
        """True for an edge."""
        return self.name.startswith("edge-")

    @property
    def is_alive(self) -> bool:
        """Whether the process still is there and beats."""
        pid, heartbeat_ms = read_page(self.runtime_dir, self.name)
        if pid != self.pid or time.monotonic_ns() // 1_000_000 - heartbeat_ms > FRESH_MS:
            return False
        with suppress(OSError):
            os.kill(self.pid, 0)
            return True
        return False

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal, if the process is still alive."""
        if self.is_alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def find(runtime_dir: Path, settings: Settings) -> list[Orphan]:
    """The orphans that are in the way of a supervisor of this folder with these settings.

    Those are in the folder itself (they would share its pages), or beside it in folders of the
    same naming, on one of the same addresses.
    """
    found = list(_alive(runtime_dir))
    for beside in _folders_beside(runtime_dir):
        if _shares_an_address(beside, settings):
            with suppress(OSError, AlreadySupervisedError):
                os.close(lock(beside))
                found += _alive(beside)
    return found


def end(found: Sequence[Orphan]) -> None:
    """Ends them now: SIGTERM, and SIGKILL for what is left after END_S."""
    give_up_s = time.monotonic() + END_S
    for orphan in found:
        orphan.signal(signal.SIGTERM)
    while (
        left := [orphan for orphan in found if orphan.is_alive]
    ) and give_up_s > time.monotonic():
        time.sleep(0.02)
    for orphan in left:
        orphan.signal(signal.SIGKILL)


def _folders_beside(runtime_dir: Path) -> Iterator[Path]:
    if not runtime_dir.name.startswith("shadowproxy-"):
        return
    for folder in runtime_dir.parent.glob("shadowproxy-*"):
        with suppress(OSError):
            state = folder.lstat()
            is_ours = stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid()
            if is_ours and not state.st_mode & 0o077 and folder != runtime_dir:
                yield folder


def _alive(folder: Path) -> Iterator[Orphan]:
    with suppress(OSError, ValueError, TypeError, KeyError):
        for process in json.loads((folder / "processes.json").read_bytes()):
            orphan = Orphan(folder, str(process["name"]), int(process["pid"] or 0))
            if orphan.pid and orphan.is_alive:
                yield orphan


def _shares_an_address(folder: Path, settings: Settings) -> bool:
    """The admin address counts too: an orphaned control holds it. Chosen ports never clash."""
    with suppress(OSError, ValueError, TypeError):
        theirs = read_settings(folder)
        return any(
            (address.unix or address.port) and address == other
            for address in (*settings.listen, settings.admin.listen)
            for other in (*theirs.listen, theirs.admin.listen)
        )
    return False
