"""Reading a proxy's metrics and findings, from a server that answers as control does."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientResponseError, ClientSession, web
from aiohttp.test_utils import TestServer

from shadowproxy.demo.asking import Asking, read_samples
from shadowproxy.demo.observed import Group, Learned, Pace, Sums

METRICS = """\
# HELP shadowproxy_received_total Requests that the edges saw.
# TYPE shadowproxy_received_total counter
shadowproxy_received_total 12.0
shadowproxy_exchanges_total{reason="method",state="skipped"} 2.0
shadowproxy_exchanges_total{reason="off",state="skipped"} 1.0
shadowproxy_exchanges_total{reason="mismatch",state="recorded"} 8.0
shadowproxy_exchanges_in_flight 1.0
shadowproxy_exchanges_balanced 1.0
shadowproxy_verdicts_total{route="cart",verdict="mismatch"} 3.0
shadowproxy_verdicts_total{route="page",verdict="mismatch"} 5.0
shadowproxy_overhead_seconds_bucket{le="0.0001"} 50.0
shadowproxy_overhead_seconds_bucket{le="0.0002"} 100.0
shadowproxy_overhead_seconds_bucket{le="+Inf"} 100.0
process_cpu_seconds_total 1.0
"""
GROUP = {
    "id": "0123456789abcdef",
    "route": "cart",
    "endpoint": "GET /cart",
    "kind": "changed",
    "path": "/csrf_token",
    "legacy_status": 200,
    "candidate_status": 200,
    "count": 3,
    "explained": 9,
    "sentence": "it differs",
    "sample": {},
}
NOISE = {
    "endpoint": "GET /cart", "path": "/csrf_token", "kind": "changed", "state": "noisy",
    "aa_samples": 12, "b": 11, "shape": {},
}  # fmt: skip
PACE = {
    "endpoint": "GET /cart", "is_slower": True, "sentence": "slower", "blocks": 12,
    "slower_blocks": 11, "legacy_us": {"p50": 900}, "candidate_us": {"p50": 150_000}, "e": 1e3,
}  # fmt: skip


class Control:
    """What the server answers, changeable by a test."""

    def __init__(self) -> None:
        self.ready = True
        causes = [{"sentence": "one cause", "groups": ["0123456789abcdef"]}]
        self.answers = {
            "/metrics": METRICS,
            "/api/v1/groups": json.dumps({"groups": [GROUP], "causes": causes}),
            "/api/v1/noise": json.dumps({"noise": [NOISE]}),
            "/api/v1/latencies": json.dumps({"latencies": [PACE]}),
        }

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/readyz":
            return web.Response(status=200 if self.ready else 503)
        if request.path not in self.answers:
            return web.Response(status=404)
        kind = "text/plain" if request.path == "/metrics" else "application/json"
        return web.Response(text=self.answers[request.path], content_type=kind)


@pytest.fixture
async def asked() -> AsyncIterator[tuple[Control, Asking]]:
    control = Control()
    app = web.Application()
    app.router.add_get("/{path:.*}", control.answer)
    server = TestServer(app)
    await server.start_server()
    async with ClientSession() as session:
        yield control, Asking(session, f"127.0.0.1:{server.port}")
    await server.close()


async def test_one_reading_has_everything(asked: tuple[Control, Asking]) -> None:
    """Sums, reasons, verdicts over all routes, added time; findings and what was learned."""
    observed = await asked[1].observe()
    assert observed.sums == Sums(received=12, skipped=3, recorded=8, in_flight=1)
    assert observed.sums.hold
    assert observed.reasons["skipped", "method"] == 2
    assert observed.verdicts == {"mismatch": 8}
    assert observed.groups == (
        Group("GET /cart", "/csrf_token", "changed", 200, 200, 3, 9, "it differs"),
    )
    assert observed.causes == ("one cause",)
    assert observed.learned == (Learned("GET /cart", "/csrf_token", "changed", "noisy", 12, 11),)
    times = {"p50": 900}, {"p50": 150_000}
    assert observed.paces == (Pace("GET /cart", True, "slower", 12, 11, *times),)
    assert observed.added_p50_s == pytest.approx(0.0001)
    assert observed.added_p99_s == pytest.approx(0.000198)


async def test_readiness_is_asked(asked: tuple[Control, Asking]) -> None:
    """200 is ready, anything else is not."""
    control, asking = asked
    assert await asking.is_ready()
    control.ready = False
    assert not await asking.is_ready()


async def test_nobody_there_is_not_ready() -> None:
    """A proxy that does not listen yet is simply not ready."""
    async with ClientSession() as session:
        assert not await Asking(session, "127.0.0.1:1").is_ready()


async def test_an_error_of_control_is_raised(asked: tuple[Control, Asking]) -> None:
    """An answer that is no answer is never read as zero."""
    control, asking = asked
    del control.answers["/api/v1/groups"]
    with pytest.raises(ClientResponseError):
        await asking.observe()


def test_foreign_metrics_are_left_out() -> None:
    """Only the proxy's own samples are read, with their labels."""
    samples: list[Any] = list(read_samples(METRICS))
    assert ("received_total", {}, 12.0) in samples
    assert not [name for name, _, _ in samples if name.startswith("process_")]
