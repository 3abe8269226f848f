"""Which elements of two arrays belong together.

    auto: equal ends ─► same multiset ─► by a key that they share ─► longest common subsequence ─► index

Elements that the same key names in the same order are no multiset in another order: nobody looks.

Laws: each element is in one pair at most, or came, or went; pairs are of legacy's index and the
candidate's; elements are equal when they are under the rules in force.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

from shadowproxy.compare.effects import identity_under
from shadowproxy.compare.elements import Elements
from shadowproxy.compare.equality import spelling
from shadowproxy.compare.keys import Key
from shadowproxy.compare.numbers import spelled
from shadowproxy.compare.rules import By, Pairing
from shadowproxy.compare.similarity import alike

MAX_LCS_CELLS: Final = 40_000
"""5 ms; longer arrays are paired by index."""
SHARED_KEYS: Final = ("id", "_id", "uuid", "guid", "key", "code", "sku", "slug", "name")
"""Members that name an element, the surest first."""

_LEAST_ALIKE_BY_KEY: Final = 0.5
_LEAST_ALIKE: Final = 0.499
"""Without a key half of the leaves are enough: one of two members may have changed."""


class Aligned(NamedTuple):
    """`is_reordered`: elements that both have are in another order."""

    pairs: Sequence[tuple[int, int]] = ()
    removed: Sequence[int] = ()
    added: Sequence[int] = ()
    is_reordered: bool = False


def align(elements: Elements, pairing: Pairing) -> Aligned:
    """Pairs the elements as a rule says, or as it seems best.

    Raises:
        BoundError: the budget is used up.
    """
    ours: Sequence[int] = range(len(elements.ours))
    theirs: Sequence[int] = range(len(elements.theirs))
    if pairing.by is By.AUTO:
        return _in_the_middle(elements, _best)
    if pairing.by is By.INDEX:
        return _by_index(elements, ours, theirs)
    if pairing.by is By.KEY:
        return _by_key(elements, ours, theirs, pairing.names)
    if pairing.by is By.LCS:
        is_small = len(ours) * len(theirs) <= MAX_LCS_CELLS
        return _by_lcs(elements, ours, theirs) if is_small else _in_the_middle(elements, _by_index)
    if pairing.by is By.SET:
        ours = _once(elements, ours, elements.key_of_ours)
        theirs = _once(elements, theirs, elements.key_of_theirs)
    return _by_equality(elements, ours, theirs)


def _once(elements: Elements, indices: Iterable[int], key_of: Callable[[int], Key]) -> list[int]:
    """The first of those that are equal."""
    first: dict[object, int] = {}
    for index in indices:
        key = key_of(index)
        first.setdefault((key, index) if elements.is_loose(key) else key, index)
    return list(first.values())


def _by_index(_: Elements, ours: Sequence[int], theirs: Sequence[int]) -> Aligned:
    paired = min(len(ours), len(theirs))
    return Aligned(list(zip(ours, theirs, strict=False)), ours[paired:], theirs[paired:])


def _is_reordered(pairs: Sequence[tuple[int, int]]) -> bool:
    """Of pairs in legacy's order."""
    order = [j for _, j in pairs]
    return order != sorted(order)


def _by_equality(elements: Elements, ours: Sequence[int], theirs: Sequence[int]) -> Aligned:
    """As multisets: the first that is equal and not taken yet."""
    elements.budget.spend(len(ours) + len(theirs))
    waiting: defaultdict[Key, list[int]] = defaultdict(list)  # a deque takes 600 bytes
    for j in reversed(theirs):
        waiting[elements.key_of_theirs(j)].append(j)
    pairs, removed = [], []
    for i in ours:
        found = _take(elements, waiting.get(elements.key_of_ours(i)), i)
        if found is None:
            removed.append(i)
        else:
            pairs.append((i, found))
    added = sorted(j for queue in waiting.values() for j in queue)
    return Aligned(pairs, removed, added, _is_reordered(pairs))


def _take(elements: Elements, waiting: list[int] | None, i: int) -> int | None:
    """The last that is equal: what waits longest."""
    if waiting is None:
        return None
    for at in range(len(waiting) - 1, -1, -1):
        elements.budget.spend(1)
        if elements.match(i, waiting[at]):
            return waiting.pop(at)
    return None


def _are_reordered(elements: Elements, ours: Sequence[int], theirs: Sequence[int]) -> bool:
    """The same elements, as often, in another order."""
    if len(ours) != len(theirs) or len(ours) < 2:
        return False
    if elements.is_plain:
        if not _may_be_reordered(elements, ours, theirs):
            return False
        ours, theirs = _without_same_spelling(elements, ours, theirs)
    else:
        changed = [i for i in ours if not elements.same(i, i)]
        ours = theirs = changed
        first = elements.key_of_ours(ours[0])
        if all(elements.key_of_theirs(j) != first for j in theirs):
            return False
    counts: defaultdict[Key, int] = defaultdict(int)
    for i in ours:
        counts[elements.key_of_ours(i)] += 1
    for j in theirs:
        key = elements.key_of_theirs(j)
        if not counts[key]:
            return False
        counts[key] -= 1
    rest = _by_equality(elements, ours, theirs)  # keys may be loose
    return not rest.removed


def _may_be_reordered(elements: Elements, ours: Sequence[int], theirs: Sequence[int]) -> bool:
    """A cheap no: the first element of one is nowhere in the other."""
    left = elements.ours[ours[0] : ours[-1] + 1]
    right = elements.theirs[theirs[0] : theirs[-1] + 1]
    elements.budget.spend(len(left) // 4)
    try:
        return right[0] in left and left[0] in right
    except RecursionError:
        return True


def _without_same_spelling(
    elements: Elements, ours: Sequence[int], theirs: Sequence[int]
) -> tuple[Sequence[int], Sequence[int]]:
    """Without pairs that are spelled alike: equal for certain, at a tenth of the price.

    All are left if one cannot be spelled: where there is one there are more, and each takes its time.
    """
    elements.budget.spend(len(ours) + len(theirs))
    left = _spellings(elements.ours, ours)
    right = _spellings(elements.theirs, theirs)
    if left is None or right is None:
        return ours, theirs
    common = Counter(left) & Counter(right)
    return _without(common, left, ours), _without(common, right, theirs)


def _spellings(items: list[Any], indices: Sequence[int]) -> list[bytes | str] | None:
    texts: list[bytes | str] = []
    for index in indices:
        item = items[index]
        if isinstance(item, str):
            texts.append(item)
            continue
        text = spelling(item)
        if text is None:
            return None
        texts.append(text + b"\n")  # a copy: orjson's own bytes keep a KiB each
    return texts


def _without(
    common: Counter[bytes | str], texts: list[bytes | str], indices: Sequence[int]
) -> list[int]:
    """The indices of all but so many."""
    waiting, left = common.copy(), []
    for text, index in zip(texts, indices, strict=True):
        if waiting[text] > 0:
            waiting[text] -= 1
        else:
            left.append(index)
    return left


def _by_key(
    elements: Elements, ours: Sequence[int], theirs: Sequence[int], names: tuple[str, ...]
) -> Aligned:
    """By members that tell which element it is; those without are paired by equality."""
    ours_named, ours_bare = _named(elements, elements.ours, ours, names)
    theirs_named, theirs_bare = _named(elements, elements.theirs, theirs, names)
    rest = _by_equality(elements, ours_bare, theirs_bare)
    pairs, removed, added = list(rest.pairs), list(rest.removed), list(rest.added)
    for name in ours_named | theirs_named:
        left, right = ours_named.get(name, []), theirs_named.get(name, [])
        if len(left) > 1 or len(right) > 1:
            same = _by_equality(elements, left, right)
            pairs += same.pairs
            left, right = list(same.removed), list(same.added)
        paired = _by_index(elements, left, right)
        pairs += paired.pairs
        removed += paired.removed
        added += paired.added
    pairs.sort()
    return Aligned(pairs, sorted(removed), sorted(added), _is_reordered(pairs))


def _named(
    elements: Elements, items: list[Any], indices: Sequence[int], names: tuple[str, ...]
) -> tuple[dict[tuple[object, ...], list[int]], list[int]]:
    named: dict[tuple[object, ...], list[int]] = {}
    bare = []
    for index in indices:
        item = items[index]
        values: list[object] = [None]
        if isinstance(item, dict):
            values = [_identity(elements, item.get(name), index, name) for name in names]
        if None in values:
            bare.append(index)
        else:
            named.setdefault(tuple(values), []).append(index)
    return named, bare


def _identity(elements: Elements, value: Any, index: int, name: str) -> object:
    """What names an element, under the rules for that member."""
    effects = elements.effects_at(index, name)
    return identity_under(value, effects) if effects.change_names else _scalar(value)


def _scalar(value: Any) -> object:
    """Hashable and equal for equal texts and numbers; None for what is neither."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool | dict | list):
        return None
    return ("n", spelled(value))


class _Shared(NamedTuple):
    """Elements that a member of this name tells apart, paired by it; `is_in_order`: all of them."""

    name: str
    aligned: Aligned
    is_in_order: bool


def _by_shared_key(
    elements: Elements, ours: Sequence[int], theirs: Sequence[int]
) -> _Shared | None:
    """By the member that is another one in each element, and the same in half of the other's."""
    left, right = elements.ours[ours[0]], elements.theirs[theirs[0]]
    if not (isinstance(left, dict) and isinstance(right, dict)):
        return None
    for name in SHARED_KEYS:
        if name not in left or name not in right:
            continue
        elements.budget.spend((len(ours) + len(theirs)) // 2)
        mine = _unique(elements, elements.ours, ours, name)
        their = _unique(elements, elements.theirs, theirs, name)
        if mine is None or their is None:
            continue
        if list(mine) == list(their):
            return _Shared(name, Aligned(list(zip(ours, theirs, strict=True))), True)
        pairs = [(i, their[value]) for value, i in mine.items() if value in their]
        if 2 * len(pairs) >= max(len(ours), len(theirs)):
            removed = [i for value, i in mine.items() if value not in their]
            added = [j for value, j in their.items() if value not in mine]
            return _Shared(name, Aligned(pairs, removed, added, _is_reordered(pairs)), False)
    return None


def _unique(
    elements: Elements, items: list[Any], indices: Sequence[int], name: str
) -> dict[object, int] | None:
    """The value of each of the neighbours; None if one has none or two have the same."""
    try:
        values = list(map(itemgetter(name), items[indices[0] : indices[-1] + 1]))
    except (KeyError, TypeError):
        return None
    if not elements.is_plain and elements.effects_at(indices[0], name).change_names:
        elements.budget.spend(3 * len(values))
        pairs = zip(values, indices, strict=True)
        values = [_identity(elements, value, index, name) for value, index in pairs]
    else:
        kinds = set(map(type, values))
        is_plain = kinds == {int} and -_HASHED < min(values) <= max(values) < _HASHED
        if kinds != {str} and not is_plain:
            values = list(map(_scalar, values))
    if None in values:
        return None
    found = dict(zip(values, indices, strict=True))
    return found if len(found) == len(values) else None


_HASHED: Final = 1 << 60
"""Python hashes integers modulo 2**61 - 1: long ones with one hash are easy to find."""


def _by_lcs(elements: Elements, ours: Sequence[int], theirs: Sequence[int]) -> Aligned:
    """What stays in order; of several the one that removes first."""
    elements.budget.spend(len(ours) * len(theirs) // 4)
    same = [[elements.match(i, j) for j in theirs] for i in ours]
    rows = [[0] * (len(theirs) + 1)]
    for row in reversed(same):
        below, line = rows[-1], [0]
        for at in range(len(theirs) - 1, -1, -1):
            line.append(1 + below[at + 1] if row[at] else max(below[at], line[-1]))
        rows.append(line[::-1])
    rows.reverse()
    pairs, removed, added = [], [], []
    a = b = 0
    while a < len(ours) and b < len(theirs):
        if same[a][b]:
            pairs.append((ours[a], theirs[b]))
            a, b = a + 1, b + 1
        elif rows[a + 1][b] >= rows[a][b + 1]:
            removed.append(ours[a])
            a += 1
        else:
            added.append(theirs[b])
            b += 1
    return Aligned(pairs, [*removed, *ours[a:]], [*added, *theirs[b:]])


def _in_the_middle(
    elements: Elements, pair: Callable[[Elements, Sequence[int], Sequence[int]], Aligned]
) -> Aligned:
    """Without the elements that are the same at the beginning, and then at the end."""
    ours, theirs = len(elements.ours), len(elements.theirs)
    start, end = elements.equal_ends()
    found = pair(elements, range(start, ours - end), range(start, theirs - end))
    if elements.is_plain:
        return found
    ends = [(at, at) for at in range(start)] + [
        (ours - at, theirs - at) for at in range(1, end + 1)
    ]
    return found._replace(pairs=[*ends, *found.pairs])  # what rules hide there is to be counted


def _best(elements: Elements, ours: Sequence[int], theirs: Sequence[int]) -> Aligned:
    if not ours or not theirs:
        return Aligned((), ours, theirs)
    shared = _by_shared_key(elements, ours, theirs)
    is_in_order = shared is not None and shared.is_in_order and elements.differ_by(shared.name)
    if not is_in_order and _are_reordered(elements, ours, theirs):
        return Aligned(is_reordered=True)
    if shared is not None:
        return _with_alike(elements, shared.aligned, _LEAST_ALIKE_BY_KEY)
    if len(ours) != len(theirs) and len(ours) * len(theirs) <= MAX_LCS_CELLS:
        found = _by_lcs(elements, ours, theirs)
        return _with_alike_in_gaps(elements, found)
    return _by_index(elements, ours, theirs)


def _with_alike(elements: Elements, found: Aligned, least: float) -> Aligned:
    """Elements that came are paired with those that went, if they are alike."""
    if not (found.removed and found.added):
        return found
    removed, added = list(found.removed), list(found.added)
    more = _pair_alike(elements, removed, added, least)
    if not more:
        return found
    pairs = sorted([*found.pairs, *more])
    gone, come = {i for i, _ in more}, {j for _, j in more}
    return Aligned(
        pairs,
        [i for i in removed if i not in gone],
        [j for j in added if j not in come],
        found.is_reordered or _is_reordered(pairs),
    )


def _with_alike_in_gaps(elements: Elements, found: Aligned) -> Aligned:
    """The same between each two pairs, so that the order stays."""
    removed, added = deque(found.removed), deque(found.added)
    pairs: list[tuple[int, int]] = []
    gone: list[int] = []
    come: list[int] = []
    for i, j in [*found.pairs, (len(elements.ours), len(elements.theirs))]:
        left, right = _until(removed, i), _until(added, j)
        more = _in_order(_pair_alike(elements, left, right, _LEAST_ALIKE))
        pairs += more
        gone += sorted(set(left) - {i for i, _ in more})
        come += sorted(set(right) - {j for _, j in more})
        pairs.append((i, j))
    return Aligned(pairs[:-1], gone, come)


def _until(waiting: deque[int], end: int) -> list[int]:
    taken = []
    while waiting and waiting[0] < end:
        taken.append(waiting.popleft())
    return taken


def _in_order(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Without those that cross an earlier one."""
    kept: list[tuple[int, int]] = []
    for i, j in sorted(pairs):
        if not kept or j > kept[-1][1]:
            kept.append((i, j))
    return kept


def _pair_alike(
    elements: Elements, ours: Sequence[int], theirs: Sequence[int], least: float
) -> list[tuple[int, int]]:
    left = [(i, elements.ours[i]) for i in ours]
    right = [(j, elements.theirs[j]) for j in theirs]
    return alike(left, right, least, elements.budget)
