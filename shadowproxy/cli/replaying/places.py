"""Where a finding is: which differences speak about that place, and whether an answer has it; pure.

    /items/*/price    a place inside of bodies, general: `*` is any index, and any name that is data
    #status  #header/age

Laws: a difference at the place or around it always speaks about it; status codes of two classes
speak about every place, since nobody looks into the bodies then.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from shadowproxy.cli.replaying.hidden import is_whole
from shadowproxy.compare.places import general_steps
from shadowproxy.core.words import Kind
from shadowproxy.findings.places import split_pointer
from shadowproxy.redact.secrets import hide_in_text

STATUS: Final = "#status"
_HEADER: Final = "#header/"
_MAX_NODES: Final = 10_000
"""That are looked at per step: an answer of 1 MiB has some 50,000 values, of which any one will do."""
_LEAVE_INSIDE: Final = (Kind.ORDER, Kind.ADDED, Kind.DUPLICATE_KEY)
"""What is told of a container while everything that legacy has in it was compared."""


def is_inside_body(path: str) -> bool:
    """Of the body, not of the head."""
    return not path.startswith("#")


def speaks_about(path: str, difference: str, kind: str, statuses: Sequence[int]) -> bool:
    """Whether a difference at one general path means that a place is not, or may not be, equal."""
    if difference == path:
        return True
    if difference == STATUS:
        return statuses[0] // 100 != statuses[1] // 100
    if not (is_inside_body(path) and is_inside_body(difference)):
        return False
    return path.startswith(f"{difference}/") and kind not in _LEAVE_INSIDE


def is_shown(path: str, kind: str, fields: Mapping[str, Any], tree: Any) -> bool:
    """Whether legacy's answer has the place; of what the candidate adds, the place around it."""
    if not is_whole(path):
        return True  # where it is was cut short when it was redacted
    if path.startswith(_HEADER):
        return kind == Kind.ADDED or path.removeprefix(_HEADER) in fields
    if not is_inside_body(path):
        return True
    steps = split_pointer(path)
    return _has(tree, steps[:-1] if kind == Kind.ADDED else steps)


def _has(tree: Any, steps: Sequence[str]) -> bool:
    found = [tree]
    for step in steps:
        inner: list[Any] = []
        for node in found:
            if isinstance(node, dict):
                inner += [child for name, child in node.items() if _general(str(name)) == step]
            elif isinstance(node, list) and step == "*":
                inner += node[:_MAX_NODES]
            if len(inner) >= _MAX_NODES:
                break
        found = inner[:_MAX_NODES]
    return bool(found)


def _general(name: str) -> str:
    """As the place of a finding spells it."""
    return hide_in_text(general_steps((name,))[0])
