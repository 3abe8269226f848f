"""What judge has to know of the exchanges that end here: their endpoint and both durations.

    match ─► buffer ─ full, or once per tick ─► MATCHES to judge
                                   └ the channel refuses: dropped and counted

Law: an exchange costs no frame, and no more than a microsecond: it is one of MAX_BUFFERED.
"""

from typing import Final

from shadowproxy.ipc import frames
from shadowproxy.ipc.channel import Sender
from shadowproxy.ipc.frames import MAX_US
from shadowproxy.shadow import counting

MAX_BUFFERED: Final = 512
"""At 5,000 matches/s one frame per tick; 137 KB at most, a sixtieth of the channel."""

MAX_NAME_BYTES: Final = 256
"""Of `METHOD /path`. Endpoints are 12 levels deep at most; what is cut would not change them."""


class Summaries:
    """The matches of this tick."""

    __slots__ = ("_cells", "_judge", "_matches")

    def __init__(self, cells: memoryview, judge: Sender) -> None:
        self._cells = cells
        self._judge = judge
        self._matches: list[frames.Match] = []

    def __len__(self) -> int:
        return len(self._matches)

    def add(self, route: int, legacy_us: int, candidate_us: int, head: bytes) -> None:
        """One exchange; `head` is its request's."""
        matches = self._matches
        if candidate_us > MAX_US:
            candidate_us = MAX_US
        matches.append((route, legacy_us, candidate_us, name_of(head)))
        if len(matches) >= MAX_BUFFERED:
            self.flush()

    def flush(self) -> None:
        """Sends what is buffered; what the channel does not take is gone."""
        matches = self._matches
        if not matches:
            return
        if self._judge.is_open and self._judge.send(frames.pack_matches(matches)):
            matches.clear()
        else:
            self.drop()

    def drop(self) -> None:
        """Counts and forgets what is buffered."""
        self._cells[counting.SUMMARIES_DROPPED] += len(self._matches)
        self._matches.clear()


def name_of(head: bytes) -> bytes:
    """`METHOD /path` of a request's head, without the query, cut at MAX_NAME_BYTES."""
    return head.split(b" HTTP/1.", 1)[0].split(b"?", 1)[0][:MAX_NAME_BYTES]
