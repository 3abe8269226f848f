"""One disagreement at one place, and what all of them come to.

Law: a comparison without differences is a match only if it has no `reason`: where we could not
look, nothing is said to be equal.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from shadowproxy.compare.places import general_steps
from shadowproxy.core.words import Kind, Verdict
from shadowproxy.decode.json_text import Members

Hits = defaultdict[int, int]
"""How many differences each rule has hidden, by its index."""

MAX_DIFFERENCES: Final = 1000
"""Of one comparison; more than anyone reads, and 0.2 ms of the judge."""


class _Missing:
    """The value of a side that has none."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True)
class Difference:
    """`path` is an RFC 6901 pointer into the decoded body, `#status` or `#header/<name>`.

    `steps` are the member names (str) and indices (int) along the pointer, empty elsewhere. The
    values are the backends' own: redact them before they go anywhere.
    """

    path: str
    kind: Kind
    legacy: Any = MISSING
    candidate: Any = MISSING
    steps: tuple[str | int, ...] = ()

    @property
    def general_path(self) -> str:
        """The path with `*` for what is data: equal for the same place in different elements."""
        if not self.steps:
            return self.path
        return _usual(self.steps) if len(self.path) <= USUAL_PATH else _general(self.steps)

    @property
    def header(self) -> str:
        """The lower-case field name, or `""` when this is not about a header field."""
        return self.path[8:] if self.path.startswith("#header/") else ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing one exchange came to; `reason` says why not everything was looked at.

    `hits`: how many differences each rule has hidden, by its index in `Rules.rules`.
    """

    verdict: Verdict
    differences: Sequence[Difference] = ()
    reason: str = ""
    hits: Mapping[int, int] = field(default_factory=dict)

    @property
    def is_truncated(self) -> bool:
        """There are more differences than these."""
        return self.reason == TOO_MANY


TOO_MANY: Final = "differences"


def conclude(differences: Sequence[Difference], reason: str, hits: Mapping[int, int]) -> Comparison:
    """A difference that was found stands, whatever could not be looked at besides."""
    if differences:
        return Comparison(Verdict.MISMATCH, differences, reason, hits)
    return Comparison(Verdict.INCOMPARABLE if reason else Verdict.MATCH, (), reason, hits)


def pointer(steps: Any) -> str:
    """RFC 6901: `~` and `/` inside a name are escaped."""
    names = list(map(str, steps))
    text = "/".join(("", *names))
    if "~" not in text and text.count("/") == len(names):
        return text
    return "".join([f"/{name.replace('~', '~0').replace('/', '~1')}" for name in names])


def _general(steps: tuple[str | int, ...]) -> str:
    return pointer(general_steps(steps))


USUAL_PATH: Final = 256
"""Characters of a path that is worth remembering."""
_usual = lru_cache(4096)(_general)
"""At most 6 MiB: steps are at least as short as their path."""

_TYPES: Final[dict[type, str]] = {
    dict: "object",
    Members: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    Decimal: "number",
    type(None): "null",
}


def type_name(value: Any) -> str:
    """The JSON type of a decoded value; null is a type and number is one type."""
    return _TYPES[type(value)]
