"""Whether anybody was there at all: what came of all connections to one backend; pure.

Law: a backend that answered once, however badly, can be reached.
"""

from collections import Counter
from typing import Final

from shadowproxy.core.words import FailureKind

UNREACHED: Final = (FailureKind.CONNECT_REFUSED, FailureKind.CONNECT_TIMEOUT, FailureKind.TLS)
"""Failures before a request could be sent."""


class Reach:
    """One backend; `whom` is how it is called in a message."""

    def __init__(self, whom: str) -> None:
        self._whom = whom
        self._is_reached = False
        self._hindered: Counter[FailureKind] = Counter()

    def count(self, failure: FailureKind | None) -> None:
        """One request and what came of it."""
        if failure in UNREACHED:
            self._hindered[failure] += 1
        else:
            self._is_reached = True

    @property
    def trouble(self) -> str:
        """What to say if no request came through; empty if one did, or none was sent."""
        if self._is_reached or not self._hindered:
            return ""
        return f"{self._whom} cannot be reached ({', '.join(sorted(self._hindered))})"
