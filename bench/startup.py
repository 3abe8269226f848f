"""python -m bench.startup: from the command to the first answer, and the memory of an idle proxy.

Promised: ready within 2 s, all processes together under 160 MiB of proportional memory.
"""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench.arms import ONE_EDGE, Backends, origins, ours
from bench.measuring import family, pss_kib
from bench.running import end_on_sigterm

READY_S = 2.0
IDLE_MIB = 160
IDLE_S = 3.0
"""Long enough for every process to have loaded what it loads late."""


def main() -> None:
    """Starts the proxy several times; exits with 1 when a promise is broken."""
    end_on_sigterm()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    ready_s: list[float] = []
    idle_kib: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as name, origins(Path(name)) as backends:
        for number in range(options.times):
            took_s, idle_kib = _once(backends, Path(name) / f"run-{number}", options.workers)
            ready_s.append(took_s)
    total_mib = sum(idle_kib.values()) / 1024
    print(f"ready after {median(ready_s):.2f} s ({min(ready_s):.2f} to {max(ready_s):.2f})")
    roles = ", ".join(f"{role} {kib / 1024:.1f}" for role, kib in idle_kib.items())
    print(f"idle with {options.workers} edges: {total_mib:.1f} MiB ({roles})")
    sys.exit(max(ready_s) > READY_S or total_mib > IDLE_MIB)


def _once(backends: Backends, folder: Path, workers: int) -> tuple[float, dict[str, int]]:
    settings = (*ONE_EDGE, f"workers={workers}")
    with ExitStack() as stack:
        start_s = time.monotonic()
        target = ours(stack, backends.legacy, backends.candidate, folder, *settings)
        took_s = time.monotonic() - start_s
        time.sleep(IDLE_S)
        return took_s, pss_kib(family(target.process))


if __name__ == "__main__":
    main()
