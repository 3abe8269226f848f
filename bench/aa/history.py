"""The readings of one run, boiled down as they come: when noise was learned, what was ever claimed."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from bench.aa.checks import Lesson, Seen, claims
from bench.aa.reading import Counts, Place, Reading
from shadowproxy.core.words import Kind
from shadowproxy.demo.planted import NOISE
from shadowproxy.demo.traffic import Experience


@dataclass(slots=True)
class History:
    """What was read so far; a claim that is taken back stays."""

    places: list[Place] = field(
        default_factory=lambda: [(each.place.endpoint, each.place.path) for each in NOISE]
    )
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    last: Reading | None = None
    before: Counts | None = None
    _learned: dict[Place, Reading] = field(default_factory=dict)
    _regressions: dict[str, str] = field(default_factory=dict)
    _slower: dict[str, str] = field(default_factory=dict)

    def add(self, reading: Reading) -> None:
        """One more reading."""
        self.last = reading
        for place in self.places:
            if place not in self._learned and reading.is_noisy(place):
                self._learned[place] = reading
        if self.before is None and len(self._learned) == len(self.places):
            self.before = reading.counts
        self._regressions.update(claims(reading))
        self._slower.update(
            (each.endpoint, each.sentence) for each in reading.paces if each.is_slower
        )

    def seen(self, wanted: int, users: Experience) -> Seen:
        """All of it for the checks."""
        assert self.last is not None
        return Seen(
            last=self.last,
            wanted=wanted,
            requests=users.requests,
            errors=dict(users.errors),
            lessons=[self._lesson(place, at) for place, at in self._learned.items()],
            unlearned=[place for place in self.places if place not in self._learned],
            before=self.before,
            regressions=self._regressions,
            slower=self._slower,
        )

    def _lesson(self, place: Place, learned: Reading) -> Lesson:
        assert self.last is not None
        told = [
            (datetime.fromisoformat(each.last_seen) - self.started).total_seconds()
            for each in self.last.findings
            if (each.endpoint, each.path, each.kind) == (*place, Kind.CHANGED)
        ]
        return Lesson(*place, learned.at_s, learned.counts.compared, max(told, default=None))
