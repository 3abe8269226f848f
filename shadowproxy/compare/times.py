"""Points in time as services write them: ISO 8601, HTTP dates, Unix times.

Law: a time without a zone is comparable only with another one without: a zone that was lost is a
difference.
"""

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

MAX_CHARS: Final = 64
"""The longest way to write one has 40."""


class Moment(NamedTuple):
    """`seconds` are since 0001-01-01, exact; in UTC if it has a zone, else in an unknown one."""

    has_zone: bool
    seconds: Decimal


_ISO: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}(?:[.,][0-9]{1,12})?))?"
    r" ?([Zz]|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_HTTP: Final = re.compile(
    r"[A-Z][a-z]{2}, ([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) "
    r"(GMT|UTC|[+-][0-9]{4})"
)
_UNIX: Final = re.compile(r"-?[0-9]{9,10}(?:[0-9]{3}|[0-9]{6}|[0-9]{9})?(?:\.[0-9]{1,12})?")
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
_UNIX_EPOCH_S: Final = date(1970, 1, 1).toordinal() * 86400
_SCALES: Final = {10: 0, 13: -3, 16: -6, 19: -9}
"""Unix times are seconds, or ms, µs or ns by the number of their digits."""


def moment_of(value: Any) -> Moment | None:
    """The time that a text or a number says; None if it says none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    text = value.strip() if isinstance(value, str) else written_out(value)
    if not text or len(text) > MAX_CHARS:
        return None
    try:
        return _iso(text) or _http(text) or _unix(text)
    except (ValueError, KeyError, InvalidOperation):
        return None  # the 31st of February


def written_out(value: int | float | Decimal) -> str:
    """Equal for equal numbers, without an exponent; nothing for what is far too long for a time."""
    if isinstance(value, int):
        return str(value) if value.bit_length() <= MAX_CHARS else ""
    number = Decimal(str(value)) if isinstance(value, float) else value
    digits = number.as_tuple().digits if len(str(number)) <= MAX_CHARS else ()
    if not digits or abs(number.adjusted()) > MAX_CHARS:
        return ""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _iso(text: str) -> Moment | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, zone = found.groups()
    whole = date(int(year), int(month), int(day)).toordinal() * 86400
    whole += int(hour or 0) * 3600 + int(minute or 0) * 60 - _offset_s(zone)
    return Moment(zone is not None, whole + Decimal((second or "0").replace(",", ".")))


def _http(text: str) -> Moment | None:
    found = _HTTP.fullmatch(text)
    if found is None:
        return None
    day, month, year, hour, minute, second, zone = found.groups()
    whole = date(int(year), _MONTHS[month], int(day)).toordinal() * 86400
    whole += int(hour) * 3600 + int(minute) * 60 + int(second) - _offset_s(zone)
    return Moment(True, Decimal(whole))


def _unix(text: str) -> Moment | None:
    if _UNIX.fullmatch(text) is None:
        return None
    whole = text.lstrip("-").partition(".")[0]
    scale = _SCALES.get(len(whole), _SCALES.get(len(whole) + 1))
    assert scale is not None
    return Moment(True, Decimal(text).scaleb(scale) + _UNIX_EPOCH_S)


def _offset_s(zone: str | None) -> int:
    if zone is None or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    offset_s = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return offset_s if zone[0] == "+" else -offset_s
