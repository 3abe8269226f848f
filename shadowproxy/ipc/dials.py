"""The dials page: the few values that act on the very next request in every process.

    word 0  sequence     control bumps it after every change; readers compare it per request
    word 1  generation   of the settings file
    word 2  shadow       1 on, 0 off
    word 3  sample       NO_OVERRIDE, or a share in parts per million
    word 4  heartbeat    control's, CLOCK_MONOTONIC milliseconds
    word 5  draining     1 while the supervisor drains
    word 8  shed         written by shadow: 0 = room, else 1 + index into DropReason

Aligned 8-byte loads and stores are atomic on the platforms that CPython runs on; there is one
writer per word. Reading a word costs 30 ns, no system call, no lock.
"""

import mmap
import os
from pathlib import Path
from typing import Final

from shadowproxy.core.lifecycle import DropReason

PAGE_BYTES = 4096
NO_OVERRIDE: Final = (1 << 64) - 1
SEQUENCE, GENERATION, SHADOW, SAMPLE, HEARTBEAT, DRAINING, SHED = 0, 1, 2, 3, 4, 5, 8

SHED_REASONS: tuple[DropReason, ...] = tuple(DropReason)


def dials_path(runtime_dir: Path) -> Path:
    """Where the page lives."""
    return runtime_dir / "dials"


class Dials:
    """The mapped page. `words` is for the hot path; the properties are for everyone else."""

    __slots__ = ("_map", "words")

    def __init__(self, runtime_dir: Path) -> None:
        """Maps the page; a new one says: generation 0, shadow on, no override, room."""
        path = dials_path(runtime_dir)
        is_new = not path.exists()
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(fd, PAGE_BYTES)
            self._map = mmap.mmap(fd, PAGE_BYTES)
        finally:
            os.close(fd)
        self.words: memoryview = memoryview(self._map).cast("Q")
        if is_new:
            self.words[SHADOW] = 1
            self.words[SAMPLE] = NO_OVERRIDE
            self.words[SEQUENCE] = 1

    @property
    def sequence(self) -> int:
        """Changes whenever control changed anything."""
        value: int = self.words[SEQUENCE]
        return value

    @property
    def generation(self) -> int:
        """Of the settings file that processes should have loaded."""
        value: int = self.words[GENERATION]
        return value

    @property
    def shadow_on(self) -> bool:
        """The kill switch: False, nothing is copied."""
        return bool(self.words[SHADOW])

    @property
    def sample_override(self) -> float | None:
        """The share that replaces the configured one, or None."""
        value: int = self.words[SAMPLE]
        return None if value == NO_OVERRIDE else value / 1_000_000

    @property
    def draining(self) -> bool:
        """True once the supervisor has been asked to stop."""
        return bool(self.words[DRAINING])

    @property
    def shed(self) -> DropReason | None:
        """Why shadow takes no copies right now, or None when it has room."""
        value: int = self.words[SHED]
        return SHED_REASONS[value - 1] if value else None

    def turn(self, *, shadow_on: bool | None = None, sample: float | None = None) -> None:
        """Sets dials and bumps the sequence; control alone calls this."""
        if shadow_on is not None:
            self.words[SHADOW] = int(shadow_on)
        if sample is not None:
            self.words[SAMPLE] = round(sample * 1_000_000)
        self.bump()

    def clear_sample(self) -> None:
        """Back to the configured share."""
        self.words[SAMPLE] = NO_OVERRIDE
        self.bump()

    def publish_generation(self, generation: int) -> None:
        """Tells every process to load the settings file again."""
        self.words[GENERATION] = generation
        self.bump()

    def start_draining(self) -> None:
        """Readiness off, `Connection: close`, finish; the supervisor alone calls this."""
        self.words[DRAINING] = 1

    def stop_draining(self) -> None:
        """A runtime folder of an earlier run is used again; the supervisor alone calls this."""
        self.words[DRAINING] = 0

    def set_shed(self, reason: DropReason | None) -> None:
        """Shadow alone calls this: edges stop capturing at once while a reason stands."""
        self.words[SHED] = 0 if reason is None else 1 + SHED_REASONS.index(reason)

    def bump(self) -> None:
        """Makes readers look again."""
        self.words[SEQUENCE] += 1
