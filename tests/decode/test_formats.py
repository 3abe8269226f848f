"""Laws of every format: two exceptions and no other, plain trees, bounds on values and depth."""

import json
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.decode.bounds import MAX_DEPTH, MAX_NODES, BoundError, UndecodableError
from shadowproxy.decode.formats import decode
from shadowproxy.decode.json_text import How
from shadowproxy.decode.media import Format, media_of
from shadowproxy.decode.protobuf import Schema
from tests.decode.decoding import decoded, refusal
from tests.decode.measuring import Measure
from tests.decode.schemas import ORDERS

TYPES = {
    Format.JSON: "application/json",
    Format.NDJSON: "application/x-ndjson",
    Format.JSON_SEQ: "application/json-seq",
    Format.FORM: "application/x-www-form-urlencoded",
    Format.MULTIPART: "multipart/mixed; boundary=b",
    Format.XML: "application/xml",
    Format.HTML: "text/html",
    Format.CSV: "text/csv",
    Format.MSGPACK: "application/msgpack",
    Format.TEXT: "text/plain",
    Format.EVENTS: "text/event-stream",
    Format.PROTOBUF: "application/protobuf",
}
TOKENS: dict[Format, list[bytes]] = {
    Format.JSON: [b"[", b"]", b"{", b"}", b",", b":", b'"a"', b"1", b"1e999", b"-0.0", b"NaN"],
    Format.NDJSON: [b"\n", b"\r\n", b"{}", b"[1]", b'"\\ud800"', b" ", b"1"],
    Format.JSON_SEQ: [b"\x1e", b"\n", b"{}", b"[1]", b" ", b"1"],
    Format.FORM: [b"&", b"=", b"%", b"%41", b"%ff", b"+", b"a", b"\xc3\xa9"],
    Format.MULTIPART: [
        b"--b", b"--", b"\r\n", b"\n", b"\r\n--b\r\n", b"\r\n--b--", b"Content-Type: ", b": ",
        b"application/json", b"multipart/mixed; boundary=b", b"{}", b"\xff",
        b'Content-Disposition: form-data; name="a"; filename=f', b"--b\r\n\r\nx\r\n--b--",
    ],
    Format.XML: [
        b"<a>", b"</a>", b"<b/>", b"<p:c xmlns:p='u' p:d='1'>", b"</p:c>", b"<q:e/>", b"text", b" ",
        b"<!-- c -->", b"<?p i?>", b"<![CDATA[x]]>", b"&amp;", b"&no;", b"&#0;", b"\xff", b"\xef\xbb\xbf",
        b"<!DOCTYPE a>", b"<?xml version='1.0' encoding='utf-16'?>", b"\0", b"<a><b>1</b><b/></a>",
    ],
    Format.HTML: [
        b"<p>", b"</p>", b"<table>", b"<td>", b"</b>", b"<b>", b"<pre>", b"</pre>", b"<script>",
        b"</script>", b"<!DOCTYPE html>", b"<!--", b"-->", b"<br/>", b"<a href='x'", b">", b"&nbsp;",
        b"\0", b"x  y", b"<svg:a b:c=1>", b"<?", b"<![CDATA[", b"</", b"<form>", b"<frameset>", b"\xc2\xa0",
        b"<meta charset='latin1'>", b"<html lang=a>", b"<body @click=b>",
    ],
    Format.CSV: [b",", b"\n", b"\r\n", b"\r", b'"', b'""', b"a", b"#extra", b"a#2", b"\0"],
    Format.MSGPACK: [
        b"\x81", b"\x92", b"\xa1a", b"\xc4\x01x", b"\xd6\xff\0\0\0\1", b"\xc7\x01\x05x", b"\xc0",
        b"\xcb\x7f\xf8\0\0\0\0\0\0", b"\xdc\xff\xff", b"\xc1", b"\x80", b"\xcf" + b"\xff" * 8,
        b"\xc7\x0c\xff\0\0\0\0\x7f" + b"\xff" * 7,
    ],
    Format.TEXT: [b"a", b"\n", b"\r", b"\xef\xbb\xbf", b"\xc3"],
    Format.EVENTS: [b"data", b":", b" ", b"\n", b"\r", b"id:\0", b"retry: 1", b"event: e", b"x"],
    Format.PROTOBUF: [
        b"\x08\x01", b"\x12\x01a", b"\x1a\x02\x08\x01", b"\x1a\x00", b"\x22\x00", b"\x98\x06\x01", b"\xa3\x06",
        b"\xa4\x06", b"\x12\x01\xff", b"\x2a\x05\x0a\x03a/b",
    ],
}  # fmt: skip


@st.composite
def bodies(draw: st.DrawFn) -> tuple[Format, bytes]:
    """A format, and bytes that often look like it."""
    of = draw(st.sampled_from(list(TYPES)))
    tokens = st.lists(st.sampled_from(TOKENS[of]), max_size=24).map(b"".join)
    return of, draw(st.binary(max_size=40) | tokens)


def tree_of(of: Format, body: bytes, charset: str = "") -> Any:
    content_type = f"{TYPES[of]}; charset={charset}" if charset else TYPES[of]
    return decode(body, media_of({"content-type": [content_type]}), How(exact=True), ORDERS)


def levels(tree: Any) -> Iterator[tuple[int, Any]]:
    """Every value with its depth; the names of members are not values."""
    waiting = [(0, tree)]
    while waiting:
        depth, value = waiting.pop()
        yield depth, value
        inner = value.values() if isinstance(value, dict) else value
        if isinstance(value, dict | list):
            waiting += [(depth + 1, item) for item in inner]


def test_every_format_has_a_type_here() -> None:
    """The laws leave out only what is not looked into."""
    assert set(TYPES) == set(Format) - {Format.OPAQUE, Format.SNIFF}
    for of, name in TYPES.items():
        assert media_of({"content-type": [name]}).format is of


@given(bodies(), st.sampled_from(["", "", "utf-16", "latin1", "shift_jis", "nonsense"]))
def test_any_bytes_give_a_plain_tree_or_one_of_two_errors(
    case: tuple[Format, bytes], charset: str
) -> None:
    """Twice the same tree, of plain values only, with strings as names."""
    of, body = case
    try:
        tree = tree_of(of, body, charset)
    except (UndecodableError, BoundError):
        return
    assert repr(tree) == repr(tree_of(of, body, charset))
    for _, value in levels(tree):
        assert type(value) in (dict, list, str, bool, int, float, Decimal, type(None))
        if isinstance(value, dict):
            assert all(type(name) is str for name in value)


@given(bodies())
def test_a_part_is_decoded_like_a_body(case: tuple[Format, bytes]) -> None:
    """In a multipart a body has the tree that it has alone, or breaks the whole."""
    of, body = case
    whole = b"--outer\r\nContent-Type: %b\r\n\r\n%b\r\n--outer--" % (TYPES[of].encode(), body)
    if not body or b"\n--outer" in body:
        return
    with suppress(UndecodableError, BoundError):
        tree = tree_of(of, body)
        media = media_of({"content-type": ["multipart/mixed; boundary=outer"]})
        (part,) = decode(whole, media, How(exact=True), ORDERS)[""]
        assert repr(part["body"]) == repr(tree)


VALUES: dict[Format, bytes] = {
    Format.NDJSON: b"1\n" * (MAX_NODES + 1),
    Format.JSON_SEQ: b"\x1e1\n" * (MAX_NODES + 1),
    Format.FORM: b"a&" * (MAX_NODES + 1),
    Format.MULTIPART: b"--b\r\n\r\n\r\n" * (MAX_NODES + 1) + b"--b--",
    Format.XML: b"<a>" + b"<b/>" * (MAX_NODES + 1) + b"</a>",
    Format.HTML: b"<b/>" * (MAX_NODES + 1),
    Format.CSV: b"1\n" * (MAX_NODES + 1),
    Format.MSGPACK: b"\xdd" + (MAX_NODES + 1).to_bytes(4, "big") + b"\xc0" * (MAX_NODES + 1),
    Format.TEXT: b"\n" * (MAX_NODES + 1),
    Format.EVENTS: b"data\n\n" * (MAX_NODES + 1),
    Format.PROTOBUF: b"\x12\x00" * (MAX_NODES + 1),
}


@pytest.mark.parametrize("of", VALUES, ids=lambda of: of.value)
def test_more_values_than_can_be_walked_are_a_bound(of: Format) -> None:
    """In every format, and before memory is spent on them."""
    body = VALUES[of]
    with Measure() as measure, pytest.raises(BoundError, match=r"^nodes$"):
        tree_of(of, body)
    assert measure.memory_bytes < 64 << 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("of", "body"),
    [
        (Format.XML, b"<a>" + b"<b>x</b>" * 90_000 + b"</a>"),
        (Format.XML, b"<a>" + b"<b c='%d'/>" * 90_000 % tuple(range(90_000)) + b"</a>"),
        (Format.HTML, b"<p>x" * 90_000),
        (Format.CSV, b"a,b\n" + b"xx,yy\n" * 45_000),
        (Format.FORM, b"aa=bb&" * 99_000),
        (Format.MSGPACK, b"\xdd" + (66_000).to_bytes(4, "big") + b"\x81\xa1a\x80" * 66_000),
        (Format.EVENTS, b"data:xx\n\n" * 49_000),
    ],
)
def test_what_is_below_the_bound_is_a_tree_of_few_values(of: Format, body: bytes) -> None:
    """Decoders that estimate never estimate too low."""
    assert 90_000 <= sum(1 for _ in levels(tree_of(of, body))) <= MAX_NODES


@pytest.mark.parametrize(
    ("of", "deepest", "deeper"),
    [
        (Format.XML, b"<a>" * 500 + b"</a>" * 500, b"<a>" * 501 + b"</a>" * 501),
        (Format.HTML, b"<b>" * 498, b"<b>" * 499),
        (Format.MSGPACK, b"\x91" * 1000 + b"\x01", b"\x91" * 1001 + b"\x01"),
        (Format.JSON, b"[" * 900 + b"]" * 900, b"[" * 1001 + b"]" * 1001),
    ],
    ids=["xml", "html", "msgpack", "json"],
)
def test_depth_is_bounded(of: Format, deepest: bytes, deeper: bytes) -> None:
    """The tree is never deeper than MAX_DEPTH; what would be is undecodable."""
    assert max(depth for depth, _ in levels(tree_of(of, deepest))) <= MAX_DEPTH
    with pytest.raises(UndecodableError):
        tree_of(of, deeper)


@pytest.mark.parametrize(
    "content_type", ["image/png", "application/octet-stream", "application/grpc"]
)
def test_what_is_not_looked_into_has_no_tree(content_type: str) -> None:
    """Opaque bodies, and those whose format somebody else has to find."""
    assert refusal(content_type, "{}") == "undecodable opaque"


def test_protobuf_needs_a_schema() -> None:
    """Without one it is as opaque as any other bytes."""
    assert refusal("application/protobuf", b"\x08\x01") == "undecodable opaque"
    media = media_of({"content-type": ["application/protobuf"]})
    assert decode(b"\x08\x01", media, How(), ORDERS) == {"id": "1"}
    with pytest.raises(UndecodableError):
        decode(b"\x08\x01", media, How(), Schema(b"", "shop.Order"))


def test_json_is_read_in_its_declared_charset() -> None:
    """And exactly, when that is asked for."""
    body = '{"é": 1.10}'.encode("latin-1")
    tree = decoded("application/json; charset=latin1", body, How(exact=True))
    assert json.dumps(tree, default=str) == json.dumps({"é": "1.10"})
