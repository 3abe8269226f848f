"""One body as a tree, by itself: what is kept of an answer, and what replay asks about it."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.compare.bodies import tree_of, trees_of
from shadowproxy.compare.headers import parse_both, parse_fields
from shadowproxy.compare.observations import Observation
from shadowproxy.compare.ruleset import Rules
from shadowproxy.decode import bounds
from shadowproxy.decode.bounds import BoundError, UndecodableError
from shadowproxy.decode.media import Format
from tests.compare.observing import answer
from tests.decode.schemas import ORDERS

PLAN = Rules().plan("GET /", 200)
GZIP = ("Content-Encoding: gzip",)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
)


def tree(body: Observation) -> tuple[Format, Any]:
    return tree_of(body, parse_fields(body.head), PLAN)


@pytest.mark.parametrize(
    ("content_type", "body", "form", "expected"),
    [
        ("application/json", b'{"a": [1, null]}', Format.JSON, {"a": [1, None]}),
        ("application/hal+json; charset=utf-8", b'{"a": 1}', Format.JSON, {"a": 1}),
        ("application/json; charset=utf-16", '"é"'.encode("utf-16"), Format.JSON, "é"),
        (None, b' {"a": 1}', Format.JSON, {"a": 1}),
        ("application/octet-stream", b"[1]", Format.JSON, [1]),
        ("application/x-ndjson", b"1\n2\n", Format.NDJSON, [1, 2]),
        ("text/plain", b"a\nb", Format.TEXT, ["a", "b"]),
        ("text/plain; charset=latin1", b"\xe9", Format.TEXT, ["é"]),
        ("application/x-www-form-urlencoded", b"a=1&a=2", Format.FORM, {"a": ["1", "2"]}),
        ("text/csv", b"a,b\n1,2", Format.CSV, [{"a": "1", "b": "2"}]),
    ],
)
def test_a_body_is_read_as_its_media_type_says(
    content_type: str | None, body: bytes, form: Format, expected: Any
) -> None:
    """With its charset; without a type it is JSON if it parses as that. The format is told."""
    assert tree(answer(body, content_type)) == (form, expected)


def test_a_protobuf_body_needs_its_message() -> None:
    """The plan has it for its endpoint; without, the body is opaque."""
    body = answer(b"\x08\x07", "application/protobuf")
    fields = parse_fields(body.head)
    assert tree_of(body, fields, PLAN._replace(schema=ORDERS)) == (Format.PROTOBUF, {"id": "7"})
    with pytest.raises(UndecodableError):
        tree_of(body, fields, PLAN)


@given(values)
def test_a_tree_is_what_was_written(value: Any) -> None:
    """In any coding of it."""
    body = json.dumps(value).encode()
    for observation in (answer(body), answer(gzip.compress(body, 1), fields=GZIP)):
        assert tree(observation) == (Format.JSON, value)


@given(values, values)
def test_each_side_alone_is_what_both_are_together(ours: Any, theirs: Any) -> None:
    """What is kept of an answer is what was compared."""
    legacy, candidate = answer(json.dumps(ours)), answer(json.dumps(theirs))
    both = trees_of(legacy, candidate, parse_both(legacy.head, candidate.head), PLAN)
    assert (both.legacy, both.candidate) == (tree(legacy)[1], tree(candidate)[1])


@pytest.mark.parametrize(
    "body",
    [
        answer(b"\x89PNG", "image/png"),
        answer(b"hello", None),
        answer(b"{", "application/octet-stream"),
        answer(b"{"),
        answer(b""),
        answer(b"not gzip", fields=GZIP),
        answer(gzip.compress(b"{}")[:-4], fields=GZIP),
        answer(b"\xff", "text/plain; charset=utf-8"),
        answer(b"<a>", "application/xml"),
        answer(b"[" * 1500 + b"]" * 1500),
        answer(b"x", "multipart/mixed; boundary=b"),
    ],
    ids=["image", "unknown", "no-json", "broken", "empty", "no-gzip", "cut-gzip", "charset", "open",
         "deep", "multipart"],
)  # fmt: skip
def test_what_cannot_be_looked_into_is_said_to_be_so(body: Observation) -> None:
    """UndecodableError and no other, and no half of a tree."""
    with pytest.raises(UndecodableError):
        tree(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (answer(gzip.compress(bytes(40 << 20), 1), fields=GZIP), "inflation"),
        (answer(b"x", fields=("Content-Encoding: gzip, gzip, gzip, gzip, gzip",)), "codings"),
        (answer(b"x", fields=("Content-Encoding: surprise",)), "coding_unknown"),
        (answer(b"[" + b"1," * bounds.MAX_NODES + b"1]"), "nodes"),
        (answer(b'"' + b"x" * bounds.MAX_BYTES + b'"'), "size"),
    ],
    ids=["bomb", "codings", "unknown-coding", "nodes", "size"],
)
def test_what_is_more_than_can_be_looked_at_says_which_bound(
    body: Observation, reason: str
) -> None:
    """The same words as of an exchange that could not be compared."""
    with pytest.raises(BoundError) as raised:
        tree(body)
    assert raised.value.reason == reason
