"""Media types, and the format that a body of one is compared in."""

import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple

from shadowproxy.decode.bounds import UndecodableError


class Format(Enum):
    """How a body is looked into."""

    JSON = "json"
    NDJSON = "ndjson"
    JSON_SEQ = "json_seq"
    FORM = "form"
    MULTIPART = "multipart"
    XML = "xml"
    HTML = "html"
    CSV = "csv"
    MSGPACK = "msgpack"
    TEXT = "text"
    EVENTS = "events"
    PROTOBUF = "protobuf"
    OPAQUE = "opaque"
    SNIFF = "sniff"


class Media(NamedTuple):
    """A media type without its parameters, lower-case, and the parameters that decoding needs.

    `charset` is lower-case, `boundary` as written; both are "" when not declared. `has_header` is
    about CSV: its first row names the columns.
    """

    name: str
    charset: str
    boundary: str = ""
    has_header: bool = True

    @property
    def format(self) -> Format:
        """What a body of this type is compared as."""
        known = _FORMATS.get(self.name)
        if known is not None:
            return known
        for ending, of_ending in _ENDINGS:
            if self.name.endswith(ending):
                return of_ending
        for beginning, of_beginning in _BEGINNINGS:
            if self.name.startswith(beginning):
                return of_beginning
        return Format.OPAQUE


_FORMATS: Final[dict[str, Format]] = {
    name: of_names
    for of_names, names in {
        Format.SNIFF: ("", "application/octet-stream"),
        Format.JSON: ("application/json", "text/json"),
        Format.NDJSON: (
            "application/x-ndjson", "application/ndjson", "application/jsonl",
            "application/x-jsonlines", "application/jsonlines", "application/x-jsonl",
            "application/stream+json",  # Spring's: a document a line, whatever the suffix says
        ),
        Format.JSON_SEQ: ("application/json-seq",),
        Format.FORM: ("application/x-www-form-urlencoded",),
        Format.XML: ("text/xml", "application/xml"),
        Format.HTML: ("text/html",),
        Format.CSV: ("text/csv", "text/tab-separated-values"),
        Format.MSGPACK: (
            "application/msgpack", "application/x-msgpack", "application/vnd.msgpack",
        ),
        Format.EVENTS: ("text/event-stream",),
        Format.PROTOBUF: (
            "application/protobuf", "application/x-protobuf", "application/vnd.google.protobuf",
        ),
        Format.TEXT: (
            "application/javascript", "application/x-javascript", "application/ecmascript",
            "application/yaml", "application/x-yaml", "application/toml", "application/sql",
            "application/graphql", "application/jwt", "application/x-sh", "application/xml-dtd",
            "application/openmetrics-text", "application/x-mpegurl", "application/sparql-query",
        ),
    }.items()
    for name in names
}  # fmt: skip
_ENDINGS: Final = (
    ("+json", Format.JSON),
    ("+json-seq", Format.JSON_SEQ),
    ("+xml", Format.XML),
    ("+yaml", Format.TEXT),
)
_BEGINNINGS: Final = (("multipart/", Format.MULTIPART), ("text/", Format.TEXT))


def media_of(fields: dict[str, list[str]]) -> Media:
    """What Content-Type says; the last one, if several."""
    values = fields.get("content-type")
    if not values:
        return Media("", "")
    return _media(values[-1])


@lru_cache(256)
def _media(value: str) -> Media:
    name, parameters = parameters_of(value)
    return Media(
        name.lower(),
        parameters.get("charset", "").lower(),
        parameters.get("boundary", ""),
        parameters.get("header", "").lower() != "absent",
    )


_PIECE: Final = re.compile(r'(?:"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[^";]++)++', re.DOTALL)
"""What stands between semicolons that are not quoted; a quote that is never closed quotes the rest.
Possessive, so linear whatever stands there."""
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def parameters_of(value: str) -> tuple[str, dict[str, str]]:
    """A field value's first word and its parameters by lower-case name; the first of a name wins."""
    first, _, rest = value.partition(";")
    parameters: dict[str, str] = {}
    for name, text in _pairs(rest):
        parameters.setdefault(name, text)
    return first.strip(), parameters


def _pairs(rest: str) -> Iterator[tuple[str, str]]:
    for piece in _PIECE.findall(rest):
        name, _, text = piece.partition("=")
        text = text.strip()
        if text.startswith('"'):
            text = _ESCAPED.sub(r"\1", text[1:].removesuffix('"'))
        yield name.strip().lower(), text


UTF8: Final = frozenset(("", "utf-8", "utf8", "us-ascii", "ascii"))
"""ASCII is read as what it is a part of."""

_CHARSETS: Final[dict[str, str]] = {
    **dict.fromkeys(UTF8, "utf-8"),
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1"), "latin-1"),
    **{f"iso-8859-{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16)},
    **{f"windows-{page}": f"cp{page}" for page in (874, *range(1250, 1259))},
    **{
        name: name
        for name in (
            "utf-16", "utf-16le", "utf-16be", "utf-32", "koi8-r", "koi8-u", "big5", "gbk",
            "gb2312", "gb18030", "shift_jis", "euc-jp", "euc-kr", "iso-2022-jp",
        )
    },
}  # fmt: skip
"""Those that the WHATWG Encoding Standard names, as Python calls them. A closed list: Python keeps
every unknown name that it was ever asked for, and has codecs that take quadratic time."""


def decode_text(body: bytes, charset: str) -> str | None:
    """The text, or None when the charset is unknown or the bytes are not in it."""
    codec = _CHARSETS.get(charset)
    if codec is None:
        return None
    try:
        return body.decode(codec)
    except ValueError:
        return None


def read_text(body: bytes, charset: str) -> str:
    """The text without its byte order mark.

    Raises:
        UndecodableError: the charset is unknown, or the bytes are not in it.
    """
    text = decode_text(body, charset)
    if text is None:
        raise UndecodableError("charset")
    return text.removeprefix("\ufeff")
