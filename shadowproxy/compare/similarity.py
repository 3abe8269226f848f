"""How alike two containers are, and which of those left over belong together.

Law: only containers are paired: a number instead of another one is a number removed and one added.
"""

from collections.abc import Sequence
from typing import Any, Final

from shadowproxy.compare.budget import Budget
from shadowproxy.compare.effects import plain_key

MAX_LEFTOVERS: Final = 50
"""On each side; above, nothing is paired."""
MAX_LEAVES: Final = 64
"""Of each element that are looked at: the first ones of a record say what it is."""
_LEAF_COST: Final = 2

Leaves = frozenset[tuple[str, str]]


def alike(
    ours: Sequence[tuple[int, Any]], theirs: Sequence[tuple[int, Any]], least: float, budget: Budget
) -> list[tuple[int, int]]:
    """Pairs of the indices of those most alike, each used once; `least` of their leaves are equal.

    Raises:
        BoundError: the budget is used up.
    """
    if not (0 < len(ours) <= MAX_LEFTOVERS and 0 < len(theirs) <= MAX_LEFTOVERS):
        return []
    left = [(at, leaves_of(value, budget)) for at, value in ours if isinstance(value, dict | list)]
    right = [
        (at, leaves_of(value, budget)) for at, value in theirs if isinstance(value, dict | list)
    ]
    scores = []
    for i, a in left:
        for j, b in right:
            budget.spend(1 + min(len(a), len(b)) // 16)
            score = len(a & b) / max(len(a), len(b), 1)
            if score > least:
                scores.append((-score, i, j))
    pairs, used_left, used_right = [], set(), set()
    for _, i, j in sorted(scores):
        if i not in used_left and j not in used_right:
            used_left.add(i)
            used_right.add(j)
            pairs.append((i, j))
    return pairs


def leaves_of(value: Any, budget: Budget) -> Leaves:
    """The first scalars in a container, each with the way there."""
    found: list[tuple[str, str]] = []
    todo: list[tuple[str, Any]] = [("", value)]
    while todo and len(found) < MAX_LEAVES:
        way, item = todo.pop()
        if isinstance(item, dict):
            todo += [(f"{way}/{name}", item[name]) for name in sorted(item)[:MAX_LEAVES]]
        elif isinstance(item, list):
            todo += [(f"{way}/{at}", inner) for at, inner in enumerate(item[:MAX_LEAVES])]
        else:
            found.append((way, plain_key(item)))
    budget.spend(_LEAF_COST * len(found))
    return frozenset(found)
