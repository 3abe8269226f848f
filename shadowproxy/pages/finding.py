"""One finding: what it is, since when, how sure that is, what it looks like, and what to do about it."""

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson
from markupsafe import Markup

from shadowproxy.compare import MISSING, Rules, compare, response
from shadowproxy.pages import charts, evidence, proposals
from shadowproxy.pages.documents import Document, member, members, text
from shadowproxy.pages.figures import finite, number
from shadowproxy.pages.findings import versions_of
from shadowproxy.pages.rendering import render
from shadowproxy.pages.sample import milliseconds
from shadowproxy.pages.viewing import View, view_of
from shadowproxy.pages.writing import written_tree

MAX_SAMPLES: Final = 50
MAX_SIBLINGS: Final = 50


class Reproducer(NamedTuple):
    """Two bodies cut down to what still shows the finding, and how to ask each side."""

    view: View
    bodies: tuple[tuple[str, str], ...]
    commands: tuple[tuple[str, str], ...]
    is_redacted: bool
    """Whether a command cannot be run as it is."""


def finding(group: Document, sample: Document) -> str:
    """The page at `/findings/{id}`; `sample` is one of its samples whole, or empty."""
    shown = sample or member(group, "sample")
    own = proposals.own_of(group, members(shown, "differences"))
    return render(
        "finding.html",
        group=group,
        sample=shown,
        view=view_of(shown, own) if shown else None,
        chart=_chart(member(group, "series")),
        noise=evidence.of_noise(group),
        rechecks=evidence.of_rechecks(group),
        siblings=_siblings(group),
        pairs=members(group, "pairs"),
        versions=versions_of(group),
        samples=members(group, "samples")[:MAX_SAMPLES],
        reproducer=reproducer_of(group),
        proposals=proposals.propose(group),
        as_yaml=proposals.as_yaml,
        reach=_reach(group),
        milliseconds=milliseconds,
    )


def _chart(series: Document) -> Markup:
    points = [each for each in members(series, "points") if finite(each.get("start_s"))]
    points.sort(key=lambda each: float(each["start_s"]))
    counts = charts.Line("exchanges", "mismatch", [finite(each.get("count")) for each in points])
    starts_s = [float(each["start_s"]) for each in points]
    return charts.over_time("counts", "Exchanges with this finding", starts_s, [counts], number)


def _siblings(group: Document) -> list[dict[str, Any]]:
    """The other findings that one cause may be behind."""
    cause = member(group, "cause")
    others = [each for each in members(cause, "groups") if each.get("id") != group.get("id")]
    return others[:MAX_SIBLINGS]


def _reach(group: Document) -> str:
    """Why there is no rule for it, where there is none."""
    if text(group, "kind") == "status":
        return "No rule hides a status: mark the finding as expected if it is meant to be so."
    if not proposals.place_of(group):
        return "No rule reaches it: rules are about places in a body and about header fields."
    return ""


def reproducer_of(group: Document) -> Reproducer | None:
    """The stored reproducer, compared anew so that it can be shown side by side."""
    stored = member(group, "reproducer")
    if not stored:
        return None
    trees = stored.get("legacy"), stored.get("candidate")
    differences = _differences(trees)
    document = {
        "legacy": {"tree": trees[0]},
        "candidate": {"tree": trees[1]},
        "differences": differences,
    }
    bodies = (("legacy", written_tree(trees[0])), ("candidate", written_tree(trees[1])))
    commands = tuple(
        (side, text(stored, "curl", side))
        for side in ("legacy", "candidate")
        if text(stored, "curl", side)
    )
    is_redacted = any(_HIDDEN.search(command) for _, command in commands)
    return Reproducer(view_of(document), bodies, commands, is_redacted)


_HIDDEN: Final = re.compile(r"\[redacted\]|%5Bredacted%5D|hash:[0-9a-f]{16}", re.IGNORECASE)
"""What stands for a value that was not kept."""


def _differences(trees: Sequence[Any]) -> list[dict[str, Any]]:
    """Without rules: they may have changed since."""
    try:
        sides = [response(orjson.dumps(each), "application/json") for each in trees]
    except TypeError:  # half a character, or a number that JSON does not have
        return []
    found = compare(sides[0], sides[1], Rules.of([]))
    return [
        {"path": each.path, "kind": str(each.kind)}
        | ({} if each.legacy is MISSING else {"legacy": each.legacy})
        | ({} if each.candidate is MISSING else {"candidate": each.candidate})
        for each in found.differences
    ]
