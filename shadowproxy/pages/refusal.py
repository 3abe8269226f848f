"""What a person sees who asks for a page that there is not, or that cannot be made now."""

from typing import Final

from shadowproxy.pages.rendering import render

_HEADINGS: Final = {
    400: "The address asks for something that does not exist",
    401: "The admin token is needed",
    403: "This is not allowed",
    404: "There is no such page",
    503: "This cannot be shown right now",
}


def refusal(status: int, detail: str) -> str:
    """The page of a refused request; `detail` says why."""
    return render("refusal.html", heading=_HEADINGS.get(status, "That did not work"), detail=detail)
