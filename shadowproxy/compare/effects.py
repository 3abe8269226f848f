"""What the rules in force at one node make of the value there.

Laws: an effect only takes differences away, except `numbers: strict` and `duplicate_keys`; an effect
never makes two types equal, except `coerce`; each one that hides something is counted for its rule.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple

from shadowproxy.compare.classes import is_in_class
from shadowproxy.compare.differences import type_name
from shadowproxy.compare.numbers import as_decimal, as_double, difference_of, spelled
from shadowproxy.compare.rules import DOUBLE, STRICT, VALUE, Tolerance
from shadowproxy.compare.texts import replaced
from shadowproxy.compare.times import moment_of
from shadowproxy.core.words import Kind

Hide = Callable[[int], None]
"""Is told the index of each rule that hides a difference."""


class Effect(NamedTuple):
    """One action in force: the index of its rule (-1: a default), and what was asked for."""

    rule: int
    value: Any


class Effects(NamedTuple):
    """Per action what is in force at a node; None: nothing."""

    ignore: Effect | None = None
    class_: Effect | None = None
    numbers: Effect | None = None
    strings: Effect | None = None
    null: Effect | None = None
    empty: Effect | None = None
    time: Effect | None = None
    coerce: Effect | None = None
    keys: Effect | None = None
    url: Effect | None = None
    replace: Effect | None = None
    duplicate_keys: Effect | None = None

    @property
    def is_ignored(self) -> bool:
        """Whether differences at the node do not count."""
        return self.ignore is not None and bool(self.ignore.value)

    @property
    def change_names(self) -> bool:
        """Whether texts or numbers may be equal here that are not so elsewhere, other ones staying so."""
        return any((self.coerce, self.strings, self.replace, self.url))

    def is_missing(self, value: Any) -> bool:
        """Whether a member with this value counts as no member."""
        return self.missing_by(value) is not None

    def missing_by(self, value: Any) -> Effect | None:
        """The effect by which a member with this value counts as no member."""
        if value is None:
            return self.null
        if self.empty is not None and isinstance(value, str | list | dict) and not value:
            return self.empty
        return None


NOTHING: Final = Effects()

_JSON_NUMBER: Final = re.compile(
    r"-?(?:0|[1-9][0-9]{0,999})(?:\.[0-9]{1,999})?(?:[eE][+-]?[0-9]{1,9})?"
)
_WORDS: Final = {True: "true", False: "false"}


def plain_difference(ours: Any, theirs: Any) -> Kind | None:
    """How two values that are not both containers disagree where no rule holds."""
    if type_name(ours) != type_name(theirs):
        return Kind.TYPE
    return Kind.CHANGED if ours != theirs else None


def difference_under(ours: Any, theirs: Any, effects: Effects, hide: Hide) -> Kind | None:
    """How two values that are not both containers disagree under effects."""
    if _is_number(ours) and _is_number(theirs):
        kind = _numbers_differ(ours, theirs, effects, hide)
    elif isinstance(ours, str) and isinstance(theirs, str):
        kind = _texts_differ(ours, theirs, effects, hide)
    else:
        kind = plain_difference(ours, theirs)
        if kind is Kind.TYPE and effects.coerce is not None:
            return _coerced_differ(ours, theirs, effects, hide)
        return kind
    if kind is None or not _is_excused(ours, theirs, effects, hide):
        return kind
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _numbers_differ(ours: Any, theirs: Any, effects: Effects, hide: Hide) -> Kind | None:
    effect = effects.numbers
    if effect is None:
        return difference_of(ours, theirs, VALUE)
    kind = difference_of(ours, theirs, effect.value)
    if kind is None and ours != theirs:
        hide(effect.rule)
    return kind


def _texts_differ(ours: str, theirs: str, effects: Effects, hide: Hide) -> Kind | None:
    if ours == theirs:
        return None
    used: list[int] = []
    left, right = _normal(ours, effects, used), _normal(theirs, effects, used)
    if left != right:
        return Kind.CHANGED
    for rule in dict.fromkeys(used):
        hide(rule)
    return None


def _normal(text: str, effects: Effects, used: list[int]) -> str:
    """What is compared in place of a text; `used` gets the rules that changed it."""
    for effect, change in (
        (effects.replace, replaced),
        (effects.strings, lambda text, strings: strings.of(text)),
        (effects.url, lambda text, url: url.of(text)),
    ):
        if effect is not None:
            changed = change(text, effect.value)
            if changed != text:
                used.append(effect.rule)
                text = changed
    return text


def _is_excused(ours: Any, theirs: Any, effects: Effects, hide: Hide) -> bool:
    """Two other values of one class, or two times close together."""
    if effects.class_ is not None:
        name = effects.class_.value
        if is_in_class(ours, name) and is_in_class(theirs, name):
            hide(effects.class_.rule)
            return True
    if effects.time is not None:
        left, right = moment_of(ours), moment_of(theirs)
        if left is None or right is None or left.has_zone != right.has_zone:
            return False
        if abs(left.seconds - right.seconds) <= effects.time.value:
            hide(effects.time.rule)
            return True
    return False


def _coerced_differ(ours: Any, theirs: Any, effects: Effects, hide: Hide) -> Kind | None:
    """Scalars of two types as the texts that they would be."""
    assert effects.coerce is not None
    if not (_is_coerced(ours) and _is_coerced(theirs)):
        return Kind.TYPE
    left, right = _coerced(ours), _coerced(theirs)
    if _is_number(left) and _is_number(right):
        kind = _numbers_differ(left, right, effects, hide)
    elif isinstance(left, str) and isinstance(right, str):
        kind = _texts_differ(left, right, effects, hide)
    else:
        kind = Kind.CHANGED
    if kind is None:
        hide(effects.coerce.rule)
    return kind and Kind.CHANGED


def _is_coerced(value: Any) -> bool:
    return isinstance(value, str | bool) or _is_number(value)


def _coerced(value: Any) -> Any:
    """A number if it is one or spells one, else a text."""
    if isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, str) and _JSON_NUMBER.fullmatch(value):
        return Decimal(value)
    return as_decimal(value) if isinstance(value, float) else value


class LeafKey(NamedTuple):
    """Values whose keys differ are different; if `is_loose`, those whose keys are equal may be, too."""

    key: str
    is_loose: bool = False


IGNORED: Final = "~"


def plain_key(value: Any) -> str:
    """The key of a scalar where no rule holds; exact."""
    if isinstance(value, str):
        return "s" + value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return _WORDS[value]
    return "n" + spelled(value)


def key_under(value: Any, effects: Effects) -> LeafKey:
    """The key of a scalar under effects."""
    if effects.is_ignored:
        return LeafKey(IGNORED)
    if effects.class_ is not None and is_in_class(value, effects.class_.value):
        return LeafKey("~" + type_name(value))
    if effects.time is not None and moment_of(value) is not None:
        return LeafKey("~time" + type_name(value), True)
    if effects.coerce is not None and _is_coerced(value):
        value = _coerced(value)
        return LeafKey(_number_or_text(value, effects).key, True)
    return _number_or_text(value, effects)


def identity_under(value: Any, effects: Effects) -> str | None:
    """Equal for texts and numbers that name the same thing; None for what is no name."""
    if effects.coerce is not None and _is_coerced(value):
        value = _coerced(value)
    if isinstance(value, str):
        return "s" + _normal(value, effects, [])
    return plain_key(value) if _is_number(value) else None


def _number_or_text(value: Any, effects: Effects) -> LeafKey:
    if isinstance(value, str):
        return LeafKey("s" + _normal(value, effects, []))
    if effects.numbers is None or not _is_number(value):
        return LeafKey(plain_key(value))
    comparing = effects.numbers.value
    if isinstance(comparing, Tolerance):
        return LeafKey("~number", True)
    if comparing == STRICT:
        return LeafKey(plain_key(value), True)
    if comparing == DOUBLE:
        return LeafKey(f"n{as_double(value) + 0.0!r}")  # of zeros there is one
    return LeafKey(plain_key(value))
