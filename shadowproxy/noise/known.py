"""What is known of one place: how often each side differed there, and what legacy's values are like.

    exchanges ─► a                       in A/A samples, for one request:   L ≠ L'    L = L'
                                                                 L ≠ C       both      win
                                                                 L = C       loss      -

Law: an ordinary exchange counts in `a` and in the candidate's constancy, and nowhere else.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from shadowproxy.core.words import Kind
from shadowproxy.noise.constancy import Constancy
from shadowproxy.noise.evidence import Wager
from shadowproxy.noise.guards import EXPLAINABLE, Reason, explains
from shadowproxy.noise.plain import count_at, hash_at, number_at, value_at
from shadowproxy.noise.shape import Shape
from shadowproxy.noise.values import hash_of

MAX_PAIRS: Final = 4
"""Learned from one A/A sample for one place: an array of 1,000 times has 1,000 pairs alike."""

ENOUGH_REQUESTS: Final = 2
"""In which legacy disagreed with itself: one may have been a deployment or a cache that ran out."""

ENOUGH_SAMPLES: Final = 30
"""Without legacy disagreeing with itself: a share of 10 % would have shown with 96 %."""


class State(StrEnum):
    """What legacy against itself makes of a place."""

    REGRESSION = "regression"
    NOISY = "noisy"
    CONFIRMED = "confirmed"
    OPEN = "open"


class Override(StrEnum):
    """What a person decided about a place."""

    PINNED = "pinned"
    REFUSED = "refused"


class Located(NamedTuple):
    """A difference at its generalised path (compare.places), with the two sides' own values."""

    path: str
    kind: Kind
    legacy: Any
    candidate: Any


class Known:
    """One place. `since` is the endpoint's number of A/A samples before this was first seen."""

    __slots__ = (
        "a", "a_only", "b_only", "both", "constancy", "first_aa_s", "last_aa_s", "last_s", "request",
        "requests", "shape", "since", "wager",
    )  # fmt: skip

    def __init__(self, key: bytes, since: int, now_s: float) -> None:
        self.since = since
        self.a = self.both = self.a_only = self.b_only = 0
        self.request = b""
        self.requests = 0
        self.wager = Wager()
        self.shape = Shape(key)
        self.constancy = Constancy()
        self.first_aa_s = self.last_aa_s = 0.0
        self.last_s = now_s

    @property
    def b(self) -> int:
        """A/A samples in which legacy disagreed with itself here."""
        return self.both + self.b_only

    @property
    def is_active(self) -> bool:
        """Whether anything differed here in an A/A sample."""
        return bool(self.both or self.a_only or self.b_only)

    def differed(self, difference: Located, now_s: float) -> None:
        """The candidate disagreed with legacy in one more exchange."""
        self.a += 1
        self.last_s = now_s
        if difference.kind is Kind.CHANGED:
            self.constancy.see(difference.legacy, difference.candidate, self.shape.key)

    def sampled(self, is_a: bool, pairs: Sequence[Located], request: str, now_s: float) -> None:
        """It differed in an A/A sample: for the candidate, or (`pairs`) for legacy itself."""
        if pairs:
            self._learn(pairs, request, now_s)
        if is_a and pairs:
            self.both += 1
        elif is_a:
            self.a_only += 1
            self.wager.win()
        elif pairs:
            self.b_only += 1
            self.wager.lose()

    def _learn(self, pairs: Sequence[Located], request: str, now_s: float) -> None:
        self.first_aa_s = self.first_aa_s if self.b else now_s
        self.last_aa_s = self.last_s = now_s
        if self.requests < ENOUGH_REQUESTS:
            hashed = hash_of(request, self.shape.key)
            self.requests += hashed != self.request
            self.request = hashed
        for pair in pairs:
            if pair.kind in EXPLAINABLE:
                self.shape.learn(pair.legacy, pair.candidate)

    def objection(self, difference: Located) -> Reason | None:
        """What speaks against taking a difference at this place for noise."""
        if self.constancy.is_constant and difference.kind is Kind.CHANGED:
            return Reason.CONSTANT
        return explains(self.shape, difference.kind, difference.legacy, difference.candidate)

    def is_expired(self, now_s: float, expire_s: float) -> bool:
        """Its noise is too old, or nothing has differed here at all for as long."""
        last_s = self.last_aa_s if self.both or self.b_only else self.last_s
        return now_s - last_s > expire_s

    def state(self, samples: int, log_bar: float) -> State:
        """By the endpoint's number of A/A samples and the evidence that a claim takes."""
        if self.wager.log_peak >= log_bar:
            return State.REGRESSION
        if self.requests >= ENOUGH_REQUESTS:
            return State.NOISY
        if not self.b and self.a and samples - self.since >= ENOUGH_SAMPLES:
            return State.CONFIRMED
        return State.OPEN

    def to_plain(self, samples: int) -> dict[str, Any]:
        """For JSON."""
        return {
            "aa_samples": samples - self.since, "a": self.a, "a_only": self.a_only,
            "b_only": self.b_only, "both": self.both,
            "request": self.request.hex(), "requests": self.requests,
            "wager": self.wager.to_plain(), "shape": self.shape.to_plain(),
            "first_aa_s": self.first_aa_s, "last_aa_s": self.last_aa_s, "last_s": self.last_s,
        }  # fmt: skip

    @classmethod
    def from_plain(cls, plain: Any, key: bytes, is_same_key: bool, now_s: float) -> "Known":
        """The same again, for an endpoint that has no A/A samples yet.

        Times in the future are now: noise that a wrong clock has dated never would expire. Which
        request it was that legacy disagreed about once is unknown under another key, so it does not
        count.

        Raises:
            ValueError: it is not what `to_plain` gives.
        """
        known = cls(key, -count_at(plain, "aa_samples"), now_s)
        known.a, known.both = count_at(plain, "a"), count_at(plain, "both")
        known.a_only, known.b_only = count_at(plain, "a_only"), count_at(plain, "b_only")
        known.requests = min(count_at(plain, "requests"), ENOUGH_REQUESTS)
        known.request = hash_at(plain, "request")
        if not is_same_key and known.requests < ENOUGH_REQUESTS:
            known.requests, known.request = 0, b""
        known.wager = Wager.from_plain(value_at(plain, "wager"))
        known.shape = Shape.from_plain(value_at(plain, "shape"), key, is_same_key)
        known.first_aa_s = min(number_at(plain, "first_aa_s"), now_s)
        known.last_aa_s = min(number_at(plain, "last_aa_s"), now_s)
        known.last_s = min(number_at(plain, "last_s"), now_s)
        return known
