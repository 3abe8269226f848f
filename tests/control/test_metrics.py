"""/metrics: every name of the public surface, closed labels, every child from the start."""

from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shadowproxy.core.cells import DURATION_BOUNDS_S, GLOBAL, ROUTE, route_base
from shadowproxy.core.settings import RouteSettings
from shadowproxy.core.words import Backend, Kind, Refusal, Verdict
from tests.control.running import SETTINGS, Control, controlling

COUNTERS = {
    "requests": {"route", "method", "status_class"},
    "exchanges": {"state", "reason"},
    "verdicts": {"route", "verdict"},
    "differences": {"route", "kind"},
    "backend_requests": {"backend", "outcome"},
    "process_restarts": {"process"},
    "log_events_dropped": set(),
    "refused": {"reason"},
    "received": set(),
    "retries": set(),
    "connections_accepted": set(),
    "witnesses": {"outcome"},
    "rechecks": {"outcome"},
    "summaries_dropped": set(),
    "store_flushes": {"outcome"},
    "store_rows_lost": set(),
}
HISTOGRAMS = {
    "request_duration_seconds": {"route"},
    "overhead_seconds": set(),
    "backend_duration_seconds": {"route", "backend"},
    "compare_duration_seconds": set(),
}
GAUGES: dict[str, set[str]] = {
    **{
        name: set()
        for name in ("in_flight", "shadow_in_flight", "shadow_memory_bytes", "channel_bytes", "breaker_open",
         "shadow_paused", "config_last_reload_successful", "config_last_reload_timestamp_seconds",
         "connections", "store_up", "store_bytes", "exchanges_in_flight", "exchanges_balanced")
    },
    "dial": {"dial"},
    "process_up": {"process"},
    "event_loop_lag_seconds": {"process"},
    "build_info": {"version", "python_version"},
}  # fmt: skip
ROUTES = {"other", "search", "user"}

Key = tuple[str, frozenset[tuple[str, str]]]


async def families(control: Control) -> dict[str, Any]:
    """Metric families by name without prefix."""
    text = (await control.get("/metrics")).text
    return {
        family.name.removeprefix("shadowproxy_"): family
        for family in text_string_to_metric_families(text)
    }


async def samples(control: Control) -> dict[Key, float]:
    """Every sample by name without prefix and labels."""
    return {
        (sample.name.removeprefix("shadowproxy_"), frozenset(sample.labels.items())): sample.value
        for family in (await families(control)).values()
        for sample in family.samples
    }


def key(name: str, **labels: str) -> Key:
    return name, frozenset(labels.items())


async def test_every_metric_of_the_public_surface_is_there() -> None:
    """With its type and exactly its labels, and nothing else is."""
    async with controlling() as control:
        found = await families(control)
    for kind, metrics in (("counter", COUNTERS), ("histogram", HISTOGRAMS), ("gauge", GAUGES)):
        for name, labels in metrics.items():
            assert found[name].type == kind
            used = {frozenset(s.labels) - {"le"} for s in found[name].samples}
            assert used == {frozenset(labels)}, name
            assert found[name].documentation
    assert set(found) == {*COUNTERS, *HISTOGRAMS, *GAUGES}


async def test_every_child_is_there_from_the_start_at_zero() -> None:
    """A rate over a counter's first increment is not lost."""
    async with controlling() as control:
        found = await samples(control)
    for route in ROUTES:
        assert found[key("requests_total", route=route, method="GET", status_class="2xx")] == 0
        for verdict in Verdict:
            assert found[key("verdicts_total", route=route, verdict=verdict)] == 0
        for kind in Kind:
            assert found[key("differences_total", route=route, kind=kind)] == 0
        for backend in Backend:
            name = "backend_duration_seconds_count"
            assert found[key(name, route=route, backend=backend)] == 0
    assert found[key("exchanges_total", state="skipped", reason="not_sampled")] == 0
    assert found[key("exchanges_total", state="recorded", reason="mismatch")] == 0
    assert found[key("backend_requests_total", backend="candidate", outcome="reset")] == 0
    assert all(found[key("refused_total", reason=reason)] == 0 for reason in Refusal)
    for outcome in ("asked", "failed", "refused"):
        assert found[key("witnesses_total", outcome=outcome)] == 0
    for outcome in ("asked", "refused"):
        assert found[key("rechecks_total", outcome=outcome)] == 0
    assert found[key("summaries_dropped_total")] == 0


async def test_route_labels_are_the_configured_ones_and_other() -> None:
    """Never a path; routes that a reload removed keep their name and counts."""
    settings = replace(SETTINGS, retired_routes=(("gone", 9),))
    async with controlling(settings) as control:
        control.others["judge"].tallies.cells[route_base(9) + ROUTE["verdict/match"]] = 5
        found = await samples(control)
    labels = {dict(labels).get("route") for _, labels in found} - {None}
    assert labels == ROUTES | {"gone"}
    assert found[key("verdicts_total", route="gone", verdict="match")] == 5


async def test_counts_of_all_processes_are_added_up() -> None:
    """Two edges count the same things; a scrape sees one proxy."""
    async with controlling() as control:
        cell = route_base(1) + ROUTE["requests/POST/5xx"]
        control.others["edge-0"].tallies.cells[cell] += 3
        control.others["edge-1"].tallies.cells[cell] += 4
        control.others["edge-1"].tallies.add("refused/overload", 2)
        found = await samples(control)
    assert found[key("requests_total", route="search", method="POST", status_class="5xx")] == 7
    assert found[key("refused_total", reason="overload")] == 2


async def test_histograms_are_cumulative() -> None:
    """Cells are per bucket, Prometheus' buckets are not; sums are in seconds."""
    async with controlling() as control:
        cells = control.others["edge-0"].tallies.cells
        base = route_base(2)
        cells[base + ROUTE["duration/0.001"]] = 1
        cells[base + ROUTE["duration/0.1"]] = 10
        cells[base + ROUTE["duration/+Inf"]] = 100
        cells[base + ROUTE["duration/sum_us"]] = 2_500_000
        found = await samples(control)
    name = "request_duration_seconds"
    buckets = [
        found[key(f"{name}_bucket", route="user", le=le)]
        for le in [*map(str, DURATION_BOUNDS_S), "+Inf"]
    ]
    assert buckets == sorted(buckets)
    assert found[key(f"{name}_bucket", route="user", le="0.05")] == 1
    assert found[key(f"{name}_bucket", route="user", le="0.1")] == 11
    assert buckets[-1] == found[key(f"{name}_count", route="user")] == 111
    assert found[key(f"{name}_sum", route="user")] == 2.5


async def test_gauges_show_what_the_pages_show() -> None:
    """Sums where things add up, the worst where they do not, per process where it matters."""
    async with controlling() as control:
        for name in ("edge-0", "edge-1"):
            control.others[name].tallies.set("in_flight", 4)
            control.others[name].tallies.set("shadow_paused", 1)
        control.others["edge-1"].tallies.set("loop_lag_us", 1500)
        control.others["judge"].tallies.set("heartbeat_ms", 1)
        found = await samples(control)
    assert found[key("in_flight")] == 8
    assert found[key("shadow_paused")] == 1
    assert found[key("event_loop_lag_seconds", process="edge-1")] == 0.0015
    assert found[key("process_up", process="edge-0")] == 1
    assert found[key("process_up", process="judge")] == 0


async def test_learning_is_counted_by_outcome() -> None:
    """What shadow counts of witnesses, rechecks and summaries is what a scrape sees."""
    async with controlling() as control:
        tallies = control.others["shadow"].tallies
        for count, name in enumerate(("asked", "failed", "refused"), 1):
            tallies.add(f"witnesses/{name}", count)
        tallies.add("rechecks/asked", 5)
        tallies.add("rechecks/refused", 6)
        tallies.add("summaries_dropped", 7)
        found = await samples(control)
    for count, name in enumerate(("asked", "failed", "refused"), 1):
        assert found[key("witnesses_total", outcome=name)] == count
    assert found[key("rechecks_total", outcome="asked")] == 5
    assert found[key("rechecks_total", outcome="refused")] == 6
    assert found[key("summaries_dropped_total")] == 7


async def test_dials_and_reload_are_metrics() -> None:
    """What is in force, not what is configured."""
    async with controlling() as control:
        await control.ask("PUT", "/api/v1/dials/shadow.sample", json={"value": "5%"})
        await control.ask("PUT", "/api/v1/dials/shadow", json={"value": "off"})
        found = await samples(control)
    assert found[key("dial", dial="shadow.sample")] == 0.05
    assert found[key("dial", dial="shadow")] == 0
    assert found[key("config_last_reload_successful")] == 1
    assert found[key("config_last_reload_timestamp_seconds")] > 1.7e9


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [("", "text/plain"), ("application/openmetrics-text; version=1.0.0", "application/openm")],
)
async def test_the_scraper_chooses_the_format(accept: str, media_type: str) -> None:
    """Prometheus asks for OpenMetrics."""
    async with controlling() as control:
        answer = await control.get("/metrics", headers={"Accept": accept})
        assert answer.headers["Content-Type"].startswith(media_type)


@pytest.mark.slow
async def test_a_scrape_of_every_route_slot_does_not_hold_the_loop() -> None:
    """255 routes take 0.2 s to render, in a thread: the heart beats on."""
    routes = tuple(RouteSettings(f"r{slot}", slot, "/") for slot in range(1, 256))
    async with controlling(replace(SETTINGS, routes=routes)) as control:
        answer = await control.get("/metrics")
        assert len(answer.body) > 2_000_000
        assert control.process.tallies.get("loop_lag_us") < 200_000
        assert GLOBAL["received"] == 0
