"""Lines of a side-by-side view as HTML. By hand, not by template: a page has thousands of them.

Removed and added are said by a sign, by `del` and `ins`, and by a word for those who listen; colour
repeats it. What both sides have is read once.

Law: every text is escaped where it enters; a line takes 20 µs.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from markupsafe import Markup, escape

from shadowproxy.pages.cells import Cell
from shadowproxy.pages.figures import coded, number
from shadowproxy.pages.lines import Line, Look, Row
from shadowproxy.pages.words import Mark

MAX_INDENT: Final = 12
"""Levels that are indented; the style sheet has a class for each."""

SIGNS: Final = {
    Look.SAME: ("", ""),
    Look.CHANGED: ("−", "+"),
    Look.REMOVED: ("−", ""),
    Look.ADDED: ("", "+"),
    Look.MOVED: ("↕", "↕"),
    Look.HIDDEN: ("≈", "≈"),
}
"""In the margin of legacy's and of the candidate's side."""
_TAGS: Final = {
    Mark.SAME: ("", ""),
    Mark.REMOVED: ("<del>", "</del>"),
    Mark.ADDED: ("<ins>", "</ins>"),
}
_SIDES: Final = ("legacy", "candidate")


class Drawing:
    """How lines are drawn. Differences by their index: `explained` by noise, the reader's `own`."""

    def __init__(self, explained: Iterable[int] = (), own: Iterable[int] = ()) -> None:
        self._explained = frozenset(explained)
        self._own = frozenset(own)

    def lines(self, lines: Iterable[Line], ids: str) -> Markup:
        """List items; the one that tells difference 3 has the id `{ids}-3`."""
        return _safe("".join([self._line(each, ids) for each in lines]))

    def parts(self, cell: Cell) -> Markup:
        """The value in a cell with its marks."""
        return _safe(_parts(cell))

    def note(self, differences: Sequence[int], note: str) -> Markup:
        """What is said about differences; nothing if nothing is."""
        said = []
        if not self._own.isdisjoint(differences):
            said.append('<span class="badge bad">this finding</span>')
        if note:
            said.append(str(coded(note)))
        if self.is_explained(differences):
            said.append('<span class="badge plain">explained by noise</span>')
        return _safe(f'<span class="d-note">{" ".join(said)}</span>' if said else "")

    def is_explained(self, differences: Sequence[int]) -> bool:
        """Whether noise explains all of them."""
        return bool(differences) and self._explained.issuperset(differences)

    def _line(self, line: Line, ids: str) -> str:
        look = f"d-{line.look} {_indent(line.depth)}"
        if isinstance(line, Row):
            explained = " d-explained" if self.is_explained(line.differences) else ""
            place = _anchor(line.differences, ids)
            return f'<li class="d-row {look}{explained}"{place}>{self._sides(line)}</li>\n'
        inside = "".join([self._line(each, ids) for each in line.lines])
        if line.left_out:
            inside += (
                f'<li class="d-more {_indent(line.depth + 1)}">… {number(line.left_out)} more are not '
                "shown here</li>"
            )
        head = (
            f'<summary><span class="d-dots" aria-hidden="true">⋯</span> {escape(line.note)}</summary>'
            if line.legacy is None
            else f'<summary class="d-row">{self._sides(line)}</summary>'
        )
        body = f'<ol class="d-lines" role="list">{inside}</ol>'
        return f'<li class="d-fold {look}"><details>{head}{body}</details></li>\n'

    def _sides(self, line: Line) -> str:
        noted = 0 if line.candidate is None else 1
        return "".join(
            [
                _side(at, cell, line, self.note(line.differences, line.note) if at == noted else "")
                for at, cell in enumerate((line.legacy, line.candidate))
            ]
        )


def _side(at: int, cell: Cell | None, line: Line, note: str) -> str:
    name = _SIDES[at]
    if cell is None:
        return f'<div class="d-side d-{name} d-nothing"></div>'
    if line.look is Look.SAME:
        hidden = ' aria-hidden="true"' if at else ""
        return f'<div class="d-side d-{name}"{hidden}><code class="d-text">{_content(cell)}</code></div>'
    away = " d-away" if cell.away else ""
    is_signed = line.look is not Look.MOVED or cell.away or line.differences
    sign = SIGNS[line.look][at] if is_signed else ""
    return (
        f'<div class="d-side d-{name}{away}"><span class="d-sign" aria-hidden="true">{sign}</span>'
        f'<span class="unseen">{name}: </span><code class="d-text">{_content(cell)}</code>{note}</div>'
    )


def _content(cell: Cell) -> str:
    key = f'<span class="d-key">{escape(cell.name)}</span>: ' if cell.key is not None else ""
    value = (
        f'<span class="d-{cell.type_name or "plain"}">{_parts(cell)}{escape(cell.bracket)}</span>'
    )
    chip = f' <span class="d-chip">{cell.type_name}</span>' if cell.chip else ""
    away = f' <span class="d-chip">{escape(cell.away)}</span>' if cell.away else ""
    return f"{key}{value}{chip}{away}"


def _parts(cell: Cell) -> str:
    return "".join(
        [f"{_TAGS[part.mark][0]}{escape(part.text)}{_TAGS[part.mark][1]}" for part in cell.parts]
    )


def _indent(depth: int) -> str:
    return f"at-{min(depth, MAX_INDENT)}"


def _anchor(differences: Sequence[int], ids: str) -> str:
    """A place that can be linked to and gone to."""
    if not differences:
        return ""
    return f' id="{escape(ids)}-{differences[0]}" tabindex="-1" data-difference'


def _safe(html: str) -> Markup:
    return Markup(html)  # noqa: S704 - everything in it was escaped where it entered
