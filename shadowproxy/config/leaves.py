"""The types that single values of the configuration have: how each is read, shown and described.

    legacy.connect_timeout: Annotated[float, duration("1ms", "1h")]

A leaf reads the text that was written, knows its own bounds, and says what it expected; messages
quote what was written, never what a variable or a secret file held.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from shadowproxy.config import quantities
from shadowproxy.config.escaping import MASK, printable
from shadowproxy.config.nodes import DEFAULT, Origin, Scalar

T = TypeVar("T")

_USERINFO = re.compile(r"//[^/]*@")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}(\.[0-9]{0,18})?)")
TRUE: Final = {"true": True, "True": True, "TRUE": True}
_BOOLEANS: Final = TRUE | {"false": False, "False": False, "FALSE": False}
_BOOLEAN = re.compile("|".join(_BOOLEANS))
TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - RFC 9110 5.6.2, no secret


def refusal(message: str) -> PydanticCustomError:
    """The error that a validator raises to say `message` and nothing else."""
    return PydanticCustomError("refused", "{message}", {"message": message})


def quoted(scalar: Scalar) -> str:
    """What was written, for a message."""
    if scalar.written is None and scalar.secret:
        return "a secret"
    written = scalar.text if scalar.written is None else scalar.written
    written = _USERINFO.sub(f"//{MASK}@", written)
    return repr(printable(written, 60)) if written or not scalar.plain else "nothing"


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """One type. `read` raises ValueError(what was expected); `show` prints what `read` reads."""

    expected: str
    read: Callable[[Scalar], Any]
    show: Callable[[Any], str]
    schema: Mapping[str, Any]
    is_secret: bool = False

    def validate(self, value: object) -> Any:
        """The value of a scalar, or of a mapping's key."""
        if isinstance(value, str):
            value = Scalar(value, Origin(DEFAULT), plain=False)
        if not isinstance(value, Scalar):
            kind = "a mapping" if isinstance(value, dict) else "a list"
            raise refusal(f"{self.expected}, got {kind}")
        try:
            return self.read(value)
        except ValueError as error:
            got = "" if self.is_secret else f", got {quoted(value)}"
            raise refusal(f"{error}{got}") from None

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.validate,
            serialization=core_schema.plain_serializer_function_ser_schema(
                self._shown, when_used="always"
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dict(self.schema)

    def _shown(self, value: Any) -> str:
        return "null" if value is None else self.show(value)


def _within(value: T, low: T, high: T, show: Callable[[T], str]) -> T:
    if not low <= value <= high:  # type: ignore[operator]  # int or float
        raise ValueError(f"expected {show(low)} to {show(high)}")
    return value


def duration(low: str, high: str) -> Leaf:
    """Seconds, from `10s` and the like."""
    low_s, high_s = quantities.read_duration(low), quantities.read_duration(high)

    def read(scalar: Scalar) -> float:
        seconds = quantities.read_duration(scalar.text)
        if not low_s <= seconds <= high_s:
            raise ValueError(f"expected {low} to {high}")
        return seconds

    schema = {"type": "string", "pattern": f"^{quantities.DURATION_PATTERN}$"}
    return Leaf("expected a duration such as 10s", read, quantities.print_duration, schema)


def size(low: str, high: str) -> Leaf:
    """Bytes, from `1MiB` and the like or a plain number."""
    low_bytes, high_bytes = quantities.read_size(low), quantities.read_size(high)

    def read(scalar: Scalar) -> int:
        size_bytes = quantities.read_size(scalar.text)
        return _within(size_bytes, low_bytes, high_bytes, quantities.print_size)

    schema = {
        "anyOf": [
            {"type": "integer", "minimum": low_bytes, "maximum": high_bytes},
            {"type": "string", "pattern": f"^{quantities.SIZE_PATTERN}$"},
        ]
    }
    return Leaf("expected a size such as 1MiB", read, quantities.print_size, schema)


def share(low: str = "0%", high: str = "100%") -> Leaf:
    """0.0 to 1.0, from `5%` or `0.05`."""
    lowest, highest = quantities.read_share(low), quantities.read_share(high)

    def read(scalar: Scalar) -> float:
        value = quantities.read_share(scalar.text)
        if not lowest <= value <= highest:
            raise ValueError(f"expected {low} to {high}")
        return value

    schema = {
        "anyOf": [
            {"type": "number", "minimum": lowest, "maximum": highest},
            {"type": "string", "pattern": f"^{quantities.SHARE_PATTERN}$"},
        ]
    }
    return Leaf(
        "expected a share such as 5% or 0.05",
        read,
        quantities.print_share,
        schema,
    )


def integer(low: int, high: int) -> Leaf:
    """A whole number."""
    expected = f"expected a whole number from {low} to {high}"

    def read(scalar: Scalar) -> int:
        _refuse_quotes(scalar, _INTEGER, expected)
        if not _INTEGER.fullmatch(scalar.text) or not low <= int(scalar.text) <= high:
            raise ValueError(expected)
        return int(scalar.text)

    return Leaf(expected, read, str, {"type": "integer", "minimum": low, "maximum": high})


def number(low: float, high: float) -> Leaf:
    """A number with or without a fraction."""
    expected = f"expected a number from {print_number(low)} to {print_number(high)}"

    def read(scalar: Scalar) -> float:
        _refuse_quotes(scalar, _NUMBER, expected)
        if not _NUMBER.fullmatch(scalar.text) or not low <= float(scalar.text) <= high:
            raise ValueError(expected)
        return float(scalar.text)

    schema = {"type": "number", "minimum": low, "maximum": high}
    return Leaf(expected, read, print_number, schema)


def rate(high: float) -> Leaf:
    """Something per second, or null: no limit."""
    expected = f"expected a number per second above 0, at most {print_number(high)}, or null"

    def read(scalar: Scalar) -> float | None:
        if scalar.text == "null" and (scalar.plain or scalar.untyped):
            return None
        _refuse_quotes(scalar, _NUMBER, expected)
        if not _NUMBER.fullmatch(scalar.text) or not 0 < float(scalar.text) <= high:
            raise ValueError(expected)
        return float(scalar.text)

    schema = {"type": "number", "exclusiveMinimum": 0, "maximum": high}
    return Leaf(expected, read, print_number, schema)


def print_number(value: float) -> str:
    """As it would be written: no exponent, no needless point."""
    return str(int(value)) if value == int(value) else f"{Decimal(repr(value)):f}"


def _refuse_quotes(scalar: Scalar, pattern: re.Pattern[str], expected: str) -> None:
    """In YAML, `"5"` is a text; from the environment everything is."""
    if not scalar.plain and not scalar.untyped and pattern.fullmatch(scalar.text):
        raise ValueError(f"{expected}, without quotes")


def _read_boolean(scalar: Scalar) -> bool:
    _refuse_quotes(scalar, _BOOLEAN, "expected true or false")
    value = _BOOLEANS.get(scalar.text)
    if value is None:
        raise ValueError("expected true or false")
    return value


BOOLEAN: Final = Leaf(
    "expected true or false",
    _read_boolean,
    lambda value: "true" if value else "false",
    {"type": "boolean"},
)


def word(*words: str) -> Leaf:
    """One of a few words."""
    expected = f"expected {' or '.join(words)}"

    def read(scalar: Scalar) -> str:
        if scalar.text not in words:
            raise ValueError(expected)
        return scalar.text

    return Leaf(expected, read, str, {"enum": list(words)})


def text(expected: str, pattern: str, *, is_secret: bool = False) -> Leaf:
    """A text that matches the pattern whole; numbers count as they were written."""
    compiled = re.compile(pattern)

    def read(scalar: Scalar) -> str:
        if not compiled.fullmatch(plain_text(scalar, expected)):
            raise ValueError(expected)
        return scalar.text

    schema = {"type": "string", "pattern": f"^(?:{pattern})$"}
    return Leaf(expected, read, str, schema, is_secret)


def plain_text(scalar: Scalar, expected: str) -> str:
    """The text, unless YAML means null or a boolean by it.

    Raises:
        ValueError: it does.
    """
    if scalar.is_null or (scalar.plain and not scalar.untyped and scalar.text in _BOOLEANS):
        raise ValueError(f"{expected} (in quotes, if it is meant as a text)")
    return scalar.text
