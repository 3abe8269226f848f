"""Status, header fields and what is said of a body as a whole: the part of a sample above its bodies.

Laws: every difference of these is in exactly one row; a field that differs is shown whether or not the
fields were kept; nothing raises.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from shadowproxy.core.words import Kind
from shadowproxy.pages.cells import Cell, leaf, leaves
from shadowproxy.pages.documents import member, values
from shadowproxy.pages.lines import Look
from shadowproxy.pages.side_by_side import MAX_TOLD, is_in_body
from shadowproxy.pages.telling import look_of, note_of
from shadowproxy.pages.words import Mark

FIELD: Final = "#header/"
COOKIES: Final = "set-cookie"
"""Compared by cookie, so one field has a row for each."""
MAX_FIELDS: Final = 200
"""Of one side; an edge takes no more of a request."""

_WHOLE: Final[Mapping[str, str]] = {
    Kind.STATUS: "status",
    Kind.MEDIA: "media type",
    Kind.EMPTY: "body",
    Kind.INVALID: "body",
    Kind.RAW: "body",
}


class HeadRow(NamedTuple):
    """One field or fact of both sides. `differences` are told by it and by no other."""

    name: str
    look: Look
    legacy: Cell | None
    candidate: Cell | None
    differences: tuple[int, ...] = ()
    note: str = ""


class Heads(NamedTuple):
    """What differs, and fields in which nothing was found: equal or not compared."""

    different: tuple[HeadRow, ...]
    others: tuple[HeadRow, ...]


def lay_out_heads(sample: Mapping[str, Any], differences: Sequence[Mapping[str, Any]]) -> Heads:
    """The rows of a sample's document."""
    sides = [_fields(member(sample, side)) for side in ("legacy", "candidate")]
    different = []
    told: defaultdict[str, list[int]] = defaultdict(list)
    for at, difference in enumerate(differences[:MAX_TOLD]):
        if is_in_body(difference):
            continue
        name = _field_of(difference)
        if name and name != COOKIES:
            told[name].append(at)
        else:
            different.append(_said(difference, at, name))
    for name, here in told.items():
        different.append(_field(name, [each.get(name) for each in sides], differences, here))
    names = [name for name in sides[0] | sides[1] if name not in told]
    cookies_differ = any(row.name == COOKIES for row in different)
    others = [
        _other(name, *[each.get(name) for each in sides])
        for name in names
        if not (cookies_differ and name == COOKIES)
    ]
    return Heads(tuple(different), tuple(others))


def _field_of(difference: Mapping[str, Any]) -> str:
    path = difference.get("path")
    if not isinstance(path, str) or not path.startswith(FIELD) or difference.get("kind") in _WHOLE:
        return ""
    return path[len(FIELD) :]


def _fields(side: Mapping[str, Any]) -> dict[str, str]:
    """By lower-case name; lines of one name as the list that they are (RFC 9110, 5.3)."""
    found: dict[str, str] = {}
    for name, value in _pairs(side):
        lower = name.lower()
        separator = "; " if lower == COOKIES else ", "
        found[lower] = f"{found[lower]}{separator}{value}" if lower in found else value
    return found


def _pairs(side: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for each in values(side, "headers")[:MAX_FIELDS]:
        if isinstance(each, list | tuple) and len(each) == 2:
            yield str(each[0]), str(each[1])


def _said(difference: Mapping[str, Any], at: int, name: str) -> HeadRow:
    """By the values that the difference itself carries."""
    path, kind = str(difference.get("path")), str(difference.get("kind"))
    name = name or _WHOLE.get(kind) or path.removeprefix("#")
    cells = _cells(difference)
    note = _note(difference)
    return HeadRow(name, look_of(kind), *cells, (at,), note)


def _cells(difference: Mapping[str, Any]) -> tuple[Cell | None, Cell | None]:
    sides = [difference.get(side) for side in ("legacy", "candidate")]
    if all(isinstance(each, str) for each in sides):
        return _texts(*sides)
    return (
        _bare(leaf(None, sides[0], Mark.REMOVED)) if "legacy" in difference else None,
        _bare(leaf(None, sides[1], Mark.ADDED)) if "candidate" in difference else None,
    )


def _texts(legacy: Any, candidate: Any) -> tuple[Cell | None, Cell | None]:
    """Values of fields have no quotes and no types."""
    if legacy is None or candidate is None:
        return (
            _bare(leaf(None, legacy, Mark.REMOVED)) if legacy is not None else None,
            _bare(leaf(None, candidate, Mark.ADDED)) if candidate is not None else None,
        )
    left, right = leaves(None, legacy, None, candidate)
    return _bare(left), _bare(right)


def _bare(cell: Cell) -> Cell:
    """Without the quotes of a text."""
    if cell.type_name != "string":
        return cell._replace(type_name="")
    parts = list(cell.parts)
    parts[0] = parts[0]._replace(text=parts[0].text[1:])
    parts[-1] = parts[-1]._replace(text=parts[-1].text[:-1])
    return cell._replace(parts=tuple(part for part in parts if part.text), type_name="")


def _note(difference: Mapping[str, Any]) -> str:
    kind = difference.get("kind")
    if kind in (Kind.STATUS, Kind.MEDIA):
        return ""
    if kind == Kind.ORDER:
        return "the same values in another order"
    return note_of(difference, difference.get("legacy"), difference.get("candidate"))


def _field(
    name: str, texts: Sequence[str | None], differences: Sequence[Mapping[str, Any]],
    here: Sequence[int],
) -> HeadRow:  # fmt: skip
    """A field as both sides sent it, or, where it was not kept, as the differences say."""
    said = [differences[at] for at in here]
    kept = any(text is not None for text in texts) and texts[0] != texts[1]
    cells = _texts(*texts) if kept else _cells(said[0])
    notes = dict.fromkeys(filter(None, map(_note, said)))
    return HeadRow(name, look_of(said[0].get("kind")), *cells, tuple(here), "; ".join(notes))


def _other(name: str, legacy: str | None, candidate: str | None) -> HeadRow:
    """A field in which nothing was found."""
    if legacy == candidate:
        cell = _bare(leaf(None, legacy))
        return HeadRow(name, Look.SAME, cell, cell)
    return HeadRow(name, Look.HIDDEN, *_texts(legacy, candidate), (), "differs, but does not count")
