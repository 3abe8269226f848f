"""Media types, and the format that a body of one is compared in."""

from enum import Enum
from typing import Final, NamedTuple


class Format(Enum):
    """How a body is looked into."""

    JSON = "json"
    TEXT = "text"
    OPAQUE = "opaque"
    SNIFF = "sniff"


class Media(NamedTuple):
    """A media type without its parameters, lower-case, and the declared charset."""

    name: str
    charset: str

    @property
    def format(self) -> Format:
        """What a body of this type is compared as."""
        if self.name in _UNDECLARED:
            return Format.SNIFF
        if self.name in _JSON or self.name.endswith("+json"):
            return Format.JSON
        return Format.TEXT if self.name.startswith("text/") else Format.OPAQUE


_UNDECLARED: Final = frozenset(("", "application/octet-stream"))
_JSON: Final = frozenset(("application/json", "text/json"))


def media_of(fields: dict[str, list[str]]) -> Media:
    """What Content-Type says; the last one, if several."""
    values = fields.get("content-type")
    if not values:
        return Media("", "")
    name, *parameters = values[-1].split(";")
    charset = ""
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset":
            charset = value.strip().strip('"').lower()
    return Media(name.strip().lower(), charset)


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
