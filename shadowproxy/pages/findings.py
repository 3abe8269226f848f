"""The list of findings: sorted, filtered and paged by links and a form, so that it works everywhere.

Laws: what is asked for stays asked for on every link; findings that one cause may be behind stand
together where the first of them would stand.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from shadowproxy.core.words import Kind
from shadowproxy.pages.documents import Document, count, member, members, text, values
from shadowproxy.pages.figures import plural
from shadowproxy.pages.rendering import render

STATES: Final = {"open": "open", "expected": "expected", "fixed": "fixed", "returned": "came back"}
"""What can be asked for, and how it is said; who is marked fixed and seen again came back."""
SORTS: Final = {
    "count": "Exchanges",
    "share": "Share",
    "last_seen": "Last seen",
    "first_seen": "First seen",
}
FILTERS: Final = {
    "endpoint": "Endpoint",
    "state": "State",
    "kind": "Kind",
    "version": "Version",
    "q": "Text",
}
"""What can be asked for, as the API calls it."""
_KEPT: Final = (*FILTERS, "sort", "since")
MAX_ENDPOINTS: Final = 200
"""Offered for completion."""


class Cluster(NamedTuple):
    """Findings that stand together; `cause` says why, empty for those that stand alone."""

    cause: str
    groups: tuple[Document, ...]


class Sort(NamedTuple):
    """A column's heading that sorts by it."""

    label: str
    address: str
    is_used: bool


class Filter(NamedTuple):
    """One thing that was asked for, and how the page is without it."""

    label: str
    value: str
    without: str


def findings(document: Document, query: Mapping[str, str]) -> str:
    """The page at `/findings`; `query` are the parameters that it was asked with."""
    asked = {name: str(query[name]) for name in _KEPT if query.get(name)}
    groups = members(document, "groups")
    following = document.get("next")
    return render(
        "findings.html",
        problem=text(document, "problem"),
        asked=asked,
        clusters=cluster(groups, members(document, "causes")),
        shown=len(groups),
        total=max(count(document, "total"), len(groups)),
        sorts={name: _sort(asked, name, label) for name, label in SORTS.items()},
        filters=[
            Filter(label, asked[name], _address(asked, **{name: ""}))
            for name, label in FILTERS.items()
            if name in asked
        ],
        states=STATES,
        kinds=[str(kind) for kind in Kind],
        endpoints=sorted({text(each, "endpoint") for each in groups} - {""})[:MAX_ENDPOINTS],
        further=_address(asked, after=following) if isinstance(following, str) else "",
        first=_address(asked) if query.get("after") else "",
        forgotten=_forgotten(document),
        versions_of=versions_of,
    )


def cluster(groups: Iterable[Document], causes: Iterable[Document]) -> list[Cluster]:
    """The findings in their order; those with a common cause where the first of them is."""
    listed = {text(each, "id"): each for each in groups}
    cause_of: dict[str, tuple[str, list[str]]] = {}
    for cause in causes:
        ids = [str(each) for each in values(cause, "groups") if str(each) in listed]
        for each in ids if len(ids) > 1 else ():
            cause_of.setdefault(each, (text(cause, "sentence"), ids))
    clusters: list[Cluster] = []
    done: set[str] = set()
    for id_, group in listed.items():
        if id_ in done:
            continue
        sentence, ids = cause_of.get(id_, ("", [id_]))
        together = [id_, *(each for each in ids if each != id_ and each not in done)]
        done.update(together)
        if len(together) == 1 and clusters and not clusters[-1].cause:
            clusters[-1] = Cluster("", (*clusters[-1].groups, group))
        else:
            cause_said = sentence if len(together) > 1 else ""
            clusters.append(Cluster(cause_said, tuple(listed[each] for each in together)))
    return clusters


def _sort(asked: Mapping[str, str], name: str, label: str) -> Sort:
    is_used = asked.get("sort", "count") == name
    return Sort(label, _address(asked, sort=name), is_used)


def _address(asked: Mapping[str, str], **changed: str) -> str:
    """The page with other parameters; an empty one is left out. Always from its first entry on."""
    wanted = {name: value for name, value in {**asked, **changed}.items() if value}
    encoded = urlencode(wanted, errors="replace")
    return f"/findings?{encoded}" if encoded else "/findings"


def _forgotten(document: Document) -> str:
    """What is said of findings for which there was no room."""
    groups = count(document, "evicted_groups")
    if not groups:
        return ""
    exchanges = plural(count(document, "evicted"), "exchange")
    return f"{plural(groups, 'rare finding')} with {exchanges} made room for more frequent ones."


def versions_of(group: Document) -> list[tuple[str, int]]:
    """The candidate's versions in which it was seen, the most frequent first."""
    counts: dict[str, Any] = member(group, "versions", "counts")
    known = [(str(name), each) for name, each in counts.items() if isinstance(each, int)]
    return sorted(known, key=lambda each: (-each[1], each[0]))
