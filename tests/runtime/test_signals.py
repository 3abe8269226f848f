"""Signals as values, and what is left of them afterwards."""

import os
import signal
import subprocess
import sys
import time

from shadowproxy.runtime.signals import Signals

LATE = """
import os, signal
from shadowproxy.runtime.signals import Signals
with Signals([signal.SIGCHLD, signal.SIGTERM]):
    pass
os.kill(os.getpid(), signal.SIGCHLD)
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_a_signal_is_waited_for() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    try:
        with Signals([signal.SIGUSR1]) as signals:
            assert signals.wait(0.0) == []
            os.kill(os.getpid(), signal.SIGUSR1)
            assert signals.wait(1.0) == [signal.SIGUSR1]
            start_s = time.monotonic()
            assert signals.wait(0.05) == []
            assert time.monotonic() - start_s >= 0.05
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_signal_that_comes_too_late_is_passed_over_in_silence() -> None:
    """The end of a child that was killed at the last moment, while the last lines are written."""
    late = subprocess.run(
        [sys.executable, "-c", LATE], capture_output=True, timeout=20, check=False
    )
    assert (late.returncode, late.stdout, late.stderr) == (0, b"", b"")
