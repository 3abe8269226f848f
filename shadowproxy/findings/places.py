"""Paths as people write them: `items[*].price` for the pointer `/items/*/price`.

Law: a place is one line of bounded length, and no two pointers that fit have the same place.
"""

import re
from collections.abc import Iterable
from typing import Final

from shadowproxy.findings.escaping import clip_start, escape

MAX_PLACE: Final = 120
"""Characters of a path in a sentence: five names of twenty and their indexes."""

_PLAIN_NAME: Final = re.compile(r"[^\W\d]\w*")
"""What RFC 9535 lets stand behind a dot; other names are quoted, so that a place can be a rule."""


def split_pointer(pointer: str) -> list[str]:
    """The steps of an RFC 6901 pointer; [] of the whole document and of what is no pointer."""
    if not pointer.startswith("/"):
        return []
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]


def write_steps(steps: Iterable[str | int]) -> str:
    """Steps as an expression. A text `*` is any element, a number is an index."""
    return "".join(map(_step, steps)).removeprefix(".")


def _step(step: str | int) -> str:
    if step == "*" or isinstance(step, int):
        return f"[{step}]"
    if _PLAIN_NAME.fullmatch(step):
        return "." + step
    quoted = step.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escape(quoted)}']"


def name_place(path: str) -> str:
    """What a group's path is called in a sentence."""
    if not path:
        return "the body"
    if path == "#status":
        return "the status"
    if path.startswith("#header/"):
        return f"header {clip_start(path[8:], MAX_PLACE)}"
    shown = write_steps(split_pointer(path)) if path.startswith("/") else path
    return f"`{clip_start(shown, MAX_PLACE)}`"
