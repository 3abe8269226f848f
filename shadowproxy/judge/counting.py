"""Counting in judge: cell indices looked up once, then `cells[i] += 1`."""

from bisect import bisect_left
from typing import Final

from shadowproxy.core.cells import COMPARE_BOUNDS_S, GLOBAL, ROUTE, route_base
from shadowproxy.core.lifecycle import DropReason, FailReason
from shadowproxy.core.words import Kind, Verdict
from shadowproxy.judge.decision import Decision

ACCEPTED: Final = GLOBAL["accepted_from/0"]
PROCESS_LOST: Final = GLOBAL[f"dropped/{DropReason.PROCESS_LOST}"]
SHUTDOWN: Final = GLOBAL[f"dropped/{DropReason.SHUTDOWN}"]
FAILED: Final = {reason: GLOBAL[f"failed/{reason}"] for reason in FailReason}

_VERDICT: Final = {verdict: ROUTE[f"verdict/{verdict}"] for verdict in Verdict}
_DIFFERENCE: Final = {kind: ROUTE[f"difference/{kind}"] for kind in Kind}
_COMPARE: Final = GLOBAL[f"compare/{COMPARE_BOUNDS_S[0]}"]
_COMPARE_SUM: Final = GLOBAL["compare/sum_us"]
_COMPARE_BOUNDS_US: Final = [round(bound * 1e6) for bound in COMPARE_BOUNDS_S]


def count_verdict(cells: memoryview, route: int, decision: Decision) -> None:
    """The end of an exchange, and its differences by kind but for those that noise explains."""
    base = route_base(route)
    if decision.comparison.differences:
        for difference in decision.unexplained():
            cells[base + _DIFFERENCE[difference.kind]] += 1
    cells[base + _VERDICT[decision.comparison.verdict]] += 1


def count_compare(cells: memoryview, took_us: int) -> None:
    """How long comparing one pair took."""
    cells[_COMPARE + bisect_left(_COMPARE_BOUNDS_US, took_us)] += 1
    cells[_COMPARE_SUM] += took_us
