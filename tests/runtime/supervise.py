"""The real supervisor over stand-ins. Run as a program: RUNTIME_DIR."""

import sys
from collections.abc import Sequence
from pathlib import Path

from shadowproxy.runtime.supervisor import main


def command(role: str, slot: int, runtime_dir: Path, fds: Sequence[int]) -> list[str]:
    arguments = [role, str(slot), str(runtime_dir), *map(str, fds)]
    return [sys.executable, "-m", "tests.runtime.stand_in", *arguments]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), command))
