"""A timerfd: wakes epoll at a CLOCK_MONOTONIC time, to the nanosecond, without spinning.

`select.epoll.poll` rounds its timeout up to milliseconds, and Python has `os.timerfd_create` only
since 3.13.
"""

import ctypes
import os

_CLOCK_MONOTONIC = 1
_ABSOLUTE = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Timer:
    """Register `fd` edge-triggered: setting it again rearms it, so it is never read."""

    def __init__(self) -> None:
        self.fd: int = _libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._specification = (ctypes.c_long * 4)()  # struct itimerspec: interval, then value
        self._set_ns = 0

    def set(self, at_ns: int) -> None:
        """Fires at `at_ns`; at once when that has passed."""
        if at_ns != self._set_ns:
            self._set_ns = at_ns
            self._specification[2], self._specification[3] = divmod(at_ns, 10**9)
            _libc.timerfd_settime(self.fd, _ABSOLUTE, self._specification, None)

    def close(self) -> None:
        """Gives the descriptor back."""
        os.close(self.fd)
