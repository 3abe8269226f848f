"""Multipart bodies (RFC 2046, RFC 7578) as {name: [part]}.

    part = {"headers": {lower-case name: value}, "filename": ..., "body": tree}

Boundaries are drawn at random by whoever writes a body, so none is left anywhere in the tree. What
a Content-Disposition says beyond `form-data`, name and file name stays among the headers.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from shadowproxy.decode.bounds import UndecodableError
from shadowproxy.decode.media import Media, media_of, parameters_of
from shadowproxy.decode.room import Room

MAX_LEVELS: Final = 4
"""Multipart in multipart; mail has three."""
MAX_BOUNDARY_LENGTH: Final = 70
"""RFC 2046 5.1.1."""
MAX_PART_HEAD_BYTES: Final = 16 << 10
"""nginx and Apache take 8 KiB a field."""

_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_LINE_END: Final = re.compile(r"\r?\n")
_FOLD: Final = re.compile(r"\r?\n[ \t]+")
_VALUES_OF_PART: Final = 10
"""List or place in it, part, headers, a header, file name, body; and the time of a few more."""

Decode = Callable[[bytes, Media | None], Any]


class _Part(NamedTuple):
    headers: dict[str, str]
    body: bytes


def decode_multipart(
    body: bytes, boundary: str, room: Room, decode: Decode
) -> dict[str, list[dict[str, Any]]]:
    """The parts by name, those without one under "".

    `decode` reads their bodies; it gets None in place of a type that a part does not tell.

    Raises:
        UndecodableError: no boundary, no closing boundary, or a broken part.
    """
    parts: dict[str, list[dict[str, Any]]] = {}
    delimiter = _bytes_of(boundary)
    room.take(body.count(b"\n--" + delimiter))
    for raw in _split(body, delimiter):
        room.take(_VALUES_OF_PART)
        part = _read(raw)
        room.take(len(part.headers))
        name, shown = _show(part, decode)
        parts.setdefault(name, []).append(shown)
    return parts


def _bytes_of(boundary: str) -> bytes:
    if not 0 < len(boundary) <= MAX_BOUNDARY_LENGTH or not boundary.isascii():
        raise UndecodableError("boundary")
    return boundary.encode()


def _split(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """What stands between delimiter lines; preamble and epilogue mean nothing."""
    delimiter = re.compile(b"\n--" + re.escape(boundary) + rb"(--)?[ \t]*+(?=\r?\n|\Z)")
    body = b"\n" + body  # so that a delimiter begins with bytes that are fast to find
    begins = -1
    for found in delimiter.finditer(body):
        if begins >= 0:
            yield body[begins : found.start()].removesuffix(b"\r")
        if found[1]:
            return
        begins = found.end()
    raise UndecodableError("truncated")


def _read(raw: bytes) -> _Part:
    """`raw` begins with the end of its delimiter line; a blank line ends the headers."""
    found = _HEAD_END.search(raw, 0, MAX_PART_HEAD_BYTES)
    if found is not None:
        return _Part(_headers(raw[: found.start()]), raw[found.end() :])
    if len(raw) > MAX_PART_HEAD_BYTES or not raw.endswith(b"\n"):
        raise UndecodableError("part")
    return _Part(_headers(raw), b"")  # the blank line belongs to the next delimiter


def _headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in _LINE_END.split(_FOLD.sub(" ", _text(head))):
        if line:
            name, colon, value = line.partition(":")
            if not colon:
                raise UndecodableError("part")
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _text(head: bytes) -> str:
    """Browsers send file names in UTF-8; what is not that is shown byte by byte."""
    try:
        return head.decode()
    except ValueError:
        return head.decode("latin-1")


def _show(part: _Part, decode: Decode) -> tuple[str, dict[str, Any]]:
    shown: dict[str, Any] = {"headers": part.headers}
    name = _take_disposition(part.headers, shown)
    media = None
    if "content-type" in part.headers:
        media = media_of({"content-type": [part.headers["content-type"]]})
        kind, parameters = parameters_of(part.headers["content-type"])
        if parameters.pop("boundary", ""):
            part.headers["content-type"] = _field(kind, parameters)
    shown["body"] = decode(part.body, media)
    return name, shown


def _take_disposition(headers: dict[str, str], shown: dict[str, Any]) -> str:
    """The part's name; its file name goes to `shown`, what else is said stays in the headers."""
    kind, parameters = parameters_of(headers.pop("content-disposition", ""))
    name = parameters.pop("name", "")
    if "filename" in parameters:
        shown["filename"] = parameters.pop("filename")
    if parameters or kind.lower() not in ("", "form-data"):
        headers["content-disposition"] = _field(kind, parameters)
    return name


def _field(kind: str, parameters: dict[str, str]) -> str:
    return "; ".join([kind, *(f"{name}={value}" for name, value in parameters.items())])
