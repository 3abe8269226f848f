"""The one door to structlog: events in, one line each out, never waiting for whoever reads them.

    get(name).info("event", key=value) ─► filter ─► render ─► cap ─► ipc.lines.LineWriter ─► stderr

Laws: logging never blocks and never raises on JSON-like values, however hostile; a line has no raw control character and at
most MAX_EVENT_BYTES; a line that found the queue full is counted in the cell `log_events_dropped`.
"""

import json
import math
import re
import sys
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson

from shadowproxy.core.cells import GLOBAL
from shadowproxy.core.settings import LogSettings
from shadowproxy.ipc.lines import LineWriter
from shadowproxy.ipc.tallies import Tallies

_RICH_IS_LOADED = "rich" in sys.modules
if not _RICH_IS_LOADED:
    # structlog.dev imports rich wherever it is installed: 5.4 MiB and 40 ms in every process that
    # logs, for tracebacks that are never drawn here. None makes that import fail, quietly.
    sys.modules["rich"] = cast("Any", None)
import structlog  # noqa: E402 - see above
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger  # noqa: E402

if not _RICH_IS_LOADED:
    del sys.modules["rich"]

Logger = FilteringBoundLogger
"""What `get` returns; for annotations, so nobody else imports structlog."""

MAX_EVENT_BYTES: Final = 16 << 10
"""Twice what 20 differences with values capped at 200 characters come to."""

_SHORT_TEXT, _SHORT_LIST, _SHORT_MEMBERS, _MAX_DEPTH = 256, 8, 32, 8
LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
"""For `Logger.log`, where the level of an event is data."""

_ABOVE_ASCII = "\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""DEL, C1 controls, line separators, the marks that reorder a terminal's text, surrogates."""
_UNSAFE_IN_JSON = re.compile(f"[{_ABOVE_ASCII}]")
_UNSAFE = re.compile(f"[\x00-\x09\x0b-\x1f{_ABOVE_ASCII}]")


def get(name: str) -> Logger:
    """A logger whose events carry `component: name`; may be called before `configure`."""
    logger: Logger = structlog.get_logger(component=name)
    return logger


def configure(log: LogSettings, tallies: Tallies | None = None, fd: int = 2) -> None:
    """Sets level and format for every logger of this process; again after a reload.

    Lines that had to be dropped are added to `log_events_dropped` of `tallies`.
    """
    sink = _sink_for(fd, tallies)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _Console(sys.stderr.isatty()) if log.format == "console" else render_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS.get(log.level, 20)),
        logger_factory=lambda *_: sink,
        cache_logger_on_first_use=False,
    )


def close(timeout_s: float) -> bool:
    """Waits until every queued line is written, at most `timeout_s`; for the end of a process."""
    return all(sink.writer.flush(timeout_s) for sink in _sinks.values())


class _Sink:
    """What structlog wraps: hands rendered lines to one file descriptor's writer."""

    def __init__(self, fd: int) -> None:
        self.tallies: Tallies | None = None
        self.writer = LineWriter(fd, self._count)

    def _count(self, lines: int) -> None:
        if self.tallies is not None:
            self.tallies.cells[GLOBAL["log_events_dropped"]] += lines

    def msg(self, line: bytes) -> None:
        """Queues one line, or drops and counts it."""
        self.writer.emit(line)

    debug = info = warning = error = critical = msg


_sinks: dict[int, _Sink] = {}


def _sink_for(fd: int, tallies: Tallies | None) -> _Sink:
    sink = _sinks.setdefault(fd, _Sink(fd))
    sink.tallies = tallies
    return sink


def render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> bytes:
    """One JSON object; over MAX_EVENT_BYTES its values are cut short and it says `truncated`."""
    line = _dump(event)
    if len(line) <= MAX_EVENT_BYTES:
        return line
    line = _dump({**shorten(event), "truncated": True})
    if len(line) <= MAX_EVENT_BYTES:
        return line
    kept = {name: event[name] for name in ("event", "level", "timestamp") if name in event}
    return _dump({**shorten(kept), "truncated": True})


class _Console:
    """The readable form: one line an event, only tracebacks below it."""

    def __init__(self, is_terminal: bool) -> None:
        self._render = structlog.dev.ConsoleRenderer(
            colors=is_terminal, exception_formatter=structlog.dev.plain_traceback
        )

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> bytes:
        safe = {name: _one_line(value, name) for name, value in event.items()}
        text = self._render(logger, method, safe)
        line = text.encode("utf-8", "backslashreplace")
        return line if len(line) <= MAX_EVENT_BYTES else line[: MAX_EVENT_BYTES - 3] + b"..."


def _one_line(value: Any, name: str) -> Any:
    if not isinstance(value, str):
        value = _dump(value).decode() if isinstance(value, dict | list | tuple | bytes) else value
        return (
            value if isinstance(value, str | int | float | bool) or value is None else repr(value)
        )
    if name != "exception":
        value = value.replace("\n", "\\n")
    return _UNSAFE.sub(_escape, value)


def _dump(value: Any) -> bytes:
    try:
        line = orjson.dumps(value, default=_plain)
    except (TypeError, ValueError, RecursionError):
        # Lone surrogates, integers of 2**64 and more, nesting above 254, keys that are no text: rare, so slow is fine.
        line = json.dumps(shorten(value), default=_plain, skipkeys=True).encode()
    if line.isascii() and b"\x7f" not in line:
        return line
    return _UNSAFE_IN_JSON.sub(_escape, line.decode()).encode()


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _plain(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else repr(value)


def shorten(value: Any, depth: int = _MAX_DEPTH) -> Any:
    """The same shape with long texts and lists cut and deep parts replaced by `...`."""
    if isinstance(value, str | bytes):
        return value if len(value) <= _SHORT_TEXT else f"{_plain_text(value[:_SHORT_TEXT])}..."
    if isinstance(value, dict):
        if not depth:
            return "..."
        members = list(value.items())[:_SHORT_MEMBERS]
        return {_plain_text(name)[:_SHORT_TEXT]: shorten(item, depth - 1) for name, item in members}
    if isinstance(value, list | tuple):
        return [shorten(item, depth - 1) for item in value[:_SHORT_LIST]] if depth else "..."
    if isinstance(value, int):
        # Python refuses to write integers of more than 4,300 digits in decimal.
        return value if value.bit_length() <= 4096 else f"{value:#x}"[:_SHORT_TEXT]
    is_plain = value is None or (isinstance(value, float) and math.isfinite(value))
    return value if is_plain else repr(value)[:_SHORT_TEXT]


def _plain_text(value: Any) -> str:
    return value if isinstance(value, str) else _plain(value)


@dataclass(slots=True)
class _Window:
    ends_s: float
    admitted: int = 0
    refused: int = 0


class RateLimit:
    """At most `limit` events per key and window; pure, the clock comes in.

    Law: in any window at most `limit * (max_keys + 1)` events are admitted, whatever the keys:
    keys beyond `max_keys` share one window.
    """

    OVERFLOW: Final = "(other)"

    def __init__(self, limit: int, window_s: float, max_keys: int = 2000) -> None:
        self._limit = limit
        self._window_s = window_s
        self._max_keys = max_keys
        self._windows: dict[str, _Window] = {}

    def admits(self, key: str, now_s: float) -> bool:
        """Whether this event of `key` may go out; a refused one is counted."""
        window = self._windows.get(key)
        if window is None or now_s >= window.ends_s:
            if window is None and len(self._windows) >= self._max_keys and key != self.OVERFLOW:
                return self.admits(self.OVERFLOW, now_s)
            refused = 0 if window is None else window.refused
            window = self._windows[key] = _Window(now_s + self._window_s, refused=refused)
        if window.admitted < self._limit:
            window.admitted += 1
            return True
        window.refused += 1
        return False

    def ended(self, now_s: float) -> list[tuple[str, int]]:
        """Forgets the windows that are over; those that refused any, with how many."""
        over = [key for key, window in self._windows.items() if now_s >= window.ends_s]
        closed = [(key, self._windows.pop(key).refused) for key in over]
        return [(key, refused) for key, refused in closed if refused]

    def __len__(self) -> int:
        return len(self._windows)


configure(LogSettings())
