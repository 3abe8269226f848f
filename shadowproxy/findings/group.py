"""One finding: what is known of one group of differences since it was last written down.

Law: a Group holds what it was handed and nothing else, and it is shown as it is. So the caller
redacts with `redact.redaction.Redactor` before anything comes here: names, values, samples, trees.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple

import orjson

from shadowproxy.findings.tallies import Leading, Tally

MAX_REPRODUCER_BYTES: Final = 5 << 10
"""Deflated. Two pruned bodies and two nearly equal commands of 4,000 characters need 2 KiB."""


class Recheck(StrEnum):
    """What asking both sides once more came to."""

    STILL = "still"
    GONE = "gone"
    LEGACY_FLAKY = "legacy_flaky"


class Evidence(NamedTuple):
    """What legacy against itself says about this finding: `b` of `aa_samples` pairs differed there.

    `e` is the evidence that the candidate differs more often than that (Ville's bound).
    """

    state: str = "open"
    aa_samples: int = 0
    b: int = 0
    e: float = 1.0


OPEN: Final = Evidence()
"""Nothing is known: e is the mean of empty products."""


@dataclass(slots=True)
class Group:
    """One finding, as it may be shown: redacted. `count` is of exchanges.

    `id` is the key's fingerprint; `rank` is Space-Saving's estimate: all that were ever counted plus
    what the group that it replaced had; `explained` counts exchanges in which noise explained it,
    which are not in `count`.
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
    explained: int = 0
    noise: Evidence = OPEN
    rechecks: dict[Recheck, int] = field(default_factory=dict)
    versions: Tally = field(default_factory=Tally)
    pairs: Leading = field(default_factory=Leading)
    _reproducer: bytes = b""

    def recheck(self, outcome: Recheck) -> None:
        """Counts one re-check."""
        self.rechecks[outcome] = self.rechecks.get(outcome, 0) + 1

    @property
    def reproducer(self) -> dict[str, Any] | None:
        """What shows this finding and little else: {"legacy", "candidate", "curl": {...}}."""
        if not self._reproducer:
            return None
        decoded: dict[str, Any] = orjson.loads(zlib.decompress(self._reproducer))
        return decoded

    @property
    def has_reproducer(self) -> bool:
        """Whether there is one, without unpacking it."""
        return bool(self._reproducer)

    def reproduce(self, reproducer: Mapping[str, Any]) -> bool:
        """Keeps a redacted reproducer; False, and nothing changed, when it is too large or no JSON."""
        try:
            deflated = zlib.compress(orjson.dumps(dict(reproducer)), 6)
        except TypeError:
            return False
        if len(deflated) > MAX_REPRODUCER_BYTES:
            return False
        self._reproducer = deflated
        return True

    @property
    def deflated_reproducer(self) -> bytes:
        """As it is kept; empty if there is none."""
        return self._reproducer

    @property
    def has_news(self) -> bool:
        """Whether there is anything to take."""
        return bool(self.count or self.explained or self.rechecks)

    def take(self) -> "Group":
        """What was counted since the last time, as a finding of its own; here it begins anew.

        What identifies it, its rank and its reproducer stay.
        """
        taken = replace(self)
        self.count = self.explained = 0
        self.rechecks, self.versions, self.pairs = {}, Tally(), Leading()
        return taken

    def absorb(self, group: "Group") -> None:
        """Takes over all that another had counted; the key stays this one's."""
        self.first_seen = min(self.first_seen, group.first_seen)
        self.last_seen = max(self.last_seen, group.last_seen)
        self.count += group.count
        self.rank += group.rank
        self.explained += group.explained
        self.noise = max(self.noise, group.noise, key=lambda evidence: evidence.aa_samples)
        for outcome, count in group.rechecks.items():
            self.rechecks[outcome] = self.rechecks.get(outcome, 0) + count
        self.versions.absorb(group.versions)
        self.pairs.absorb(group.pairs)
        if self._is_larger_than(group):
            self._reproducer = group._reproducer

    def _is_larger_than(self, group: "Group") -> bool:
        theirs = len(group._reproducer)
        return bool(theirs) and (not self._reproducer or theirs < len(self._reproducer))
