"""Several JSON documents in one body: one a line (NDJSON), or as text sequences (RFC 7464)."""

from typing import Any, Final

from shadowproxy.decode.bounds import UndecodableError
from shadowproxy.decode.json_text import How, decode_json
from shadowproxy.decode.room import Room

_SEPARATOR: Final = b"\x1e"
_BLANK: Final = b" \t\r\n"
_SELF_CLOSING: Final = (b"{", b"[", b'"')


def decode_ndjson(body: bytes, how: How, room: Room) -> list[Any]:
    """The documents in order; blank lines are skipped, one that is broken breaks the body."""
    room.take(1 + body.count(b"\n") + values_of_json(body))
    return [decode_json(line, how) for line in body.split(b"\n") if line.strip(_BLANK)]


def decode_json_seq(body: bytes, how: How, room: Room) -> list[Any]:
    """The documents in order, each between a record separator and a line feed."""
    room.take(1 + body.count(_SEPARATOR) + values_of_json(body))
    before, *texts = body.split(_SEPARATOR)
    if before.strip(_BLANK):
        raise UndecodableError("no separator")
    return [decode_json(_whole(text), how) for text in texts if text.strip(_BLANK)]


def _whole(text: bytes) -> bytes:
    """A number or a word at the very end may have been cut: RFC 7464 2.4 forbids taking it."""
    if not text.lstrip(_BLANK).startswith(_SELF_CLOSING) and text[-1:] not in _BLANK:
        raise UndecodableError("truncated")
    return text


def values_of_json(body: bytes) -> int:
    """At least the number of values: separators inside strings count too."""
    return 1 + body.count(b",") + body.count(b"[") + body.count(b"{")
