"""Which configured route a request belongs to: the first whose methods and path match.

Paths are matched as a backend would read them (percent-decoded, slashes merged, dot segments
resolved), so `//payments/%70ay` cannot slip past a route that says `shadow: never`. What is
forwarded is never touched.
"""

import re
from collections.abc import Sequence

from shadowproxy.core.settings import RouteSettings

MAX_REMEMBERED = 4096
"""Paths whose route is remembered; then the memory starts anew."""


class Router:
    """Finds routes by method and request target."""

    __slots__ = ("_compiled", "_remembered")

    def __init__(self, routes: Sequence[RouteSettings]) -> None:
        self._compiled = [
            (frozenset(method.encode() for method in route.methods), _compile(route.path), route)
            for route in routes
        ]
        self._remembered: dict[tuple[bytes, bytes], RouteSettings | None] = {}

    def match(self, method: bytes, target: bytes) -> RouteSettings | None:
        """The route of a request, or None: `other`."""
        if not self._compiled:
            return None
        path = target.partition(b"?")[0]
        key = (method, path)
        try:
            return self._remembered[key]
        except KeyError:
            pass
        found = self._find(method, normal_path(path))
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        if len(path) <= 512:
            self._remembered[key] = found
        return found

    def _find(self, method: bytes, path: bytes) -> RouteSettings | None:
        for methods, pattern, route in self._compiled:
            if (not methods or method in methods) and pattern.fullmatch(path):
                return route
        return None


def _compile(template: str) -> re.Pattern[bytes]:
    pattern = ""
    for segment in template.split("/")[1:]:
        if segment == "**":
            pattern += "(?:/.*)?"
        elif segment == "*" or (segment.startswith("{") and segment.endswith("}")):
            pattern += "/[^/]+"
        else:
            pattern += "/" + re.escape(segment)
    return re.compile(pattern.encode(), re.DOTALL)


_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")


def normal_path(path: bytes) -> bytes:
    """A path as most services read it; for matching only."""
    if b"%" in path:
        path = _PERCENT.sub(lambda found: bytes((int(found.group(1), 16),)), path)
    if b"//" not in path and b"/." not in path and b"\\" not in path:
        return path
    kept: list[bytes] = []
    for segment in path.replace(b"\\", b"/").split(b"/"):
        if segment == b"..":
            if kept:
                kept.pop()
        elif segment not in (b"", b"."):
            kept.append(segment)
    return b"/" + b"/".join(kept) + (b"/" if kept and path.endswith(b"/") else b"")
