"""Checks of what is copied: safe methods, header fields that are free to change, enough memory."""

from typing import Final

from shadowproxy.config.examining import SAFE_METHODS, Examination
from shadowproxy.config.quantities import print_size

_HOP_BY_HOP: Final = frozenset((
    "connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te",
    "trailer", "transfer-encoding", "upgrade",
))  # fmt: skip
_MARKS: Final = frozenset(("baggage", "x-shadow", "x-shadow-of", "traceparent", "tracestate"))


def copies_are_safe(found: Examination) -> None:
    """Unsafe methods are a route's decision, never everybody's."""
    if not found.is_sound("shadow", "methods"):
        return
    for index, method in enumerate(found.file.shadow.methods):
        if method not in SAFE_METHODS:
            message = (
                f"copying {method} may act twice; a route may ask for it:"
                f" shadow_methods: [{method}] with a reason"
            )
            found.refuse(("shadow", "methods", index), message)


def copy_headers_are_free(found: Examination) -> None:
    """Framing and the mark of the copy are out of the policy's reach."""
    headers = found.file.shadow.headers
    if not found.is_sound("shadow", "headers"):
        return
    names: list[tuple[str | int, str]] = [*enumerate(headers.remove)]
    names += [(name, name) for name in headers.set]
    for place, name in names:
        part = "remove" if isinstance(place, int) else "set"
        path = ("shadow", "headers", part, place)
        if name.lower() in _HOP_BY_HOP:
            found.refuse(path, "belongs to the connection and cannot be changed")
        elif name.lower() in _MARKS:
            found.refuse(path, "marks the copy and is always written by the proxy")
    lowered = [name.lower() for name in headers.set]
    for name in headers.set:
        if lowered.count(name.lower()) > 1:
            found.refuse(("shadow", "headers", "set", name), "is set twice")


def captures_fit(found: Examination) -> None:
    """A quarter of the memory is for the edges' captures, in equal parts."""
    shadow, workers = found.file.shadow, found.file.workers
    is_known = found.is_sound("shadow", "max_memory") and found.is_sound("shadow", "max_body")
    if not is_known:
        return
    if shadow.max_memory < 4 * shadow.max_body:
        message = "expected at least four times shadow.max_body"
        found.refuse(("shadow", "max_memory"), message)
        return
    per_edge = shadow.max_memory // 4 // (workers or found.cores)
    if found.is_sound("workers") and per_edge < shadow.max_body:
        message = f"leaves {print_size(per_edge)} in each edge: larger bodies are never copied"
        found.warn(("shadow", "max_memory"), message)
