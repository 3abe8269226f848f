"""Classes of text that are recognised by their looks: identifiers, times, tokens.

Law: a class is a claim about one text alone; nothing is learned here.
"""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from shadowproxy.compare.times import written_out


class ValueClass(StrEnum):
    """What a value looks like; the names are those of the rule action `class`."""

    UUID = "uuid"
    TIMESTAMP = "timestamp"
    JWT = "jwt"
    HEX = "hex"
    TOKEN = "token"  # noqa: S105 - a word, no secret
    URL = "url"


MAX_CLASSIFIED: Final = 8192
"""Characters; a JWT with many claims has 4,000, a URL that servers take 8,000."""

_YEAR: Final = r"(?:19|20)[0-9]{2}"
_DATE: Final = rf"{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK: Final = r"[0-2][0-9]:[0-5][0-9](?::[0-6][0-9](?:[.,][0-9]{1,9})?)?"
_DAYS: Final = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTHS: Final = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_SECONDS: Final = r"[12][0-9]{9}(?:[0-9]{3}|[0-9]{6}|[0-9]{9})?(?:\.[0-9]{1,9})?"
"""Unix time from 2001 to 2065 in s, ms, µs or ns."""

_PATTERNS: Final[dict[ValueClass, re.Pattern[str]]] = {
    ValueClass.UUID: re.compile(
        r"(?i)(?:urn:uuid:)?[{(]?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}[})]?"
    ),
    ValueClass.TIMESTAMP: re.compile(
        rf"{_DATE}(?:[Tt ]{_CLOCK}\s?(?:[Zz]|UTC|GMT|[+-][0-9]{{2}}:?[0-9]{{2}})?)?"
        rf"|{_DAYS}, [0-9]{{1,2}} {_MONTHS} {_YEAR} {_CLOCK} (?:GMT|UTC|[+-][0-9]{{4}})"
        rf"|{_DAYS} {_MONTHS} [ 0-9][0-9] {_CLOCK} {_YEAR}"
        rf"|{_SECONDS}"
    ),
    ValueClass.JWT: re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*"),
    ValueClass.HEX: re.compile(r"(?i)(?:0x)?[0-9a-f]{4,}"),
    ValueClass.URL: re.compile(r"(?i)[a-z][a-z0-9+.-]{0,30}://[^\s\"<>]+"),
    ValueClass.TOKEN: re.compile(r"[\w~+/=.:-]{8,}", re.ASCII),
}
"""In the order in which a text is called something: the narrowest first."""


def is_in_class(value: Any, name: ValueClass) -> bool:
    """Whether a decoded value is of a class; only texts are, and numbers that are Unix times."""
    if isinstance(value, str):
        return len(value) <= MAX_CLASSIFIED and _PATTERNS[name].fullmatch(value) is not None
    if name is not ValueClass.TIMESTAMP or isinstance(value, bool):
        return False
    is_number = isinstance(value, int | float | Decimal)
    return is_number and _PATTERNS[name].fullmatch(written_out(value)) is not None


def class_of(value: Any) -> ValueClass | None:
    """The narrowest class that a value is in."""
    return next((name for name in _PATTERNS if is_in_class(value, name)), None)
