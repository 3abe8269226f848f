"""The configuration as a tree of text with positions, before anything is known about its meaning.

A scalar keeps the text that was written: whether `1.10` is a number or a version is decided by
the key that it belongs to, not by how it looks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from shadowproxy.config.escaping import printable

DEFAULT = "default"
KeyPath = tuple[str | int, ...]
"""Where a value is: the keys and list positions on the way to it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a node was written. `base` is the folder that relative paths in it start from.

    `where` is what people read: `file:line:column`, `env NAME`, `--set`; `rank` orders problems:
    the file from top to bottom, then the environment, then flags.
    """

    where: str
    rank: tuple[int, int, int] = (0, 0, 0)
    base: str = ""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text. `plain`: written without quotes, so it may be null, a number or true/false.

    `untyped`: it did not come from YAML alone (environment, flag, `${...}`) and is read as
    whatever its key needs. `written` is what stood there when `text` was put together from
    variables; `secret`: part of it came from `${file:...}`.
    """

    text: str
    origin: Origin
    plain: bool = True
    untyped: bool = False
    written: str | None = None
    secret: bool = False

    @property
    def is_null(self) -> bool:
        """YAML's null: the setting counts as not written."""
        return self.plain and not self.untyped and self.text in {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A member of a mapping: where its key stands, and its value."""

    key_origin: Origin
    value: "Node"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Members in the order they were written."""

    origin: Origin
    entries: dict[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Items in order."""

    origin: Origin
    items: list["Node"] = field(default_factory=list)


Node = Scalar | Mapping | Sequence


def key_text(path: KeyPath) -> str:
    """A path as it is written in messages and in `--set`."""
    return printable(".".join(map(str, path)))


def to_plain(node: Node) -> object:
    """Dicts and lists around the scalars: what the models validate."""
    if isinstance(node, Mapping):
        return {key: to_plain(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [to_plain(item) for item in node.items]
    return node


def copy_of(node: Node) -> Node:
    """The same tree with containers of its own: what an alias shared can be changed apart."""
    if isinstance(node, Mapping):
        entries = node.entries.items()
        copies = {key: Entry(entry.key_origin, copy_of(entry.value)) for key, entry in entries}
        return Mapping(node.origin, copies)
    if isinstance(node, Sequence):
        return Sequence(node.origin, [copy_of(item) for item in node.items])
    return node


def steps(node: Node, path: KeyPath) -> Iterator[tuple[str | int, Node, Origin]]:
    """Walks down as far as the path exists: (part, node there, origin of its key)."""
    for part in path:
        if isinstance(node, Mapping) and str(part) in node.entries:
            entry = node.entries[str(part)]
            node, origin = entry.value, entry.key_origin
        elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            origin = node.origin
        else:
            return
        yield part, node, origin


def find(node: Node, *path: str | int) -> Node | None:
    """The node at the path, or None."""
    walked = list(steps(node, path))
    if len(walked) < len(path):
        return None
    return walked[-1][1] if walked else node


def origin_of(node: Node, *path: str | int) -> Origin:
    """The origin of the deepest node that exists on the way to the path."""
    walked = list(steps(node, path))
    return walked[-1][1].origin if walked else node.origin
