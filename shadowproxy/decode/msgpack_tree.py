"""MessagePack into a tree, value by value.

`msgpack.unpackb` sets memory aside for whatever length an array declares, on each of 1,024 levels.
So only scalars are its work; containers are opened here, when their elements fit into what is left
of the body and of the room.
"""

import json
import math
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shadowproxy.decode.bounds import MAX_DEPTH, UndecodableError
from shadowproxy.decode.room import Room

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES: Final = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_ODD_VALUES: Final = 3
_MAP: Final = 2
_ARRAY: Final = 1
_CONTAINERS: Final[dict[int, int]] = {
    **dict.fromkeys((*range(0x80, 0x90), 0xDE, 0xDF), _MAP),
    **dict.fromkeys((*range(0x90, 0xA0), 0xDC, 0xDD), _ARRAY),
}
"""First byte of a value to what it is; any other begins a scalar."""


def decode_msgpack(body: bytes, room: Room) -> Any:
    """The one value that the body is.

    Bytes are {"$bytes": base64}, extensions {"$ext": code, "$bytes": base64}, timestamps
    {"$timestamp": RFC 3339}, NaN and infinities {"$number": name}; a key that is no string is its
    JSON text. Of equal keys the last one wins.

    Raises:
        UndecodableError: broken, truncated, followed by more, a container as a key, or nested too
            deeply.
        BoundError: too many values.
    """
    import msgpack

    unpacker = msgpack.Unpacker(max_buffer_size=len(body) or 1, strict_map_key=False)
    try:
        unpacker.feed(body)
        value = _Reader(body, unpacker, room).read()
    except (ValueError, msgpack.UnpackException):
        raise UndecodableError("msgpack") from None
    if unpacker.tell() != len(body):
        raise UndecodableError("trailing bytes")
    return value


class _Frame:
    """A container that still lacks `left` elements; of a map, `key` may have come already."""

    __slots__ = ("into", "key", "left", "wants_key")

    def __init__(self, into: list[Any] | dict[str, Any], left: int) -> None:
        self.into = into
        self.left = left
        self.key = ""
        self.wants_key = isinstance(into, dict)

    def put(self, value: Any) -> None:
        if isinstance(self.into, list):
            self.into.append(value)
            self.left -= 1
        elif self.wants_key:
            self.key = _key(value)
            self.wants_key = False
        else:
            self.into[self.key] = value
            self.wants_key = True
            self.left -= 1


def _key(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if type(value) is int else json.dumps(value, separators=(",", ":"))


class _Reader:
    """Builds the tree around the scalars that `unpacker` reads from `body`."""

    def __init__(self, body: bytes, unpacker: Any, room: Room) -> None:
        self._body = body
        self._unpacker = unpacker
        self._room = room
        self._open: list[_Frame] = []

    def read(self) -> Any:
        self._room.take(1)
        body, opened = self._body, self._open
        tell, unpack = self._unpacker.tell, self._unpacker.unpack
        while True:
            at = tell()
            kind = _CONTAINERS.get(body[at]) if at < len(body) else None
            value = self._scalar(unpack()) if kind is None else self._begin(kind)
            if isinstance(value, _Frame):
                opened.append(value)
                continue
            while opened:
                opened[-1].put(value)
                if opened[-1].left:
                    break
                value = opened.pop().into
            else:
                return value

    def _scalar(self, value: Any) -> Any:
        """What JSON has no word for takes several values' room and time."""
        plain = _plain(value)
        wants_key = bool(self._open) and self._open[-1].wants_key
        if isinstance(plain, dict) or (wants_key and not isinstance(plain, str)):
            self._room.take(_ODD_VALUES)
        return plain

    def _begin(self, kind: int) -> Any:
        """An empty container, or the frame of one that is not."""
        if self._open and self._open[-1].wants_key:
            raise UndecodableError("key")
        is_map = kind == _MAP
        count = self._unpacker.read_map_header() if is_map else self._unpacker.read_array_header()
        if count * kind > len(self._body) - self._unpacker.tell():
            raise UndecodableError("truncated")
        if len(self._open) >= MAX_DEPTH:
            raise UndecodableError("depth")
        self._room.take(count * kind)
        into: list[Any] | dict[str, Any] = {} if is_map else []
        return _Frame(into, count) if count else into


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$number": _NAMES[str(value)]}
    if isinstance(value, bytes):
        return {"$bytes": _base64(value)}
    if isinstance(value, tuple):  # ExtType
        return {"$ext": value[0], "$bytes": _base64(value[1])}
    return {"$timestamp": _rfc3339(value.seconds, value.nanoseconds)}


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


def _rfc3339(seconds: int, nanoseconds: int) -> str:
    """In the years that RFC 3339 has; else the seconds since 1970."""
    fraction = f".{nanoseconds:09}"
    try:
        return f"{(_EPOCH + timedelta(seconds=seconds)).isoformat()[:-6]}{fraction}Z"
    except OverflowError:
        return f"{seconds}{fraction}"
