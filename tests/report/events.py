"""Streams of what judge counts, and what they must come to whatever happens on the way.

events ─► put into batches ─► written      the same events ─► Model: plain sums by name
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from hypothesis import strategies as st
from sqlalchemy import Engine, select

from shadowproxy.core.words import Verdict
from shadowproxy.findings.group import Group, Recheck
from shadowproxy.findings.grouping import GroupKey
from shadowproxy.findings.tallies import ValuePair
from shadowproxy.report import schema
from shadowproxy.report.batch import Batch, Rename, Sample
from shadowproxy.report.latencies import bucket_of
from shadowproxy.report.schema import COUNTERS, LATENCY, RECHECKS, endpoint_id

K = TypeVar("K")

START_S = 1_700_000_000
ENDPOINTS = ("GET /users/41", "GET /users/42", "GET /users/{int}", "POST /orders")
PATHS = ("/a", "/b/*/c")


class Count(NamedTuple):
    """One exchange with its times."""

    start_s: int
    endpoint: str
    verdict: Verdict
    second: int
    times_us: tuple[int, int]
    version: str


class Find(NamedTuple):
    """One exchange that shows a finding."""

    start_s: int
    endpoint: str
    path: str
    second: int
    recheck: Recheck | None


class Traffic(NamedTuple):
    """Tallies that have grown."""

    start_s: int
    name: str
    grown: int


Event = Count | Find | Traffic | Rename


def seen_at(second: int) -> str:
    """ISO 8601, as judge writes it."""
    return f"2026-07-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000+00:00"


def group_id(endpoint: str, path: str, kind: str = "value") -> str:
    """The fingerprint of the findings made here."""
    return GroupKey(endpoint, 200, 200, path, kind).fingerprint


def finding(endpoint: str, path: str, seen: str, count: int = 1, kind: str = "value") -> Group:
    """A finding with a value pair."""
    group = Group(
        group_id(endpoint, path, kind), "all", endpoint, 200, 200, path, kind, ("", ""), seen, seen,
        count,
    )  # fmt: skip
    group.pairs.add(ValuePair("1", "2"), count)
    group.versions.add("2.0", count)
    return group


def sample(number: int, groups: Iterable[str], draw: float = 0.5, content: bytes = b"x") -> Sample:
    """An exchange that is kept."""
    at = seen_at(number)
    return Sample(f"{number:016x}", at, "{}", content, tuple((each, draw) for each in groups))


_starts = st.integers(0, 3).map(lambda n: START_S + 10 * n)
_seconds = st.integers(0, 500)
_endpoints = st.sampled_from(ENDPOINTS)
_times = st.tuples(st.integers(0, 10**8), st.integers(0, 10**8))

events = st.lists(
    st.one_of(
        st.builds(
            Count, _starts, _endpoints, st.sampled_from(list(Verdict)), _seconds, _times,
            st.sampled_from(("1.0", "2.0")),
        ),
        st.builds(
            Find, _starts, _endpoints, st.sampled_from(PATHS), _seconds,
            st.none() | st.sampled_from(list(Recheck)),
        ),
        st.builds(Traffic, _starts, st.sampled_from(("received", "skipped/off")), st.integers(1, 9)),
        st.tuples(_endpoints, _endpoints).map(lambda names: Rename(names[0], names[1], names[1])),
    ),
    max_size=30,
)  # fmt: skip


def put(batch: Batch, event: Event) -> None:
    """As judge does it."""
    if isinstance(event, Count):
        seen = seen_at(event.second)
        batch.count(event.start_s, event.endpoint, "all", event.verdict, seen)
        batch.time(event.start_s, event.endpoint, *event.times_us)
        batch.see_version(event.version, event.endpoint, seen)
    elif isinstance(event, Find):
        group = finding(event.endpoint, event.path, seen_at(event.second))
        if event.recheck is not None:
            group.recheck(event.recheck)
        batch.add_group(group)
        batch.count_group(event.start_s, group.id)
    elif isinstance(event, Traffic):
        batch.absorb(Batch(traffic=Counter({(event.start_s, event.name): event.grown})))
    else:
        batch.rename(event)


def batches(stream: Sequence[Event], cuts: Iterable[int]) -> list[Batch]:
    """The stream in pieces; `cuts` are where one ends."""
    made = [Batch()]
    ends = {cut % (len(stream) + 1) for cut in cuts}
    for index, event in enumerate(stream):
        if index in ends:
            made.append(Batch())
        put(made[-1], event)
    return made


@dataclass
class Model:
    """What a store must say: sums under the names that everything has in the end."""

    series: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    groups: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    group_series: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    versions: Counter[tuple[str, str]] = field(default_factory=Counter)
    traffic: Counter[tuple[int, str]] = field(default_factory=Counter)
    seen: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, stream: Sequence[Event]) -> "Model":
        """All events, one after the other."""
        model = cls()
        for event in stream:
            model._take(event)
        return model

    def _take(self, event: Event) -> None:
        if isinstance(event, Count):
            self._count(event)
        elif isinstance(event, Find):
            self.groups[event.endpoint, event.path, "count"] += 1
            if event.recheck is not None:
                self.groups[event.endpoint, event.path, str(event.recheck)] += 1
            minute_s = event.start_s // 60 * 60
            self.group_series[minute_s, event.endpoint, event.path] += 1
        elif isinstance(event, Traffic):
            self.traffic[event.start_s, event.name] += event.grown
        else:
            self._rename(event.old, event.new)

    def _count(self, event: Count) -> None:
        legacy, candidate = (
            LATENCY[side][bucket_of(us)]
            for side, us in zip(("legacy", "candidate"), event.times_us, strict=True)
        )
        for name in (str(event.verdict), legacy, candidate):
            self.series[event.start_s, event.endpoint, name] += 1
        self.versions[event.version, event.endpoint] += 1
        self._see(event.endpoint, (seen_at(event.second), seen_at(event.second)))

    def _see(self, endpoint: str, times: tuple[str, str]) -> None:
        first, last = self.seen.get(endpoint, times)
        self.seen[endpoint] = min(first, times[0]), max(last, times[1])

    def _rename(self, old: str, new: str) -> None:
        def moved(endpoint: str) -> str:
            return new if endpoint == old else endpoint

        self.series = _sum(((at, moved(e), n), c) for (at, e, n), c in self.series.items())
        self.groups = _sum(((moved(e), p, n), c) for (e, p, n), c in self.groups.items())
        self.group_series = _sum(
            ((at, moved(e), p), c) for (at, e, p), c in self.group_series.items()
        )
        self.versions = _sum(((v, moved(e)), c) for (v, e), c in self.versions.items())
        if old in self.seen:
            self._see(new, self.seen.pop(old))


def _sum(pairs: Iterable[tuple[K, int]]) -> Counter[K]:
    total: Counter[K] = Counter()
    for key, count in pairs:
        total[key] += count
    return total


_ENDPOINT_OF = {endpoint_id(endpoint): endpoint for endpoint in ENDPOINTS}
_PLACE_OF = {group_id(endpoint, path): (endpoint, path) for endpoint in ENDPOINTS for path in PATHS}


def said_by(batch: Batch) -> Model:
    """What a batch would write."""
    model = Model()
    for (start_s, endpoint), row in batch.series.items():
        for name, count in zip(COUNTERS, row, strict=True):
            model.series[start_s, endpoint, name] += count
    for group in batch.groups.values():
        assert _PLACE_OF[group.id] == (group.endpoint, group.path)
        model.groups[group.endpoint, group.path, "count"] += group.count
        for outcome, count in group.rechecks.items():
            model.groups[group.endpoint, group.path, str(outcome)] += count
    for (start_s, found), count in batch.group_series.items():
        model.group_series[start_s, *_PLACE_OF[found]] += count
    for (version, endpoint), seen in batch.versions.items():
        model.versions[version, endpoint] += seen.count
    model.traffic.update(batch.traffic)
    model.seen = {endpoint: (seen[1], seen[2]) for endpoint, seen in batch.endpoints.items()}
    return _without_zeros(model)


def kept_in(engine: Engine) -> Model:
    """What a store says; series of all widths are added up under the start of their bucket."""
    model = Model()
    with engine.begin() as connection:
        for row in connection.execute(select(schema.series)).mappings():
            for name in COUNTERS:
                model.series[row["start_s"], _ENDPOINT_OF[row["endpoint_id"]], name] += row[name]
        for row in connection.execute(select(schema.groups)).mappings():
            for name in ("count", *RECHECKS):
                model.groups[*_PLACE_OF[row["id"]], name] += row[name]
        for row in connection.execute(select(schema.group_series)).mappings():
            model.group_series[row["start_s"], *_PLACE_OF[row["group_id"]]] += row["count"]
        for row in connection.execute(select(schema.versions)).mappings():
            model.versions[row["version"], _ENDPOINT_OF[row["endpoint_id"]]] += row["exchanges"]
        for row in connection.execute(select(schema.traffic)).mappings():
            model.traffic[row["start_s"], row["name"]] += row["count"]
        totals: Counter[tuple[str, str]] = Counter()
        for row in connection.execute(select(schema.endpoints)).mappings():
            model.seen[row["endpoint"]] = row["first_seen"], row["last_seen"]
            totals.update({(row["endpoint"], name): row[name] for name in COUNTERS})
        sums = _sum(((endpoint, name), n) for (_, endpoint, name), n in model.series.items())
        assert +totals == +sums, "an endpoint's totals are what its series add up to"
    return _without_zeros(model)


def _without_zeros(model: Model) -> Model:
    return Model(
        +model.series, +model.groups, +model.group_series, +model.versions, +model.traffic,
        model.seen,
    )  # fmt: skip
