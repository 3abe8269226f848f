"""CSV (RFC 4180) and tab-separated values (which know no quotes): a row is {column: cell}."""

import csv
import io
from collections.abc import Iterator
from typing import Any, Final, Literal

from shadowproxy.decode.bounds import BoundError, UndecodableError
from shadowproxy.decode.room import Room

EXTRA: Final = "#extra"
"""The member that holds the cells for which the header has no name."""


def decode_csv(text: str, delimiter: str, has_header: bool, room: Room) -> list[Any]:
    """The rows, by the names in the first one or, without header, as lists of cells.

    Missing cells are absent. A column that no row reaches is null in the first row, which is made
    up when there is none: a header says something, even alone.

    Raises:
        UndecodableError: a quote is not closed, or followed by more of its cell.
        BoundError: too many cells, or one of more than 128 KiB.
    """
    rows_at_most = text.count("\n") + text.count("\r") + 1
    room.take(1 + 2 * rows_at_most + text.count(delimiter))
    rows = _rows(text, delimiter)
    if not has_header:
        return list(rows)
    header = next(rows, None)
    if header is None:
        return []
    columns = _columns(header)
    named = [_named(columns, row) for row in rows]
    reached = max(map(len, named), default=0)
    if reached < len(columns):
        named = named or [{}]
        named[0].update(dict.fromkeys(columns[reached:]))
    return named


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    quoting: Literal[0, 3] = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    lines = io.StringIO(text, newline="")
    try:
        yield from csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)
    except csv.Error as error:
        if "field limit" in str(error):
            raise BoundError("cell") from None
        raise UndecodableError("csv") from None


def _columns(header: list[str]) -> list[str]:
    """Names made unique: `a`, `a#2`, `a#3`; each number is tried once, so in linear time."""
    taken = {EXTRA}
    numbers: dict[str, int] = {}
    columns = []
    for name in header:
        column = name
        while column in taken:
            numbers[name] = numbers.get(name, 1) + 1
            column = f"{name}#{numbers[name]}"
        taken.add(column)
        columns.append(column)
    return columns


def _named(columns: list[str], row: list[str]) -> dict[str, Any]:
    named: dict[str, Any] = dict(zip(columns, row, strict=False))
    if len(row) > len(columns):
        named[EXTRA] = row[len(columns) :]
    return named
