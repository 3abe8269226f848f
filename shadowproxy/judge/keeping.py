"""What is done again and again, without ever taking more than a share of the time."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final

from shadowproxy import logs
from shadowproxy.ipc.process import write_atomically

SHARE: Final = 0.05
"""Of the judge's time: a file that takes 100 ms to write is written every two seconds at most."""

_log = logs.get("judge")


class Paced:
    """Work that is due again after `every_s`, or later if it takes long. A block that is timed."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._next_s = self._started_s = 0.0

    def is_due(self, now_s: float) -> bool:
        """Whether it may be done again."""
        return now_s >= self._next_s

    def __enter__(self) -> None:
        self._started_s = monotonic()

    def __exit__(self, *_error: object) -> None:
        ended_s = monotonic()
        self._next_s = ended_s + max(self._every_s, (ended_s - self._started_s) / SHARE)


class Kept(Paced):
    """One file. `render` gives its content; `every_s` is the shortest time between two writings."""

    def __init__(self, path: Path, render: Callable[[], bytes], every_s: float) -> None:
        super().__init__(every_s)
        self._path = path
        self._render = render
        self._has_failed = False

    def write(self) -> bool:
        """Writes it now; False if that was not possible, which is logged the first time."""
        with self:
            try:
                write_atomically(self._path, self._render())
            except (OSError, TypeError) as error:  # TypeError: what JSON cannot hold
                if not self._has_failed:
                    _log.error("file_not_written", file=self._path.name, error=str(error))
                self._has_failed = True
            else:
                self._has_failed = False
        return not self._has_failed
