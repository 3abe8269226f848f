"""The page layout: every cell has one place, and what is unsettled can be told from the cells."""

from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.core.cells import (
    GLOBAL,
    GLOBAL_NAMES,
    MAX_ROUTES,
    PAGE_CELLS,
    ROUTE,
    ROUTE_NAMES,
    recorded,
    route_base,
    unsettled,
)
from shadowproxy.core.lifecycle import REASONS

ENDS = [
    *(GLOBAL[f"{state}/{reason}"] for state, reasons in REASONS.items() for reason in reasons),
    GLOBAL["handed_over"],
    *(route_base(slot) + ROUTE["verdict/match"] for slot in (0, 1, MAX_ROUTES - 1)),
]


def test_every_cell_has_a_place_of_its_own() -> None:
    """Names are unique and slots do not overlap."""
    assert len(GLOBAL) == len(GLOBAL_NAMES)
    assert len(ROUTE) == len(ROUTE_NAMES)
    assert route_base(0) == len(GLOBAL_NAMES)
    assert route_base(MAX_ROUTES - 1) + len(ROUTE_NAMES) == PAGE_CELLS


@given(st.lists(st.sampled_from(ENDS)), st.integers(0, 50), st.integers(0, 50))
def test_unsettled_is_taken_minus_ended(ends: list[int], received: int, accepted: int) -> None:
    """Whatever an exchange ended as, it is counted once."""
    cells = [0] * PAGE_CELLS
    cells[GLOBAL["received"]] = received
    cells[GLOBAL["accepted_from/3"]] = accepted
    for index in ends:
        cells[index] += 1
    assert unsettled(cells) == received + accepted - len(ends)
    assert recorded(cells) == sum(index >= len(GLOBAL_NAMES) for index in ends)
