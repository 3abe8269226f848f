"""Checks of the routes: names, contradictions, reasons, and whether they can match at all."""

from shadowproxy.config.examining import SAFE_METHODS, Examination
from shadowproxy.config.nodes import Scalar, Sequence, find
from shadowproxy.config.slots import OTHER
from shadowproxy.config.templates import covers
from shadowproxy.core.cells import MAX_ROUTES


def route_names_are_unique(found: Examination) -> None:
    """Each name labels one route, and there is a place in the tallies for each.

    Looks at what is written, so that routes with other mistakes count too.
    """
    routes = find(found.tree, "routes")
    count = len(routes.items) if isinstance(routes, Sequence) else 0
    seen: dict[str, int] = {}
    for index in range(count):
        name = find(found.tree, "routes", index, "name")
        if not isinstance(name, Scalar) or name.is_null:
            continue
        if name.text == OTHER:
            found.refuse(("routes", index, "name"), "is reserved for what no route takes")
        elif name.text in seen:
            message = f"is already the name of routes.{seen[name.text]}"
            found.refuse(("routes", index, "name"), message)
        else:
            seen[name.text] = index
    if count >= MAX_ROUTES:
        found.refuse(("routes", MAX_ROUTES - 1), f"expected at most {MAX_ROUTES - 1} routes")


def routes_are_consistent(found: Examination) -> None:
    """No route contradicts itself, and unsafe copies have their reason."""
    for index, route in found.routes():
        path = ("routes", index)
        if route.shadow == "never":
            for key in ("sample", "shadow_methods", "max_rps"):
                if key in route.model_fields_set:
                    found.refuse((*path, key), "contradicts shadow: never")
        if route.methods:
            for position, method in enumerate(route.shadow_methods):
                if method not in route.methods:
                    message = f"the route's methods do not include {method}"
                    found.refuse((*path, "shadow_methods", position), message)
        unsafe = [method for method in route.shadow_methods if method not in SAFE_METHODS]
        if unsafe and not route.reason:
            message = f"copying {unsafe[0]} may act twice: say in `reason` why that is harmless"
            found.refuse((*path, "shadow_methods"), message)


def routes_can_match(found: Examination) -> None:
    """A route that an earlier one covers is said to be without effect."""
    routes = found.routes()
    if len(routes) >= MAX_ROUTES:
        return
    for position, (index, route) in enumerate(routes):
        for _, other in routes[:position]:
            has_methods = not other.methods or (
                bool(route.methods) and set(route.methods) <= set(other.methods)
            )
            if has_methods and covers(other.path, route.path):
                message = f"never matches: the route {other.name} takes all of its requests"
                found.warn(("routes", index), message)
                break
