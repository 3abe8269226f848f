"""Status, summary, endpoints: the sums hold and what is estimated is estimated right."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.core.histograms import Histogram
from shadowproxy.core.cells import ROUTE, route_base
from tests.control.running import Control, controlling


def count(control: Control, process: str, **cells: int) -> None:
    tallies = control.others[process].tallies
    for name, number in cells.items():
        tallies.add(name.replace("__", "/"), number)


async def test_the_sums_hold_wherever_an_exchange_is() -> None:
    """Skipped and dropped in an edge, on the way, in shadow, on the way, in the judge, recorded."""
    async with controlling() as control:
        count(control, "edge-0", received=100, skipped__off=10, dropped__channel_full=5,
              handed_over=70)  # fmt: skip
        count(control, "edge-1", received=50, skipped__method=50)
        count(control, "shadow", accepted_from__0=60, dropped__deadline=4, failed__send=1,
              handed_over=30)  # fmt: skip
        control.others["shadow"].tallies.cells[route_base(2) + ROUTE["verdict/match"]] = 20
        count(control, "judge", accepted_from__0=28, failed__compare=2)
        control.others["judge"].tallies.cells[route_base(0) + ROUTE["verdict/mismatch"]] = 25
        status = (await control.get("/api/v1/status")).json
    assert status["exchanges"] == {
        "received": 150, "skipped": 60, "dropped": 9, "failed": 3, "recorded": 45,
        "in_flight": 33, "balanced": True,
    }  # fmt: skip
    assert status["in_flight_at"] == {
        "edge": 15, "edge_to_shadow": 10, "shadow": 5, "shadow_to_judge": 2, "judge": 1,
    }  # fmt: skip
    assert status["reasons"]["dropped"]["deadline"] == 4
    assert status["reasons"]["recorded"]["mismatch"] == 25


async def test_what_was_counted_twice_is_told() -> None:
    """More taken than given: the sums are not balanced, and the place shows where."""
    async with controlling() as control:
        count(control, "edge-0", received=5, handed_over=5)
        count(control, "shadow", accepted_from__0=6)
        status = (await control.get("/api/v1/status")).json
    assert status["exchanges"]["balanced"] is False
    assert status["in_flight_at"]["edge_to_shadow"] == -1


async def test_the_status_tells_about_every_process() -> None:
    """Supervisor's view and the process's own page in one row."""
    async with controlling() as control:
        status = (await control.get("/api/v1/status")).json
    names = [process["name"] for process in status["processes"]]
    assert names == ["edge-0", "edge-1", "shadow", "judge", "control"]
    assert all(process["up"] and process["generation"] == 1 for process in status["processes"])
    assert all(process["heartbeat_age_ms"] < 3000 for process in status["processes"])
    assert status["ready"] is True
    assert status["config"] == {
        "path": None, "generation": 1, "last_reload": None, "restart_needed": [],
    }  # fmt: skip
    assert status["dials"]["shadow"]["value"] == "on"
    assert status["dials"]["shadow.sample"]["value"] == 1.0
    assert status["versions"]["shadowproxy"]


async def test_the_status_stands_without_the_supervisors_file() -> None:
    """Every process that there should be is named, as not up."""
    async with controlling() as control:
        (control.folder / "processes.json").unlink()
        status = (await control.get("/api/v1/status")).json
    assert [process["up"] for process in status["processes"]] == [False] * 5


async def test_the_summary_counts_and_rates_verdicts() -> None:
    """Shares with intervals; why the others were not compared; time added."""
    async with controlling() as control:
        count(control, "edge-0", received=1000, skipped__not_sampled=500, handed_over=500)
        count(control, "edge-0", **{"overhead__0.00025": 990, "overhead__0.01": 10})
        count(control, "shadow", accepted_from__0=500)
        cells = control.others["shadow"].tallies.cells
        cells[route_base(1) + ROUTE["verdict/match"]] = 490
        cells[route_base(1) + ROUTE["verdict/mismatch"]] = 10
        cells[route_base(1) + ROUTE["difference/type"]] = 12
        summary = (await control.get("/api/v1/summary")).json
    mismatch = summary["verdicts"]["mismatch"]
    assert mismatch["count"] == 10
    assert mismatch["rate"] == 0.02
    assert mismatch["low"] == pytest.approx(0.0109, abs=1e-4)
    assert mismatch["high"] == pytest.approx(0.0364, abs=1e-4)
    assert summary["coverage"]["rate"] == 0.5
    assert summary["differences"]["type"] == 12
    assert summary["not_compared"] == {"skipped/not_sampled": 500}
    assert summary["added_latency"]["p50_s"] <= 0.00025
    assert summary["added_latency"]["p99_s"] <= 0.01


async def test_a_proxy_without_traffic_has_a_summary() -> None:
    """No rate is made up from nothing."""
    async with controlling() as control:
        summary = (await control.get("/api/v1/summary")).json
    assert summary["verdicts"]["match"] == {"count": 0, "rate": None, "low": None, "high": None}
    assert summary["added_latency"]["p99_s"] is None


async def test_a_window_is_refused_instead_of_ignored() -> None:
    """`since` would need a history that is not kept."""
    async with controlling() as control:
        assert (await control.get("/api/v1/summary?since=1h")).status == 501


async def test_endpoints_tell_verdicts_and_latency_of_both_sides() -> None:
    """Per route, `other` included."""
    async with controlling() as control:
        cells = control.others["shadow"].tallies.cells
        cells[route_base(2) + ROUTE["verdict/match"]] = 3
        cells[route_base(2) + ROUTE["backend_duration/legacy/0.005"]] = 4
        cells[route_base(2) + ROUTE["backend_duration/candidate/0.1"]] = 4
        cells = control.others["edge-0"].tallies.cells
        cells[route_base(2) + ROUTE["requests/GET/2xx"]] = 9
        endpoints = (await control.get("/api/v1/endpoints")).json["endpoints"]
    assert [endpoint["route"] for endpoint in endpoints] == ["other", "search", "user"]
    user = endpoints[2]
    assert (user["path"], user["requests"], user["exchanges"]) == ("/users/{id}", 9, 3)
    assert 0.0025 < user["latency"]["legacy"]["p50_s"] <= 0.005
    assert 0.05 < user["latency"]["candidate"]["p50_s"] <= 0.1


GROUPS = [
    {"id": "aa", "endpoint": "GET /a", "count": 2, "sample": {"request_id": "1"}},
    {"id": "bb", "endpoint": "GET /b", "count": 9, "sample": {"request_id": "2"}},
]


async def test_groups_are_the_judges_findings() -> None:
    """Most frequent first, selectable, samples on request; none before the judge has written."""
    async with controlling() as control:
        nothing = {"groups": [], "causes": [], "evicted": 0, "evicted_groups": 0}
        assert (await control.get("/api/v1/groups")).json == nothing
        findings = control.folder / "findings.json"
        causes = [{"sentence": "two belong together", "groups": ["aa", "bb"]}]
        findings.write_text(json.dumps({"groups": GROUPS, "causes": causes, "evicted": 7}))
        found = (await control.get("/api/v1/groups")).json
        assert found["causes"] == causes
        assert [group["id"] for group in found["groups"]] == ["bb", "aa"]
        assert found["evicted"] == 7
        assert "sample" not in found["groups"][0]
        chosen = (await control.get("/api/v1/groups", params={"endpoint": "GET /a"})).json
        assert [group["id"] for group in chosen["groups"]] == ["aa"]
        assert (await control.get("/api/v1/groups/bb")).json == GROUPS[1]
        assert (await control.get("/api/v1/groups/cc")).status == 404
        findings.write_text("{")
        assert (await control.get("/api/v1/groups")).json["groups"] == []


async def test_what_was_learned_is_shown() -> None:
    """Noise with its numbers, latencies, rules; nothing until the judge has written."""
    async with controlling() as control:
        for name in ("noise", "latencies", "rules"):
            assert (await control.get(f"/api/v1/{name}")).json[name] == []
        learned = {
            "noise": [{"path": "/a", "state": "noisy"}], "noise_evicted": 1, "noise_expired": 2,
            "latencies": [{"endpoint": "GET /a", "is_slower": True}], "rules": [{"hits": 3}],
        }  # fmt: skip
        (control.folder / "learned.json").write_text(json.dumps(learned))
        noise = (await control.get("/api/v1/noise")).json
        assert noise == {"noise": learned["noise"], "evicted": 1, "expired": 2}
        for name in ("latencies", "rules"):
            assert (await control.get(f"/api/v1/{name}")).json[name] == learned[name]
        (control.folder / "learned.json").write_text("[]")
        assert (await control.get("/api/v1/noise")).json["noise"] == []


BOUNDS = (0.001, 0.01, 0.1, 1.0)


@given(
    st.lists(st.integers(0, 1000), min_size=5, max_size=5),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_quantiles_are_monotone_and_inside_the_bounds(
    counts: list[int], one: float, other: float
) -> None:
    """Whatever was counted; nothing counted has no quantiles."""
    histogram = Histogram(BOUNDS, tuple(counts), 0.0)
    low, high = (histogram.quantile_s(share) for share in sorted((one, other)))
    if not sum(counts):
        assert low is high is None
    else:
        assert low is not None
        assert high is not None
        assert 0 <= low <= high <= BOUNDS[-1]


@given(st.lists(st.integers(0, 1000), min_size=5, max_size=5))
def test_cumulative_buckets_end_with_everything(counts: list[int]) -> None:
    """And never fall."""
    buckets = Histogram(BOUNDS, tuple(counts), 0.0).cumulative()
    values = [value for _, value in buckets]
    assert values == sorted(values)
    assert buckets[-1] == ("+Inf", sum(counts))


def test_a_quantile_is_linear_inside_its_bucket() -> None:
    """As Prometheus' histogram_quantile."""
    assert Histogram(BOUNDS, (0, 10, 0, 0, 0), 0.0).quantile_s(0.5) == pytest.approx(0.0055)
