"""The law of conservation, as numbers: received = skipped + dropped + failed + recorded + in flight.

In flight is what is left, and it is looked at in its five places. A place with less than nothing
means that something was counted twice or never: then the sums are not balanced.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from shadowproxy.control.standing import Standing
from shadowproxy.core.cells import GLOBAL, MAX_EDGES, MAX_ROUTES, ROUTE, route_base, unsettled
from shadowproxy.core.lifecycle import REASONS, State
from shadowproxy.core.words import Verdict


@dataclass(frozen=True, slots=True)
class Sums:
    """Where the exchanges are. `by_reason` has every reason and verdict, zeros included."""

    received: int
    skipped: int
    dropped: int
    failed: int
    recorded: int
    in_flight: int
    balanced: bool
    by_reason: Mapping[str, Mapping[str, int]]
    in_flight_at: Mapping[str, int]

    def document(self) -> dict[str, Any]:
        """For the API."""
        return asdict(self)


def add_up(standing: Standing) -> Sums:
    """The sums over all pages."""
    by_reason = {str(state): _reasons(standing, state) for state in REASONS}
    by_reason[str(State.RECORDED)] = _verdicts(standing)
    totals = {state: sum(reasons.values()) for state, reasons in by_reason.items()}
    received = standing.total("received")
    places = _places(standing)
    return Sums(
        received,
        totals[State.SKIPPED],
        totals[State.DROPPED],
        totals[State.FAILED],
        totals[State.RECORDED],
        received - sum(totals.values()),
        all(count >= 0 for count in places.values()),
        by_reason,
        places,
    )


def _reasons(standing: Standing, state: State) -> dict[str, int]:
    return {str(reason): standing.total(f"{state}/{reason}") for reason in REASONS[state]}


def _verdicts(standing: Standing) -> dict[str, int]:
    counts = {}
    for verdict in Verdict:
        offset = ROUTE[f"verdict/{verdict}"]
        cells = [route_base(slot) + offset for slot in range(MAX_ROUTES)]
        counts[str(verdict)] = sum(page[cell] for page in standing.pages.values() for cell in cells)
    return counts


def _places(standing: Standing) -> dict[str, int]:
    edges = {name: page for name, page in standing.pages.items() if name.startswith("edge-")}
    shadow, judge = standing.pages["shadow"], standing.pages["judge"]
    given = sum(page[GLOBAL["handed_over"]] for page in edges.values())
    return {
        "edge": sum(unsettled(page) for page in edges.values()),
        "edge_to_shadow": given - _accepted(shadow),
        "shadow": unsettled(shadow),
        "shadow_to_judge": shadow[GLOBAL["handed_over"]] - _accepted(judge),
        "judge": unsettled(judge),
    }


def _accepted(page: list[int]) -> int:
    first = GLOBAL["accepted_from/0"]
    return sum(page[first : first + MAX_EDGES])
