"""JSON with every digit: numbers as they were written, whatever doubles can hold.

Iterative, because documents nest deeper than Python calls; ASCII if asked for, so that nothing in
them acts on a terminal.
"""

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, NamedTuple

from shadowproxy.decode.json_text import LONG_INTEGER


class _Mark(NamedTuple):
    """Punctuation, or a name that is spelled already."""

    text: str


_COMMA: Final = _Mark(", ")


def exact_json(value: Any) -> str:
    """The value in one line of ASCII; what JSON has no word for (NaN, bytes) is a text."""
    return "".join(tokens(value))


def tokens(value: Any, *, is_ascii: bool = True) -> Iterator[str]:
    """The same, piece by piece, so that the start of a large value costs no more than that."""
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, _Mark):
            yield item.text
        elif isinstance(item, dict):
            yield "{"
            waiting.append(_Mark("}"))
            for index, name in enumerate(reversed(item)):
                waiting += [_COMMA] if index else []
                waiting += [item[name], _Mark(f"{_text(str(name), is_ascii)}: ")]
        elif isinstance(item, list):
            yield "["
            waiting.append(_Mark("]"))
            for index, inner in enumerate(reversed(item)):
                waiting += [_COMMA, inner] if index else [inner]
        else:
            yield _scalar(item, is_ascii)


def _scalar(value: Any, is_ascii: bool) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return _text(value, is_ascii)
    return _number(value) if _is_number(value) else _text(str(value), is_ascii)


def _number(value: int | float | Decimal) -> str:
    """A Decimal without fraction and exponent had one as it was written, or it is very long or -0."""
    text = str(value)
    is_whole = text.lstrip("-").isdigit() and len(text) < LONG_INTEGER and text != "-0"
    return f"{text}.0" if is_whole and isinstance(value, Decimal) else text


def _is_number(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _text(text: str, is_ascii: bool) -> str:
    return json.dumps(text, ensure_ascii=is_ascii).replace("\x7f", "\\u007f")
