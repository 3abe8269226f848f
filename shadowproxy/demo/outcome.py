"""What the demo concludes: which planted bugs the proxy found, and whether all is well."""

from collections.abc import Sequence
from dataclasses import dataclass

from shadowproxy.demo.observed import Group, Observed, Speed
from shadowproxy.demo.planted import BUGS, NOISE, SLOW_BY_S, Bug, Place
from shadowproxy.demo.traffic import Experience


@dataclass(frozen=True, slots=True)
class Sighting:
    """A planted bug with the findings that show it; for a slow endpoint, the speed."""

    bug: Bug
    groups: tuple[Group, ...] = ()
    speed: Speed | None = None

    @property
    def is_found(self) -> bool:
        """Whether the proxy saw it."""
        return bool(self.groups) or self.speed is not None

    @property
    def count(self) -> int:
        """In how many exchanges, at least."""
        return max((group.count for group in self.groups), default=0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Every finding in its place, and what went wrong (nothing, if all is well)."""

    sightings: tuple[Sighting, ...]
    noise: tuple[Group, ...]
    unplanted: tuple[Group, ...]
    complaints: tuple[str, ...]


def conclude(seen: Experience, observed: Observed) -> Outcome:
    """Judges a run by what its users saw and by what the proxy says."""
    sightings = tuple(_look_for(bug, observed) for bug in BUGS)
    shown = {group for sighting in sightings for group in sighting.groups}
    noisy_places = {noise.place for noise in NOISE}
    left = [group for group in observed.groups if group not in shown]
    noise = tuple(group for group in left if _place(group) in noisy_places)
    unplanted = tuple(group for group in left if _place(group) not in noisy_places)
    complaints = (
        *_users_complaints(seen),
        *_sums_complaints(observed),
        *(
            f"planted bug not found: {s.bug.name} ({s.bug.what})"
            for s in sightings
            if not s.is_found
        ),
        *(f"nobody planted: {g.endpoint} {g.path} {g.kind}" for g in unplanted),
    )
    return Outcome(sightings, noise, unplanted, complaints)


def _place(group: Group) -> Place:
    return Place(group.endpoint, group.path)


def _look_for(bug: Bug, observed: Observed) -> Sighting:
    if bug.kind is None:
        return Sighting(bug, speed=_find_slow(bug.place.endpoint, observed.speeds))
    return Sighting(bug, tuple(group for group in observed.groups if _shows(group, bug)))


def _shows(group: Group, bug: Bug) -> bool:
    return _place(group) == bug.place and group.kind == bug.kind


def _find_slow(endpoint: str, speeds: Sequence[Speed]) -> Speed | None:
    for speed in speeds:
        if speed.endpoint == endpoint and speed.candidate_s - speed.legacy_s > SLOW_BY_S / 2:
            return speed
    return None


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
