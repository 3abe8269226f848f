"""Status, summary, endpoints: the sums hold and what is estimated is estimated right."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.core.cells import ROUTE, route_base
from shadowproxy.core.histograms import Histogram
from tests.control.filling import CART, WRITER, Filling, shop
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


async def test_a_summary_of_a_window_comes_from_the_store() -> None:
    """What is older is left out; without a store the window is refused, not ignored."""
    async with controlling() as control:
        assert "no store" in (await control.get("/api/v1/summary?since=1h")).refuses(503)
        old = Filling(age_s=7200)
        old.match(50)
        old.write(control.store)
        filling, _ = shop()
        filling.count(skipped__method=7, received=7)
        filling.write(control.store)
        summary = (await control.get("/api/v1/summary?since=1h")).json
        assert summary["verdicts"]["match"]["count"] == 990
        assert summary["verdicts"]["mismatch"]["count"] == 10
        assert summary["exchanges"]["received"] == 1007
        assert summary["not_compared"] == {"skipped/method": 7}
        assert (summary["groups"], summary["window_s"]) == (2, 3600.0)
        whole = (await control.get("/api/v1/report")).json
        assert whole["verdicts"]["match"]["count"] == 1040


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


async def test_what_was_learned_is_shown() -> None:
    """Noise with its numbers, latencies, rules, of every judge of the store."""
    async with controlling() as control:
        filling, other = Filling(), Filling()
        noise = {"endpoint": CART, "path": "/a", "kind": "changed", "state": "noisy"}
        slow = {"endpoint": CART, "is_slower": True, "sentence": "slower"}
        rule: dict[str, Any] = {"source": "file", "id": None, "endpoint": "", "rule": {}, "hits": 3}
        filling.learn([noise], [slow], [rule], evicted=1)
        other.learn([{**noise, "path": "/b"}], evicted=2)
        filling.write(control.store)
        other.write(control.store, writer="b-judge")
        found = (await control.get("/api/v1/noise")).json
        assert {(row["path"], row["writer"]) for row in found["noise"]} == {
            ("/a", WRITER), ("/b", "b-judge"),
        }  # fmt: skip
        assert (found["evicted"], found["expired"]) == (3, 0)
        assert (await control.get("/api/v1/latencies")).json == {
            "latencies": [{**slow, "writer": WRITER}]
        }
        assert (await control.get("/api/v1/rules")).json == {"rules": [{**rule, "writer": WRITER}]}
        report = (await control.get("/api/v1/report")).json
        assert report["slower"] == [{"endpoint": CART, "sentence": "slower"}]


async def test_endpoints_of_the_store_are_listed_with_both_latencies() -> None:
    """Besides the routes; without a store the routes alone, and why."""
    async with controlling() as control:
        alone = (await control.get("/api/v1/endpoints")).json
        assert (alone["by_endpoint"], "no store" in alone["problem"]) == ([], True)
        shop()[0].write(control.store)
        (item,) = (await control.get("/api/v1/endpoints")).json["by_endpoint"]
        assert (item["endpoint"], item["exchanges"]) == (CART, 1000)
        assert item["mismatch"]["rate"] == 0.01
        assert item["latency"]["candidate"]["count"] == 1000
        none = (await control.get("/api/v1/endpoints?endpoint=GET%20/b")).json
        assert none["by_endpoint"] == []


async def test_series_are_of_everything_or_of_one_endpoint() -> None:
    """Their points add up to what was recorded."""
    async with controlling() as control:
        shop()[0].write(control.store)
        for query in ("", "?endpoint=GET%20/cart/%7Bid%7D"):
            points = (await control.get(f"/api/v1/series{query}")).json["points"]
            assert sum(point["exchanges"] for point in points) == 1000
            assert sum(point["mismatch"] for point in points) == 10


async def test_versions_say_what_came_with_them() -> None:
    """The newest first; a finding that an older one did not show is new in it."""
    async with controlling() as control:
        first = Filling(age_s=600)
        first.match(400, version="1.0")
        first.write(control.store)
        filling, found = shop(version="2.0")
        filling.write(control.store)
        versions = (await control.get("/api/v1/versions")).json
    assert versions["current"] == "2.0"
    assert [each["version"] for each in versions["versions"]] == ["2.0", "1.0"]
    assert set(versions["versions"][0]["new"]) == set(found.values())


async def test_the_coverage_says_why() -> None:
    """From the tallies since the start, of a window from the store."""
    async with controlling() as control:
        count(control, "edge-0", received=10, skipped__method=4)
        now = (await control.get("/api/v1/coverage")).json
        assert [each["reason"] for each in now["not_compared"]] == ["method"]
        assert {route["route"] for route in now["routes"]} == {"other", "search", "user"}
        assert "no store" in (await control.get("/api/v1/coverage?since=1h")).refuses(503)
        shop()[0].write(control.store)
        window = (await control.get("/api/v1/coverage?since=1h")).json
        assert (window["exchanges"]["recorded"], window["coverage"]["rate"]) == (1000, 1.0)


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
