"""Which rules were of use, and which found no place to be used: the misspelt ones.

Laws: a rule is known by what it says and for which endpoint, so that a reload or a restart forgets
nothing; it is looked for until it is matched once, so that right rules cost nothing any more.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shadowproxy.compare.matching import Search
from shadowproxy.compare.observations import Observation
from shadowproxy.compare.ruleset import Rules

if TYPE_CHECKING:
    from shadowproxy.compare.rules import Rule

VERSION: Final = 1
FIRST_RESPONSES: Final = 1_000
"""Of its endpoint, after which a rule that matched nothing is reported."""
PATIENCE_S: Final = 14 * 86400.0
"""After which it is reported, however few responses there were."""
LATE_EVERY: Final = 61
"""A rule that was looked for in FIRST_RESPONSES is looked for in so few responses from then on. A
prime, or it might always meet the same request of a client that repeats its list."""
MAX_RULES: Final = 10_000
"""Taken back from a file, 300 bytes each; more than any configuration has."""
_MOST: Final = 1 << 53
MAX_SEARCHES: Final = 64
"""Kept: one for each endpoint that has rules which were not matched yet."""


@dataclass(slots=True)
class _Record:
    """`responses` are those in which it was looked for; None of them matched until `has_matched`."""

    since_s: float
    hits: int = 0
    responses: int = 0
    has_matched: bool = False


class Standing(NamedTuple):
    """How a rule stands, by its index in `Rules.rules`, and by `key` whatever its index is.

    `hits`: differences that it has hidden. `responses`: those of its endpoint, of a status that it is
    about, in which it was looked for before it was matched for the first time. `is_reported`: it has
    matched nothing for so long that it is probably misspelt.
    """

    rule: int
    key: str
    hits: int
    responses: int
    since_s: float
    has_matched: bool
    is_reported: bool


class Usage:
    """Of all rules in force. `now_s` is the wall clock's time, in seconds."""

    def __init__(self) -> None:
        self._rules: Rules | None = None
        self._kept: dict[str, _Record] = {}
        self._keys: list[str] = []
        self._records: list[_Record] = []
        self._looks: list[int] = []
        self._waiting: dict[str, list[tuple[int, Rule]]] = {}
        self._searches: dict[tuple[object, ...], Search] = {}
        self._turn = 0

    def follow(self, rules: Rules, now_s: float) -> None:
        """Takes rules for those in force from now on."""
        if rules is self._rules:
            return
        self._rules = rules
        kept: dict[str, _Record] = {}
        keys = []
        self._records = []
        for plain, endpoint in zip(rules.rules, rules.endpoints, strict=True):
            key = key_of(plain, endpoint)
            record = kept.get(key) or self._kept.get(key) or _Record(now_s)
            record.since_s = min(record.since_s, now_s)
            kept[key] = record
            keys.append(key)
            self._records.append(record)
        self._kept = kept
        self._keys = keys
        self._looks = [record.responses for record in self._records]
        self._wait()

    def _wait(self) -> None:
        assert self._rules is not None
        self._searches.clear()
        self._waiting = {}
        known: set[int] = set()
        for index, (endpoint, rule) in enumerate(self._rules.all):
            record = self._records[index]
            if record.has_matched or index in self._rules.expired or id(record) in known:
                continue
            known.add(id(record))  # a rule that is written twice is looked for once
            self._waiting.setdefault(endpoint, []).append((index, rule))

    def count(
        self,
        rules: Rules,
        endpoint: str,
        hits: Mapping[int, int],
        legacy: Observation,
        candidate: Observation,
        now_s: float,
    ) -> None:
        """Counts one exchange of an endpoint; `hits` is what comparing it under these rules gave."""
        self.follow(rules, now_s)
        matched = set()
        for index, count in hits.items():
            record = self._records[index]
            record.hits += count
            if not record.has_matched:
                matched.add(index)
        sought = [index for index in self._sought(endpoint, legacy.status) if index not in matched]
        if sought and legacy.failure is None:
            matched |= self._look(rules, endpoint, sought, legacy, candidate)
        if matched:
            for index in matched:
                self._records[index].has_matched = True
            self._wait()

    def _sought(self, endpoint: str, status: int) -> Iterator[int]:
        """Those that are to be looked for in a response."""
        if not self._waiting:
            return
        self._turn = (self._turn + 1) % LATE_EVERY
        for of in {"", endpoint}:
            for index, rule in self._waiting.get(of, ()):
                is_late = self._looks[index] >= FIRST_RESPONSES
                if rule.holds_at(status) and not (is_late and self._turn):
                    yield index

    def _look(
        self,
        rules: Rules,
        endpoint: str,
        sought: list[int],
        legacy: Observation,
        candidate: Observation,
    ) -> frozenset[int]:
        search = self._search(rules, endpoint, legacy.status, tuple(sorted(sought)))
        look = search.look(legacy, candidate)
        for index in sought:
            self._looks[index] += 1
            if look.saw_body or rules.all[index][1].header:
                self._records[index].responses += 1
        return look.matched

    def _search(self, rules: Rules, endpoint: str, status: int, sought: tuple[int, ...]) -> Search:
        key = (rules.key(endpoint, status), sought)
        search = self._searches.get(key)
        if search is None:
            if len(self._searches) >= MAX_SEARCHES:
                self._searches.clear()
            schema = rules.plan(endpoint, status).schema
            search = Search(sought, rules.holding(endpoint, status), schema)
            self._searches[key] = search
        return search

    def standings(self, now_s: float) -> list[Standing]:
        """How every rule stands, those that are not in force any more included."""
        expired = self._rules.expired if self._rules is not None else ()
        return [
            Standing(
                index,
                self._keys[index],
                record.hits,
                record.responses,
                record.since_s,
                record.has_matched,
                index not in expired and _has_waited(record, now_s),
            )
            for index, record in enumerate(self._records)
        ]

    def unmatched(self, now_s: float) -> list[int]:
        """The rules that are to be reported."""
        return [each.rule for each in self.standings(now_s) if each.is_reported]

    def to_plain(self) -> dict[str, Any]:
        """For JSON; of rules nothing but hashes."""
        kept = {key: asdict(record) for key, record in self._kept.items()}
        return {"version": VERSION, "rules": kept}

    def restore(self, plain: Any) -> None:
        """Takes back what `to_plain` gave. Anything else is left out, and nothing raises."""
        kept = plain.get("rules") if isinstance(plain, dict) else None
        if not isinstance(kept, dict) or plain.get("version") != VERSION:
            return
        for key, one in list(kept.items())[:MAX_RULES]:
            record = _record_of(one)
            if record is not None and isinstance(key, str):
                self._kept[key] = record
        rules, self._rules = self._rules, None
        if rules is not None:
            self.follow(rules, math.inf)


def _has_waited(record: _Record, now_s: float) -> bool:
    if record.has_matched:
        return False
    return record.responses >= FIRST_RESPONSES or now_s - record.since_s >= PATIENCE_S


def key_of(plain: Mapping[str, Any], endpoint: str) -> str:
    """What a rule is known by."""
    text = json.dumps([endpoint, plain], sort_keys=True, default=str)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _record_of(plain: Any) -> _Record | None:
    """None if it is no record."""
    if not isinstance(plain, dict):
        return None
    has_matched, since_s = plain.get("has_matched"), _count(plain.get("since_s"), float)
    hits, responses = _count(plain.get("hits"), int), _count(plain.get("responses"), int)
    if not isinstance(has_matched, bool) or since_s is None or hits is None or responses is None:
        return None
    return _Record(since_s, int(hits), int(responses), has_matched)


def _count(value: Any, *types: type) -> float | None:
    """A number of a size that is one here; None for anything else."""
    is_one = type(value) in (int, *types) and 0 <= value < _MOST
    return value if is_one else None
