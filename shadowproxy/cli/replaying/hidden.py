"""What of a stored value is not what it was: redacted, hashed, cut to a size, or spelled with escapes.

Law: in doubt it is not; nothing is then concluded from it, and it is never sent.
"""

import re
from typing import Any, Final, NamedTuple

from shadowproxy.findings.escaping import escape
from shadowproxy.redact.secrets import CARD, REDACTED

MORE: Final = "..."
"""What redaction puts where it cut."""

_HIDDEN: Final = re.compile(
    rf"{re.escape(REDACTED)}|{re.escape(CARD)}|\bhash:(?:[0-9a-f]{{16}}\b|\Z)"
    r"|\A\[(?:object|array|string|boolean|number|null)\]\Z"
)
"""Of `redact.values` keep, hash and drop."""
_ESCAPED: Final = re.compile(r"\\u[0-9a-f]{4}")
"""What a store may have written for a character that cannot be seen."""
_BYTE: Final = re.compile(r"\\u00([89][0-9a-f]|ad)")
"""Of those the ones that a field has: bytes of UTF-8, read as ISO 8859-1."""

_HASH: Final = re.compile(r"\bhash:[0-9a-f]{16}\b")
ANY_HASH: Final = "hash:"
"""In place of each: their key is the proxy's own."""

Place = tuple[str | int, ...]


class Known(NamedTuple):
    """What a redacted tree says; `short` are the places where something is left out."""

    tree: Any
    short: frozenset[Place] = frozenset()


def is_whole(text: str) -> bool:
    """Nothing of the text was hidden or cut."""
    return not text.endswith(MORE) and _HIDDEN.search(text) is None


def is_whole_target(target: str) -> bool:
    """The same of a request's target, of which parameters are hidden each by itself."""
    return is_whole(target) and all(map(is_whole, re.split("[?&=]", target)))


def field_value(text: str) -> str:
    """A field's value as it was before it was made fit for a terminal."""
    return _BYTE.sub(lambda found: chr(int(found[1], 16)), text)


def known(tree: Any) -> Known:
    """A redacted tree, stored or not, in one spelling, without members whose names are hidden.

    Iterative: what a store says may be deeper than Python calls.
    """
    top: list[Any] = [None]
    short: set[Place] = set()
    todo: list[tuple[Any, Any, str | int, Place]] = [(tree, top, 0, ())]
    while todo:
        value, into, at, place = todo.pop()
        if isinstance(value, dict):
            items = [(escape(str(name)), item) for name, item in value.items()]
            inner: Any = {name: None for name, _ in items if is_whole(name)}
            if len(inner) < len(items):
                short.add(place)
        elif isinstance(value, list):
            items = list(enumerate(value))  # type: ignore[arg-type]  # steps are names or indices
            inner = [None] * len(value)
        else:
            into[at] = _spelled(value) if isinstance(value, str) else value
            continue
        into[at] = inner
        todo += [
            (item, inner, step, (*place, step))
            for step, item in items
            if isinstance(inner, list) or step in inner
        ]
    return Known(top[0], frozenset(short))


def _spelled(text: str) -> str:
    return escape(_HASH.sub(ANY_HASH, text))


def is_as_sent(tree: Any) -> bool:
    """Nothing in the whole tree was hidden, cut or spelled anew."""
    todo = [tree]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            todo += value
            todo += value.values()
        elif isinstance(value, list):
            todo += value
        elif isinstance(value, str) and not (is_whole(value) and not _ESCAPED.search(value)):
            return False
    return True
