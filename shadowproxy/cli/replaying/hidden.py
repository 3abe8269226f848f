"""What of a stored value is not what it was: redacted, hashed, or cut to a size.

Law: in doubt it is not; nothing is then concluded from it, and it is never sent.
"""

import re
from typing import Any, Final

from shadowproxy.redact.secrets import CARD, REDACTED

MORE: Final = "..."
"""What redaction puts where it cut."""

_HIDDEN: Final = re.compile(
    rf"{re.escape(REDACTED)}|{re.escape(CARD)}|\bhash:[0-9a-f]{{16}}\b"
    r"|\A\[(?:object|array|string|boolean|number|null)\]\Z"
)
"""Of `redact.values` keep, hash and drop."""

Place = tuple[str | int, ...]


def is_whole(text: str) -> bool:
    """Nothing of the text was hidden or cut."""
    return not text.endswith(MORE) and _HIDDEN.search(text) is None


def uncut(tree: Any) -> tuple[Any, frozenset[Place]]:
    """The tree without the marks of what was cut off, and the places of what was cut short.

    Iterative: a stored tree may be as deep as the answer was.
    """
    top: list[Any] = [None]
    short: set[Place] = set()
    todo: list[tuple[Any, Any, str | int, Place]] = [(tree, top, 0, ())]
    while todo:
        value, into, at, place = todo.pop()
        if isinstance(value, dict):
            inner: Any = dict.fromkeys(name for name in value if name != MORE)
            items: list[tuple[Any, Any]] = [(name, value[name]) for name in inner]
        elif isinstance(value, list):
            kept = value[:-1] if value[-1:] == [MORE] else value
            inner = [None] * len(kept)
            items = list(enumerate(kept))
        else:
            into[at] = value
            continue
        into[at] = inner
        if len(items) < len(value):
            short.add(place)
        todo += [(item, inner, step, (*place, step)) for step, item in items]
    return top[0], frozenset(short)


def all_whole(tree: Any) -> bool:
    """Nothing in the whole tree was hidden or cut."""
    whole, short = uncut(tree)
    todo = [whole]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            todo += value
            todo += value.values()
        elif isinstance(value, list):
            todo += value
        elif isinstance(value, str) and not is_whole(value):
            return False
    return not short
