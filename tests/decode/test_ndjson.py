"""Several JSON documents in one body."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.decode.json_text import How
from tests.decode.decoding import decoded, refusal

NDJSON, SEQ = "application/x-ndjson", "application/json-seq"
DOCUMENTS = st.lists(
    st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers()), max_size=5
)


@given(DOCUMENTS, st.sampled_from(["\n", "\r\n", "\n\n", " \n"]))
def test_documents_that_were_written_come_back(documents: list[Any], end: str) -> None:
    """One a line, blank lines between them skipped; or each behind its separator."""
    texts = [json.dumps(document) for document in documents]
    assert decoded(NDJSON, "".join(text + end for text in texts)) == documents
    assert decoded(NDJSON, end.join(texts)) == documents
    assert decoded(SEQ, "".join(f"\x1e{text}{end}" for text in texts)) == documents


@pytest.mark.parametrize("body", ["1\n{", "1 2", "{}\n[1,\n2]", "\x1e1"])
def test_one_broken_line_breaks_the_body(body: str) -> None:
    """A document over two lines is two broken ones."""
    assert refusal(NDJSON, body) == "undecodable json"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("1", "undecodable no separator"),
        ("\x1e1", "undecodable truncated"),
        ("\x1e12\n\x1etru", "undecodable truncated"),
        ("\x1e{}\x1e[", "undecodable json"),
        ('\x1e{"a":\n1}\x1e\x1e"x"', ""),
    ],
)
def test_sequences(body: str, expected: str) -> None:
    """What might have been cut is not taken; what closes itself needs no line feed."""
    assert refusal(SEQ, body) == expected


def test_numbers_are_exact_and_charsets_honoured() -> None:
    """As in a single document."""
    assert decoded(NDJSON, "1.10\n1e400", How(exact=True)) == [Decimal("1.10"), Decimal("1e400")]
    assert decoded(f"{NDJSON}; charset=latin1", '"é"'.encode("latin-1")) == ["é"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [(NDJSON, b"\n" * 900_000), (NDJSON, b"[[]]\n" * 70_000), (SEQ, b"\x1e" * 900_000)],
)
def test_too_many_documents_are_a_bound(content_type: str, body: bytes) -> None:
    """All documents of a body share it."""
    assert refusal(content_type, body) == "bound nodes"
