"""The leaves that are particular to rules: paths, tolerances, regular expressions, places."""

import re
import warnings
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

from shadowproxy.config.leaves import TRUE, Leaf, plain_text, refusal, text, word
from shadowproxy.config.nodes import Scalar
from shadowproxy.config.quantities import SHARE_PATTERN
from shadowproxy.core.words import Kind

MAX_PATH_CHARS: Final = 1_000
"""A name of 40 characters at each of 25 levels; documents seldom have ten."""
MAX_PATTERN_CHARS: Final = 1_000
"""Of a regular expression or its replacement: a page of it. What it costs to match is the
operator's own affair."""
MAX_ENDPOINT_CHARS: Final = 1_100
"""A method, and a path as long as those of routes and API descriptions may be."""

_MEMBER = r"[^\x00-@\[-^`{-\x7f][^\x00-,./:-@\[-^`{-\x7f]*"
"""Letters, `_` and all beyond ASCII, later digits and `-`; said so that JavaScript reads it too."""
_ESCAPE = r"""\\(?:[bfnrt/\\'"]|u[0-9A-Fa-f]{4})"""
_QUOTED = rf"""'(?:[^'\\\x00-\x1f]|{_ESCAPE})*'|"(?:[^"\\\x00-\x1f]|{_ESCAPE})*\""""
_INDEX = r"0|[1-9][0-9]{0,8}"
_PATH = rf"\$(?:\.\.?(?:{_MEMBER}|\*)|(?:\.\.)?\[(?:\*|{_QUOTED})\]|\[(?:{_INDEX})\])*"
_PATH_EXPECTED: Final = (
    "expected a path such as $.items[*].price ($ .name ['name'] [0] [*] .* ..name ..[*])"
)
_JSON_PATH: Final = text(_PATH_EXPECTED, _PATH)


def _read_path(scalar: Scalar) -> str:
    """RFC 9535, as far as a comparison has a use for it; `name-with-dashes` needs no quotes."""
    if len(scalar.text) > MAX_PATH_CHARS:
        raise ValueError(f"expected a path of at most {MAX_PATH_CHARS:,} characters")
    path: str = _JSON_PATH.read(scalar)
    return path


JSON_PATH: Final = replace(_JSON_PATH, read=_read_path)


def _read_date(scalar: Scalar) -> str:
    try:
        return date.fromisoformat(scalar.text).isoformat()
    except ValueError:
        raise ValueError("expected a date such as 2027-01-31") from None


DATE: Final = Leaf(
    "expected a date such as 2027-01-31", _read_date, str, {"type": "string", "format": "date"}
)

_NUMBER = r"[0-9]{1,18}(\.[0-9]{1,18})?([eE]-?[0-9]{1,3})?"


def _read_tolerance(scalar: Scalar) -> str:
    if not re.fullmatch(_NUMBER, scalar.text):
        raise ValueError("expected a number from 0 such as 0.01")
    return scalar.text


TOLERANCE: Final = Leaf(
    "expected a number from 0 such as 0.01", _read_tolerance, str, {"type": "number", "minimum": 0}
)
"""A decimal as it was written: 0.01 is no double."""


def _read_proportion(scalar: Scalar) -> str:
    number, percent = (scalar.text[:-1], 100) if scalar.text.endswith("%") else (scalar.text, 1)
    if not re.fullmatch(_NUMBER, number) or Decimal(number) > percent:
        raise ValueError("expected a share such as 1% or 0.01")
    return number if percent == 1 else f"{Decimal(number).scaleb(-2).normalize():f}"


PROPORTION: Final = Leaf(
    "expected a share such as 1% or 0.01",
    _read_proportion,
    str,
    {
        "anyOf": [
            {"type": "number", "minimum": 0, "maximum": 1},
            {"type": "string", "pattern": f"^{SHARE_PATTERN}$"},
        ]
    },
)
"""A decimal from 0 to 1; exact, whether it was written as a share or as a percentage."""


def switch(*words: str) -> Leaf:
    """One of a few words; `true` stands for the first."""
    expected = f"expected {' or '.join(words)}"

    def read(scalar: Scalar) -> str:
        if scalar.text in TRUE and (scalar.plain or scalar.untyped):
            return words[0]
        if scalar.text not in words:
            raise ValueError(expected)
        return scalar.text

    return Leaf(expected, read, str, {"anyOf": [{"enum": list(words)}, {"const": True}]})


def _read_expression(scalar: Scalar) -> str:
    expression = _bounded(scalar, "expected a regular expression")
    if trouble := _trouble(expression, ""):
        raise ValueError(f"expected a regular expression that is valid ({trouble})")
    return expression


def _read_replacement(scalar: Scalar) -> str:
    return _bounded(scalar, "expected the text to put there")


def _bounded(scalar: Scalar, expected: str) -> str:
    """Numbers count as they were written."""
    if len(scalar.text) > MAX_PATTERN_CHARS:
        raise ValueError(f"{expected} of at most {MAX_PATTERN_CHARS:,} characters")
    return plain_text(scalar, expected)


REGEX: Final = Leaf("expected a regular expression", _read_expression, str, {"type": "string"})
REPLACEMENT: Final = Leaf(
    "expected the text to put there", _read_replacement, str, {"type": "string"}
)


def check_replacement(expression: str, replacement: str) -> None:
    r"""Refuses `\2` where there is no second group, and the like.

    Raises:
        PydanticCustomError: it cannot be put there.
    """
    if trouble := _trouble(expression, replacement):
        raise refusal(f"the text does not fit the regular expression: {trouble}")


def _trouble(expression: str, replacement: str) -> str | None:
    """Why Python's `re` would not work with these, or None.

    A replacement is parsed before anything is matched, so the empty text tells.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what will mean something else one day is not clear
            re.compile(expression).sub(replacement, "")
    except (re.error, Warning, IndexError, OverflowError) as error:
        return str(error)
    except RecursionError:
        return "nested too deeply"
    return None


STATUS: Final = text("expected a status such as 404 or 4xx", r"[1-5](?:[0-9][0-9]|xx)")
NAME: Final = text("expected a name", r"[^\x00-\x1f\x7f]{1,256}")
KIND: Final = word(*(str(kind) for kind in Kind))
MESSAGE: Final = text(
    "expected a message's full name such as shop.v1.Order",
    r"[A-Za-z_][A-Za-z0-9_]{0,99}(?:\.[A-Za-z_][A-Za-z0-9_]{0,99}){0,15}",
)


def _read_endpoint(scalar: Scalar) -> str:
    """Learned endpoints may have `{int}` twice and described ones `{name}.json`."""
    endpoint = plain_text(scalar, ENDPOINT.expected)
    method, _, path = endpoint.partition(" ")
    is_named = re.fullmatch(r"[A-Z][A-Z0-9_-]{0,31}", method)
    if not is_named or not re.fullmatch(r"(?:/[^\s?#\x00-\x1f\x7f]*|\*)", path):
        raise ValueError("expected an endpoint such as GET /users/{id}")
    if len(endpoint) > MAX_ENDPOINT_CHARS:
        raise ValueError(f"expected an endpoint of at most {MAX_ENDPOINT_CHARS:,} characters")
    return endpoint


ENDPOINT: Final[Leaf] = Leaf(
    "expected an endpoint such as GET /users/{id}",
    _read_endpoint,
    str,
    {"type": "string", "pattern": "^[A-Z][A-Z0-9_-]* [/*]"},
)

GENERAL_PATH: Final = text(
    'expected a path as findings have it: "/items/*/price", "#status", "#header/age" or ""',
    r"(?:/[^\x00-\x1f\x7f]*|#status|#header/[a-z0-9!#$%&'*+.^_`|~-]+)?",
)
