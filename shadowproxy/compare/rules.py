"""One rule: what it is about, what it does, when it holds.

    {"path": "$..price", "numbers": {"abs": "0.01"}, "when": {"status": ["2xx"]}, "reason": "..."}

The mapping is the one of a configuration file, as plain values. Bodies are spoken of by `path`
(compare.paths), response fields by `header`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final, NamedTuple

from shadowproxy.compare.classes import ValueClass
from shadowproxy.compare.paths import PathError, Segment, parse_path
from shadowproxy.compare.texts import Strings, Url


class RuleError(ValueError):
    """This is no rule; the text says what is wrong."""


class By(StrEnum):
    """How the elements of two arrays are paired."""

    AUTO = "auto"
    INDEX = "index"
    KEY = "key"
    MULTISET = "multiset"
    SET = "set"
    LCS = "lcs"


class Pairing(NamedTuple):
    """The action `array`; `names` are the members that tell which element it is, for KEY."""

    by: By = By.AUTO
    names: tuple[str, ...] = ()
    is_order_reported: bool = True


class Tolerance(NamedTuple):
    """How far apart two numbers may be: by `absolute`, or by `relative` of the larger one."""

    absolute: Decimal
    relative: Decimal


class Embedded(StrEnum):
    """What a text holds that is compared as a document."""

    JSON = "json"
    BASE64_JSON = "base64+json"
    JWT = "jwt"


VALUE: Final = "value"
STRICT: Final = "strict"
DOUBLE: Final = "double"
_NUMBERS: Final = (VALUE, STRICT, DOUBLE)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as the comparer works with it.

    `effects` hold for the matched node and below (by the names of `effects.Effects`); `pairing` and
    `embedded` for the node alone. `plain` is the mapping that it was made of.
    """

    plain: Mapping[str, Any]
    path: tuple[Segment, ...] | None = None
    header: str = ""
    effects: Mapping[str, Any] = field(default_factory=dict)
    pairing: Pairing | None = None
    embedded: Embedded | None = None
    statuses: frozenset[str] = frozenset()
    expires: date | None = None

    def holds_at(self, status: int) -> bool:
        """Whether it is about answers of this status of legacy."""
        if not self.statuses:
            return True
        return str(status) in self.statuses or f"{status // 100}xx" in self.statuses


def read_rule(plain: Mapping[str, Any]) -> Rule:
    """A rule of plain values.

    Raises:
        RuleError: a member is unknown or has a value that means nothing.
    """
    try:
        return _read(plain)
    except RuleError:
        raise
    except (PathError, KeyError, TypeError, ValueError, InvalidOperation, re.error) as error:
        raise RuleError(f"not a rule: {dict(plain)!r}: {error}") from error


def _read(plain: Mapping[str, Any]) -> Rule:
    if unknown := plain.keys() - _MEMBERS:
        raise RuleError(f"unknown in a rule: {', '.join(sorted(unknown))}")
    path, header = plain.get("path"), plain.get("header")
    if bool(path) == bool(header):
        raise RuleError("a rule has a path or a header")
    actions = plain.keys() - _CONDITIONS
    if header and not (plain.get("ignore") is True or plain.get("list") == "unordered"):
        raise RuleError("a rule for a header has ignore: true or list: unordered")
    if header and actions - {"ignore", "list"}:
        raise RuleError("a rule for a header has nothing but ignore or list")
    if not actions:
        raise RuleError("a rule without an action")
    expires = plain.get("expires")
    return Rule(
        plain,
        None if header else parse_path(str(path)),
        str(header or "").lower(),
        {
            _FIELDS.get(name, name): read(plain[name])
            for name, read in _EFFECTS.items()
            if name in plain
        },
        _pairing(plain["array"]) if "array" in plain else None,
        Embedded(plain["embedded"]) if "embedded" in plain else None,
        frozenset(map(str, _listed((plain.get("when") or {}).get("status", ())))),
        date.fromisoformat(str(expires)) if expires else None,
    )


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def _is_true(value: Any) -> bool:
    if not isinstance(value, bool):
        raise RuleError(f"expected true or false, not {value!r}")
    return value


def _word(*words: str) -> Any:
    def read(value: Any) -> str:
        if value not in words:
            raise RuleError(f"expected {' or '.join(words)}, not {value!r}")
        return str(value)

    return read


def _numbers(value: Any) -> str | Tolerance:
    if isinstance(value, str):
        return str(_word(*_NUMBERS)(value))
    if unknown := value.keys() - {"abs", "rel"}:
        raise RuleError(f"unknown in numbers: {', '.join(sorted(unknown))}")
    return Tolerance(_decimal(value.get("abs", 0)), _decimal(value.get("rel", 0)))


def _decimal(value: Any) -> Decimal:
    number = Decimal(str(value))
    if not (number.is_finite() and number >= 0):
        raise RuleError(f"expected a number from 0, not {value!r}")
    return number


_UNITS_S: Final = {
    "ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)
}  # fmt: skip
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")


def _time(value: Any) -> Decimal:
    tolerance = value["tolerance"]
    found = _DURATION.fullmatch(tolerance) if isinstance(tolerance, str) else None
    return _decimal(found[1]) * _UNITS_S[found[2]] if found else _decimal(tolerance)


def _keys(value: Any) -> bool:
    return bool(_switch(value["case"]))


def _switch(value: Any) -> bool:
    return value is True or value == "ignore"


def _strings(value: Any) -> Strings:
    if unknown := value.keys() - set(Strings._fields):
        raise RuleError(f"unknown in strings: {', '.join(sorted(unknown))}")
    form = value.get("unicode") or ""
    return Strings(
        _switch(value.get("case")),
        value.get("trim") is True,
        value.get("collapse_ws") is True,
        "NFC" if form is True else _word("", "NFC", "NFD", "NFKC", "NFKD")(form),
        _switch(value.get("eol")),
    )


def _url(value: Any) -> Url:
    if unknown := value.keys() - {"ignore_query", "ignore_host"}:
        raise RuleError(f"unknown in url: {', '.join(sorted(unknown))}")
    query = value.get("ignore_query", False)
    names = frozenset() if isinstance(query, bool) else frozenset(map(str, _listed(query)))
    return Url(query is True, names, value.get("ignore_host") is True)


def _replacements(value: Any) -> tuple[tuple[re.Pattern[str], str], ...]:
    items = [value] if value and isinstance(value[0], str) else value
    pairs = [(item["regex"], item["with"]) if isinstance(item, Mapping) else item for item in items]
    return tuple((re.compile(regex), text) for regex, text in pairs)


def _pairing(value: Any) -> Pairing:
    by = By(value.get("by", By.AUTO))
    names = tuple(map(str, _listed(value.get("key", ()))))
    if (by is By.KEY) != bool(names):
        raise RuleError("array has by: key and key: NAME together")
    order = value.get("order") or ("ignore" if by in (By.KEY, By.MULTISET) else "report")
    return Pairing(by, names, _word("report", "ignore")(order) == "report")


_EFFECTS: Final[dict[str, Any]] = {
    "ignore": _is_true,
    "class": ValueClass,
    "numbers": _numbers,
    "strings": _strings,
    "null": _word("missing"),
    "empty": _word("missing"),
    "time": _time,
    "coerce": _word("string"),
    "keys": _keys,
    "url": _url,
    "replace": _replacements,
    "duplicate_keys": _word("report"),
}
_FIELDS: Final = {"class": "class_"}
_CONDITIONS: Final = frozenset(("path", "header", "when", "reason", "expires"))
_MEMBERS: Final = _CONDITIONS | _EFFECTS.keys() | {"array", "embedded", "list"}
