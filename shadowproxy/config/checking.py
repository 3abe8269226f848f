"""What no single value can tell: settings that contradict each other or what is on the disk.

Each check looks at the parts of the file that are valid, so its findings come together with the
mistakes in the others.
"""

from collections.abc import Callable
from typing import Final

from shadowproxy.config import backends, comparisons, copies, listeners, places, routes
from shadowproxy.config.examining import Examination

_Checks = tuple[Callable[[Examination], None], ...]

_COMPARING: Final[_Checks] = (
    comparisons.rules_are_in_force,
    comparisons.api_description_is_usable,
    comparisons.protobuf_types_are_usable,
)
_ALL: Final[_Checks] = (
    backends.backends_exist,
    backends.backends_differ,
    backends.backends_are_not_us,
    backends.backend_tls_is_usable,
    listeners.users_tls_is_usable,
    listeners.listeners_are_apart,
    listeners.admin_is_guarded,
    copies.copies_are_safe,
    copies.copy_headers_are_free,
    copies.captures_fit,
    routes.route_names_are_unique,
    routes.routes_are_consistent,
    routes.routes_can_match,
    *_COMPARING,
    places.store_has_a_place,
    comparisons.noise_has_a_source,
    comparisons.noise_is_decided_once,
)


def examine(found: Examination) -> None:
    """Runs every check."""
    for check in _ALL:
        check(found)


def examine_comparing(found: Examination) -> None:
    """Runs the checks of the section `compare` alone."""
    for check in _COMPARING:
        check(found)
