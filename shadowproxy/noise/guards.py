"""What of a candidate's value is still checked where legacy disagrees with itself.

    kind ─► type ─► class, sign, fraction ─► length ─► affix, wording ─► unseen
    the first that does not hold makes the difference a signal, however noisy its place is

Laws: only `changed` and `order` can be explained; what legacy has shown of itself in A/A samples,
and what it shows in this exchange, is all that is excused; in doubt it is a signal.
"""

import re
from enum import StrEnum
from typing import Any, Final

from shadowproxy.compare.classes import ValueClass, class_of, is_in_class
from shadowproxy.core.words import Kind
from shadowproxy.noise.shape import DRAWN, Shape
from shadowproxy.noise.values import (
    are_worded_alike,
    digits_of,
    has_fraction,
    hash_of,
    sign_of,
    type_of,
)

EXPLAINABLE: Final = frozenset((Kind.CHANGED, Kind.ORDER))
"""Never a changed type, a missing or additional member, or a body that is not what it says."""


class Reason(StrEnum):
    """Why a difference at a noisy place is not noise."""

    KIND = "kind"
    TYPE = "type"
    NULL = "null"
    CLASS = "class"
    SIGN = "sign"
    FRACTION = "fraction"
    LENGTH = "length"
    AFFIX = "affix"
    WORDING = "wording"
    UNSEEN = "unseen"
    CONSTANT = "constant"


MAX_SLACK: Final = 20
"""Characters that two texts may share less than any pair of legacy's did: a time in the middle that
rolls over (`09:59:59` to `10:00:00`, new year) takes up to 20. Of short affixes half is asked for."""

_CERTAIN: Final = (ValueClass.UUID, ValueClass.JWT, ValueClass.TIMESTAMP, ValueClass.URL)
"""Classes that no word or name is in by chance, as `facade` is hexadecimal and `completed` a token."""
_CERTAIN_STARTS: Final = re.compile(
    r"(?i)urn:|[{(]?[0-9a-f]{8}-|[12][0-9]|eyJ|(?:sun|mon|tue|wed|thu|fri|sat),? |[a-z][a-z0-9+.-]{0,30}://"
)
"""What texts of these classes begin with: most texts are settled by this, in 0.3 µs instead of 3."""
_WHOLE: Final = frozenset((ValueClass.UUID, ValueClass.TIMESTAMP))
"""Classes that say all there is about a length: a UUID may have braces, a time no fraction."""


def explains(shape: Shape, kind: Kind, legacy: Any, candidate: Any) -> Reason | None:
    """None: it looks as legacy's own disagreements do. 1 to 3 µs; 50 µs for texts of a MiB."""
    if kind not in EXPLAINABLE:
        return Reason.KIND
    if legacy is None or candidate is None:
        return Reason.NULL
    name = type_of(candidate)
    if name != type_of(legacy) or (shape.pairs and name not in shape.types):
        return Reason.TYPE
    if kind is Kind.ORDER:
        return _explains_order(shape, candidate)
    return _BY_TYPE.get(name, _explains_nothing)(shape, legacy, candidate)


def _explains_nothing(_shape: Shape, _legacy: Any, _candidate: Any) -> Reason | None:
    """Objects and arrays are no leaves, and what has no JSON type was not looked at."""
    return Reason.TYPE


def _explains_boolean(_shape: Shape, _legacy: Any, _candidate: Any) -> Reason | None:
    """There are two, and legacy has both."""
    return None


def _explains_order(shape: Shape, candidate: Any) -> Reason | None:
    """The elements are the same, so only an array that is unlike those that were seen shows."""
    if type(candidate) is list and not shape.arrays.admits(len(candidate)):
        return Reason.LENGTH
    return None


def _explains_number(shape: Shape, legacy: Any, candidate: Any) -> Reason | None:
    sign = sign_of(candidate)
    if sign not in shape.signs and sign != sign_of(legacy):
        return Reason.SIGN
    if not shape.has_fraction and has_fraction(candidate) and not has_fraction(legacy):
        return Reason.FRACTION
    if not shape.numbers.admits(digits_of(candidate), digits_of(legacy)):
        return Reason.LENGTH
    return _explains_choice(shape, candidate)


def _explains_text(shape: Shape, legacy: str, candidate: str) -> Reason | None:
    named = _seen_class(shape, candidate)
    if named is None and not _may_be_free(shape, legacy, candidate):
        return Reason.CLASS
    if named in _WHOLE:
        return None
    if not candidate and (shape.texts.low or not shape.texts.count):
        return Reason.LENGTH
    if not shape.texts.admits(len(candidate), len(legacy)):
        return Reason.LENGTH
    if named not in DRAWN and shape.is_compared:
        reason = _explains_parts(shape, legacy, candidate)
        if reason is not None:
            return reason
    return _explains_choice(shape, candidate)


def _seen_class(shape: Shape, text: str) -> ValueClass | None:
    for name in shape.classes:
        if name is not None and is_in_class(text, name):
            return name
    return None


def _may_be_free(shape: Shape, legacy: str, candidate: str) -> bool:
    """Of a text in none of the classes seen: whether it may be, by what legacy has shown."""
    if not shape.classes:
        return _certain_class(candidate) is _certain_class(legacy)
    if None in shape.classes:
        certain = _certain_class(candidate)
        return certain is None or is_in_class(legacy, certain)
    own = class_of(legacy)
    return own is not None and is_in_class(candidate, own)


def _certain_class(text: str) -> ValueClass | None:
    if _CERTAIN_STARTS.match(text) is None:
        return None
    return next((name for name in _CERTAIN if is_in_class(text, name)), None)


def _explains_parts(shape: Shape, legacy: str, candidate: str) -> Reason | None:
    start, end = _asked(shape.start), _asked(shape.end)
    if candidate[:start] != legacy[:start]:
        return Reason.AFFIX
    if end and candidate[-end:] != legacy[-end:]:
        return Reason.AFFIX
    if shape.is_worded_alike and not are_worded_alike(legacy, candidate):
        return Reason.WORDING
    return None


def _asked(shared: int) -> int:
    return max(shared // 2, shared - MAX_SLACK)


def _explains_choice(shape: Shape, candidate: Any) -> Reason | None:
    """Where legacy has a closed set of values, none but these."""
    distinct = shape.distinct
    if distinct.is_closed and hash_of(candidate, shape.key) not in distinct.seen:
        return Reason.UNSEEN
    return None


_BY_TYPE: Final = {
    "string": _explains_text,
    "number": _explains_number,
    "boolean": _explains_boolean,
}
