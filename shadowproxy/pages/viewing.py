"""One exchange as a page shows it: both heads, both bodies, and what its differences are to the reader."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from shadowproxy.pages.documents import Document, member, members, text
from shadowproxy.pages.drawing import SIGNS, Drawing
from shadowproxy.pages.heads import Heads, lay_out_heads
from shadowproxy.pages.lines import Look
from shadowproxy.pages.side_by_side import SideBySide, lay_out


class View(NamedTuple):
    """All that the template needs; `omitted` says why there are no bodies."""

    heads: Heads
    body: SideBySide
    drawing: Drawing
    omitted: str
    total: int

    @property
    def signs(self) -> Mapping[Look, tuple[str, str]]:
        """What stands in the margin of each side."""
        return SIGNS


def view_of(sample: Document, own: Sequence[Mapping[str, Any]] = ()) -> View:
    """Of a sample's document; `own` are those of its differences that the page is about."""
    differences = members(sample, "differences")
    omitted = why_omitted(sample)
    legacy, candidate = (member(sample, side).get("tree") for side in ("legacy", "candidate"))
    is_one_format = text(sample, "legacy", "format") == text(sample, "candidate", "format")
    body = lay_out(legacy, candidate, differences, not omitted and is_one_format)
    explained = (at for at, each in enumerate(differences) if each.get("explained") is True)
    mine = (at for at, each in enumerate(differences) if each in own)
    drawing = Drawing(explained, mine if len(differences) > 1 else ())
    return View(lay_out_heads(sample, differences), body, drawing, omitted, len(differences))


def why_omitted(sample: Document) -> str:
    """Why the bodies cannot be shown; empty if they can."""
    for side in ("legacy", "candidate"):
        answer = member(sample, side)
        if text(answer, "omitted"):
            return f"The body of {side} is not shown: {text(answer, 'omitted')}."
        if "tree" not in answer:
            return "The bodies were not kept with this sample: these are the differences alone."
    return ""
