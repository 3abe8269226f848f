"""Counting in shadow: cell indices looked up once, then `cells[i] += 1`."""

from bisect import bisect_left
from typing import Final, NamedTuple

from shadowproxy.core.cells import DURATION_BOUNDS_S, GLOBAL, OUTCOMES, ROUTE, route_base
from shadowproxy.core.lifecycle import DropReason, FailReason, SkipReason
from shadowproxy.core.words import Backend, FailureKind, Verdict

ACCEPTED_FROM: Final = GLOBAL["accepted_from/0"]
"""Of edge 0; the other edges follow."""
HANDED_OVER: Final = GLOBAL["handed_over"]
DROPPED: Final = {reason: GLOBAL[f"dropped/{reason}"] for reason in DropReason}
SKIPPED_OFF: Final = GLOBAL[f"skipped/{SkipReason.OFF}"]
FAILED_SEND: Final = GLOBAL[f"failed/{FailReason.SEND}"]
PROCESS_LOST: Final = DROPPED[DropReason.PROCESS_LOST]
LOG_EVENTS_DROPPED: Final = GLOBAL["log_events_dropped"]
SUMMARIES_DROPPED: Final = GLOBAL["summaries_dropped"]
WITNESSES_ASKED: Final = GLOBAL["witnesses/asked"]
WITNESSES_FAILED: Final = GLOBAL["witnesses/failed"]
WITNESSES_REFUSED: Final = GLOBAL["witnesses/refused"]
RECHECKS_ASKED: Final = GLOBAL["rechecks/asked"]
RECHECKS_REFUSED: Final = GLOBAL["rechecks/refused"]

BASES: Final = [route_base(slot) for slot in range(256)]
MATCH: Final = ROUTE[f"verdict/{Verdict.MATCH}"]
INCOMPARABLE: Final = ROUTE[f"verdict/{Verdict.INCOMPARABLE}"]


class Outcomes(NamedTuple):
    """The cells of one backend's outcomes."""

    statuses: list[int]
    failures: dict[FailureKind, int]


def _outcomes(backend: Backend) -> Outcomes:
    cells = {outcome: GLOBAL[f"backend_requests/{backend}/{outcome}"] for outcome in OUTCOMES}
    statuses = [cells[f"{digit}xx"] for digit in range(1, 6)]
    return Outcomes(statuses, {kind: cells[kind] for kind in FailureKind})


OF_CANDIDATE: Final = _outcomes(Backend.CANDIDATE)
OF_SECOND: Final = _outcomes(Backend.SECONDARY)
"""Secondary, or legacy where it is asked once more: asked only to learn."""

_DURATION_BOUNDS_US: Final = [round(bound * 1e6) for bound in DURATION_BOUNDS_S]
_DURATION: Final = ROUTE[f"backend_duration/{Backend.CANDIDATE}/{DURATION_BOUNDS_S[0]}"]
_DURATION_SUM: Final = ROUTE[f"backend_duration/{Backend.CANDIDATE}/sum_us"]


def count_status(cells: memoryview, outcomes: Outcomes, status: int) -> None:
    """A backend answered at least a head."""
    cells[outcomes.statuses[min(status // 100, 5) - 1]] += 1


def count_answer(cells: memoryview, base: int, status: int, total_us: int) -> None:
    """The candidate answered; `total_us` from request written to last byte."""
    count_status(cells, OF_CANDIDATE, status)
    cells[base + _DURATION + bisect_left(_DURATION_BOUNDS_US, total_us)] += 1
    cells[base + _DURATION_SUM] += total_us


def count_failure(cells: memoryview, outcomes: Outcomes, kind: FailureKind) -> None:
    """A backend gave no usable answer."""
    cells[outcomes.failures[kind]] += 1
