"""What every process of a running proxy has: its place, its settings, its tallies, the dials.

The runtime folder (mode 0700) holds:

    settings.json      one generation of the settings, replaced atomically by control
    dials              ipc.dials
    NAME.tally         ipc.tallies, NAME = edge-0 ... | shadow | judge | control
    shadow.sock        exchanges from the edges     judge.sock   pairs and log events
    store.json         judge's: how the report's store is; `starting` before it was opened
    judge.json         judge's: what it learned, for a successor; judge.key keys the hashes in it
    run.json           how the proxy was started, for reload
    processes.json     the supervisor's view: [{name, pid, restarts, up, since}]
    listening.json     the supervisor's addresses: {listen: [...], admin: ...}
    dials.json         control's: dials that were turned, with what is left of them
    reload.json        control's: how the last reload ended
"""

import json
import os
import time
from dataclasses import asdict
from pathlib import Path

from shadowproxy.core.cells import GAUGES
from shadowproxy.core.settings import Settings, settings_from_json
from shadowproxy.ipc.dials import Dials
from shadowproxy.ipc.tallies import Tallies

TICK_S = 0.1
"""Every process looks at the dials and beats its heart this often."""


class Process:
    """One process of the proxy, as seen from inside."""

    __slots__ = ("dials", "name", "runtime_dir", "settings", "slot", "tallies")

    def __init__(self, runtime_dir: Path, role: str, slot: int = 0) -> None:
        """Maps tallies and dials and loads the settings of the current generation."""
        self.runtime_dir = runtime_dir
        self.slot = slot
        self.name = f"edge-{slot}" if role == "edge" else role
        self.tallies = Tallies(runtime_dir, self.name)
        self.dials = Dials(runtime_dir)
        self.settings = read_settings(runtime_dir)
        for gauge in GAUGES:  # what a killed predecessor had open is closed
            self.tallies.set(gauge, 0)
        self.tallies.set("pid", os.getpid())
        self.tallies.set("generation", self.settings.generation)
        self.beat()

    def reload(self) -> bool:
        """Loads the settings if the dials page says there are newer ones; True when it did."""
        if self.dials.generation == self.settings.generation:
            return False
        self.settings = read_settings(self.runtime_dir)
        self.tallies.set("generation", self.settings.generation)
        return True

    def beat(self) -> None:
        """Says "alive" (CLOCK_MONOTONIC, milliseconds) to whoever reads the tally page."""
        self.tallies.set("heartbeat_ms", time.monotonic_ns() // 1_000_000)


def settings_path(runtime_dir: Path) -> Path:
    """Where the effective settings are."""
    return runtime_dir / "settings.json"


def read_settings(runtime_dir: Path) -> Settings:
    """The settings that are in force."""
    return settings_from_json(json.loads(settings_path(runtime_dir).read_bytes()))


def write_settings(runtime_dir: Path, settings: Settings) -> None:
    """Replaces the settings atomically; publish the generation on the dials page afterwards."""
    write_atomically(settings_path(runtime_dir), json.dumps(asdict(settings)).encode())


def write_atomically(path: Path, content: bytes) -> None:
    """Readers see the old file or the new one, never half of one."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    draft.write_bytes(content)
    draft.chmod(0o600)
    draft.replace(path)
