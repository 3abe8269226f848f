"""One exchange: what was asked, what both sides answered, and where the answers differ."""

from typing import Any, Final

from shadowproxy.pages.documents import Document, member, text, values
from shadowproxy.pages.figures import UNKNOWN, duration, finite
from shadowproxy.pages.rendering import render
from shadowproxy.pages.viewing import view_of
from shadowproxy.pages.writing import written_tree

MAX_HEADERS: Final = 200
MAX_FINDINGS: Final = 50


def sample(document: Document) -> str:
    """The page at `/samples/{id}`."""
    request = member(document, "request")
    return render(
        "sample.html",
        sample=document,
        view=view_of(document),
        sides=[(name, member(document, name)) for name in ("legacy", "candidate")],
        request_fields=fields_of(request),
        request_body=written_tree(request.get("body")),
        request_omitted=text(request, "omitted"),
        milliseconds=milliseconds,
        findings=[str(each) for each in values(document, "groups")[:MAX_FINDINGS]],
    )


def milliseconds(value: Any) -> str:
    """A time of the document as a person reads it."""
    known = finite(value)
    return UNKNOWN if known is None else duration(known / 1000)


def fields_of(message: Document) -> list[tuple[str, str]]:
    """Header fields as they are shown."""
    return [
        (str(each[0]), str(each[1]))
        for each in values(message, "headers")[:MAX_HEADERS]
        if isinstance(each, list | tuple) and len(each) == 2
    ]
