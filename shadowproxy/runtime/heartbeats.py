"""Whether a process still turns its loop, from its tally page."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from shadowproxy.ipc.tallies import read_cell

LOOK_S: Final = 1.0
"""How often the supervisor looks."""

HUNG_LOOKS: Final = 30
"""Looks in a row without a beat until a process counts as hung.

A beat is due every 0.1 s. The longest honest pauses are seconds: a page-in after swapping, a
collection of a large heap, a judge in one pathological document. 30 s is ten times that, and what
users' timeouts usually are: who waits on a hung edge has lost by then. Looks are counted, not
seconds: when the machine itself was suspended, the supervisor did not look either.
"""


def read_page(runtime_dir: Path, process: str) -> tuple[int, int]:
    """(pid, heartbeat_ms) as the process last wrote them; zeros without a page."""
    with suppress(OSError):
        pid = read_cell(runtime_dir, process, "pid")
        return pid, read_cell(runtime_dir, process, "heartbeat_ms")
    return 0, 0


class Watch:
    """Looks at one process."""

    __slots__ = ("_beat", "_looks")

    def __init__(self) -> None:
        self._beat = -1
        self._looks = 0

    def is_hung(self, heartbeat_ms: int) -> bool:
        """One look; True when it is the last of too many without a beat."""
        self._looks = 0 if heartbeat_ms != self._beat else self._looks + 1
        self._beat = heartbeat_ms
        return self._looks >= HUNG_LOOKS
