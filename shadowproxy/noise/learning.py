"""Learns where legacy disagrees with itself, and says what that makes of a difference.

    exchange with witness ─► sample  ─┐
    exchange without      ─► observe ─┴► explained ─► one Judgement for each difference

Laws: without an A/A difference of legacy's own nothing is explained, unless a person pinned it; a
judgement only ever takes differences away; no value is kept (noise.shape); the table is bounded and
says what it forgot (noise.table).

A regression is claimed when E reaches `active keys / alpha`, where a key is active once it has
differed in an A/A sample. All keys together then are falsely claimed with a probability of at most
alpha, at whatever moment one looks. It is the present number of keys that counts, so that a claim
made among three keys has to stand among three hundred. For keys that were all there from the
beginning the bound holds for any number of looks; for n keys that came one after the other it
is alpha * (1 + ln n) then, because the first ones had it easier for a while.

`aa_samples` are those of the endpoint from the first sight of a place on, the sample of that sight
included: the checks before may have been of a version that did not have the member at all, and
"legacy never disagreed with itself in 208 checks" would be said of nothing.
"""

import math
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from shadowproxy.core.settings import NoiseSettings
from shadowproxy.core.words import Kind
from shadowproxy.noise.guards import Reason
from shadowproxy.noise.known import MAX_PAIRS, Known, Located, Override, State
from shadowproxy.noise.showing import show
from shadowproxy.noise.table import CAPACITY, Key, Table

VERSION: Final = 1
"""Of what `to_plain` gives. Another one is not read: learning again takes an hour."""

_Place = tuple[str, Kind]


class Judgement(NamedTuple):
    """`reason`: what of a value at a noisy place is not as legacy's own are."""

    state: State
    is_explained: bool = False
    reason: Reason | None = None


UNKNOWN: Final = Judgement(State.OPEN)


class Standing(NamedTuple):
    """What legacy against itself says of one place, for a sentence about a finding."""

    state: State = State.OPEN
    aa_samples: int = 0
    a: int = 0
    b: int = 0
    e: float = 1.0


class Learned:
    """All that was learned. `key` keys the hashes of values: hand in the same after a restart."""

    def __init__(self, settings: NoiseSettings, key: bytes, capacity: int = CAPACITY) -> None:
        self.table = Table(key, capacity)
        self.apply(settings)

    def apply(self, settings: NoiseSettings) -> None:
        """Takes a generation of the settings: alpha, expire_s, pinned, refused."""
        self.table.expire_s = settings.expire_s
        self._alpha = settings.alpha
        self._bar_for, self._log_bar = -1, math.inf
        self._overrides: dict[tuple[str, str, str], Override] = {
            **dict.fromkeys(settings.pinned, Override.PINNED),
            **dict.fromkeys(settings.refused, Override.REFUSED),
        }

    @property
    def log_bar(self) -> float:
        """The logarithm of the E at which a regression is claimed."""
        if self.table.active != self._bar_for:
            self._bar_for = self.table.active
            self._log_bar = math.log(max(1, self._bar_for) / self._alpha)
        return self._log_bar

    def observe(self, endpoint: str, differences: Iterable[Located], now_s: float) -> None:
        """An exchange without a witness. 5 µs for each place."""
        for (path, kind), difference in _firsts(differences).items():
            known = self.table.touch(endpoint, path, kind, now_s)
            if known is not None:
                known.differed(difference, now_s)

    def sample(
        self, endpoint: str, request: str, candidate: Iterable[Located],
        witness: Iterable[Located], now_s: float,
    ) -> None:  # fmt: skip
        """One A/A sample: where L and C differ, and where L (as `legacy`) and L' do.

        Only for an exchange in which all three were answered and both comparisons are whole: what
        was not looked at would count as equal. `request` says which request it was, by a hash or as
        it is; noise must be seen in two that differ. 15 µs for each place.
        """
        firsts, pairs = _firsts(candidate), _pairs(witness)
        for place in {**firsts, **pairs}:
            known = self.table.touch(endpoint, *place, now_s)
            if known is None:
                continue
            if place in firsts:
                known.differed(firsts[place], now_s)
            self.table.active += not known.is_active
            known.sampled(place in firsts, pairs.get(place, ()), request, now_s)
            known.wager.settle(self.log_bar)
        self.table.count_sample(endpoint)

    def explained(
        self, endpoint: str, differences: Iterable[Located], now_s: float
    ) -> list[Judgement]:
        """One for each difference, in their order, after `sample` or `observe` was told of them.

        The verdict is `noise` if there are differences and all of them are explained.
        """
        return [self.judge(endpoint, difference, now_s) for difference in differences]

    def judge(self, endpoint: str, difference: Located, now_s: float) -> Judgement:
        """What one difference comes to. 3 µs."""
        key = (endpoint, difference.path, difference.kind)
        override = self._overrides.get(key)
        known = self.table.current(key, now_s)
        if known is None:
            if override is not Override.PINNED:
                return UNKNOWN
            known = Known(self.table.hash_key, 0, now_s)
        state = self._state(key, known)
        if override is Override.REFUSED or (state is not State.NOISY and override is None):
            return Judgement(state)
        reason = known.objection(difference)
        return Judgement(state, reason is None, reason)

    def _state(self, key: Key, known: Known) -> State:
        return known.state(self.table.samples(key[0]), self.log_bar)

    def standing(self, endpoint: str, path: str, kind: Kind, now_s: float) -> Standing:
        """The numbers behind a judgement."""
        key = (endpoint, path, kind)
        known = self.table.current(key, now_s)
        if known is None:
            return Standing()
        samples = self.table.samples(endpoint) - known.since
        return Standing(self._state(key, known), samples, known.a, known.b, known.wager.e)

    def shown(self, now_s: float) -> list[dict[str, Any]]:
        """For a page: each place with its numbers, and what a person decided about others.

        Endpoints and paths are as they were handed in.
        """
        overrides = dict(self._overrides)
        rows = [
            show(key, known, self.table.samples(key[0]), self._state(key, known),
                 overrides.pop(key, None), self.table.expire_s)
            for key, known in self.table.currents(now_s)
        ]  # fmt: skip
        for key, override in overrides.items():
            nothing = Known(self.table.hash_key, 0, now_s)
            rows.append(show(key, nothing, 0, State.OPEN, override, self.table.expire_s))
        return rows

    def rename(self, names: Mapping[str, str]) -> None:
        """Endpoints that got other names keep what was learned of them."""
        self.table.rename(names)

    def to_plain(self) -> dict[str, Any]:
        """For JSON; of values nothing but lengths, classes and keyed hashes."""
        return {
            "version": VERSION,
            "key": _name_of(self.table.hash_key),
            "places": self.table.to_plain(),
        }

    def restore(self, plain: Any, now_s: float) -> None:
        """Takes back what `to_plain` gave. Anything else is left out, and nothing raises."""
        if isinstance(plain, dict) and plain.get("version") == VERSION:
            is_same_key = plain.get("key") == _name_of(self.table.hash_key)
            self.table.restore(plain.get("places"), is_same_key, now_s)


def _name_of(key: bytes) -> str:
    """Tells keys apart without telling them."""
    return blake2b(b"noise", digest_size=8, key=key[:64]).hexdigest()


def _firsts(differences: Iterable[Located]) -> dict[_Place, Located]:
    """The first difference at each place: an exchange counts once, however many elements differ."""
    firsts: dict[_Place, Located] = {}
    for difference in differences:
        firsts.setdefault((difference.path, difference.kind), difference)
    return firsts


def _pairs(differences: Iterable[Located]) -> dict[_Place, list[Located]]:
    """Up to MAX_PAIRS differences at each place."""
    pairs: dict[_Place, list[Located]] = {}
    for difference in differences:
        found = pairs.setdefault((difference.path, difference.kind), [])
        if len(found) < MAX_PAIRS:
            found.append(difference)
    return pairs
