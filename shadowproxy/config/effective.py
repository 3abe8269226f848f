"""The effective configuration, value by value, as the operator would write it.

Law: a secret is never in it: bearer tokens, what came out of `${file:...}`, and header values that
were put together from variables or whose name says that they are secret.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from shadowproxy.config.escaping import MASK, printable
from shadowproxy.config.loaded import Value
from shadowproxy.config.model import FileSection
from shadowproxy.config.nodes import (
    DEFAULT,
    KeyPath,
    Mapping,
    Node,
    Scalar,
    Sequence,
    find,
    origin_of,
)

_SECRET_NAME: Final = re.compile(
    r"password|secret|token|api_?-?key|authorization|cookie|credential", re.IGNORECASE
)


def effective_values(file: FileSection, tree: Mapping) -> Iterator[Value]:
    """Every value in the order of the file's model; lists of plain values are one value.

    Of the items of a list (routes, rules) only what was written: their defaults say nothing.
    """
    for path, text in _leaves(file.model_dump(by_alias=True, warnings=False), ()):
        node = find(tree, *path)
        is_written = node is not None and not (isinstance(node, Scalar) and node.is_null)
        origin = origin_of(tree, *path).where if is_written else DEFAULT
        if origin == DEFAULT and any(isinstance(part, int) for part in path):
            continue
        is_empty = text in ("", "[]", "{}", "null")
        hides = not is_empty and _is_secret(path, node)
        yield Value(path, MASK if hides else printable(text, 500), origin)


def _leaves(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
        if not value:
            yield path, "{}"
    elif isinstance(value, list | tuple):
        if any(isinstance(item, dict) for item in value):
            for index, item in enumerate(value):
                yield from _leaves(item, (*path, index))
        else:
            yield path, _shown_list(value)
    else:
        yield path, "null" if value is None else str(value)


def _shown_list(items: Any) -> str:
    shown = (_shown_list(item) if isinstance(item, list | tuple) else str(item) for item in items)
    return f"[{', '.join(shown)}]"


def _is_secret(path: KeyPath, node: Node | None) -> bool:
    if path == ("admin", "token"):
        return True
    if isinstance(node, Sequence):
        return any(_is_secret((), item) for item in node.items)
    if not isinstance(node, Scalar):
        return False
    if path[:3] == ("shadow", "headers", "set"):
        is_named = any(_SECRET_NAME.search(str(part)) for part in path[3:])
        return is_named or node.secret or node.written is not None
    return node.secret
