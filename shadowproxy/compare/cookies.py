"""Set-Cookie, compared by cookie: names and attributes, never the value.

Law: a cookie's value is not even carried in a difference.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from shadowproxy.compare.differences import MISSING, Difference
from shadowproxy.core.words import Kind

PATH: Final = "#header/set-cookie"

_CASE_MATTERS: Final = frozenset(("path",))
"""Of attribute values; domains and SameSite are the same in any case (RFC 6265 5.2)."""
_PRESENCE_ONLY: Final = frozenset(("expires",))
"""A point in time is another one a second later, like the Expires field."""

HIDDEN: Final = "..."
"""Stands for every cookie value and every Expires date."""


def compare_cookies(legacy: list[str], candidate: list[str]) -> Iterator[Difference]:
    """The differences between the Set-Cookie lines of two heads."""
    left, right = _by_name(legacy), _by_name(candidate)
    for name in left | right:
        ours, theirs = left.get(name, []), right.get(name, [])
        if Counter(ours) == Counter(theirs):
            continue
        if not theirs:
            yield Difference(PATH, Kind.REMOVED, _shown(name, ours), MISSING)
        elif not ours:
            yield Difference(PATH, Kind.ADDED, MISSING, _shown(name, theirs))
        else:
            yield Difference(PATH, Kind.CHANGED, _shown(name, ours), _shown(name, theirs))


def _by_name(lines: list[str]) -> dict[str, list[tuple[str, ...]]]:
    cookies: dict[str, list[tuple[str, ...]]] = {}
    for line in lines:
        pair, *attributes = line.split(";")
        name = pair.partition("=")[0].strip()
        cookies.setdefault(name, []).append(tuple(sorted(map(_attribute, attributes))))
    return cookies


def _attribute(text: str) -> str:
    name, separator, value = (part.strip() for part in text.partition("="))
    name = name.lower()
    if not separator:
        return name
    if name in _PRESENCE_ONLY:
        value = HIDDEN
    return f"{name}={value if name in _CASE_MATTERS else value.lower()}"


def _shown(name: str, cookies: list[tuple[str, ...]]) -> str:
    return ", ".join("; ".join((f"{name}={HIDDEN}", *attributes)) for attributes in cookies)
