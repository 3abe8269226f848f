"""CSV and TSV: rows by the names of the header, nothing hidden."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decode.decoding import cheap_refusal, decoded, refusal

CELLS = st.text(st.characters(codec="utf-8"), max_size=8)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=6))
def test_rows_that_were_written_come_back(rows: list[list[str]]) -> None:
    """Any cells, quoted where they must be."""
    written = io.StringIO(newline="")
    csv.writer(written).writerows(rows)
    body = "\ufeff" + written.getvalue()  # so that a mark in a cell is not taken for one
    assert decoded("text/csv; header=absent", body) == rows


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", []),
        ("a,b\r\n1,2\r\n3,4", [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]),
        ("a,b\n1\n\n", [{"a": "1", "b": None}, {}]),
        ("a,b\n1,2\n3\n", [{"a": "1", "b": "2"}, {"a": "3"}]),
        ("a\n1,2,3", [{"a": "1", "#extra": ["2", "3"]}]),
        ("a,a,b,a\n1,2,3,4", [{"a": "1", "a#2": "2", "b": "3", "a#3": "4"}]),
        ("a,a#2,a\n1,2,3", [{"a": "1", "a#2": "2", "a#3": "3"}]),
        ("#extra\n1,2", [{"#extra#2": "1", "#extra": ["2"]}]),
        ('a,"b\n""c"""\n"1,2",', [{"a": "1,2", 'b\n"c"': ""}]),
    ],
)
def test_rows(body: str, expected: list[object]) -> None:
    """Short rows, long rows, blank rows, equal names, quotes."""
    assert decoded("text/csv", body) == expected


def test_a_header_alone_is_not_nothing() -> None:
    """A column that no row reaches is null in the first row, made up when there is none."""
    assert decoded("text/csv", "a,b") == [{"a": None, "b": None}]
    assert decoded("text/csv", "a,b") != decoded("text/csv", "a,c") != decoded("text/csv", "")


def test_tabs_separate_and_nothing_quotes_them() -> None:
    """IANA's text/tab-separated-values has no quotes."""
    body = 'a\tb\n"1\t2,"\n'
    assert decoded("text/tab-separated-values", body) == [{"a": '"1', "b": '2,"'}]


@pytest.mark.parametrize("body", ['a\n"b', 'a\n"b"c', b"a\n\xff"])
def test_broken_quotes_and_charsets_are_undecodable(body: bytes | str) -> None:
    """A quote that is not closed, or closed too early."""
    assert refusal("text/csv", body).startswith("undecodable")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"a,b\n" * 500_000, "bound nodes"),
        (b"," * 1_000_000, "bound nodes"),
        (b'"' * 1_000_000, "bound cell"),
        (b'"a' * 500_000, "undecodable csv"),
        (b"x" * 200_000, "bound cell"),
        (b",".join(b"a#%d" % n for n in range(20_000)) + b",a" * 20_000 + b"\n1", ""),
    ],
    ids=["rows", "columns", "quotes", "broken", "cell", "names"],
)
def test_hostile_tables_cost_little(body: bytes, expected: str) -> None:
    """Each is answered in time, with its reason, in little memory."""
    assert cheap_refusal("text/csv", body) == expected
