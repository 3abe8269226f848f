"""The page of coverage: what was compared, what was not, and why, as a whole and by route."""

from typing import Final

from shadowproxy.pages.documents import Document, member, members, text
from shadowproxy.pages.rendering import render

MAX_ROUTES: Final = 500


def coverage(document: Document) -> str:
    """The page at `/coverage`."""
    routes = members(document, "routes")
    return render(
        "coverage.html",
        problem=text(document, "problem"),
        exchanges=member(document, "exchanges"),
        coverage=member(document, "coverage"),
        not_compared=members(document, "not_compared"),
        routes=routes[:MAX_ROUTES],
        left_off=max(0, len(routes) - MAX_ROUTES),
    )
