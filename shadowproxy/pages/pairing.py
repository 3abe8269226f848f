"""Which members and elements of two containers stand beside each other.

The comparer does not say how it paired elements, but its differences do: what it calls removed or
added has no partner, and of the rest each has one. A shared key tells which, else equality, else order.

Laws: each child of either side is in exactly one couple; nothing takes more than linear time, but for
MAX_TRIED elements that are tried one by one.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from shadowproxy.compare.alignment import SHARED_KEYS

MAX_TRIED: Final = 50
"""Elements without a key that may be the partner of one in which something differs."""


class Couple(NamedTuple):
    """Two children; None where a side has none. Keys of objects are names, of arrays indices."""

    legacy: Any
    candidate: Any


Fits = Callable[[int, int], bool]
"""Whether the differences inside legacy's element agree with the candidate's."""


def pair_members(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], removed: set[str], added: set[str]
) -> list[Couple]:
    """By name; names that no difference tells of may differ in case. Legacy's order."""
    partners = {name: name for name in ours if name in theirs}
    left = {name.casefold(): name for name in theirs if name not in partners and name not in added}
    for name in ours:
        if name not in partners and name not in removed and name.casefold() in left:
            partners[name] = left.pop(name.casefold())
    return _in_order(list(ours), list(theirs), partners)


def pair_elements(
    ours: Sequence[Any], theirs: Sequence[Any], removed: set[int], added: set[int],
    touched: set[int], fits: Fits,
) -> list[Couple]:  # fmt: skip
    """Elements in legacy's order, the candidate's own where they stand there."""
    left = [i for i in range(len(ours)) if i not in removed]
    right = [j for j in range(len(theirs)) if j not in added]
    partners = _by_key(ours, theirs, left, right)
    if partners is None:
        partners = _by_place(ours, theirs, left, right, touched, fits)
    return _in_order(range(len(ours)), range(len(theirs)), partners)


def _by_key(
    ours: Sequence[Any], theirs: Sequence[Any], left: Sequence[int], right: Sequence[int]
) -> dict[int, int] | None:
    """By the member that names each of them, if one does; the others in order."""
    if not left or not right:
        return {}
    for name in SHARED_KEYS:
        mine, their = _named(ours, left, name), _named(theirs, right, name)
        if mine is None or their is None:
            continue
        partners = {i: their[key] for key, i in mine.items() if key in their}
        if 2 * len(partners) >= max(len(left), len(right)):
            return _rest_in_order(partners, left, right)
    return None


def _named(items: Sequence[Any], indices: Sequence[int], name: str) -> dict[object, int] | None:
    found: dict[object, int] = {}
    for index in indices:
        item = items[index]
        value = item.get(name) if isinstance(item, dict) else None
        if not isinstance(value, str | int) or isinstance(value, bool) or value in found:
            return None
        found[value] = index
    return found


def _by_place(
    ours: Sequence[Any], theirs: Sequence[Any], left: Sequence[int], right: Sequence[int],
    touched: set[int], fits: Fits,
) -> dict[int, int]:  # fmt: skip
    """Those at the same rank that are equal or fit, then others that are equal, then in order."""
    ranked = list(zip(left, right, strict=False))
    partners = {
        i: j for i, j in ranked if (fits(i, j) if i in touched else are_equal(ours[i], theirs[j]))
    }
    taken = set(partners.values())
    waiting: defaultdict[object, list[int]] = defaultdict(list)
    for j in reversed(right):
        if j not in taken:
            waiting[_written(theirs[j])].append(j)
    for i in left:
        if i not in partners and i not in touched and (found := waiting.get(_written(ours[i]))):
            partners[i] = found.pop()
    free = sorted(j for found in waiting.values() for j in found)
    for i in touched.intersection(left) - partners.keys():
        found_at = next((j for j in free[:MAX_TRIED] if fits(i, j)), None)
        if found_at is not None:
            partners[i] = found_at
            free.remove(found_at)
    return _rest_in_order(partners, left, right)


def _rest_in_order(
    partners: dict[int, int], left: Iterable[int], right: Iterable[int]
) -> dict[int, int]:
    taken = set(partners.values())
    rest = [i for i in left if i not in partners], [j for j in right if j not in taken]
    return partners | dict(zip(*rest, strict=False))


def _in_order(ours: Sequence[Any], theirs: Sequence[Any], partners: dict[Any, Any]) -> list[Couple]:
    """In legacy's order; what only the candidate has stands behind what it stands behind there."""
    taken = set(partners.values())
    behind: dict[Any, Any] = dict(zip([None, *theirs], theirs, strict=False))
    couples: list[Couple] = []

    def add_own(after: Any) -> None:
        while (after := behind.get(after, _NO_MORE)) is not _NO_MORE and after not in taken:
            couples.append(Couple(None, after))

    add_own(None)
    for key in ours:
        partner = partners.get(key)
        couples.append(Couple(key, partner))
        if partner is not None:
            add_own(partner)
    return couples


_NO_MORE: Final = object()


def are_equal(ours: Any, theirs: Any) -> bool:
    """As values of JSON, as far as levels of nesting can be followed."""
    if isinstance(ours, bool) is not isinstance(theirs, bool):
        return False
    try:
        return bool(ours == theirs)
    except RecursionError:
        return False


def _written(value: Any) -> object:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # half a surrogate pair, more than 254 levels: like itself alone
        return id(value)
