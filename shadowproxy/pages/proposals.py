"""Rules that fit a finding: proposed from its kind and its values, and tried before they are shown.

    `items[*].price`, 12 and "12"  ─►  {path: "$.items[*].price", coerce: string}
                                       {path: "$.items[*].price", ignore: true}

Law: a proposed rule hides every pair of values of the finding that is known, or it is not proposed;
that is found out with the comparer itself. The narrowest comes first, `ignore` is the last resort.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from shadowproxy.compare.differences import pointer
from shadowproxy.compare.places import general_steps
from shadowproxy.core.words import Kind
from shadowproxy.findings.places import split_pointer, write_steps
from shadowproxy.findings.tallies import ABSENT as ABSENT_TEXT
from shadowproxy.pages.documents import Document, member, members, text
from shadowproxy.pages.fitting import Action, array_actions, value_actions
from shadowproxy.pages.trying import ABSENT, CUT, Seen, hides

MAX_SEEN: Final = 8
"""Pairs of values that a proposal is tried on."""
_IGNORED: Final = Action(
    {"ignore": True}, "Say nothing about it", "Everything here is hidden, whatever goes wrong."
)


class Proposal(NamedTuple):
    """A rule as the API takes it; `what` it says in words, `costs` what would no longer show."""

    rule: dict[str, Any]
    what: str
    costs: str

    @property
    def written(self) -> str:
        """As JSON, in one line."""
        return json.dumps(self.rule, ensure_ascii=False)


def propose(group: Document) -> list[Proposal]:
    """Rules for one finding; none where no rule could hide it."""
    kind, place = text(group, "kind"), place_of(group)
    if not place:
        return []
    seen = seen_of(group)
    proposals = [
        Proposal({**place, **action.does}, action.what, action.costs)
        for action in _actions(kind, place, seen)
    ]
    return [each for each in proposals if hides(each.rule, group, seen)]


def place_of(group: Document) -> dict[str, str]:
    """The member of a rule that says where: `path` or `header`; none where no rule reaches."""
    path, kind = text(group, "path"), text(group, "kind")
    if kind == Kind.MEDIA:
        return {"header": "content-type"}
    if kind in _WHOLE or path.endswith(CUT):
        return {}
    if path.startswith("#"):
        name = path.removeprefix("#header/")
        return {"header": name} if name != path else {}
    steps = write_steps(split_pointer(path))
    dot = "." if steps and not steps.startswith("[") else ""
    return {"path": f"${dot}{steps}"}


_WHOLE: Final = frozenset((Kind.STATUS, Kind.EMPTY, Kind.INVALID, Kind.RAW))
"""Of an answer as a whole: rules are about places in it."""


def seen_of(group: Document) -> list[Seen]:
    """Values of both sides that are known as they were: those of samples, then those of pairs."""
    samples = [*members(group, "samples"), member(group, "sample")]
    found = [
        Seen(difference.get("legacy", ABSENT), difference.get("candidate", ABSENT))
        for sample in samples
        for difference in own_of(group, members(sample, "differences"))
    ]
    found += [
        Seen(_read(pair.get("legacy")), _read(pair.get("candidate")))
        for pair in members(group, "pairs")
    ]
    return [each for each in found if _UNKNOWN not in each and each.is_whole][:MAX_SEEN]


_UNKNOWN: Final = object()


def own_of(group: Document, differences: Sequence[Document]) -> list[Document]:
    """Those of an exchange's differences that are this finding's."""
    return [each for each in differences if _is_of(each, group)]


def _is_of(difference: Document, group: Document) -> bool:
    """Whether a difference is one of this finding's."""
    path = text(difference, "path")
    if difference.get("kind") != group.get("kind"):
        return False
    if path.startswith("/"):
        path = pointer(general_steps(split_pointer(path)))
    return path == group.get("path")


def _read(shown: Any) -> Any:
    """The value that a pair shows, if it shows all of it."""
    if shown == ABSENT_TEXT:
        return ABSENT
    if not isinstance(shown, str):
        return _UNKNOWN
    if len(shown) > 1 and shown[0] == shown[-1] == '"':
        return shown[1:-1]
    try:
        return json.loads(shown) if not shown.startswith(("[", "{")) else _UNKNOWN
    except (ValueError, RecursionError):  # `(an integer of 300 bits)`
        return _UNKNOWN


def _actions(kind: str, place: dict[str, str], seen: Sequence[Seen]) -> Iterator[Action]:
    """All that might do, the narrowest first."""
    if kind == Kind.MEDIA:
        yield Action(
            {"ignore": True},
            "Say nothing about the media type",
            "Everything here is hidden: bodies of two formats are then not compared at all.",
        )
        return
    if "header" in place:
        yield Action(
            {"list": "unordered"},
            "The values of the list may stand in any order",
            "Only the order is hidden.",
        )
    elif kind == Kind.ORDER:
        yield from array_actions(seen)
    elif seen:
        yield from value_actions(seen)
    yield _IGNORED


def as_yaml(proposal: Proposal, endpoint: str) -> str:
    """What to write into the configuration file; a rule in JSON is one in YAML."""
    rule = f"- {proposal.written}".replace("${", "$${")  # which would be a variable; not in a key
    if endpoint:
        lines = ["compare:", "  endpoints:", f"    {json.dumps(endpoint, ensure_ascii=False)}:"]
        lines.append(f"      {rule}")
    else:
        lines = ["compare:", "  rules:", f"    {rule}"]
    return "\n".join(lines)
