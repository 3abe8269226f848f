"""Server-sent events, as the WHATWG HTML Standard (9.2.6) reads them."""

import re
from typing import Final

from shadowproxy.decode.room import Room

_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_FIELDS: Final = frozenset(("event", "data", "id", "retry"))


def decode_events(text: str, room: Room) -> list[dict[str, str]]:
    """The events in order, each with the fields that were given; comments are skipped.

    Other than a browser this keeps an event without data, which may still set `id` or `retry`, and
    one that no blank line ends: both are what the server sent.
    """
    room.take(2 * (2 + text.count("\n") + text.count("\r")))
    events: list[dict[str, str]] = []
    fields: dict[str, list[str]] = {}
    for line in [*_LINE_END.split(text), ""]:
        if not line:
            if fields:
                events.append(_event(fields))
                fields = {}
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name in _FIELDS and _is_heeded(name, value):
            fields.setdefault(name, []).append(value)
    return events


def _is_heeded(name: str, value: str) -> bool:
    if name == "id":
        return "\0" not in value
    return name != "retry" or (value.isascii() and value.isdigit())


def _event(fields: dict[str, list[str]]) -> dict[str, str]:
    """Data lines are joined; of any other field the last one counts."""
    return {
        name: "\n".join(values) if name == "data" else values[-1] for name, values in fields.items()
    }
