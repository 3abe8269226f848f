"""The places that are known: a bounded table, its endpoints' counts of A/A samples, and what it forgets.

Laws: never more than `capacity` places, the least recently touched goes and is counted; an endpoint
is kept as long as one of its places; `active` is the number of places that are `is_active`.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from shadowproxy.core.words import Kind
from shadowproxy.noise.known import Known
from shadowproxy.noise.plain import text_at

CAPACITY: Final = 10_000
"""Places: 500 endpoints with 20 each. One takes 3 KiB, 6 KiB with 32 values: 60 MiB at most."""

MAX_NAME: Final = 1024
"""Characters of an endpoint and of a path. What is longer is not learned, so it stays a signal."""

Key = tuple[str, str, Kind]
"""Endpoint, generalised path, kind."""


class _Endpoint:
    """Its A/A samples since the first of its places was seen, and how many places are known."""

    __slots__ = ("places", "samples")

    def __init__(self) -> None:
        self.samples = self.places = 0


class Table:
    """`evicted` places made room for others; `expired` ones were forgotten for their age."""

    def __init__(self, hash_key: bytes, capacity: int = CAPACITY) -> None:
        self.hash_key = hash_key
        self.capacity = capacity
        self.expire_s = float("inf")
        self.active = self.evicted = self.expired = 0
        self._places: OrderedDict[Key, Known] = OrderedDict()
        self._endpoints: dict[str, _Endpoint] = {}

    def __len__(self) -> int:
        return len(self._places)

    def current(self, key: Key, now_s: float) -> Known | None:
        """What is known and not too old; nothing is touched."""
        known = self._places.get(key)
        return None if known is None or known.is_expired(now_s, self.expire_s) else known

    def currents(self, now_s: float) -> Iterator[tuple[Key, Known]]:
        """All that is not too old, the least recently touched first."""
        for key, known in self._places.items():
            if not known.is_expired(now_s, self.expire_s):
                yield key, known

    def samples(self, endpoint: str) -> int:
        """A/A samples of an endpoint, for comparing with `Known.since`."""
        found = self._endpoints.get(endpoint)
        return 0 if found is None else found.samples

    def count_sample(self, endpoint: str) -> None:
        """One more A/A sample; of an endpoint of which nothing is known there is no count."""
        found = self._endpoints.get(endpoint)
        if found is not None:
            found.samples += 1

    def touch(self, endpoint: str, path: str, kind: Kind, now_s: float) -> Known | None:
        """What is known of a place, from now on if nothing is; None: its name is too long."""
        key = (endpoint, path, kind)
        known = self._places.get(key)
        if known is not None and known.is_expired(now_s, self.expire_s):
            self._forget(key)
            known = None
        if known is not None:
            self._places.move_to_end(key)
        elif len(endpoint) <= MAX_NAME and len(path) <= MAX_NAME:
            known = Known(self.hash_key, self.samples(endpoint), now_s)
            self._add(key, known)
        return known

    def _add(self, key: Key, known: Known) -> None:
        while len(self._places) >= self.capacity:
            self.evicted += 1
            self._drop(next(iter(self._places)))
        self._endpoints.setdefault(key[0], _Endpoint()).places += 1
        self._places[key] = known
        self.active += known.is_active

    def expire(self, now_s: float) -> None:
        """Forgets all that is too old. 2 ms for a full table."""
        old = [key for key, known in self._places.items() if known.is_expired(now_s, self.expire_s)]
        for key in old:
            self._forget(key)

    def _forget(self, key: Key) -> None:
        self.expired += 1
        self._drop(key)

    def _drop(self, key: Key) -> None:
        self.active -= self._places.pop(key).is_active
        found = self._endpoints[key[0]]
        found.places -= 1
        if not found.places:
            del self._endpoints[key[0]]

    def rename(self, names: Mapping[str, str]) -> None:
        """Endpoints that got other names; of a place that both knew the better known one stays."""
        for key in [key for key in self._places if key[0] in names]:
            known = self._places[key]
            seen = self.samples(key[0]) - known.since
            self._drop(key)
            moved = (names[key[0]], *key[1:])
            other = self._places.get(moved)
            if other is not None:
                if self.samples(moved[0]) - other.since >= seen:
                    continue
                self._drop(moved)
            known.since = self.samples(moved[0]) - seen
            self._add(moved, known)

    def to_plain(self) -> list[dict[str, Any]]:
        """For JSON, the least recently touched first."""
        return [
            {"endpoint": key[0], "path": key[1], "kind": str(key[2]),
             **known.to_plain(self.samples(key[0]))}
            for key, known in self._places.items()
        ]  # fmt: skip

    def restore(self, plain: Any, is_same_key: bool, now_s: float) -> None:
        """Takes back what `to_plain` gave, and leaves out what is something else."""
        for one in plain[-self.capacity :] if isinstance(plain, list) else ():
            try:
                key = _key_of(one)
                known = Known.from_plain(one, self.hash_key, is_same_key, now_s)
            except ValueError:
                continue
            if key not in self._places:
                known.since += self.samples(key[0])
                self._add(key, known)


def _key_of(plain: Any) -> Key:
    endpoint, path = text_at(plain, "endpoint", MAX_NAME), text_at(plain, "path", MAX_NAME)
    return endpoint, path, Kind(text_at(plain, "kind", MAX_NAME))
