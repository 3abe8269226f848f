"""What the proxy says at one moment, by its own metrics and admin API, as plain values."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.scraping import get
from shadowproxy.core.words import Kind, Verdict
from shadowproxy.demo.asking import read_samples, reasons_in, sums_in, verdicts_in
from shadowproxy.demo.observed import Sums
from shadowproxy.noise.known import State

Place = tuple[str, str]
"""Endpoint and path."""


@dataclass(frozen=True, slots=True)
class Counts(Sums):
    """Where the exchanges ended, and what became of those that were recorded.

    `reasons` are by `state/reason`; what never happened is left out.
    """

    reasons: dict[str, int] = field(default_factory=dict)
    verdicts: dict[str, int] = field(default_factory=dict)

    @property
    def mismatches(self) -> int:
        """Exchanges with a difference that nothing explains."""
        return self.verdicts.get(Verdict.MISMATCH, 0)

    @property
    def compared(self) -> int:
        """Exchanges with a verdict."""
        return sum(self.verdicts.values())


@dataclass(frozen=True, slots=True)
class Finding:
    """One group, with the state that legacy against itself gives its place."""

    endpoint: str
    path: str
    kind: str
    state: str
    count: int
    explained: int
    last_seen: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Noise:
    """One place of `/api/v1/noise`: `b` of `aa_samples` times legacy disagreed with itself."""

    endpoint: str
    path: str
    kind: str
    state: str
    aa_samples: int
    a: int
    b: int
    e: float


@dataclass(frozen=True, slots=True)
class Pace:
    """One endpoint of `/api/v1/latencies`."""

    endpoint: str
    is_slower: bool
    sentence: str
    blocks: int
    slower_blocks: int
    e: float
    legacy_us: dict[str, int]
    candidate_us: dict[str, int]


@dataclass(frozen=True, slots=True)
class Reading:
    """All of it, `at_s` after traffic began; the counts are the last that was asked for."""

    at_s: float
    findings: tuple[Finding, ...]
    noise: tuple[Noise, ...]
    paces: tuple[Pace, ...]
    counts: Counts

    def is_noisy(self, place: Place) -> bool:
        """Whether a changed value at this place is known to be noise."""
        return any(
            (each.endpoint, each.path, each.kind, each.state) == (*place, Kind.CHANGED, State.NOISY)
            for each in self.noise
        )


def read(admin: int, at_s: float) -> Reading:
    """Asks our proxy; raises OSError when it does not answer."""
    groups = _json(admin, "groups")["groups"]
    noise = _json(admin, "noise")["noise"]
    latencies = _json(admin, "latencies")["latencies"]
    return Reading(
        at_s,
        tuple(
            Finding(**{**_some(Finding, each), "state": each["noise"]["state"]}) for each in groups
        ),
        tuple(Noise(**_some(Noise, each)) for each in noise),
        tuple(Pace(**_some(Pace, each)) for each in latencies),
        counts(_ask(admin, "/metrics")),
    )


def counts(metrics: str) -> Counts:
    """The sums in our exposition."""
    samples = list(read_samples(metrics))
    reasons, verdicts = reasons_in(samples), verdicts_in(samples)
    return Counts(
        **asdict(sums_in(samples)),
        reasons={"/".join(reason): count for reason, count in reasons.items() if count},
        verdicts={verdict: count for verdict, count in verdicts.items() if count},
    )


def _some(kind: type[Any], document: dict[str, Any]) -> dict[str, Any]:
    """What a value of this kind keeps of a row."""
    return {name: document[name] for name in kind.__slots__ if name in document}


def _json(admin: int, name: str) -> Any:
    return json.loads(_ask(admin, f"/api/v1/{name}"))


def _ask(admin: int, path: str) -> str:
    status, text = get(admin, path)
    if status != 200:
        raise OSError(f"{path}: status {status}")
    return text
