"""Which place in the tally pages belongs to which route.

Law: a route name keeps its slot for the life of the proxy, whatever reloads do to the routes, and
no slot ever changes its name, so no counter changes its meaning. Slot 0 is `other`.
"""

from collections.abc import Iterable

from shadowproxy.core.cells import MAX_ROUTES
from shadowproxy.core.settings import Settings

OTHER = "other"
"""The label of requests that no route takes; no route may be called so."""


class NoSlotLeftError(Exception):
    """More route names over the life of this proxy than there are slots; a restart frees them.

    `args[0]` is the first route that has none.
    """


def assign_slots(previous: Settings | None, names: Iterable[str]) -> dict[str, int]:
    """The slot of each name: the one it has or once had, else the next that was never used."""
    known = known_slots(previous)
    free = iter(range(max(known.values(), default=0) + 1, MAX_ROUTES))
    assigned: dict[str, int] = {}
    for name in names:
        slot = known.get(name)
        if slot is None and (slot := next(free, None)) is None:
            raise NoSlotLeftError(name)
        assigned[name] = slot
    return assigned


def retired_routes(
    previous: Settings | None, assigned: dict[str, int]
) -> tuple[tuple[str, int], ...]:
    """(name, slot) of every route that the running proxy has known and `assigned` has not."""
    known = known_slots(previous)
    return tuple((name, slot) for name, slot in known.items() if name not in assigned)


def known_slots(settings: Settings | None) -> dict[str, int]:
    """Every route name that these settings know, present or retired, with its slot."""
    if settings is None:
        return {}
    return dict(settings.retired_routes) | {route.name: route.slot for route in settings.routes}
