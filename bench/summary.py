"""Medians, spreads and ratios over the rounds. Ratios are taken inside a round, then the median."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.phases import Measurement, Phase

SATURATED = "wrk, keep-alive"
STEADY = "open loop, keep-alive"
STEADY_FRESH = "open loop, fresh"

Figure = Callable[[Measurement], float | None]


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with the least and the greatest value."""

    median: float
    least: float
    greatest: float

    @staticmethod
    def of(values: Sequence[float]) -> "Spread | None":
        """None for no values."""
        return Spread(median(values), min(values), max(values)) if values else None


@dataclass(frozen=True, slots=True)
class Round:
    """All arms, measured one after the other; an arm that could not run is absent."""

    arms: dict[str, Measurement]

    def value(self, arm: str, read: Figure) -> float | None:
        """One figure of one arm, None when there is none."""
        found = self.arms.get(arm)
        return None if found is None else read(found)


@dataclass(frozen=True, slots=True)
class Target:
    """A promise with what was measured; `is_met` is None when a side of it did not run."""

    name: str
    promise: str
    measured: Spread | None
    limit: float
    at_most: bool

    @property
    def is_met(self) -> bool | None:
        """The median decides."""
        if self.measured is None:
            return None
        value = self.measured.median
        return value <= self.limit if self.at_most else value >= self.limit


def over_rounds(rounds: Sequence[Round], arm: str, read: Figure) -> Spread | None:
    """A figure of an arm over all rounds."""
    values = [each.value(arm, read) for each in rounds]
    return Spread.of([value for value in values if value is not None])


def ratio(
    rounds: Sequence[Round], arm: str, other: str, read: Figure, read_other: Figure
) -> Spread | None:
    """An arm's figure divided by another's of the same round."""
    found = []
    for each in rounds:
        value, reference = each.value(arm, read), each.value(other, read_other)
        if value is not None and reference:
            found.append(value / reference)
    return Spread.of(found)


def phase(name: str, read: Callable[[Phase], float | None]) -> Figure:
    """A figure of one phase, None when the phase was left out."""

    def figure(measurement: Measurement) -> float | None:
        found = measurement.phases.get(name)
        return None if found is None else read(found)

    return figure


def cpu_us(name: str, role: str = "") -> Figure:
    """CPU per request in a phase: of one role, or of all processes together."""
    if role:
        return phase(name, lambda found: found.cpu_us.get(role))
    return phase(name, lambda found: sum(found.cpu_us.values()) if found.cpu_us else None)


def requests_per_s(name: str) -> Figure:
    """Throughput of a phase."""
    return phase(name, lambda found: found.requests_per_s)


def latency_ms(name: str, field: str) -> Figure:
    """A percentile of an open-loop phase."""
    return phase(name, lambda found: getattr(found.sent, field) if found.sent else None)


def peak_mib(measurement: Measurement) -> float | None:
    """Largest memory seen, all processes of the arm together."""
    return sum(measurement.peak_kib.values()) / 1024 if measurement.peak_kib else None


def targets(rounds: Sequence[Round]) -> list[Target]:
    """What ARCHITECTURE promises, next to what this run found."""
    found = []
    for name, words in ((SATURATED, "saturated"), (STEADY, "fixed rate")):
        edge, everyone = cpu_us(name, "edge"), cpu_us(name)
        found += [
            Target(
                f"edge CPU / Envoy without mirror, {words}",
                "≤ 1",
                ratio(rounds, "ours_100", "envoy", edge, everyone),
                1.0,
                at_most=True,
            ),
            Target(
                f"CPU of all processes / Envoy with mirror, {words}",
                "≤ 0.8",
                ratio(rounds, "ours_100", "envoy_mirror", everyone, everyone),
                0.8,
                at_most=True,
            ),
        ]
    throughput = requests_per_s(SATURATED)
    for other, words, limit in (("nginx_mirror", "nginx mirror", 2.0), ("naive", "aiohttp", 8.0)):
        found.append(
            Target(
                f"requests/s / {words}",
                f"≥ {limit:g}",
                ratio(rounds, "ours_100", other, throughput, throughput),
                limit,
                at_most=False,
            )
        )
    p99 = latency_ms(STEADY, "p99_ms")
    found.append(
        Target(
            "p99 at the fixed rate / nginx without mirror",
            "≤ 1.25",
            ratio(rounds, "ours_100", "nginx", p99, p99),
            1.25,
            at_most=True,
        )
    )
    return found


def harm_ratios(off: Sequence[float], on: Sequence[float]) -> Spread | None:
    """On divided by off, window by window: they lie side by side in time."""
    return Spread.of([b / a for a, b in zip(off, on, strict=True) if a])
