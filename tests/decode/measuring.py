"""What a piece of code costs this process."""

import time
from pathlib import Path
from types import TracebackType
from typing import Self

PROCESS = Path("/proc/self")


class Measure:
    """CPU seconds, and how far the resident memory rose above where it was."""

    cpu_s = 0.0
    memory_bytes = 0

    def __enter__(self) -> Self:
        (PROCESS / "clear_refs").write_text("5")  # resets the high-water mark
        self._memory_bytes = _peak_bytes()
        self._cpu_s = time.process_time()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cpu_s = time.process_time() - self._cpu_s
        self.memory_bytes = _peak_bytes() - self._memory_bytes


def _peak_bytes() -> int:
    (line,) = (
        line for line in (PROCESS / "status").read_text().splitlines() if line.startswith("VmHWM:")
    )
    return int(line.split()[1]) << 10
