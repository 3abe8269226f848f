"""Endpoints learned from the paths that come by, without asking anybody about the API.

    path ─► segments ─► class or word of each ─► the node in the method's trie ─► its name
                                                       └─ too many words? fold, alias

Laws: an endpoint never carries what looks like an identifier or a secret; the same sequence of paths
gives the same endpoints; there are at most MAX_NODES of them, each of bounded length; an endpoint
that was given out is current or leads to a current one by `aliases`.

Each method has its own trie: `POST /users/import` does not become a user because `GET /users/...`
did. A method that few requests have learns slowly for it.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from shadowproxy.findings.folding import fold, is_variable
from shadowproxy.findings.paths import (
    MORE,
    OTHER_METHOD,
    class_key,
    names_a_secret,
    path_of,
    segments_of,
    shown_method,
    word_key,
)
from shadowproxy.findings.tries import VAR, Node, is_fixed, nodes_of, roots_from, rows_of

MAX_NODES: Final = 20_000
"""Of all methods: 8 MiB. An API of 1,000 routes has 3,000."""
_RESERVED: Final = MAX_NODES // 10
"""Nodes that only `{var}` may take: where the trie is full, what is new has one name a place."""

MAX_METHODS: Final = 32
"""Tries; HTTP has 40 registered methods, of which an API uses 5 and a WebDAV server 20."""

MAX_REMEMBERED: Final = 4096
"""Paths whose endpoint is remembered, up to MAX_REMEMBERED_PATH characters each: 2 MiB at most, and
it begins anew when it is full."""
MAX_REMEMBERED_PATH: Final = 256

MAX_ALIASES: Final = 2 * MAX_NODES
"""Kept for a caller who does not fetch them; then the oldest are lost, and counted."""

FORMAT: Final = 1
"""Of `to_plain`."""

_HIDING_NOTHING: Final = frozenset({"{int}", "{uuid}", "{date}", "{hex}", "{ip}"})
"""What is in these classes is no name of a secret: digits, and letters up to f."""


class LearnedTemplates:
    """The tries. Measured: 0.3 µs for a path that is remembered, 2 to 5.5 µs for one that is not.

    On an invented API of 174 routes (tests/findings/traffic.py), after 40,000 requests: purity 0.995
    to 1.000, completeness 0.964 to 0.986 over six seeds; after 5,000 completeness is 0.87 to 0.93.
    What is left: small closed sets of values (60 feature flags) look like hand-written siblings.
    """

    def __init__(self) -> None:
        self.overflows = 0
        """Segments that got no node of their own because the trie was full."""
        self.lost_aliases = 0
        self._roots: dict[str, Node] = {}
        self._nodes = 0
        self._aliases: dict[str, str] = {}
        self._remembered: dict[tuple[str, str], Node] = {}

    def __len__(self) -> int:
        return self._nodes

    def endpoint_of(self, method: str, target: str) -> str:
        """`METHOD /path/{int}/{var}` of a request; the query has no part in it. Learns."""
        path = target.partition("?")[0]
        try:
            leaf = self._remembered[method, path]
        except KeyError:
            return self._find(method, path)
        leaf.hits += 1
        return leaf.name

    def aliases(self) -> list[tuple[str, str]]:
        """(old endpoint, current endpoint) of the folds since the last call; hands them over.

        An old endpoint never comes back, so what is kept by endpoint can be moved for good.
        """
        moved, self._aliases = self._aliases, {}
        return [(old, _latest(moved, new)) for old, new in moved.items()]

    def endpoints(self) -> Iterator[str]:
        """All current endpoints."""
        return (node.name for node in nodes_of(self._roots) if node.hits)

    def _find(self, method: str, path: str) -> str:
        root = self._roots.get(method) or self._new_root(shown_method(method))
        full_path = path_of(path)
        if full_path == "*":
            return f"{root.name}*"
        segments = segments_of(full_path)
        overflows = self.overflows
        leaf, grown = self._descend(root, segments)
        leaf.hits += 1
        if grown is not None and is_variable(grown):
            self._fold(grown, leaf)
            leaf, _ = self._descend(root, segments)
        if overflows == self.overflows and len(method) + len(path) <= MAX_REMEMBERED_PATH:
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[method, path] = leaf
        return leaf.name

    def _new_root(self, method: str) -> Node:
        if len(self._roots) >= MAX_METHODS - 1:
            method = OTHER_METHOD
        root = self._roots[method] = Node(f"{method} ")
        return root

    def _descend(self, root: Node, segments: list[str]) -> tuple[Node, Node | None]:
        """The node of a path, made where it can be, and the first that got a new word by that."""
        node, hides, before = root, False, ""
        grown: Node | None = None
        for segment in segments:
            child = node.children.get(segment)
            if (hides or (before and names_a_secret(before))) and segment:
                key, hides, before = "{token}", False, segment
            elif child is not None:
                node, hides, before = child, child.hides, ""
                continue
            else:
                key = class_key(segment, is_folded=node.is_folded)
                hides, before = False, "" if key in _HIDING_NOTHING else segment
                key = key or _word(node, segment)
            key = node.child_for(key)
            child = node.children.get(key)
            if child is None:
                child = self._new_child(node, key)
                if child is None:
                    return self._rest(root), None
                if child.is_word and grown is None:
                    grown = node
            node = child
        return node, grown

    def _new_child(self, node: Node, key: str) -> Node | None:
        """None: the trie is full, even for `{var}`."""
        if self._nodes >= (MAX_NODES if key == VAR else MAX_NODES - _RESERVED):
            self.overflows += 1
            if key == VAR:
                return None
            return node.children.get(VAR) or self._new_child(node, VAR)
        self._nodes += 1
        return node.add(key)

    def _rest(self, root: Node) -> Node:
        """One more node a method, for all that found no place at all."""
        if MORE not in root.children:
            self._nodes += 1
            root.add(MORE)
        return root.children[MORE]

    def _fold(self, node: Node, fresh: Node) -> None:
        done = fold(node, fresh)
        self._nodes += done.grown
        self._remembered.clear()
        for old, new in done.aliases:
            self._aliases[old] = new
        excess = len(self._aliases) - MAX_ALIASES
        for old in list(islice(self._aliases, max(0, excess))):
            del self._aliases[old]
            self.lost_aliases += 1

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON, 1 MiB at most. Fetch `aliases` before: they are not among them."""
        return {"format": FORMAT, "nodes": rows_of(self._roots)}

    @classmethod
    def from_plain(cls, document: object) -> "LearnedTemplates":
        """What `to_plain` gave; empty if it is anything else, or of another release's format.

        0.4 s for a full trie: each word is asked again whether it may be shown.
        """
        made = cls()
        if isinstance(document, dict) and document.get("format") == FORMAT:
            roots = roots_from(document.get("nodes"), MAX_NODES + MAX_METHODS, MAX_METHODS)
            made._roots = roots
            made._nodes = sum(1 for _ in nodes_of(roots)) - len(roots)
        return made


def _word(node: Node, segment: str) -> str:
    return VAR if node.is_folded and not is_fixed(segment) else word_key(segment)


def _latest(moved: dict[str, str], name: str) -> str:
    """Ends: each step puts `{var}` in the place of something else, at most once a segment."""
    while (newer := moved.get(name)) is not None:
        name = newer
    return name
