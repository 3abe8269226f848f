"""Values of fields that requests and answers share, and llhttp: the only door to httptools.

llhttp gets the field lines behind a neutral first line, because it knows only some methods and would
stop at the others.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol

import httptools

Fields = list[tuple[bytes, bytes]]

_REQUEST_LINE: Final = b"GET / HTTP/1.1\r\n"
_STATUS_LINE: Final = b"HTTP/1.1 200 OK\r\n"


class FieldError(Exception):
    """llhttp does not take these field lines."""


class _Parser(Protocol):
    def feed_data(self, data: bytes, /) -> None: ...


class _Collector:
    """Receives llhttp's fields; only the list matters."""

    __slots__ = ("fields",)

    def __init__(self) -> None:
        self.fields: Fields = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))


def request_fields(lines: bytes) -> Fields:
    """The fields of a request's field lines, the empty line included.

    Raises:
        FieldError: llhttp refuses them.
    """
    return _fields_of(httptools.HttpRequestParser, _REQUEST_LINE + lines)


def answer_fields(lines: bytes) -> Fields:
    """The same for an answer."""
    return _fields_of(httptools.HttpResponseParser, _STATUS_LINE + lines)


def _fields_of(parser: Callable[[_Collector], _Parser], head: bytes) -> Fields:
    collector = _Collector()
    try:
        parser(collector).feed_data(head)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError as error:
        raise FieldError(f"bad field: {error}") from None
    return collector.fields


MAX_LENGTH: Final = (1 << 63) - 1
"""No overflow in any 64-bit parser behind us; it has 19 digits."""


def length_of(value: bytes) -> int:
    """The length that a field gives, -1 when it gives none."""
    length = int(value) if value.isdigit() and len(value) <= 19 else -1
    return length if length <= MAX_LENGTH else -1


@lru_cache(1024)
def connection_names(value: bytes) -> tuple[bytes, ...]:
    """The lower-case names in a Connection field."""
    return tuple(name.strip(b" \t").lower() for name in value.split(b","))
