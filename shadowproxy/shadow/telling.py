"""Log events of shadow: handed to the judge, which writes the log."""

import json
import traceback
from typing import Final

from shadowproxy.ipc import frames
from shadowproxy.ipc.channel import Sender
from shadowproxy.ipc.process import Process
from shadowproxy.shadow.counting import LOG_EVENTS_DROPPED

MAX_TRACEBACK: Final = 8000
"""Characters: eight frames with long paths."""


class Tell:
    """`tell(event, level, **fields)`; what does not fit in the channel is counted."""

    def __init__(self, process: Process, judge: Sender) -> None:
        self._cells = process.tallies.cells
        self._judge = judge
        self._name = process.name

    def __call__(self, event: str, level: str, **fields: object) -> None:
        """Hands one event over. Fields hold nothing that came from a user or a backend's body."""
        document = {"event": event, "level": level, "process": self._name, **fields}
        frame = frames.pack_event(json.dumps(document, default=str).encode())
        if not self._judge.send(frame):
            self._cells[LOG_EVENTS_DROPPED] += 1

    def internal_error(self) -> None:
        """Hands over where the exception that is being handled came from."""
        trace = traceback.format_exc(limit=-8)[-MAX_TRACEBACK:]
        self("internal_error", "error", exception=trace)
