"""The documents of the reading API, made from one `Standing`: pure functions."""

import platform
from collections.abc import Mapping, Sequence
from typing import Any, Final

import shadowproxy
from shadowproxy.control.histograms import of_proxy, of_route
from shadowproxy.control.standing import Standing
from shadowproxy.control.sums import Sums, add_up
from shadowproxy.core.cells import DURATION_BOUNDS_S, METHODS, OVERHEAD_BOUNDS_S, STATUS_CLASSES
from shadowproxy.core.histograms import Histogram
from shadowproxy.core.words import Backend, Kind, Verdict
from shadowproxy.report.traffic import rate

QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


def exchanges(sums: Sums) -> dict[str, Any]:
    """The law of conservation in its six numbers, and whether it holds."""
    return {
        "received": sums.received,
        "skipped": sums.skipped,
        "dropped": sums.dropped,
        "failed": sums.failed,
        "recorded": sums.recorded,
        "in_flight": sums.in_flight,
        "balanced": sums.balanced,
    }


def processes(standing: Standing) -> list[dict[str, Any]]:
    """Every process that there should be, as the supervisor and its own page show it."""
    return [
        {
            **{name: process[name] for name in ("name", "pid", "up", "restarts", "since")},
            "heartbeat_age_ms": standing.heartbeat_age_ms(process["name"]),
            "generation": standing.gauge(process["name"], "generation"),
            "loop_lag_ms": standing.gauge(process["name"], "loop_lag_us") / 1000,
        }
        for process in standing.processes
    ]


def shadowing(standing: Standing) -> dict[str, Any]:
    """What the copies take right now."""
    return {
        "in_flight": standing.total("shadow_in_flight"),
        "memory_bytes": standing.total("shadow_memory_bytes"),
        "channel_bytes": standing.total("channel_bytes"),
        "breaker_open": bool(standing.largest("breaker_open")),
        "paused": bool(standing.largest("shadow_paused")),
    }


def versions() -> dict[str, str]:
    """What runs."""
    return {"shadowproxy": shadowproxy.__version__, "python": platform.python_version()}


def summary(standing: Standing) -> dict[str, Any]:
    """Verdicts with rates and their intervals, differences, added latency, coverage."""
    sums = add_up(standing)
    verdicts = sums.by_reason["recorded"]
    compared = {kind: _over_routes(standing, f"difference/{kind}") for kind in Kind}
    return {
        "exchanges": exchanges(sums),
        "verdicts": {
            verdict: {"count": count, **rate(count, sums.recorded)}
            for verdict, count in verdicts.items()
        },
        "differences": {str(kind): count for kind, count in compared.items()},
        "coverage": rate(sums.recorded, sums.received),
        "not_compared": {
            f"{state}/{reason}": count
            for state, reasons in sums.by_reason.items()
            if state != "recorded"
            for reason, count in reasons.items()
            if count
        },
        "added_latency": _latency(of_proxy(standing, "overhead", OVERHEAD_BOUNDS_S)),
    }


def endpoints(standing: Standing) -> list[dict[str, Any]]:
    """Every route with what users got, verdicts, and the latency of both sides."""
    return [_endpoint(standing, name, slot) for name, slot in standing.routes.items()]


def _endpoint(standing: Standing, name: str, slot: int) -> dict[str, Any]:
    configured = {route.name: route.path for route in standing.settings.routes}
    verdicts = {str(v): standing.of_route(slot, f"verdict/{v}") for v in Verdict}
    return {
        "route": name,
        "path": configured.get(name),
        "requests": _requests(standing, slot),
        "exchanges": sum(verdicts.values()),
        "verdicts": verdicts,
        "latency": {
            "users": _latency(of_route(standing, slot, "duration", DURATION_BOUNDS_S)),
            **{
                str(backend): _latency(
                    of_route(standing, slot, f"backend_duration/{backend}", DURATION_BOUNDS_S)
                )
                for backend in (Backend.LEGACY, Backend.CANDIDATE)
            },
        },
    }


def _requests(standing: Standing, slot: int) -> int:
    return sum(
        standing.of_route(slot, f"requests/{method}/{status}")
        for method in METHODS
        for status in STATUS_CLASSES
    )


def routes(standing: Standing) -> list[dict[str, Any]]:
    """Every route with how it is copied, and how much of it was compared."""
    return [_route(standing, name, slot) for name, slot in standing.routes.items()]


def _route(standing: Standing, name: str, slot: int) -> dict[str, Any]:
    shadow = standing.settings.shadow
    route = next((each for each in standing.settings.routes if each.name == name), None)
    requests = _requests(standing, slot)
    recorded = sum(standing.of_route(slot, f"verdict/{verdict}") for verdict in Verdict)
    is_copied = route is None or route.shadow
    methods = (route.shadow_methods if route else ()) or shadow.methods
    sample = shadow.sample if route is None or route.sample is None else route.sample
    return {
        "route": name,
        "path": None if route is None else route.path,
        "methods": list(methods),
        "shadow": "sampled" if is_copied else "never",
        "sample": sample,
        "requests": requests,
        "recorded": recorded,
        "share": min(1.0, recorded / requests) if requests else None,
        "why": _why(is_copied, methods, sample),
    }


def _why(is_copied: bool, methods: Sequence[str], sample: float) -> str:
    if not is_copied:
        return "never copied: the route says shadow: never"
    return f"{100 * sample:g} % of {', '.join(methods)} are copied, other methods are not"


def _over_routes(standing: Standing, cell: str) -> int:
    return sum(standing.of_route(slot, cell) for slot in standing.routes.values())


def _latency(histogram: Histogram) -> dict[str, Any]:
    """Estimates from buckets, in seconds; null without observations."""
    quantiles = {name: histogram.quantile_s(share) for name, share in QUANTILES.items()}
    mean_s = histogram.sum_s / histogram.count if histogram.count else None
    return {"count": histogram.count, "mean_s": mean_s, **_in_seconds(quantiles)}


def _in_seconds(quantiles: Mapping[str, float | None]) -> dict[str, float | None]:
    return {f"{name}_s": value for name, value in quantiles.items()}
