"""What the demo concludes: which planted bugs the proxy found, and whether all is well."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shadowproxy.core.words import Kind
from shadowproxy.demo.observed import Group, Learned, Observed, Pace
from shadowproxy.demo.planted import BUGS, NOISE, Bug, Noise, Place
from shadowproxy.demo.traffic import Experience

ENOUGH_COMPARED: Final = 600
"""Exchanges, four seconds of the default rate: by then each bug has been met, all noise checked."""

ENOUGH_BLOCKS: Final = 14
"""Blocks of time that decide whether an endpoint is slower; with eight endpoints eleven suffice."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A planted bug with the findings that show it; for a slow endpoint, its pace.

    It is open when it was not found and the demo was too short to say that it should have been.
    """

    bug: Bug
    groups: tuple[Group, ...] = ()
    pace: Pace | None = None
    has_enough: bool = True

    @property
    def is_found(self) -> bool:
        """Whether the proxy claims it."""
        return bool(self.groups) or (self.pace is not None and self.pace.is_slower)

    @property
    def is_open(self) -> bool:
        """Whether there was too little evidence to claim anything."""
        return not (self.is_found or self.has_enough)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A planted noise: what the proxy learned there, and what it reported before it had.

    It is open when it was not learned and the demo was too short to say that it should have been.
    """

    noise: Noise
    learned: Learned | None = None
    group: Group | None = None
    has_enough: bool = True

    @property
    def is_learned(self) -> bool:
        """Whether its differences are explained."""
        return self.learned is not None and self.learned.state == "noisy"

    @property
    def is_open(self) -> bool:
        """Whether legacy was asked twice too rarely to learn it."""
        return not (self.is_learned or self.has_enough)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything in its place, and what went wrong (nothing, if all is well)."""

    sightings: tuple[Sighting, ...]
    lessons: tuple[Lesson, ...]
    unplanted: tuple[Group, ...]
    complaints: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether more may be found by a longer demo."""
        things: tuple[Sighting | Lesson, ...] = (*self.sightings, *self.lessons)
        return any(each.is_open for each in things)


def conclude(seen: Experience, observed: Observed) -> Outcome:
    """Judges a run by what its users saw and by what the proxy says."""
    sightings = tuple(_look_for(bug, observed) for bug in BUGS)
    lessons = tuple(_learn(noise, observed) for noise in NOISE)
    noise = {lesson.group for lesson in lessons if lesson.group is not None}
    planted = noise.union(*(sighting.groups for sighting in sightings))
    unplanted = tuple(group for group in observed.groups if group not in planted)
    complaints = (
        *_users_complaints(seen),
        *_sums_complaints(observed),
        *(
            f"planted bug not found: {each.bug.name} ({each.bug.what})"
            for each in sightings
            if not (each.is_found or each.is_open)
        ),
        *(
            f"planted noise not learned: {_words(each.noise.place)}"
            for each in lessons
            if not (each.is_learned or each.is_open)
        ),
        *(f"nobody planted: {group.endpoint} {group.path} {group.kind}" for group in unplanted),
        *(f"nobody planted: {pace.sentence}" for pace in _unplanted_paces(observed.paces)),
    )
    return Outcome(sightings, lessons, unplanted, complaints)


def _look_for(bug: Bug, observed: Observed) -> Sighting:
    has_enough = observed.sums.recorded >= ENOUGH_COMPARED
    if bug.kind is None:
        paces = (pace for pace in observed.paces if pace.endpoint == bug.place.endpoint)
        pace = next(paces, None)
        has_enough &= pace is None or pace.blocks >= ENOUGH_BLOCKS
        return Sighting(bug, (), pace, has_enough)
    groups = tuple(each for each in observed.groups if _is_at(each, bug.place, bug.kind))
    return Sighting(bug, groups, None, has_enough)


def _learn(noise: Noise, observed: Observed) -> Lesson:
    learned = (each for each in observed.learned if _is_at(each, noise.place, Kind.CHANGED))
    groups = (each for each in observed.groups if _is_at(each, noise.place, Kind.CHANGED))
    has_enough = observed.sums.recorded >= ENOUGH_COMPARED
    return Lesson(noise, next(learned, None), next(groups, None), has_enough)


def _is_at(found: Group | Learned, place: Place, kind: Kind) -> bool:
    return (found.endpoint, found.path, found.kind) == (place.endpoint, place.path, kind)


def _words(place: Place) -> str:
    return f"{place.endpoint} {place.path}"


def _unplanted_paces(paces: Iterable[Pace]) -> list[Pace]:
    planted = {bug.place.endpoint for bug in BUGS if bug.kind is None}
    return [pace for pace in paces if pace.is_slower and pace.endpoint not in planted]


def _users_complaints(seen: Experience) -> list[str]:
    if not seen.requests:
        return ["no request was sent"]
    return [f"users saw an error {count} times: {name}" for name, count in seen.errors.items()]


def _sums_complaints(observed: Observed) -> list[str]:
    complaints = []
    if not observed.sums.hold:
        complaints.append(f"the sums do not hold: {observed.sums}")
    if observed.sums.failed:
        complaints.append(f"{observed.sums.failed} exchanges failed by the proxy's own fault")
    if not observed.sums.recorded:
        complaints.append("no exchange was compared")
    return complaints
