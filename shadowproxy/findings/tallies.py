"""Counts of texts in a bounded place.

Laws: `Tally` loses no count, only names; `Leading` keeps every text that makes up more than a
fifth of all, and never counts one too low (Space-Saving, Metwally et al. 2005).
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from shadowproxy.findings.escaping import clip

MAX_NAMES: Final = 8
"""Candidate versions in one finding: a roll-out has two, a week of them fewer than this."""
MAX_NAME: Final = 64
"""Characters of a version: a git hash is 40, an image's digest without its prefix 64."""
MAX_LEADING: Final = 5
"""Value pairs: they are for recognising a pattern, and a sixth has at most a sixth of the cases."""
MAX_VALUE: Final = 60
"""Characters of a value in a pair: a UUID, a timestamp and a short sentence fit."""


class Tally:
    """Counts by name for the first MAX_NAMES names, and `other` for all that came later."""

    __slots__ = ("counts", "other")

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.other = 0

    def add(self, name: str, count: int = 1) -> None:
        """Counts a name; names that are alike in their first MAX_NAME characters are one."""
        name = clip(name, MAX_NAME)
        if name in self.counts or len(self.counts) < MAX_NAMES:
            self.counts[name] = self.counts.get(name, 0) + count
        else:
            self.other += count

    def absorb(self, tally: "Tally") -> None:
        """Takes over what another counted."""
        for name, count in tally.counts.items():
            self.add(name, count)
        self.other += tally.other


class ValuePair(NamedTuple):
    """What the two sides had, written short; a side without a value is `(absent)`."""

    legacy: str
    candidate: str


class Leading:
    """The most frequent value pairs; `count - over` is certain."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[ValuePair, list[int]] = {}

    def __iter__(self) -> Iterator[tuple[ValuePair, int, int]]:
        """(pair, count, over), most frequent first."""
        ordered = sorted(self._counts.items(), key=lambda each: (-each[1][0], each[0]))
        return iter([(pair, count, over) for pair, (count, over) in ordered])

    def add(self, pair: ValuePair, count: int = 1, over: int = 0) -> None:
        """Counts a pair, in the place of the rarest when there is no other."""
        kept = self._counts.get(pair)
        if kept is not None:
            kept[0] += count
            kept[1] += over
            return
        if len(self._counts) >= MAX_LEADING:
            rarest = min(self._counts, key=lambda each: (self._counts[each][0], each))
            inherited = self._counts.pop(rarest)[0]
            count, over = count + inherited, over + inherited
        self._counts[pair] = [count, over]

    def absorb(self, leading: "Leading") -> None:
        """Takes over what another counted."""
        for pair, count, over in leading:
            self.add(pair, count, over)


ABSENT: Final = "(absent)"


def pair_of(shown: dict[str, Any]) -> ValuePair:
    """The pair of a difference as `redact.redaction.Redactor.difference` shows it."""
    sides = (write_short(shown[side]) if side in shown else ABSENT for side in _SIDES)
    return ValuePair(*sides)


_SIDES: Final = ("legacy", "candidate")


def write_short(value: Any) -> str:
    """A value in at most MAX_VALUE characters; of an object or array only the size."""
    if isinstance(value, dict):
        return f"{{{len(value):,} member{'s' * (len(value) != 1)}}}"
    if isinstance(value, list):
        return f"[{len(value):,} element{'s' * (len(value) != 1)}]"
    if isinstance(value, str):
        return '"' + clip(value, MAX_VALUE - 2) + '"'
    if isinstance(value, int) and abs(value) >= _LONG_INTEGER:
        return f"{'-' * (value < 0)}(an integer of {value.bit_length():,} bits)"
    return (
        _WORDS[value] if value is None or isinstance(value, bool) else clip(str(value), MAX_VALUE)
    )


_WORDS: Final = {None: "null", True: "true", False: "false"}
_LONG_INTEGER: Final = 10 ** (MAX_VALUE - 2)
"""Python refuses to write more than 4,300 digits."""
