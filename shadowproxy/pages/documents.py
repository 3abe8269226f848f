"""Members of documents, whatever they hold: a page shows what is there and says what is not.

Law: nothing here raises; what has another type than it should counts as absent.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]


def member(document: Any, *names: str) -> dict[str, Any]:
    """The object at that place; empty if there is none."""
    for name in names:
        document = document.get(name) if isinstance(document, Mapping) else None
    return dict(document) if isinstance(document, Mapping) else {}


def members(document: Any, *names: str) -> list[dict[str, Any]]:
    """The objects of the array at that place."""
    return [dict(each) for each in values(document, *names) if isinstance(each, Mapping)]


def values(document: Any, *names: str) -> list[Any]:
    """The elements of the array at that place."""
    found = member(document, *names[:-1]).get(names[-1]) if names else document
    return list(found) if isinstance(found, Sequence) and not isinstance(found, str) else []


def text(document: Any, *names: str) -> str:
    """The text at that place, empty if there is none."""
    found = member(document, *names[:-1]).get(names[-1])
    return found if isinstance(found, str) else ""


def count(document: Any, *names: str) -> int:
    """The whole number at that place, 0 if there is none."""
    found = member(document, *names[:-1]).get(names[-1])
    return found if isinstance(found, int) and not isinstance(found, bool) else 0
