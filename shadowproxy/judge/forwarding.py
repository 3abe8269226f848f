"""Events and access lines of the other processes, on their way into the log.

Law: they pass the same redaction and the same limits as the judge's own; what is not a known shape
is dropped, never an error.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from shadowproxy import logs
from shadowproxy.ipc.frames import Access, unpack_access, unpack_event
from shadowproxy.judge.telling import Teller
from shadowproxy.redact.redaction import Redactor

_RESERVED: Final = frozenset(("event", "level", "timestamp", "component", "exc_info", "stack_info"))
_SUBJECT: Final = ("backend", "failure", "reason", "process")
"""What tells two kinds of one event apart when they are counted against the limit."""

_log = logs.get("judge")
_access_log = logs.get("access")


def forward_event(
    frame: bytes, teller: Teller, route_name: Callable[[int], str], now_s: float
) -> None:
    """Logs one event of another process, within its limit."""
    try:
        document = orjson.loads(unpack_event(frame))
    except orjson.JSONDecodeError:
        return
    if not isinstance(document, dict):
        return
    event = str(document.get("event", "event"))[:64]
    subject = " ".join(str(document[name])[:64] for name in _SUBJECT if name in document)
    if not teller.admits(f"{event} {subject}", now_s):
        return
    slot = document.pop("route_slot", None)
    if isinstance(slot, int):
        document["route"] = route_name(slot)
    fields = {name: value for name, value in document.items() if name not in _RESERVED}
    level = logs.LEVELS.get(str(document.get("level", "info")), logs.LEVELS["info"])
    _log.log(level, event, **teller.redactor.event(fields))


def forward_access(frame: bytes, redactor: Redactor) -> None:
    """Writes one line of the access log."""
    line = unpack_access(frame)
    _access_log.info("access", **_shown(line, redactor))


def _shown(line: Access, redactor: Redactor) -> dict[str, Any]:
    return {
        "at": datetime.fromtimestamp(line.time_s, UTC).isoformat(timespec="milliseconds"),
        "peer": line.peer.decode("latin-1"),
        "method": line.method.decode("latin-1")[:32],
        "target": redactor.target(line.target.decode("latin-1")),
        "status": line.status,
        "bytes": line.body_bytes,
        "duration_ms": line.duration_us / 1000,
    }
