"""Log events of the supervisor and of processes that have no logger: standard library only.

Each event is one line, JSON or readable, through the writer that never waits for its reader.
"""

import json
from datetime import UTC, datetime
from typing import Any, Final

from shadowproxy.core.settings import LogSettings
from shadowproxy.ipc.lines import LineWriter

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


class Events:
    """Says what happened. `component` is the process that says it."""

    def __init__(self, component: str, log: LogSettings, writer: LineWriter | None = None) -> None:
        self._component = component
        self._writer = LineWriter() if writer is None else writer
        self.configure(log)

    def configure(self, log: LogSettings) -> None:
        """Sets level and format."""
        self._least = _LEVELS.get(log.level, 20)
        self._is_console = log.format == "console"

    def say(self, event: str, level: str = "info", **fields: Any) -> None:
        """Queues one event; never blocks, never raises on plain values."""
        if _LEVELS[level] < self._least:
            return
        now = datetime.now(UTC)
        render = _readable if self._is_console else _as_json
        self._writer.emit(render(event, level, now, {"component": self._component, **fields}))

    def flush(self, timeout_s: float) -> None:
        """Waits until everything is written, but not for a reader that has stalled."""
        self._writer.flush(timeout_s)


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds and `Z`, as every log line has it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _as_json(event: str, level: str, now: datetime, fields: dict[str, Any]) -> bytes:
    told = {"event": event, "level": level, "timestamp": timestamp(now), **fields}
    return json.dumps(told, separators=(",", ":"), default=str).encode()


def _readable(event: str, level: str, now: datetime, fields: dict[str, Any]) -> bytes:
    details = " ".join(f"{name}={json.dumps(value, default=str)}" for name, value in fields.items())
    return f"{timestamp(now)} [{level:<8}] {event:<30} {details}".encode()
