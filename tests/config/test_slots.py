"""Places in the tally pages over reloads."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.config.slots import NoSlotLeftError, assign_slots, known_slots, retired_routes
from shadowproxy.core.cells import MAX_ROUTES
from shadowproxy.core.settings import BackendSettings, RouteSettings, Settings

BARE = Settings(listen=(), legacy=BackendSettings("http", "a", 80))
_GENERATIONS = st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), max_size=8)


def _with(previous: Settings | None, names: list[str]) -> Settings:
    slots = assign_slots(previous, names)
    routes = tuple(RouteSettings(name, slots[name], "/") for name in names)
    return replace(BARE, routes=routes, retired_routes=retired_routes(previous, slots))


@given(_GENERATIONS)
def test_a_name_keeps_its_slot_and_a_slot_its_name(generations: list[list[str]]) -> None:
    """Over any sequence of reloads, with names that leave and come back."""
    settings = None
    seen: dict[str, int] = {}
    for names in generations:
        settings = _with(settings, names)
        slots = known_slots(settings)
        assert slots.items() >= seen.items()
        assert sorted(slots.values()) == list(range(1, len(slots) + 1))
        assert [route.name for route in settings.routes] == names
        seen = slots


def test_when_no_place_is_left_the_route_is_named() -> None:
    """Even though fewer routes than places are configured: retired ones keep theirs."""
    settings = _with(None, [f"r{number}" for number in range(MAX_ROUTES - 2)])
    settings = _with(settings, ["new"])
    with pytest.raises(NoSlotLeftError, match="newer"):
        assign_slots(settings, ["r0", "newer"])
