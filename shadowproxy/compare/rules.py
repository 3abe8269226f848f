"""One rule: what it is about, what it does, when it holds.

    {"path": "$..price", "numbers": {"abs": "0.01"}, "when": {"status": ["2xx"]}, "reason": "..."}

The mapping is the one of a configuration file, as plain values. Bodies are spoken of by `path`
(compare.paths), response fields by `header`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple

from shadowproxy.compare.classes import ValueClass
from shadowproxy.compare.paths import PathError, Segment, parse_path
from shadowproxy.compare.texts import Strings, Url


class RuleError(ValueError):
    """This is no rule; the text says which one, what is wrong and what to write instead."""


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
    except RuleError as error:
        raise RuleError(f"{_called(plain)}: {error}") from None


def _called(plain: Any) -> str:
    """Which rule it is, for people."""
    place = (plain.get("path") or plain.get("header")) if isinstance(plain, Mapping) else None
    return f"the rule for {place!s:.100}" if place else f"the rule {plain!r:.100}"


def _read(plain: Mapping[str, Any]) -> Rule:
    if not isinstance(plain, Mapping):
        raise RuleError("expected a mapping such as {path: $..price, ignore: true}")
    if unknown := plain.keys() - _MEMBERS:
        raise RuleError(f"unknown: {_words(unknown)}; known are {_words(_MEMBERS)}")
    if bool(plain.get("path")) == bool(plain.get("header")):
        raise RuleError("expected a path or a header, such as path: $..price or header: x-age")
    actions = plain.keys() - _CONDITIONS
    if not actions:
        raise RuleError("expected an action, such as ignore: true or numbers: {abs: 0.01}")
    found = {name: _member(name, plain[name]) for name in _READ if name in plain}
    if "header" in found:
        is_list = found.get("list") is not None
        if actions - {"ignore", "list"} or not (found.get("ignore") or is_list):
            raise RuleError("a header takes ignore: true or list: unordered, and nothing else")
    elif "list" in found:
        raise RuleError("list is about headers; array: {by: set} is about the body")
    return Rule(
        plain,
        found.get("path"),
        found.get("header", ""),
        {_FIELDS.get(name, name): found[name] for name in _EFFECTS if name in found},
        found.get("array"),
        found.get("embedded"),
        found.get("when", frozenset()),
        found.get("expires"),
    )


def _words(words: Iterable[Any]) -> str:
    return ", ".join(sorted(map(str, words)))


_WRONG: Final = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, re.error,
)  # fmt: skip
"""What readers raise of values that they were not made for."""


def _member(name: str, value: Any) -> Any:
    read, expected = _READ[name]
    try:
        return read(value)
    except PathError as error:
        raise RuleError(str(error)) from None
    except _WRONG as error:
        why = f" ({error})" if isinstance(error, re.error | IndexError) else ""
        raise RuleError(f"{name}: expected {expected}, not {value!r:.100}{why}") from None


def _only(value: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """A mapping that has members, and of these names alone."""
    if not value or value.keys() - set(names):
        raise ValueError
    return value


def _header(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.lower()


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def _is_true(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _word(*words: str) -> Any:
    def read(value: Any) -> str:
        if value not in words:
            raise ValueError
        return str(value)

    return read


def _numbers(value: Any) -> str | Tolerance:
    if isinstance(value, str):
        return str(_word(*_NUMBERS)(value))
    _only(value, "abs", "rel")
    return Tolerance(_decimal(value.get("abs", 0)), _share(value.get("rel", 0)))


def _decimal(value: Any) -> Decimal:
    number = Decimal(str(value))
    if not (number.is_finite() and number >= 0):
        raise ValueError
    return number


def _share(value: Any) -> Decimal:
    """`1%` is 0.01."""
    if isinstance(value, str) and value.endswith("%"):
        return _decimal(value[:-1]).scaleb(-2)
    return _decimal(value)


_UNITS_S: Final = {
    "ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)
}  # fmt: skip
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")


def _time(value: Any) -> Decimal:
    tolerance = _only(value, "tolerance")["tolerance"]
    found = _DURATION.fullmatch(tolerance) if isinstance(tolerance, str) else None
    return _decimal(found[1]) * _UNITS_S[found[2]] if found else _decimal(tolerance)


def _keys(value: Any) -> bool:
    if not _switch(_only(value, "case")["case"]):
        raise ValueError
    return True


def _switch(value: Any) -> bool:
    return value == "ignore" or (value is not None and value != "" and _is_true(value))


def _strings(value: Any) -> Strings:
    _only(value, *Strings._fields)
    form = value.get("unicode") or ""
    return Strings(
        _switch(value.get("case")),
        _is_true(value.get("trim", False)),
        _is_true(value.get("collapse_ws", False)),
        "NFC" if form is True else _word("", "NFC", "NFD", "NFKC", "NFKD")(form),
        _switch(value.get("eol")),
    )


def _url(value: Any) -> Url:
    _only(value, "ignore_query", "ignore_host")
    query = value.get("ignore_query", False)
    names = frozenset() if isinstance(query, bool) else frozenset(map(str, _listed(query)))
    return Url(query is True, names, _is_true(value.get("ignore_host", False)))


def _replacements(value: Any) -> tuple[tuple[re.Pattern[str], str], ...]:
    items = [value] if isinstance(value[0], str) else value
    pairs = [(item["regex"], item["with"]) if isinstance(item, Mapping) else item for item in items]
    compiled = tuple((re.compile(regex), text) for regex, text in pairs)
    for pattern, text in compiled:
        pattern.sub(text, "")  # a text that does not fit it is refused here, not while comparing
        if not isinstance(pattern.pattern, str) or not isinstance(text, str):
            raise TypeError
    return compiled


def _pairing(value: Any) -> Pairing:
    _only(value, "by", "key", "order")
    by = By(value.get("by", By.AUTO))
    names = tuple(map(str, _listed(value.get("key", ()))))
    if (by is By.KEY) != bool(names):
        raise ValueError
    order = value.get("order") or ("ignore" if by in (By.KEY, By.MULTISET) else "report")
    return Pairing(by, names, _word("report", "ignore")(order) == "report")


_STATUS: Final = re.compile("[1-5](?:[0-9][0-9]|xx)")


def _statuses(value: Any) -> frozenset[str]:
    statuses = frozenset(map(str, _listed(_only(value, "status")["status"])))
    if not statuses or not all(map(_STATUS.fullmatch, statuses)):
        raise ValueError
    return statuses


def _date(value: Any) -> date:
    return date.fromisoformat(str(value))


_EFFECTS: Final[dict[str, Any]] = {
    "ignore": (_is_true, "true or false"),
    "class": (ValueClass, " or ".join(ValueClass)),
    "numbers": (_numbers, "value, strict, double or a tolerance such as {abs: 0.01, rel: 1%}"),
    "strings": (
        _strings,
        "some of {case: ignore, trim: true, collapse_ws: true, unicode: NFC, eol: ignore}",
    ),
    "null": (_word("missing"), "missing"),
    "empty": (_word("missing"), "missing"),
    "time": (_time, "{tolerance: 5s}"),
    "coerce": (_word("string"), "string"),
    "keys": (_keys, "{case: ignore}"),
    "url": (_url, "{ignore_query: true}, {ignore_query: [NAME]} or {ignore_host: true}"),
    "replace": (_replacements, "[REGEX, TEXT], or a list of these"),
    "duplicate_keys": (_word("report"), "report"),
}
_FIELDS: Final = {"class": "class_"}
_CONDITIONS: Final = frozenset(("path", "header", "when", "reason", "expires"))
_READ: Final[dict[str, Any]] = {
    "path": (lambda value: parse_path(str(value)) if value else None, "a path such as $..price"),
    "header": (lambda value: _header(value or ""), "the name of a field"),
    **_EFFECTS,
    "array": (
        _pairing,
        f"{{by: {' or '.join(each for each in By if each is not By.KEY)}, order: report or ignore}}"
        " or {by: key, key: NAME}",
    ),
    "embedded": (Embedded, " or ".join(Embedded)),
    "list": (_word("unordered"), "unordered"),
    "when": (_statuses, "{status: 404}, {status: 4xx} or {status: [404, 410]}"),
    "expires": (lambda value: _date(value) if value else None, "a date such as 2027-01-31"),
}
"""How each member is read, and what it is to be."""
_MEMBERS: Final = _CONDITIONS | _READ.keys()
