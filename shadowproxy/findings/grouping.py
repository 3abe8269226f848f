"""Groups of differences: what a person reads as one finding.

Laws: the same place, kind and statuses at the same endpoint are one group, over restarts and
fleets; at most `capacity` groups are kept, by Space-Saving (Metwally et al. 2005): a newcomer takes
the place of the rarest group, and what that one had counted is handed on; an endpoint that gets
another name keeps its findings.
"""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Final, NamedTuple

from shadowproxy.compare.differences import Difference, type_name
from shadowproxy.core.words import Kind
from shadowproxy.findings.group import Group
from shadowproxy.findings.tallies import ValuePair

CAPACITY: Final = 2000
"""Groups kept: more than a person reads in a week, 40 MiB when each has all it may have."""
MAX_EVICTED: Final = 2000
"""Kept until they are taken, once a second; a flood of names makes more, and then counts are lost."""


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


def key_at(group: Group, endpoint: str) -> GroupKey:
    """The key that a group has under another endpoint.

    A group knows its path and types redacted. Where redaction changed one of them, later exchanges
    come under another key and make a group of their own.
    """
    return GroupKey(
        endpoint, group.legacy_status, group.candidate_status, group.path, group.kind, group.types
    )


class Groups:
    """The kept groups by fingerprint."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.lost = 0
        """Findings whose counts nobody took before there were too many of them."""
        self._evicted: list[Group] = []
        self._others: dict[str, Group] = {}
        self._capacity = capacity
        self._groups: dict[str, Group] = {}
        self._by_rank: dict[int, dict[str, None]] = {}
        self._lowest = 0

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[Group]:
        return iter(self._groups.values())

    def get(self, fingerprint: str) -> Group | None:
        """The group, if it is kept."""
        return self._groups.get(fingerprint)

    def add(self, group: Group) -> None:
        """Keeps a new group, in the place of the rarest when there is no other.

        One that is kept already takes over what the new one had counted.
        """
        kept = self._groups.get(group.id)
        if kept is not None:
            self._leave_rank(kept)
            kept.absorb(group)
            self._enter_rank(kept)
            return
        if len(self._groups) >= self._capacity:
            group.rank += self._evict()
        self._groups[group.id] = group
        self._enter_rank(group)

    def count(
        self, group: Group, seen: str, version: str = "", pair: ValuePair | None = None
    ) -> None:
        """One more exchange shows it; `version` is the candidate's, empty when it does not say."""
        group.count += 1
        group.last_seen = max(group.last_seen, seen)
        if version:
            group.versions.add(version)
        if pair is not None:
            group.pairs.add(pair)
        self._leave_rank(group)
        group.rank += 1
        self._enter_rank(group)

    def explain(self, fingerprint: str, make: Callable[[], Group]) -> None:
        """Noise explains one more exchange of a finding.

        It may be one that is not kept, of an earlier judge or of one that had to make room: `make`
        gives it with nothing counted, and it is handed over with the next `take`.
        """
        group = self._groups.get(fingerprint) or self._others.get(fingerprint)
        if group is None:
            if len(self._others) >= MAX_EVICTED:
                self.lost += 1
                return
            group = self._others[fingerprint] = make()
        group.explained += 1

    def take(self) -> list[Group]:
        """What was counted since the last time, that of groups that are not kept first; see Group.take."""
        taken = [*self._evicted, *self._others.values()]
        self._evicted, self._others = [], {}
        taken += [group.take() for group in self if group.has_news]
        return taken

    def merge(self, old_id: str, key: GroupKey, endpoint: str) -> Group | None:
        """A kept group comes under another key: its counts and first_seen follow.

        `endpoint` is the key's as it may be shown. Two groups that become one are merged. None when
        `old_id` is not kept.
        """
        group = self._groups.pop(old_id, None)
        if group is None:
            return None
        self._leave_rank(group)
        group.id, group.endpoint = key.fingerprint, endpoint
        self.add(group)
        return self._groups[group.id]

    def rename(self, old: str, new: str, endpoint: str) -> dict[str, str]:
        """Merges all groups of the shown endpoint `old` into those of `new`; their new ids by the old."""
        leaving = [*self._evicted, *self._others.values()]
        moved = {
            group.id: key_at(group, new).fingerprint
            for group in (*self, *leaving)
            if group.endpoint == old
        }
        for group in [group for group in self if group.id in moved]:
            self.merge(group.id, key_at(group, new), endpoint)
        for group in leaving:
            if group.endpoint == old:
                group.id, group.endpoint = moved[group.id], endpoint
        self._others = {group.id: group for group in leaving[len(self._evicted) :]}
        return moved

    def _enter_rank(self, group: Group) -> None:
        self._by_rank.setdefault(group.rank, {})[group.id] = None
        self._lowest = min(self._lowest, group.rank)

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
        if rarest.has_news and len(self._evicted) < MAX_EVICTED:
            self._evicted.append(rarest)
        else:
            self.lost += rarest.has_news
        return rank
