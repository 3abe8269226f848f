"""What judge has to say to the store since it was last written: pure, bounded, additive.

    judge ─ counts into ─► Batch ─ handed over whole ─► keeper's thread ─► one transaction
                             └ what could not be written is absorbed by the next

Laws: two batches that became one say what both said; what does not fit is dropped and counted in
`lost`, never kept without bound; nothing is in it that was not redacted.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from shadowproxy.core.words import Verdict
from shadowproxy.findings.group import Group
from shadowproxy.findings.grouping import key_at
from shadowproxy.report.latencies import BUCKETS, bucket_of
from shadowproxy.report.schema import COUNTERS, WIDTHS_S

MAX_SERIES: Final = 20_000
"""Rows of endpoints: 200 busy ones for a quarter of an hour without a store, 14 MiB."""
MAX_GROUPS: Final = 4_000
"""Findings: all that judge keeps, and as many that it had to forget meanwhile; 40 MiB with samples."""
MAX_COUNTS: Final = 50_000
"""Of findings by time, and of traffic by time."""
MAX_SAMPLES: Final = 500
"""Exchanges; the newest stay. 64 KiB each at most, deflated; 4 KiB are usual."""
MAX_VERSIONS: Final = 2_000
MAX_RENAMES: Final = 2_000

WIDTH_S: Final = WIDTHS_S[0]
GROUP_WIDTH_S: Final = WIDTHS_S[1]
"""Findings are charted by the minute: there are more of them than endpoints."""

_ROW_BYTES: Final = 800
"""Of a row of `series`, the widest."""

_VERDICT_AT: Final = {verdict: index for index, verdict in enumerate(Verdict)}
_LEGACY_AT: Final = len(_VERDICT_AT)
_CANDIDATE_AT: Final = _LEGACY_AT + BUCKETS


class Sample(NamedTuple):
    """One exchange: `summary` as JSON, `content` deflated, `groups` with a draw each."""

    id: str
    at: str
    summary: str
    content: bytes
    groups: tuple[tuple[str, float], ...]


class Rename(NamedTuple):
    """An endpoint that became another; `key` is the new one's name as fingerprints are made of it."""

    old: str
    new: str
    key: str


@dataclass(slots=True)
class Seen:
    """How often, and from when to when (ISO 8601)."""

    count: int
    first: str
    last: str

    def absorb(self, other: "Seen") -> None:
        """Takes over what another saw."""
        self.count += other.count
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)


@dataclass(slots=True)
class Batch:
    """All of it. Times in keys are Unix seconds at which a bucket begins."""

    series: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    """By (start, endpoint): counters in the order of schema.COUNTERS."""
    endpoints: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Route, first and last seen; of those that have a row in `series`, so there are no more."""
    groups: dict[str, Group] = field(default_factory=dict)
    """What was added to each since it was written."""
    group_series: Counter[tuple[int, str]] = field(default_factory=Counter)
    versions: dict[tuple[str, str], Seen] = field(default_factory=dict)
    """By (version, endpoint)."""
    samples: dict[str, Sample] = field(default_factory=dict)
    renames: list[Rename] = field(default_factory=list)
    traffic: Counter[tuple[int, str]] = field(default_factory=Counter)
    baseline: dict[str, int] | None = None
    """The tallies that `traffic` brings the store up to."""
    learned: dict[str, bytes] = field(default_factory=dict)
    links: list[tuple[str, str]] | None = None
    lost: int = 0
    """Rows that there was no room for."""

    def count(self, start_s: int, endpoint: str, route: str, verdict: Verdict, seen: str) -> None:
        """One exchange of an endpoint. 0.6 µs."""
        row = self._row(start_s, endpoint)
        if row is None:
            return
        row[_VERDICT_AT[verdict]] += 1
        known = self.endpoints.get(endpoint)
        if known is None:
            self.endpoints[endpoint] = route, seen, seen
        elif seen > known[2]:
            self.endpoints[endpoint] = route, known[1], seen
        elif seen < known[1]:  # clocks are set back
            self.endpoints[endpoint] = route, seen, known[2]

    def time(self, start_s: int, endpoint: str, legacy_us: int, candidate_us: int) -> None:
        """How long both took. 0.8 µs."""
        row = self._row(start_s, endpoint)
        if row is not None:
            row[_LEGACY_AT + bucket_of(legacy_us)] += 1
            row[_CANDIDATE_AT + bucket_of(candidate_us)] += 1

    def _row(self, start_s: int, endpoint: str) -> list[int] | None:
        key = (start_s, endpoint)
        row = self.series.get(key)
        if row is None:
            if len(self.series) >= MAX_SERIES:
                self.lost += 1
                return None
            row = self.series[key] = [0] * len(COUNTERS)
        return row

    def see_version(self, version: str, endpoint: str, seen: str) -> None:
        """One exchange that the candidate answered in this version."""
        known = self.versions.get((version, endpoint))
        if known is not None:
            known.count += 1
            if seen > known.last:
                known.last = seen
            elif seen < known.first:
                known.first = seen
        elif len(self.versions) < MAX_VERSIONS:
            self.versions[version, endpoint] = Seen(1, seen, seen)
        else:
            self.lost += 1

    def add_group(self, group: Group) -> None:
        """What a finding got; `group` is the batch's from now on."""
        known = self.groups.get(group.id)
        if known is not None:
            known.absorb(group)
        elif len(self.groups) < MAX_GROUPS:
            self.groups[group.id] = group
        else:
            self.lost += 1

    def count_group(self, start_s: int, group_id: str) -> None:
        """One more exchange shows a finding."""
        key = start_s - start_s % GROUP_WIDTH_S, group_id
        self.lost += not _add(self.group_series, key, 1)

    def add_sample(self, sample: Sample) -> None:
        """Keeps an exchange, in the place of the oldest if there are too many."""
        self.samples[sample.id] = sample
        if len(self.samples) > MAX_SAMPLES:
            del self.samples[next(iter(self.samples))]
            self.lost += 1

    def rename(self, rename: Rename) -> None:
        """An endpoint became another: here at once, in the store before all else."""
        old, new, key = rename
        for start_s, endpoint in [each for each in self.series if each[1] == old]:
            self._add_row((start_s, new), self.series.pop((start_s, endpoint)))
        for version, endpoint in [each for each in self.versions if each[1] == old]:
            self._add_version((version, new), self.versions.pop((version, endpoint)))
        if (known := self.endpoints.pop(old, None)) is not None:
            self._add_endpoint(new, known)
        for group in [each for each in self.groups.values() if each.endpoint == old]:
            self._move(group, new, key)
        if len(self.renames) < MAX_RENAMES:
            self.renames.append(rename)
        else:
            self.lost += 1

    def _move(self, group: Group, endpoint: str, key: str) -> None:
        old = group.id
        del self.groups[old]
        group.id, group.endpoint = key_at(group, key).fingerprint, endpoint
        self.add_group(group)
        self.move_counts({old: group.id})

    def move_counts(self, moved: Mapping[str, str]) -> None:
        """What is charted and kept of findings, under their new ids by the old."""
        for start_s, old in [each for each in self.group_series if each[1] in moved]:
            count = self.group_series.pop((start_s, old))
            _add(self.group_series, (start_s, moved[old]), count)
        for sample in list(self.samples.values()):
            draws = {moved.get(group_id, group_id): draw for group_id, draw in sample.groups}
            self.samples[sample.id] = sample._replace(groups=tuple(draws.items()))

    def absorb(self, newer: "Batch") -> None:
        """Takes over what was said after this, because this could not be written."""
        for rename in newer.renames:
            self.rename(rename)
        kept = {key[1] for key, row in newer.series.items() if self._add_row(key, row)}
        for endpoint, seen in newer.endpoints.items():
            if endpoint in kept:
                self._add_endpoint(endpoint, seen)
        for version, times in newer.versions.items():
            self._add_version(version, times)
        for group in newer.groups.values():
            self.add_group(group)
        for at, count in newer.group_series.items():
            self.lost += not _add(self.group_series, at, count)
        for at, count in newer.traffic.items():
            self.lost += not _add(self.traffic, at, count)
        for sample in newer.samples.values():
            self.add_sample(sample)
        self.learned.update(newer.learned)
        self.baseline = newer.baseline if newer.baseline is not None else self.baseline
        self.links = newer.links if newer.links is not None else self.links
        self.lost += newer.lost

    def _add_row(self, key: tuple[int, str], row: list[int]) -> bool:
        """False, and counted as lost, if there was no room."""
        known = self.series.get(key)
        if known is not None:
            self.series[key] = [one + other for one, other in zip(known, row, strict=True)]
        elif len(self.series) < MAX_SERIES:
            self.series[key] = row
        else:
            self.lost += 1
            return False
        return True

    def _add_endpoint(self, endpoint: str, seen: tuple[str, str, str]) -> None:
        route, first, last = seen
        known = self.endpoints.get(endpoint)
        if known is not None:
            first, last = min(first, known[1]), max(last, known[2])
        self.endpoints[endpoint] = route, first, last

    def _add_version(self, key: tuple[str, str], seen: Seen) -> None:
        known = self.versions.get(key)
        if known is not None:
            known.absorb(seen)
        elif len(self.versions) < MAX_VERSIONS:
            self.versions[key] = seen
        else:
            self.lost += 1

    @property
    def rows(self) -> int:
        """About as many as are written."""
        return sum(len(getattr(self, name)) for name in _CONTENT)

    @property
    def size_bytes(self) -> int:
        """About what it takes in the store."""
        blobs = [*self.learned.values(), *(each.content for each in self.samples.values())]
        blobs += [group.deflated_reproducer for group in self.groups.values()]
        return _ROW_BYTES * self.rows + sum(map(len, blobs))

    def forget_samples(self) -> bool:
        """Drops what is largest and least; False if there was nothing of it."""
        self.lost += len(self.samples)
        had, self.samples = bool(self.samples), {}
        return had

    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not any(getattr(self, name) for name in _CONTENT) and self.links is None


_CONTENT: Final = (
    "series", "endpoints", "groups", "group_series", "versions", "samples", "renames", "traffic",
    "learned",
)  # fmt: skip


def _add(counts: Counter[tuple[int, str]], key: tuple[int, str], count: int) -> bool:
    """Adds to a bounded table; False if there was no room."""
    if key not in counts and len(counts) >= MAX_COUNTS:
        return False
    counts[key] += count
    return True
