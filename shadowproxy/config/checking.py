"""What no single value can tell: settings that contradict each other or what is on the disk.

Each check looks at the parts of the file that are valid, so its findings come together with the
mistakes in the others.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from shadowproxy.config import certificates
from shadowproxy.config.addresses import is_loopback, overlaps, place, print_listen, reaches
from shadowproxy.config.fingerprint import Sources
from shadowproxy.config.model import BackendSection, FileSection, RouteSection
from shadowproxy.config.nodes import KeyPath, Mapping, find, key_text, origin_of
from shadowproxy.config.problems import Problem
from shadowproxy.config.slots import OTHER
from shadowproxy.config.templates import covers
from shadowproxy.core.cells import MAX_ROUTES
from shadowproxy.core.settings import ListenSettings

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
"""RFC 9110 9.2.1: asking twice changes nothing."""

_HOP_BY_HOP = frozenset((
    "connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te",
    "trailer", "transfer-encoding", "upgrade",
))  # fmt: skip
_MARKS = frozenset(("baggage", "x-shadow", "x-shadow-of", "traceparent", "tracestate"))
_BACKENDS = ("legacy", "candidate", "secondary")


@dataclass
class Examination:
    """The file, what of it is not valid, and what was found."""

    file: FileSection
    broken: set[KeyPath]
    tree: Mapping
    allow_same: bool
    problems: list[Problem]
    sources: Sources
    warnings: list[str] = field(default_factory=list)

    def refuse(self, path: KeyPath, message: str) -> None:
        """Adds a problem at a path."""
        origin = origin_of(self.tree, *path)
        self.problems.append(Problem(origin.where, key_text(path), message, origin.rank))

    def warn(self, path: KeyPath, message: str) -> None:
        """Adds a sentence for the log and for `check`."""
        where = origin_of(self.tree, *path).where if path and find(self.tree, *path) else ""
        self.warnings.append(": ".join(part for part in (where, key_text(path), message) if part))

    def is_sound(self, *path: str) -> bool:
        """Nothing at, above or below the path was left out."""
        return not any(place[: len(path)] == path[: len(place)] for place in self.broken)

    def backends(self) -> Iterator[tuple[str, BackendSection]]:
        """The valid backends that are configured."""
        for name in _BACKENDS:
            backend = getattr(self.file, name)
            if backend is not None and self.is_sound(name, "url"):
                yield name, backend

    def routes(self) -> list[tuple[int, RouteSection]]:
        """The valid routes with their place in the file."""
        routes = iter(self.file.routes)
        gone = sum(path[:1] == ("routes",) and len(path) == 2 for path in self.broken)
        count = len(self.file.routes) + gone
        sound = [index for index in range(count) if ("routes", index) not in self.broken]
        return list(zip(sound, routes, strict=True))


def examine(examination: Examination) -> None:
    """Runs every check."""
    for check in _CHECKS:
        check(examination)


def _backends_exist(found: Examination) -> None:
    if found.file.legacy is None and found.is_sound("legacy"):
        found.refuse(("legacy", "url"), "is required: whose answers users get (or --legacy URL)")
    if found.file.candidate is None and found.is_sound("candidate"):
        found.warn((), "there is no candidate: requests are served and nothing is copied")


def _backends_differ(found: Examination) -> None:
    places = {name: place(backend.url) for name, backend in found.backends()}
    for name, other in (("candidate", "legacy"), ("secondary", "candidate")):
        if name not in places or places.get(other) != places[name]:
            continue
        if found.allow_same:
            found.warn((name, "url"), f"is the same address as {other}")
        else:
            message = f"is the same address as {other} (--allow-same accepts that)"
            found.refuse((name, "url"), message)


def _backends_are_not_us(found: Examination) -> None:
    ours: list[tuple[str, ListenSettings]] = []
    if found.is_sound("listen"):
        ours += [("listen", listen) for listen in found.file.listen]
    if found.is_sound("admin", "listen"):
        ours.append(("admin.listen", found.file.admin.listen))
    for name, backend in found.backends():
        for key, listen in ours:
            if reaches(backend.url, listen):
                message = f"is our own address ({key}): the proxy would call itself"
                found.refuse((name, "url"), message)
                break


def _backend_tls_is_usable(found: Examination) -> None:
    for name, backend in found.backends():
        tls = backend.tls
        if tls.model_fields_set and backend.url.scheme != "https":
            found.refuse((name, "tls"), "has no effect: the URL does not start with https://")
        if tls.ca and found.is_sound(name, "tls"):
            found.sources.note(tls.ca)
            if trouble := certificates.authorities_trouble(tls.ca):
                found.refuse((name, "tls", "ca"), trouble)
        if backend.url.scheme == "https" and not tls.verify:
            found.warn((name, "tls", "verify"), "certificates are not checked")


def _users_tls_is_usable(found: Examination) -> None:
    tls = found.file.tls
    if tls is None or not found.is_sound("tls"):
        return
    found.sources.note(tls.cert)
    found.sources.note(tls.key)
    for key, trouble in certificates.chain_troubles(tls.cert, tls.key):
        found.refuse(("tls", key), trouble)


def _listeners_are_apart(found: Examination) -> None:
    if not found.is_sound("listen"):
        return
    listens = found.file.listen
    for index, listen in enumerate(listens):
        for earlier in listens[:index]:
            if overlaps(listen, earlier):
                message = f"clashes with {_shown(earlier)}"
                found.refuse(("listen", index), message)
    if not found.is_sound("admin", "listen"):
        return
    for listen in listens:
        if overlaps(found.file.admin.listen, listen):
            message = f"clashes with listen ({_shown(listen)})"
            found.refuse(("admin", "listen"), message)


def _shown(listen: ListenSettings) -> str:
    return key_text((print_listen(listen),))


def _admin_is_guarded(found: Examination) -> None:
    admin = found.file.admin
    if found.is_sound("admin") and not admin.token and not is_loopback(admin.listen):
        message = "needs admin.token: others than this machine can reach it"
        found.refuse(("admin", "listen"), message)


def _copies_are_safe(found: Examination) -> None:
    if not found.is_sound("shadow", "methods"):
        return
    for index, method in enumerate(found.file.shadow.methods):
        if method not in SAFE_METHODS:
            message = (
                f"copying {method} may act twice; a route may ask for it:"
                f" shadow_methods: [{method}] with a reason"
            )
            found.refuse(("shadow", "methods", index), message)


def _copy_headers_are_free(found: Examination) -> None:
    headers = found.file.shadow.headers
    if not found.is_sound("shadow", "headers"):
        return
    paths: list[tuple[KeyPath, str]] = [
        (("shadow", "headers", "remove", index), name) for index, name in enumerate(headers.remove)
    ]
    paths += [(("shadow", "headers", "set", name), name) for name in headers.set]
    for path, name in paths:
        if name.lower() in _HOP_BY_HOP:
            found.refuse(path, "belongs to the connection and cannot be changed")
        elif name.lower() in _MARKS:
            found.refuse(path, "marks the copy and is always written by the proxy")
    lowered = [name.lower() for name in headers.set]
    for name in headers.set:
        if lowered.count(name.lower()) > 1:
            found.refuse(("shadow", "headers", "set", name), "is set twice")


def _captures_fit(found: Examination) -> None:
    shadow = found.file.shadow
    is_known = found.is_sound("shadow", "max_memory") and found.is_sound("shadow", "max_body")
    if is_known and shadow.max_memory < 2 * shadow.max_body:
        message = "expected at least twice shadow.max_body: a request and an answer"
        found.refuse(("shadow", "max_memory"), message)


def _route_names_are_unique(found: Examination) -> None:
    seen: dict[str, int] = {}
    for index, route in found.routes():
        if route.name == OTHER:
            found.refuse(("routes", index, "name"), "is reserved for what no route takes")
        elif route.name in seen:
            message = f"is already the name of routes.{seen[route.name]}"
            found.refuse(("routes", index, "name"), message)
        else:
            seen[route.name] = index
    if len(found.file.routes) >= MAX_ROUTES:
        found.refuse(("routes", MAX_ROUTES - 1), f"expected at most {MAX_ROUTES - 1} routes")


def _routes_are_consistent(found: Examination) -> None:
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


def _routes_can_match(found: Examination) -> None:
    earlier: list[RouteSection] = []
    for index, route in found.routes():
        for other in earlier:
            has_methods = not other.methods or (
                bool(route.methods) and set(route.methods) <= set(other.methods)
            )
            if has_methods and covers(other.path, route.path):
                message = f"never matches: the route {other.name} takes all of its requests"
                found.warn(("routes", index), message)
                break
        earlier.append(route)


_CHECKS: tuple[Callable[[Examination], None], ...] = (
    _backends_exist,
    _backends_differ,
    _backends_are_not_us,
    _backend_tls_is_usable,
    _users_tls_is_usable,
    _listeners_are_apart,
    _admin_is_guarded,
    _copies_are_safe,
    _copy_headers_are_free,
    _captures_fit,
    _route_names_are_unique,
    _routes_are_consistent,
    _routes_can_match,
)
