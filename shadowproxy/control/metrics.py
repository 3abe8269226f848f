"""/metrics: every metric of the public surface, rendered from the pages when it is asked for.

Law: label sets are closed. Routes are the configured ones, those that earlier generations had, and
`other`; all else comes from the closed vocabularies. Every child exists from the start, at zero.
"""

import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

import shadowproxy
from shadowproxy.control.histograms import of_proxy, of_route
from shadowproxy.control.standing import FRESH_MS, Standing
from shadowproxy.control.sums import Sums, add_up
from shadowproxy.core.cells import (
    COMPARE_BOUNDS_S,
    DURATION_BOUNDS_S,
    FLUSH_OUTCOMES,
    METHODS,
    OUTCOMES,
    OVERHEAD_BOUNDS_S,
    RECHECK_OUTCOMES,
    STATUS_CLASSES,
    WITNESS_OUTCOMES,
)
from shadowproxy.core.histograms import Histogram
from shadowproxy.core.overriding import override
from shadowproxy.core.words import Backend, Kind, Refusal, Verdict

PREFIX: Final = "shadowproxy_"


@dataclass(frozen=True, slots=True)
class Control:
    """What control knows by itself: the dials in force and how the last reload went."""

    dials: dict[str, float]
    reload_succeeded: bool
    reloaded_at_s: float


def render(standing: Standing, control: Control, accept: str) -> tuple[bytes, str]:
    """The exposition and its content type, text or OpenMetrics as `accept` prefers."""
    encode, content_type = choose_encoder(accept)
    collector: Any = _Exposition(standing, control)
    return encode(collector), content_type


class _Exposition(Collector):
    def __init__(self, standing: Standing, control: Control) -> None:
        self._standing = standing
        self._control = control

    @override
    def collect(self) -> Iterator[Metric]:
        standing = self._standing
        yield from _users(standing)
        yield from _exchanges(add_up(standing))
        yield from _verdicts(standing)
        yield from _backends(standing)
        yield from _learning(standing)
        yield from _store(standing)
        yield from _gauges(standing)
        yield from _processes(standing)
        yield from _control(self._control)


def _users(standing: Standing) -> Iterator[Metric]:
    requests = _counter(
        "requests", "Requests by what users got.", ("route", "method", "status_class")
    )
    durations = _histogram(
        "request_duration_seconds", "From a request's head to its answer's end.", ("route",)
    )
    for route, slot in standing.routes.items():
        for method in METHODS:
            for status in STATUS_CLASSES:
                count = standing.of_route(slot, f"requests/{method}/{status}")
                requests.add_metric((route, method, status), count)
        _add(durations, (route,), of_route(standing, slot, "duration", DURATION_BOUNDS_S))
    yield requests
    yield durations
    overhead = _histogram("overhead_seconds", "Time that the proxy added to a user's answer.")
    _add(overhead, (), of_proxy(standing, "overhead", OVERHEAD_BOUNDS_S))
    yield overhead
    refused = _counter("refused", "Requests that the proxy answered with an error.", ("reason",))
    for reason in Refusal:
        refused.add_metric((reason,), standing.total(f"refused/{reason}"))
    yield refused
    yield _single(_counter("retries", "Requests that legacy was sent again."), standing, "retries")
    connections = _counter("connections_accepted", "Connections that users opened.")
    yield _single(connections, standing, "connections_accepted")


def _exchanges(sums: Sums) -> Iterator[Metric]:
    received = _counter("received", "Requests that the edges saw; the sum of all exchanges.")
    received.add_metric((), sums.received)
    yield received
    exchanges = _counter(
        "exchanges",
        "Where exchanges ended; the reason of a recorded one is its verdict.",
        ("state", "reason"),
    )
    for state, reasons in sums.by_reason.items():
        for reason, count in reasons.items():
            exchanges.add_metric((state, reason), count)
    yield exchanges
    yield _gauge("exchanges_in_flight", "Exchanges that have not ended.", sums.in_flight)
    balanced = "1 while received = skipped + dropped + failed + recorded + in flight."
    yield _gauge("exchanges_balanced", balanced, sums.balanced)


def _verdicts(standing: Standing) -> Iterator[Metric]:
    verdicts = _counter("verdicts", "What comparing came to.", ("route", "verdict"))
    differences = _counter("differences", "Differences by kind.", ("route", "kind"))
    for route, slot in standing.routes.items():
        for verdict in Verdict:
            verdicts.add_metric((route, verdict), standing.of_route(slot, f"verdict/{verdict}"))
        for kind in Kind:
            differences.add_metric((route, kind), standing.of_route(slot, f"difference/{kind}"))
    yield verdicts
    yield differences
    comparing = _histogram("compare_duration_seconds", "Time to compare one exchange.")
    _add(comparing, (), of_proxy(standing, "compare", COMPARE_BOUNDS_S))
    yield comparing


def _backends(standing: Standing) -> Iterator[Metric]:
    requests = _counter(
        "backend_requests", "Requests to backends by outcome.", ("backend", "outcome")
    )
    for backend in Backend:
        for outcome in OUTCOMES:
            count = standing.total(f"backend_requests/{backend}/{outcome}")
            requests.add_metric((backend, outcome), count)
    yield requests
    durations = _histogram(
        "backend_duration_seconds", "From request written to last byte.", ("route", "backend")
    )
    for route, slot in standing.routes.items():
        for backend in Backend:
            name = f"backend_duration/{backend}"
            _add(durations, (route, backend), of_route(standing, slot, name, DURATION_BOUNDS_S))
    yield durations


def _learning(standing: Standing) -> Iterator[Metric]:
    label = ("outcome",)
    witnesses = _counter("witnesses", "Requests that legacy was asked a second time.", label)
    for outcome in WITNESS_OUTCOMES:
        witnesses.add_metric((outcome,), standing.total(f"witnesses/{outcome}"))
    yield witnesses
    rechecks = _counter("rechecks", "Requests that both sides were asked again.", label)
    for outcome in RECHECK_OUTCOMES:
        rechecks.add_metric((outcome,), standing.total(f"rechecks/{outcome}"))
    yield rechecks
    dropped = _counter("summaries_dropped", "Matches that the judge's statistics have missed.")
    yield _single(dropped, standing, "summaries_dropped")


def _store(standing: Standing) -> Iterator[Metric]:
    flushes = _counter("store_flushes", "Batches for the report's store.", ("outcome",))
    for outcome in FLUSH_OUTCOMES:
        flushes.add_metric((outcome,), standing.total(f"store_flushes/{outcome}"))
    yield flushes
    lost = _counter("store_rows_lost", "Rows that the store did not take or had no room for.")
    yield _single(lost, standing, "store_rows_lost")
    yield _gauge(
        "store_up", "1 while the store takes what it is given.", standing.total("store_up")
    )
    yield _gauge("store_bytes", "Size of the store.", standing.largest("store_bytes"))


def _gauges(standing: Standing) -> Iterator[Metric]:
    for name, text in (
        ("in_flight", "Users' requests that have not been answered."),
        ("shadow_in_flight", "Copies that have not been answered."),
        ("shadow_memory_bytes", "Bytes held for copies and their comparison."),
        ("channel_bytes", "Bytes in the channels between processes."),
        ("connections", "Users' open connections."),
    ):
        yield _gauge(name, text, standing.total(name))
    breaker = "1 while the candidate's circuit breaker is open."
    yield _gauge("breaker_open", breaker, standing.largest("breaker_open"))
    paused = "1 while an edge has paused shadowing to protect its users."
    yield _gauge("shadow_paused", paused, standing.largest("shadow_paused"))
    dropped = _counter("log_events_dropped", "Log lines that found no room.")
    yield _single(dropped, standing, "log_events_dropped")


def _processes(standing: Standing) -> Iterator[Metric]:
    label = ("process",)
    up = GaugeMetricFamily(f"{PREFIX}process_up", "1 while it runs and beats.", labels=label)
    restarts = _counter("process_restarts", "Starts after the first.", label)
    lag = GaugeMetricFamily(
        f"{PREFIX}event_loop_lag_seconds", "How late its timers were, at worst.", labels=label
    )
    for process in standing.processes:
        name = process["name"]
        age_ms = standing.heartbeat_age_ms(name)
        up.add_metric((name,), process["up"] and age_ms is not None and age_ms < FRESH_MS)
        restarts.add_metric((name,), process["restarts"])
        lag.add_metric((name,), standing.gauge(name, "loop_lag_us") / 1e6)
    yield up
    yield restarts
    yield lag


def _control(control: Control) -> Iterator[Metric]:
    dial = GaugeMetricFamily(
        f"{PREFIX}dial", "The value in force: on is 1, a share 0 to 1.", labels=("dial",)
    )
    for name, value in control.dials.items():
        dial.add_metric((name,), value)
    yield dial
    succeeded = "1 while the last attempt to load the configuration succeeded."
    yield _gauge("config_last_reload_successful", succeeded, control.reload_succeeded)
    yield _gauge(
        "config_last_reload_timestamp_seconds",
        "When the configuration in force was loaded.",
        control.reloaded_at_s,
    )
    build = GaugeMetricFamily(
        f"{PREFIX}build_info", "Always 1.", labels=("version", "python_version")
    )
    build.add_metric((shadowproxy.__version__, platform.python_version()), 1)
    yield build


def _counter(name: str, text: str, labels: Iterable[str] = ()) -> CounterMetricFamily:
    return CounterMetricFamily(PREFIX + name, text, labels=tuple(labels))


def _histogram(name: str, text: str, labels: Iterable[str] = ()) -> HistogramMetricFamily:
    return HistogramMetricFamily(PREFIX + name, text, labels=tuple(labels))


def _gauge(name: str, text: str, value: float) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, text, labels=())
    family.add_metric((), float(value))
    return family


def _single(family: CounterMetricFamily, standing: Standing, cell: str) -> Metric:
    family.add_metric((), standing.total(cell))
    return family


def _add(family: HistogramMetricFamily, labels: tuple[str, ...], found: Histogram) -> None:
    family.add_metric(labels, found.cumulative(), found.sum_s)
