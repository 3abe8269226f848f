"""Counting on the users' path: cell indices looked up once, then `cells[i] += 1`."""

from bisect import bisect_left

from shadowproxy.core.cells import (
    DURATION_BOUNDS_S,
    GLOBAL,
    METHODS,
    OUTCOMES,
    OVERHEAD_BOUNDS_S,
    ROUTE,
    STATUS_CLASSES,
    route_base,
)
from shadowproxy.core.lifecycle import DropReason, FailReason, SkipReason
from shadowproxy.core.words import Backend, FailureKind, Refusal

RECEIVED = GLOBAL["received"]
HANDED_OVER = GLOBAL["handed_over"]
RETRIES = GLOBAL["retries"]
LOG_EVENTS_DROPPED = GLOBAL["log_events_dropped"]
CONNECTIONS_ACCEPTED = GLOBAL["connections_accepted"]
SKIPPED = {reason: GLOBAL[f"skipped/{reason}"] for reason in SkipReason}
DROPPED = {reason: GLOBAL[f"dropped/{reason}"] for reason in DropReason}
FAILED_CAPTURE = GLOBAL[f"failed/{FailReason.CAPTURE}"]
REFUSED = {refusal: GLOBAL[f"refused/{refusal}"] for refusal in Refusal}

_LEGACY_OUTCOME = {
    outcome: GLOBAL[f"backend_requests/{Backend.LEGACY}/{outcome}"] for outcome in OUTCOMES
}
_LEGACY_STATUS = [_LEGACY_OUTCOME[f"{digit}xx"] for digit in range(1, 6)]
_REQUESTS = {
    method.encode(): [ROUTE[f"requests/{method}/{status}"] for status in STATUS_CLASSES]
    for method in METHODS
}
_OTHER_METHOD = _REQUESTS[b"other"]
_NO_STATUS = STATUS_CLASSES.index("none")

_DURATION_BOUNDS_US = [round(bound * 1e6) for bound in DURATION_BOUNDS_S]
_OVERHEAD_BOUNDS_US = [round(bound * 1e6) for bound in OVERHEAD_BOUNDS_S]
_DURATION = ROUTE[f"duration/{DURATION_BOUNDS_S[0]}"]
_DURATION_SUM = ROUTE["duration/sum_us"]
_LEGACY_DURATION = ROUTE[f"backend_duration/{Backend.LEGACY}/{DURATION_BOUNDS_S[0]}"]
_LEGACY_DURATION_SUM = ROUTE[f"backend_duration/{Backend.LEGACY}/sum_us"]
OVERHEAD = GLOBAL[f"overhead/{OVERHEAD_BOUNDS_S[0]}"]
OVERHEAD_BUCKETS = len(OVERHEAD_BOUNDS_S) + 1
_OVERHEAD_SUM = GLOBAL["overhead/sum_us"]


def count_user(cells: memoryview, slot: int, method: bytes, status: int, duration_us: int) -> None:
    """What a user got: `status` 0 is an aborted connection."""
    base = route_base_of[slot]
    index = status // 100 - 1 if status else _NO_STATUS
    cells[base + _REQUESTS.get(method, _OTHER_METHOD)[index]] += 1
    cells[base + _DURATION + bisect_left(_DURATION_BOUNDS_US, duration_us)] += 1
    cells[base + _DURATION_SUM] += duration_us


def count_legacy(cells: memoryview, slot: int, status: int, duration_us: int) -> None:
    """A whole answer of legacy."""
    base = route_base_of[slot]
    cells[_LEGACY_STATUS[status // 100 - 1]] += 1
    cells[base + _LEGACY_DURATION + bisect_left(_DURATION_BOUNDS_US, duration_us)] += 1
    cells[base + _LEGACY_DURATION_SUM] += duration_us


def count_legacy_failure(cells: memoryview, kind: FailureKind) -> None:
    """No whole answer of legacy."""
    cells[_LEGACY_OUTCOME[kind]] += 1


def count_overhead(cells: memoryview, overhead_us: int) -> None:
    """Time that the proxy itself added to an answer."""
    cells[OVERHEAD + bisect_left(_OVERHEAD_BOUNDS_US, overhead_us)] += 1
    cells[_OVERHEAD_SUM] += overhead_us


class _Bases(dict[int, int]):
    def __missing__(self, slot: int) -> int:
        base = self[slot] = route_base(slot)
        return base


route_base_of = _Bases()
