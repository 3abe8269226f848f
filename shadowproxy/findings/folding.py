"""When the words at one place of the paths are values of a variable, and what then becomes of them.

    /users ─┬─ alice ── posts             /users ─┬─ me
            ├─ bob ──┬─ posts    fold             └─ {var} ─┬─ posts
            │        └─ likes   ─────►                      └─ likes
            ├─ ...  (30 more)
            └─ me                    aliases: /users/bob/likes -> /users/{var}/likes, ...

Laws: a fold is for ever; every endpoint that had a name has one afterwards, and if it is another
there is an alias; iterative, and each node below the fold is met a fixed number of times a level.
"""

from collections import Counter
from typing import Final, NamedTuple

from shadowproxy.findings.tries import VAGUE, VAR, Node

HOPELESS: Final = 400
"""Word children that fold whatever is known: the largest flat API, Slack's, has 270 methods. Without
this, articles that are read a thousand times on one day and never again would not fold."""

UNSEEN: Final = 0.2
SLACK: Final = 20
"""Good-Turing: the share of visits that are of words seen once estimates how often the next word is
a new one. It folds above a fifth, and SLACK visits more: a closed set of 60 names looks open, too,
while it is new. Asked evenly it has 21 of 43 seen once at its 31st name, 19 of 100, then ever fewer."""

ALIKE: Final = 0.75
"""Share of the words that have one and the same word below them, `/categories/.../products`, with
which they are values even if all of them are known. Hand-written siblings share ids, `search`
or `health`, which are no words here."""

ENOUGH: Final = 10
"""Visits of one word that count: `/products/list` with a million must not hide 1,000 slugs beside."""

OUTSTANDING: Final = 1 / 3
"""Share of a node's visits with which a word is kept: of Zipf's slugs (exponents up to 1.2) none gets
a quarter, and a route beside them, `/feed/everything`, often more. So at most two are kept."""

_ALL: Final = 1 << 62


def visits_of(node: Node, enough: int) -> int:
    """Visits of a node and what is below it, no more counted than `enough` and a node."""
    total, todo = 0, [node]
    while todo and total < enough:
        each = todo.pop()
        total += each.hits
        todo += each.children.values()
    return total


def is_variable(node: Node) -> bool:
    """Whether the words of a node are values. Asked again after each eighth more of them."""
    if node.words <= node.check_at:
        return False
    node.check_at = node.words + node.words // 8
    if node.words > HOPELESS:
        return True
    counts = [
        min(ENOUGH, visits_of(child, ENOUGH)) for child in node.children.values() if child.is_word
    ]
    return counts.count(1) > UNSEEN * sum(counts) + SLACK or _are_alike(node)


def _are_alike(node: Node) -> bool:
    below = Counter(
        key
        for child in node.children.values()
        if child.is_word
        for key, grandchild in child.children.items()
        if grandchild.is_word
    )
    return bool(below) and max(below.values()) > ALIKE * node.words


class Fold(NamedTuple):
    """What a fold did: (old, new) endpoints, and how many nodes there are more (fewer: negative)."""

    aliases: list[tuple[str, str]]
    grown: int


def fold(top: Node, fresh: Node) -> Fold:
    """Folds a node and what needs folding below it then; `fresh` has not been named to anyone.

    Measured with the garbage collector at judge's thresholds: 31 children with 100 nodes each
    (3,100) take 2.7 ms; a whole trie of 20,000, which can happen once a method, 25 ms.
    """
    named = [(node.name, node) for node in _foldable(top) if node.hits and node is not fresh]
    grown = 0
    todo = [top]
    while todo:
        node = todo.pop()
        if node.merged_into is None and (node is top or node.is_folded or is_variable(node)):
            merged, change = _merge_words(node)
            todo += merged
            grown += change
    if VAR in top.children:
        _rename(top)
    return Fold([(old, new) for old, node in named if old != (new := _final(node).name)], grown)


def _foldable(top: Node) -> list[Node]:
    """All nodes whose name a fold may change."""
    found = [node for key, node in top.children.items() if node.is_word or key in (VAR, *VAGUE)]
    for node in found:
        found += node.children.values()
    return found


def _merge_words(node: Node) -> tuple[list[Node], int]:
    """Merges the words that are not kept, and what is vague, into VAR; what was merged into."""
    node.is_folded = True
    leaving = _leaving(node)
    if not leaving:
        return [], 0
    variable = node.children.get(VAR)
    grown = variable is None
    if variable is None:
        variable = node.children[VAR] = Node("")
    todo = [(variable, node.children.pop(key)) for key in leaving]
    node.words -= sum(source.is_word for _, source in todo)
    merged: dict[int, Node] = {}
    for target, source in todo:
        target.hits += source.hits
        target.is_folded |= source.is_folded
        source.merged_into = target
        if source.children or source.is_folded:
            merged[id(target)] = target
        for key, child in source.children.items():
            other = target.children.setdefault(key, child)
            if other is child:
                target.words += child.is_word
            else:
                todo.append((other, child))
    return list(merged.values()), grown - len(todo)


def _leaving(node: Node) -> list[str]:
    """The children that become VAR: what is vague, and words that do not stand out."""
    vague = [key for key in VAGUE if key in node.children]
    if not node.words:
        return vague
    words = {key: visits_of(child, _ALL) for key, child in node.children.items() if child.is_word}
    others = [key for key in (VAR, *vague) if key in node.children]
    visits = sum(words.values()) + sum(visits_of(node.children[key], _ALL) for key in others)
    return [*vague, *(key for key, count in words.items() if count <= OUTSTANDING * visits)]


def _rename(top: Node) -> None:
    variable = top.children[VAR]
    variable.name = f"{top.name}/{VAR}"
    todo = [variable]
    for node in todo:
        for key, child in node.children.items():
            child.name = f"{node.name}/{key}"
            todo.append(child)


def _final(node: Node) -> Node:
    while node.merged_into is not None:
        node = node.merged_into
    return node
