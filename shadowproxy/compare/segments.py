"""What one part of a path, or one member name, looks like: a variable of some class, or a word.

Facts that force the design: a wrong "variable" merges places that are different, and what is
learned about one then excuses the other; a wrong "word" makes one place look like thousands. So the
classes are narrow, and what only might be an identifier (`alice`, `my-post-2024`) is a word here:
findings.templates learns from the traffic whether it is one.

Law: a class is a claim about one text alone; nothing is learned here, so it is the same after a
restart and in every fleet.
"""

import math
import re
from enum import StrEnum
from typing import Final


class SegmentClass(StrEnum):
    """The classes, spelled as they stand in an endpoint."""

    INT = "{int}"
    UUID = "{uuid}"
    DATE = "{date}"
    HEX = "{hex}"
    EMAIL = "{email}"
    IP = "{ip}"
    TOKEN = "{token}"  # noqa: S105 - a word, no secret


MAX_CLASSIFIED: Final = 256
"""Characters; e-mail addresses end at 254 (RFC 5321). What is longer is `{token}` by its length."""

_UUID: Final = r"(?:urn:uuid:)?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_HEX: Final = r"(?=[A-Fa-f]*[0-9])[0-9A-Fa-f]{8,}"
"""With a digit, or `facade` and its like of eight letters would be identifiers."""
_MIXED_HEX: Final = rf"(?=[0-9]*[A-Fa-f]){_HEX}"
_YEAR: Final = r"(?:19|20)[0-9]{2}"
_OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_GROUP: Final = r"[0-9A-Fa-f]{1,4}"

_SHAPES: Final = re.compile(
    rf"""(?x)
      (?P<INT> -? [0-9]+ (?: , [0-9]+ )* )                     # 42, and lists of them: 1,2,3
    | (?P<UUID> {_UUID} )
    | (?P<DATE> {_YEAR} - (?: [01][0-9] (?: - [0-3][0-9]
          (?: [T ] [0-2][0-9] :? [0-5][0-9] [0-9:.,]{{0,16}} (?: Z | [+-][0-9:]{{2,6}} )? )? )?
          | W[0-5][0-9] | Q[1-4] ) )
    | (?P<HEX> (?: 0x )? {_HEX} | [A-Fa-f]{{16,40}} | [0-9A-Fa-f]{{2}} (?: [:-] [0-9A-Fa-f]{{2}} ){{5}} )
    | (?P<IP> {_OCTET} (?: \. {_OCTET} ){{3}} (?: : [0-9]{{1,5}} )?
        | (?: {_GROUP} : ){{7}} {_GROUP}
        | (?= [^:]* (?: : [^:]+ )* :: ) [0-9A-Fa-f:]{{2,39}} (?: (?<= : ) {_OCTET} (?: \. {_OCTET} ){{3}} )? )
    | (?P<EMAIL> [^@]+ @ [^@]+ )
    """
)

_BY_NAME: Final[dict[str | None, SegmentClass]] = {each.name: each for each in SegmentClass}

_MARK: Final = re.compile("[0-9@:]")
"""Short texts without one of these are words: no class but long tokens and hex goes without."""
_IN_TOKENS: Final = re.compile(r"[A-Za-z0-9_.~+=:-]{8,}")
_PIECES: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
"""The words and numbers of `camelCase`, `snake_case`, `kebab-case2`."""
_LONG_NUMBER: Final = re.compile(r"[0-9]{6,}")

_PARTS: Final = re.compile(rf"(?<![A-Za-z0-9])(?:{_UUID}|{_MIXED_HEX}|[0-9]{{5,}})(?![A-Za-z0-9])")
"""What makes `main.3f2a9c1d.js` look drawn is one part of it: the rest is a word."""

_MIN_TOKEN: Final = 8
_MIN_LONG_TOKEN: Final = 16
_MIN_SURE_TOKEN: Final = 20
"""Letters and digits. Texts drawn from 62 or 36 characters fall into pieces of 1.4 to 2.5 characters
(ULIDs, nanoids, API keys), names that people gave into longer ones, with at most two numbers:
`http2_max_streams_v3` 2.7, `addressLine2Formatted` 5. Below 16 characters chance is larger."""


def class_of_segment(text: str) -> SegmentClass | None:
    """The class of a decoded path segment or member name; None: a word, as far as one can see.

    0.2 to 0.4 µs for most words and numbers, 2 µs for a UUID, 5 µs for a long word with digits.
    """
    found = shape_of_segment(text)
    if found is None and _is_token(text) and _is_token(_PARTS.sub("", text)):
        return SegmentClass.TOKEN
    return found


def shape_of_segment(text: str) -> SegmentClass | None:
    """The class by its form alone: no `{token}` unless it is longer than MAX_CLASSIFIED."""
    if text.isdecimal() and text.isascii():
        return SegmentClass.INT
    if len(text) < _MIN_LONG_TOKEN and _MARK.search(text) is None:
        return None
    if len(text) > MAX_CLASSIFIED:
        return SegmentClass.TOKEN
    found = _SHAPES.fullmatch(text)
    return None if found is None else _BY_NAME[found.lastgroup]


def _is_token(text: str) -> bool:
    """Whether the letters and digits look drawn, not written."""
    if len(text) < _MIN_TOKEN or (len(text) < _MIN_LONG_TOKEN and text.isalpha()):
        return False
    if _IN_TOKENS.fullmatch(text) is None:
        return False
    pieces = _PIECES.findall(text)
    numbers = sum(map(str.isdecimal, pieces))
    size = len("".join(pieces))
    if size < _MIN_TOKEN or numbers == len(pieces):
        return False
    if size < _MIN_LONG_TOKEN:
        return numbers >= 2 and size < 2 * len(pieces)
    if numbers and _LONG_NUMBER.search(text) is not None:
        return True
    return size < _longest_piece(text, numbers) * len(pieces)


def _longest_piece(text: str, numbers: int) -> float:
    """The mean length of its pieces below which a long text is a token."""
    is_mixed = text.lower() != text and text.upper() != text
    if numbers >= 2 and text.isalnum() and text.upper() == text:
        return math.inf  # names in capitals have underscores
    if numbers >= 3 and text.isalnum():
        return 4
    if numbers >= 3 or (numbers and is_mixed and len(text) >= _MIN_SURE_TOKEN):
        return 3
    return 2.5 if numbers or is_mixed else 0


_INNER: Final = re.compile(
    rf"""(?x)
      (?<![A-Za-z0-9]) (?: (?P<UUID> {_UUID} ) | (?P<HEX> {_MIXED_HEX} ) | [0-9]{{5,}} ) (?![A-Za-z0-9])
    | (?<![0-9]) [0-9]{{6,}} (?![0-9])"""
)
"""Identifiers inside a word: `ORD-12345`, `main.3f2a9c1d.js`, `user123456`. Five digits, or `cp-1252`
and `report-2024` would have one; six where a letter touches them, or `iso27001` would."""


def without_identifiers(text: str) -> str:
    """A word with `{int}`, `{hex}`, `{uuid}` for the identifiers inside it: `ORD-{int}`."""
    return _INNER.sub(_name, text) if len(text) <= MAX_CLASSIFIED else SegmentClass.TOKEN


def _name(found: re.Match[str]) -> str:
    return SegmentClass[found.lastgroup or "INT"]
