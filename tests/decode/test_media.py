"""Media types, their parameters, charsets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.decode.bounds import UndecodableError
from shadowproxy.decode.media import (
    Format,
    Media,
    decode_text,
    media_of,
    parameters_of,
    read_text,
)


def media(value: str) -> Media:
    return media_of({"content-type": [value]})


@given(st.text())
def test_any_content_type_has_a_format(value: str) -> None:
    """No Content-Type raises, and the name carries no parameter."""
    assert isinstance(media(value).format, Format)
    assert ";" not in media(value).name


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text(), max_size=4))
def test_quoted_parameters_come_back_as_they_were(parameters: dict[str, str]) -> None:
    """Whatever stands in a quoted string, semicolons, quotes and backslashes too."""
    quoted = {
        name: '"' + value.replace("\\", r"\\").replace('"', r"\"") + '"'
        for name, value in parameters.items()
    }
    written = "; ".join(["a/b", *(f"{name}={value}" for name, value in quoted.items())])
    assert parameters_of(written) == ("a/b", parameters)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("application/json; charset=UTF-8", Media("application/json", "utf-8")),
        ("Text/CSV ;HEADER=absent; Charset = latin1", Media("text/csv", "latin1", "", False)),
        ('multipart/mixed; boundary="a; b=\\"c"', Media("multipart/mixed", "", 'a; b="c')),
        ("multipart/form-data; boundary=-AbC=", Media("multipart/form-data", "", "-AbC=")),
        ('multipart/mixed; boundary="open; charset=x', Media("multipart/mixed", "", "open; charset=x")),
        ("text/html; charset=a; charset=b", Media("text/html", "a")),
    ],
)  # fmt: skip
def test_parameters(value: str, expected: Media) -> None:
    """Names in any case, values quoted or not; the first of a name wins."""
    assert media(value) == expected


def test_of_several_content_types_the_last_one_counts() -> None:
    """And none at all is an empty name."""
    assert media_of({"content-type": ["a/b", "c/d"]}) == Media("c/d", "")
    assert media_of({}) == Media("", "")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", Format.SNIFF), ("application/octet-stream", Format.SNIFF),
        ("application/json", Format.JSON), ("application/hal+json", Format.JSON),
        ("application/x-ndjson", Format.NDJSON), ("application/ndjson", Format.NDJSON),
        ("application/jsonl", Format.NDJSON), ("application/x-jsonlines", Format.NDJSON),
        ("application/stream+json", Format.NDJSON),
        ("application/json-seq", Format.JSON_SEQ), ("application/geo+json-seq", Format.JSON_SEQ),
        ("application/x-www-form-urlencoded", Format.FORM), ("multipart/mixed", Format.MULTIPART),
        ("text/xml", Format.XML), ("application/xml", Format.XML), ("image/svg+xml", Format.XML),
        ("application/xhtml+xml", Format.XML), ("text/html", Format.HTML),
        ("text/csv", Format.CSV), ("text/tab-separated-values", Format.CSV),
        ("application/msgpack", Format.MSGPACK), ("application/x-msgpack", Format.MSGPACK),
        ("application/vnd.msgpack", Format.MSGPACK), ("text/event-stream", Format.EVENTS),
        ("application/x-protobuf", Format.PROTOBUF), ("application/protobuf", Format.PROTOBUF),
        ("application/vnd.google.protobuf", Format.PROTOBUF),
        ("application/grpc", Format.OPAQUE), ("application/grpc+proto", Format.OPAQUE),
        ("image/png", Format.OPAQUE), ("text/plain", Format.TEXT), ("text/css", Format.TEXT),
        ("application/javascript", Format.TEXT), ("application/x-yaml", Format.TEXT),
        ("application/yaml", Format.TEXT), ("application/openapi+yaml", Format.TEXT),
    ],
)  # fmt: skip
def test_formats(name: str, expected: Format) -> None:
    """Each media type is compared as what it is, an unknown one as bytes."""
    assert Media(name, "").format is expected


def test_charsets_are_a_closed_list() -> None:
    """Python's other codecs are not reachable, and bytes that are not in the charset are no text."""
    assert decode_text("é".encode("latin-1"), "iso-8859-1") == "é"
    assert decode_text(b"\xff", "utf-8") is None
    for name in ("punycode", "idna", "rot13", "unicode_escape", "nonsense"):
        assert decode_text(b"a", name) is None


def test_a_byte_order_mark_is_no_text() -> None:
    """It is dropped once; what cannot be read is undecodable."""
    assert read_text("\ufeff\ufeffa".encode(), "") == "\ufeffa"
    assert read_text("a".encode("utf-16"), "utf-16") == "a"
    with pytest.raises(UndecodableError):
        read_text(b"a", "nonsense")
