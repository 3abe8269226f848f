"""Actions of rules that may fit values that were seen. Only guesses: `trying` says which do.

Law: what is written into a rule is never a value that was seen, only what is true of all of them.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

from shadowproxy.compare.alignment import SHARED_KEYS
from shadowproxy.compare.classes import ValueClass, is_in_class
from shadowproxy.compare.times import moment_of
from shadowproxy.pages.figures import span
from shadowproxy.pages.trying import Seen


class Action(NamedTuple):
    """`does` are a rule's members besides its place; `costs`: what would no longer show."""

    does: dict[str, Any]
    what: str
    costs: str


_CLASSES: Final = {
    ValueClass.UUID: (
        "Both must be a UUID",
        "A wrong identifier no longer shows, null still does.",
    ),
    ValueClass.TIMESTAMP: (
        "Both must be a point in time",
        "A time that is wrong by years no longer shows, null and other texts still do.",
    ),
    ValueClass.JWT: ("Both must be a JWT", "A token for somebody else no longer shows."),
    ValueClass.HEX: ("Both must be hexadecimal digits", "Wrong digits no longer show."),
    ValueClass.URL: ("Both must be a URL", "A wrong address no longer shows."),
    ValueClass.TOKEN: ("Both must look like a token", "A wrong token no longer shows."),
}
_TEXTS: Final = (
    ({"strings": {"case": "ignore"}}, "Upper and lower case are the same"),
    ({"strings": {"trim": True}}, "White space at the ends does not count"),
    ({"strings": {"collapse_ws": True}}, "A run of white space is one space"),
    ({"strings": {"eol": "ignore"}}, "Line ends may be CR LF or LF"),
    ({"strings": {"unicode": "NFC"}}, "Unicode forms of one text are the same"),
    ({"url": {"ignore_query": True}}, "The query of the URL does not count"),
    ({"url": {"ignore_host": True}}, "The host of the URL does not count"),
    ({"embedded": "json"}, "The text holds JSON: compare it as that"),
    ({"embedded": "base64+json"}, "The text holds JSON in base64: compare it as that"),
)
_VALUES: Final = (
    ({"coerce": "string"}, "A number or a boolean equals the text that spells it"),
    ({"null": "missing"}, "null is the same as no member"),
    ({"empty": "missing"}, 'An empty "", [] or {} is the same as no member'),
)
_NARROW: Final = "Every other difference still shows."


def value_actions(seen: Sequence[Seen]) -> Iterator[Action]:
    """What may make single values equal."""
    for does, what in (*_VALUES, *_TEXTS):
        yield Action(dict(does), what, _NARROW)
    yield from _tolerances(seen)
    yield from _class(seen)


def array_actions(seen: Sequence[Seen]) -> Iterator[Action]:
    """What may make arrays equal that are in another order."""
    elements = [each for pair in seen for each in pair.legacy if isinstance(pair.legacy, list)]
    for name in SHARED_KEYS:
        if elements and all(isinstance(each, dict) and name in each for each in elements):
            yield Action(
                {"array": {"by": "key", "key": name}},
                f"Elements belong together by their {name}, in any order",
                "Only the order is hidden.",
            )
            break
    yield Action(
        {"array": {"by": "multiset"}},
        "The elements may stand in any order",
        "Only the order is hidden; a changed element is then one that went and one that came.",
    )


def _tolerances(seen: Sequence[Seen]) -> Iterator[Action]:
    moments = [[moment_of(each) for each in pair] for pair in seen]
    apart_s = [abs(a.seconds - b.seconds) for a, b in moments if a is not None and b is not None]
    if len(apart_s) == len(seen):
        yield from _time(max(apart_s))
    numbers = [[_number(each) for each in pair] for pair in seen]
    pairs = [(a, b) for a, b in numbers if a is not None and b is not None]
    if len(pairs) == len(seen) and all(_is_small(a, b) for a, b in pairs):
        yield from _numbers(pairs)


MAX_TOLERANCE_S: Final = 86_400
_STEPS_S: Final = (1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 43_200, MAX_TOLERANCE_S)


def _time(apart_s: Decimal) -> Iterator[Action]:
    within_s = next((step for step in _STEPS_S if apart_s <= step), None)
    if within_s is not None:
        yield Action(
            {"time": {"tolerance": f"{within_s}s"}},
            f"Times may be {span(within_s)} apart",
            "Times further apart still show.",
        )


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = Decimal(str(value))
    except (InvalidOperation, ValueError):  # thousands of digits
        return None
    return number if number.is_finite() else None


MAX_SHARE: Final = Decimal("0.01")
"""Of the larger number; 1 instead of 2 is no inaccuracy, and 170 instead of 100 is none either."""
ROUNDING: Final = Decimal("0.01")
"""Below it numbers of other decimals may be one that was rounded."""


def _is_small(a: Decimal, b: Decimal) -> bool:
    """Whether a difference may be one of accuracy: small against the numbers, or rounding."""
    is_rounding = abs(a - b) < ROUNDING and a.as_tuple().exponent != b.as_tuple().exponent
    return is_rounding or _share(a, b) <= MAX_SHARE


def _share(a: Decimal, b: Decimal) -> Decimal:
    return abs(a - b) / (max(abs(a), abs(b)) or 1)


def _numbers(pairs: Sequence[tuple[Decimal, Decimal]]) -> Iterator[Action]:
    largest = _nice(max(abs(a - b) for a, b in pairs))
    share = _nice(max(_share(a, b) for a, b in pairs))
    shown = f"{largest:f}"
    yield Action(
        {"numbers": {"abs": int(largest) if largest % 1 == 0 else float(largest)}},
        f"Numbers may be {shown} apart",
        "Numbers further apart still show.",
    )
    if share <= MAX_SHARE:
        points = f"{(share * 100).normalize():f}%"
        yield Action(
            {"numbers": {"rel": points}},
            f"Numbers may be {points} of the larger one apart",
            "Numbers further apart still show.",
        )


def _nice(number: Decimal) -> Decimal:
    """The next of 1, 2, 5, 10, 20 ... at or above it."""
    if number <= 0:
        return Decimal(0)
    unit = Decimal(1).scaleb(number.adjusted())
    digits = (number / unit).quantize(Decimal("0.000001"), ROUND_CEILING)
    step = next(step for step in (1, 2, 5, 10) if digits <= step)
    return (step * unit).normalize()


def _class(seen: Sequence[Seen]) -> Iterator[Action]:
    """The narrowest class that all of them are in."""
    values = [each for pair in seen for each in pair]
    for name, (what, costs) in _CLASSES.items():
        if all(is_in_class(each, name) for each in values):
            yield Action({"class": str(name)}, what, costs)
            return
