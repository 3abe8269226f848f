"""Where each tally lives: the layout of one process's page of 64-bit cells.

    page = [ global cells ][ route slot 0 = other ][ route slot 1 ] ... [ route slot 255 ]

Fixed for a release, whatever the configuration says, so a successor of a killed process goes on
counting where it stopped and a reload moves nothing. Histograms are one cell per bucket (not
cumulative) and one for the sum in microseconds. All cells only grow, except the gauges.
"""

from collections.abc import Sequence

from shadowproxy.core.lifecycle import REASONS
from shadowproxy.core.words import Backend, FailureKind, Kind, Refusal, Verdict

MAX_ROUTES = 256
"""Route slots in a page, `other` included; a page is then 300 KiB of sparse file."""

MAX_EDGES = 64
"""Edge slots; one process per core on the largest machine that one Python proxy makes sense on."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other")
STATUS_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx", "none")
"""`none`: the connection was aborted before a status could go out."""

OUTCOMES = ("1xx", "2xx", "3xx", "4xx", "5xx", *FailureKind)

WITNESS_OUTCOMES = ("asked", "failed", "refused")
"""`failed` are those of the asked whose exchange went without them; `refused` were never asked."""
RECHECK_OUTCOMES = ("asked", "refused")

FLUSH_OUTCOMES = ("ok", "failed")

DURATION_BOUNDS_S = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
OVERHEAD_BOUNDS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1)
COMPARE_BOUNDS_S = (0.00001, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.25, 1.0)

GAUGES = (
    "in_flight", "shadow_in_flight", "shadow_memory_bytes", "channel_bytes", "connections",
    "breaker_open", "shadow_paused", "loop_lag_us", "generation", "heartbeat_ms", "pid",
    "store_up", "store_bytes",
)  # fmt: skip


def _histogram(name: str, bounds_s: tuple[float, ...]) -> list[str]:
    return [f"{name}/{bound}" for bound in bounds_s] + [f"{name}/+Inf", f"{name}/sum_us"]


GLOBAL_NAMES: tuple[str, ...] = (
    "received",
    "handed_over",
    *(f"accepted_from/{slot}" for slot in range(MAX_EDGES)),
    *(f"{state}/{reason}" for state, reasons in REASONS.items() for reason in reasons),
    *(f"refused/{refusal}" for refusal in Refusal),
    *(f"backend_requests/{backend}/{outcome}" for backend in Backend for outcome in OUTCOMES),
    "log_events_dropped",
    "retries",
    "connections_accepted",
    *(f"witnesses/{outcome}" for outcome in WITNESS_OUTCOMES),
    *(f"rechecks/{outcome}" for outcome in RECHECK_OUTCOMES),
    "summaries_dropped",
    *(f"store_flushes/{outcome}" for outcome in FLUSH_OUTCOMES),
    "store_rows_lost",
    *GAUGES,
    *_histogram("overhead", OVERHEAD_BOUNDS_S),
    *_histogram("compare", COMPARE_BOUNDS_S),
)

ROUTE_NAMES: tuple[str, ...] = (
    *(f"requests/{method}/{status}" for method in METHODS for status in STATUS_CLASSES),
    *_histogram("duration", DURATION_BOUNDS_S),
    *(f"verdict/{verdict}" for verdict in Verdict),
    *(f"difference/{kind}" for kind in Kind),
    *(
        cell
        for backend in Backend
        for cell in _histogram(f"backend_duration/{backend}", DURATION_BOUNDS_S)
    ),
)

GLOBAL: dict[str, int] = {name: index for index, name in enumerate(GLOBAL_NAMES)}
"""Index of each global cell."""

ROUTE: dict[str, int] = {name: index for index, name in enumerate(ROUTE_NAMES)}
"""Offset of each cell inside a route slot; add `route_base(slot)`."""

PAGE_CELLS = len(GLOBAL_NAMES) + MAX_ROUTES * len(ROUTE_NAMES)


def route_base(slot: int) -> int:
    """The index of the first cell of a route slot (0 is `other`)."""
    return len(GLOBAL_NAMES) + slot * len(ROUTE_NAMES)


def unsettled(cells: Sequence[int]) -> int:
    """How many exchanges this page took on and has neither ended nor handed over.

    Read by a successor before it takes on any: then it is what its predecessor lost when it was
    killed. While a process runs, it is what the process has in flight.
    """
    taken = cells[GLOBAL["received"]] + sum(cells[index] for index in _ACCEPTED)
    ended = sum(cells[index] for index in _ENDED) + cells[GLOBAL["handed_over"]]
    return taken - ended - recorded(cells)


def recorded(cells: Sequence[int]) -> int:
    """All verdicts in a page."""
    return sum(
        cells[route_base(slot) + offset] for slot in range(MAX_ROUTES) for offset in _VERDICTS
    )


_ACCEPTED = tuple(GLOBAL[f"accepted_from/{slot}"] for slot in range(MAX_EDGES))
_ENDED = tuple(
    GLOBAL[f"{state}/{reason}"] for state, reasons in REASONS.items() for reason in reasons
)
_VERDICTS = tuple(ROUTE[f"verdict/{verdict}"] for verdict in Verdict)
