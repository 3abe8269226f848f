"""A side-by-side view as a person would type it, for tests."""

from collections.abc import Iterable, Iterator

from shadowproxy.pages.cells import Cell, name_key
from shadowproxy.pages.lines import Fold, Line, Row
from shadowproxy.pages.side_by_side import SideBySide
from shadowproxy.pages.words import Mark


def rows_of(lines: Iterable[Line]) -> Iterator[Row]:
    """Every row, those in folds, too."""
    for line in lines:
        if isinstance(line, Row):
            yield line
        else:
            yield from rows_of(line.lines)


def lines_of(lines: Iterable[Line]) -> Iterator[Line]:
    """Every row and every fold."""
    for line in lines:
        yield line
        if isinstance(line, Fold):
            yield from lines_of(line.lines)


def told(view: SideBySide) -> list[int]:
    """The differences in the order in which they are told."""
    return [at for row in [*rows_of(view.lines), *view.by_place] for at in row.differences]


def written(lines: Iterable[Line], is_open: bool = False) -> list[str]:
    """One text a line: `- "a": [1] | + "a": [2]`."""
    shown = []
    for line in lines:
        indent = "  " * line.depth
        sides = " | ".join(cell_text(cell) for cell in (line.legacy, line.candidate))
        if isinstance(line, Fold):
            text = line.note or sides
            shown.append(
                f"{indent}({text}{f', {line.left_out} left out' if line.left_out else ''})"
            )
            shown += written(line.lines, True) if is_open else []
        else:
            note = f"  // {line.note}" if line.note else ""
            shown.append(f"{indent}{line.look}: {sides}{note}")
    return shown


def cell_text(cell: Cell | None) -> str:
    """With what is marked in brackets like these: ⟨ ⟩."""
    if cell is None:
        return "nothing"
    parts = "".join(
        part.text if part.mark is Mark.SAME else f"⟨{part.text}⟩" for part in cell.parts
    )
    name = name_key(cell.key)
    text = f"{name}: {parts}{cell.bracket}" if name else f"{parts}{cell.bracket}"
    return f"{text} {cell.type_name}" if cell.chip else f"{text} {cell.away}".strip()
