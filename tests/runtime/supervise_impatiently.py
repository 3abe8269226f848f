"""The supervisor over stand-ins, with two looks' patience. Run as a program: RUNTIME_DIR."""

import sys
from pathlib import Path

from shadowproxy.runtime import heartbeats
from shadowproxy.runtime.supervisor import main
from tests.runtime.supervise import command

if __name__ == "__main__":
    heartbeats.HUNG_LOOKS = 2  # type: ignore[misc]  # 30 s are too long for a test
    sys.exit(main(Path(sys.argv[1]), command))
