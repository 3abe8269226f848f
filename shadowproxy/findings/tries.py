"""The trie of one method's paths: its nodes, which of their children may fold, and how it is kept.

A row of a kept trie is [index of the row above or -1, key, hits, number of words at which to ask
next or 0 for folded], parents before their children.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from shadowproxy.compare.segments import SegmentClass
from shadowproxy.findings.paths import (
    MAX_SEGMENTS,
    MORE,
    OTHER_METHOD,
    names_a_secret,
    shown_method,
    word_key,
)

VAR: Final = "{var}"
"""A variable that was learned: its values look like words."""

MAX_WORDS: Final = 30
"""Word children of a node that is not questioned. Hand-written siblings are fewer, nearly always."""

_WORDS: Final = """
about active actuator add all api archive auth autocomplete available batch bulk cancel categories
check config configuration confirm copy count create current default delete details disable docs
download edit enable events export featured feed filter find first graphql health healthz history
home import index info init internal last latest list live livez login logout me metadata metrics
mine move new next openapi.json options overview password permissions ping popular preview previous
profile public publish query ready readyz recent recommended register related reset rest restore
retry robots.txt rpc schema search self send session settings sitemap.xml start stats status stop
stream suggest summary sync tags test token top trending types undo unread upcoming update upload
validate verify version versions whoami
"""
"""What routes beside a variable are called (`/users/me`, `/orders/export`): never values of it. And what
services behind one gateway have in common (`/shop/api`, `/stock/api`): no likeness."""
_VERSION: Final = re.compile(r"v[0-9]{1,3}(?:\.[0-9]{1,3}|(?:alpha|beta)[0-9]{0,3})?")

VAGUE: Final[tuple[str, ...]] = (SegmentClass.TOKEN.value, SegmentClass.HEX.value)
"""Slugs and names that happen to look drawn: where the words are a variable, they are of it."""

_FIXED: Final = frozenset({"", MORE, VAR, *_WORDS.split(), *map(str, SegmentClass)})


def is_fixed(key: str) -> bool:
    """Whether a child of this name never folds: a class, a word that routes have, a version."""
    return key in _FIXED or _VERSION.fullmatch(key) is not None


class Node:
    """One place in the paths of a method. `name` is the endpoint of the paths that end here.

    `hits` counts them; `words` the children that may fold. Where `is_folded`, an unknown word is
    VAR. `check_at` is the number of words above which the next question is put.
    """

    __slots__ = (
        "check_at", "children", "hides", "hits", "is_folded", "is_word", "merged_into", "name", "words",
    )  # fmt: skip

    def __init__(self, name: str, key: str = VAR) -> None:
        self.name = name
        self.children: dict[str, Node] = {}
        self.hits = 0
        self.is_word = not is_fixed(key)
        self.hides = "{" not in key and names_a_secret(key)
        self.words = 0
        self.check_at = MAX_WORDS
        self.is_folded = False
        self.merged_into: Node | None = None

    def add(self, key: str) -> "Node":
        """A new child."""
        child = self.children[key] = Node(f"{self.name}/{key}", key)
        self.words += child.is_word
        return child

    def child_for(self, key: str) -> str:
        """The child that a key leads to: a vague class is the variable where words are."""
        return VAR if self.is_folded and key in VAGUE else key


def nodes_of(roots: Mapping[str, Node]) -> Iterator[Node]:
    """All nodes, the roots among them, each after the one above it."""
    found = list(roots.values())
    for node in found:
        yield node
        found += node.children.values()


_MAX_COUNT: Final = 1 << 53
"""What every reader of JSON can hold."""

_NAMES: Final = "|".join(each.value[1:-1] for each in SegmentClass)
_KEY: Final = re.compile(
    rf"(?:[\w.~!$&'()+,;=:@%-]|\{{(?:{_NAMES}|{VAR[1:-1]})\}}){{0,240}}", re.ASCII
)


def rows_of(roots: Mapping[str, Node]) -> list[list[int | str]]:
    """The tries as rows of plain values."""
    rows: list[list[int | str]] = []
    todo = [(-1, method, root) for method, root in roots.items()]
    for above, key, node in todo:
        asked = 0 if node.is_folded else node.check_at
        index = len(rows)
        rows.append([above, key, min(node.hits, _MAX_COUNT), asked])
        todo += [(index, name, child) for name, child in node.children.items()]
    return rows


def roots_from(rows: object, max_nodes: int, max_roots: int) -> dict[str, Node]:
    """The tries that rows stand for; none if one row is not what `rows_of` writes."""
    roots: dict[str, Node] = {}
    nodes: list[tuple[Node, int]] = []
    if not isinstance(rows, list) or len(rows) > max_nodes + max_roots:
        return {}
    for row in rows:
        made = _node_from(row, nodes, roots)
        if made is None or len(roots) > max_roots:
            return {}
        nodes.append(made)
    return roots


def _node_from(
    row: object, nodes: list[tuple[Node, int]], roots: dict[str, Node]
) -> tuple[Node, int] | None:
    """The node of a row and its level."""
    if not isinstance(row, list) or len(row) != 4:
        return None
    above, key, hits, asked = row
    if not _is_count(hits) or not _is_count(asked) or not isinstance(key, str):
        return None
    if above == -1 and key not in roots and key in (shown_method(key), OTHER_METHOD):
        node, level = roots.setdefault(key, Node(f"{key} ")), 0
    elif _is_count(above) and above < len(nodes) and _is_key(key, nodes[above]):
        node, level = nodes[above][0].add(key), nodes[above][1] + 1
    else:
        return None
    node.hits, node.is_folded, node.check_at = hits, asked == 0, max(MAX_WORDS, asked)
    return node, level


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MAX_COUNT


def _is_key(key: str, above: tuple[Node, int]) -> bool:
    """Also asks whether this release, too, would show the word."""
    node, level = above
    if level > MAX_SEGMENTS or key in node.children or _KEY.fullmatch(key) is None:
        return False
    return is_fixed(key) or "{" in key or word_key(key) == key
