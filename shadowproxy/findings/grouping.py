"""Groups of differences: what a person reads as one finding.

Laws: the same place, kind and statuses at the same endpoint are one group, over restarts and
fleets; at most `capacity` groups are kept, by Space-Saving (Metwally et al. 2005): a newcomer takes
the place of the rarest group, and what is evicted is counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from shadowproxy.compare.differences import Difference, type_name
from shadowproxy.core.words import Kind

CAPACITY: Final = 2000
"""Groups kept: more than a person reads in a week, 10 MiB with their samples."""


class GroupKey(NamedTuple):
    """What makes two differences one finding. `types` is the pair of JSON types of kind `type`."""

    endpoint: str
    legacy_status: int
    candidate_status: int
    path: str
    kind: str
    types: tuple[str, str] = ("", "")

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits, the same for the same key everywhere and for ever."""
        text = "\x1f".join(map(str, (*self[:5], *self.types)))
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def key_of(
    endpoint: str, legacy_status: int, candidate_status: int, difference: Difference
) -> GroupKey:
    """The group of one difference of one exchange."""
    types = ("", "")
    if difference.kind is Kind.TYPE:
        types = (type_name(difference.legacy), type_name(difference.candidate))
    elif difference.kind is Kind.MEDIA:
        types = (str(difference.legacy), str(difference.candidate))
    return GroupKey(
        endpoint, legacy_status, candidate_status,
        difference.general_path, str(difference.kind), types,
    )  # fmt: skip


@dataclass(slots=True)
class Group:
    """One finding, as it may be shown: redacted. `count` is of exchanges since it is kept.

    `id` is the key's fingerprint; `rank` is Space-Saving's estimate: the count plus what the group
    that it replaced had.
    """

    id: str
    route: str
    endpoint: str
    legacy_status: int
    candidate_status: int
    path: str
    kind: str
    types: tuple[str, str]
    first_seen: str
    last_seen: str
    count: int = 0
    rank: int = 0
    sample: dict[str, Any] = field(default_factory=dict)


class Groups:
    """The kept groups by fingerprint."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._groups: dict[str, Group] = {}
        self._by_rank: dict[int, dict[str, None]] = {}
        self._lowest = 0
        self.evicted = 0
        """Exchanges that evicted groups had counted."""

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[Group]:
        return iter(self._groups.values())

    def get(self, fingerprint: str) -> Group | None:
        """The group, if it is kept."""
        return self._groups.get(fingerprint)

    def add(self, group: Group) -> None:
        """Keeps a new group, in the place of the rarest when there is no other."""
        if len(self._groups) >= self._capacity:
            group.rank += self._evict()
        self._groups[group.id] = group
        self._by_rank.setdefault(group.rank, {})[group.id] = None
        self._lowest = min(self._lowest, group.rank)

    def count(self, group: Group, seen: str) -> None:
        """One more exchange shows it."""
        group.count += 1
        group.last_seen = seen
        self._leave_rank(group)
        group.rank += 1
        self._by_rank.setdefault(group.rank, {})[group.id] = None

    def _leave_rank(self, group: Group) -> None:
        others = self._by_rank[group.rank]
        del others[group.id]
        if not others:
            del self._by_rank[group.rank]

    def _evict(self) -> int:
        """Forgets the rarest group; its rank."""
        while self._lowest not in self._by_rank:
            self._lowest = min(self._by_rank)
        rank = self._lowest
        rarest = self._groups.pop(next(iter(self._by_rank[rank])))
        self._leave_rank(rarest)
        self.evicted += rarest.count
        return rank


_WORDS: Final = {
    Kind.CHANGED: "differs",
    Kind.REMOVED: "is missing",
    Kind.ADDED: "is new",
    Kind.ORDER: "has another order",
    Kind.DUPLICATE_KEY: "repeats a member name differently",
    Kind.INVALID: "can be decoded on one side only",
    Kind.RAW: "has other bytes",
    Kind.EMPTY: "is empty on one side only",
}


def sentence(group: Group) -> str:
    """The finding in one line, for people."""
    plural = "" if group.count == 1 else "s"
    where = f"in {group.count:,} answer{plural} of {group.endpoint}"
    if group.kind == Kind.STATUS:
        return f"status {group.legacy_status} became {group.candidate_status} {where}"
    ours, theirs = group.types
    if group.kind == Kind.MEDIA:
        return f"media type {ours or '(none)'} became {theirs or '(none)'} {where}"
    place = _place(group.path)
    if group.kind == Kind.TYPE:
        return f"{place} {ours} became {theirs} {where}"
    return f"{place} {_WORDS[Kind(group.kind)]} {where}"


def _place(path: str) -> str:
    if not path:
        return "the body"
    if path.startswith("#header/"):
        return f"header {path[8:]}"
    return f"`{path}`"
