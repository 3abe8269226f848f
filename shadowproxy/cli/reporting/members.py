"""Members of a report's document, as far as they go: another release may have written it.

Law: nothing here raises, and every text that comes out is one line that is fit for a terminal.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from shadowproxy.config.escaping import printable

Document = Mapping[str, Any]

MAX_NUMBER: Final = 1 << 53
"""What JSON's numbers hold exactly; a larger count is no count of ours."""
MAX_TEXT: Final = 700
"""A finding's sentence has at most 600 characters."""


def mapping(document: Document, name: str) -> dict[str, Any]:
    """The object of that name, else an empty one."""
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def items(document: Document, name: str) -> list[dict[str, Any]]:
    """The objects of the list of that name."""
    value = document.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(document: Document, name: str) -> list[str]:
    """The texts of the list of that name."""
    value = document.get(name)
    listed = value if isinstance(value, list) else []
    return [_line(item, MAX_TEXT) for item in listed if isinstance(item, str) and item]


def text(document: Document, name: str, max_chars: int = MAX_TEXT) -> str:
    """The text or number of that name, else an empty text."""
    value = document.get(name)
    if isinstance(value, str):
        return _line(value, max_chars)
    amount = number(document, name)
    return "" if amount is None else f"{amount:g}"


def _line(value: str, max_chars: int) -> str:
    """Cut before, for it may be long, and after, for an escape is up to ten characters long."""
    return printable(printable(value, max_chars), max_chars)


def count(document: Document, name: str) -> int | None:
    """How many; None if it does not say."""
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MAX_NUMBER else None


def number(document: Document, name: str) -> float | None:
    """A finite number; None if it does not say."""
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= MAX_NUMBER and math.isfinite(value) else None


def share(document: Document, name: str) -> float | None:
    """A number from 0 to 1; None if it does not say."""
    value = number(document, name)
    return value if value is not None and 0 <= value <= 1 else None


def moment(document: Document, name: str) -> str:
    """A time, to the minute; what is none is shown as it is."""
    value = text(document, name, 40)
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is not None:
            at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        return value
    return f"{at:%Y-%m-%d %H:%M} UTC"
