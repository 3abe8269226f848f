"""Whether a rule hides the values of a finding: asked of the comparer, with bodies made of them.

Law: the answer is the comparer's own; what cannot be made to differ without the rule proves nothing.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from shadowproxy.compare import Comparison, Observation, RuleError, Rules, compare, response
from shadowproxy.core.words import Kind
from shadowproxy.findings.places import split_pointer
from shadowproxy.pages.documents import Document, text, values

JSON: Final = "application/json"
_REPORTS: Final = {"path": "$", "duplicate_keys": "report"}
"""Without it nobody says that names are repeated."""


class Absent:
    """The type of ABSENT."""


ABSENT: Final = Absent()
"""The value of a side that has none."""

_HIDDEN: Final = re.compile(
    r"\[(?:redacted|card|string|number|boolean|null|object|array)\]|hash:[0-9a-f]{16}"
)
"""What stands for a value that was redacted; its looks say nothing of the value's."""
CUT: Final = "..."


class Seen(NamedTuple):
    """What both sides had at the place of a finding, once."""

    legacy: Any
    candidate: Any

    @property
    def is_whole(self) -> bool:
        """Whether neither was cut or hidden on its way here."""
        return _is_whole(self.legacy) and _is_whole(self.candidate)


def _is_whole(value: Any) -> bool:
    if isinstance(value, dict):
        return CUT not in value and all(map(_is_whole, value.values()))
    if isinstance(value, list):
        return all(map(_is_whole, value))
    if not isinstance(value, str):
        return True
    is_cut = value.startswith(CUT) or value.endswith(CUT)
    return not is_cut and _HIDDEN.search(value) is None


_STAND_INS: Final[Mapping[str, Seen]] = {
    Kind.CHANGED: Seen("one", "two"),
    Kind.TYPE: Seen("one", 2),
    Kind.REMOVED: Seen("one", ABSENT),
    Kind.ADDED: Seen(ABSENT, "two"),
    Kind.ORDER: Seen(["one", "two"], ["two", "one"]),
    Kind.DUPLICATE_KEY: Seen(["one", "two"], ["one", "three"]),
}


def hides(rule: Mapping[str, Any], group: Document, seen: Sequence[Seen]) -> bool:
    """Whether no difference of the finding's kind is left, for any of these values.

    For values that nobody knows others of the same kind stand.
    """
    kind = text(group, "kind")
    stand_in = _STAND_INS.get(kind, Seen("one", "two"))
    shown = [each for each in seen if _is_told(group, kind, each, [])]
    tried = shown or [stand_in]
    try:
        if not shown and not _is_told(group, kind, stand_in, []):
            return False
        return not any(_is_told(group, kind, each, [rule]) for each in tried)
    except RuleError:
        return False


def _is_told(group: Document, kind: str, seen: Seen, rules: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the comparer says that these differ in this way."""
    compared = _compared(group, kind, seen, rules)
    return compared is not None and any(each.kind == kind for each in compared.differences)


def _compared(
    group: Document, kind: str, seen: Seen, rules: Sequence[Mapping[str, Any]]
) -> Comparison | None:
    more = [_REPORTS, *rules] if kind == Kind.DUPLICATE_KEY else rules
    path = text(group, "path")
    try:
        if kind == Kind.MEDIA:
            sides = [response(b"{}", str(each)) for each in values(group, "types")]
        elif path.startswith("#header/"):
            sides = [_with_field(path[8:], each) for each in seen]
        else:
            steps = split_pointer(path)
            sides = [response(_body(steps, each, kind).encode(), JSON) for each in seen]
    except (TypeError, ValueError):  # no JSON: a half of a character, a deep or an endless value
        return None
    return compare(sides[0], sides[1], Rules.of(more)) if len(sides) == 2 else None


def _with_field(name: str, value: Any) -> Observation:
    """An answer with one field. A finding shows lines of one name as one list."""
    lines = [] if value is ABSENT else [(name, str(value))]
    return response(b"", fields=lines)


def _body(steps: Sequence[str], value: Any, kind: str) -> str:
    """A body that has this value, and little else, at that place."""
    inside = "" if value is ABSENT else orjson.dumps(value).decode()
    for at in range(len(steps) - 1, -1, -1):
        step = steps[at]
        if step == "*":
            inside = f"[{inside}]"
            continue
        name = json.dumps(step)
        if kind == Kind.DUPLICATE_KEY and at == len(steps) - 1 and isinstance(value, list):
            inside = ",".join(f"{name}:{orjson.dumps(each).decode()}" for each in value)
        elif inside:
            inside = f"{name}:{inside}"
        inside = f"{{{inside}}}"
    return inside
