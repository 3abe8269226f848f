"""Response header fields: which take part, and how two of them are compared.

Law: names are compared exactly, never by a part of them; what is ignored is listed here or in the
configuration, and presence is asserted wherever only the value is ignored.
"""

from collections.abc import Iterator
from typing import Final

from shadowproxy.compare.cookies import compare_cookies
from shadowproxy.compare.differences import MISSING, Difference, Hits
from shadowproxy.compare.ruleset import Plan
from shadowproxy.core.words import Kind

Fields = dict[str, list[str]]

HOP_BY_HOP: Final = frozenset(
    (
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate",
        "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
    )
)  # fmt: skip

IGNORED: Final = HOP_BY_HOP | {
    "content-length", "content-encoding", "server", "via", "age", "x-runtime", "cf-ray",
}  # fmt: skip

PRESENCE_ONLY: Final = frozenset(
    (
        "date", "x-request-id", "x-correlation-id", "traceparent", "tracestate", "b3",
        "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags",
        "x-amzn-trace-id", "x-cloud-trace-context", "sentry-trace", "etag", "last-modified",
        "expires",
    )
)  # fmt: skip
"""Both must have it or neither; the values differ between any two servers."""


def parse_fields(head: bytes) -> Fields:
    """The field lines of a head by lower-case name, values in order; never raises."""
    fields: Fields = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name.strip(" \t").lower(), []).append(value.strip(" \t"))
    return fields


def parse_both(legacy: bytes, candidate: bytes) -> tuple[Fields, Fields]:
    """The fields of both heads; of equal ones they are the same object."""
    fields = parse_fields(legacy)
    return fields, fields if legacy == candidate else parse_fields(candidate)


def compare_fields(
    legacy: Fields, candidate: Fields, plan: Plan, hits: Hits
) -> Iterator[Difference]:
    """The differences between two heads, in legacy's order and then the candidate's.

    `hits` counts what rules hide.
    """
    left, right = _end_to_end(legacy), _end_to_end(candidate)
    for name in left | right:
        ours, theirs = left.get(name), right.get(name)
        if ours == theirs or name in IGNORED or name == "content-type":
            continue
        if name in plan.ignored_headers:
            hits[plan.ignored_headers[name]] += 1
        elif name == "set-cookie":
            yield from compare_cookies(ours or [], theirs or [])
        elif ours is None or theirs is None:
            yield _presence(name, ours, theirs)
        elif name not in PRESENCE_ONLY and ", ".join(ours) != ", ".join(theirs):
            # Lines of one name mean the same as one line with their values in a list (RFC 9110 5.3).
            if name in plan.unordered_headers and _elements(ours) == _elements(theirs):
                hits[plan.unordered_headers[name]] += 1
                continue
            kind = Kind.ORDER if sorted(ours) == sorted(theirs) else Kind.CHANGED
            yield Difference(f"#header/{name}", kind, ", ".join(ours), ", ".join(theirs))


def _presence(name: str, ours: list[str] | None, theirs: list[str] | None) -> Difference:
    path = f"#header/{name}"
    if theirs is None:
        return Difference(path, Kind.REMOVED, ", ".join(ours or []), MISSING)
    return Difference(path, Kind.ADDED, MISSING, ", ".join(theirs))


def _elements(values: list[str]) -> list[str]:
    return sorted(part for value in values for part in _parts(value))


def _parts(value: str) -> Iterator[str]:
    return filter(None, (part.strip(" \t") for part in value.split(",")))


def _end_to_end(fields: Fields) -> Fields:
    """Without the fields that this head's own Connection field names."""
    if "connection" not in fields:
        return fields
    named = {part.lower() for value in fields["connection"] for part in _parts(value)}
    return {name: values for name, values in fields.items() if name not in named}
