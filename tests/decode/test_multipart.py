"""Multipart: parts by name, decoded by their own types, no boundary left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decode.decoding import cheap_refusal, decoded, refusal

MIXED = "multipart/mixed; boundary=b"
NAMED = 'Content-Disposition: form-data; name="{}"\r\n'


def mixed(*parts: str, boundary: str = "b", end: str = "\r\n") -> str:
    written = "".join(f"--{boundary}{end}{part}{end}" for part in parts)
    return f"{written}--{boundary}--{end}"


@given(st.lists(st.binary(max_size=20), max_size=5), st.sampled_from(["\r\n", "\n"]))
def test_bodies_of_parts_come_back(bodies: list[bytes], end: str) -> None:
    """Whatever their bytes, lines that begin like a delimiter included."""
    line = end.encode()
    head = b"--zz" + line + b"Content-Type: text/plain; charset=latin1" + line * 2
    whole = b"".join(head + b"--z\n" + body + b"x" + line for body in bodies) + b"--zz--"
    tree = decoded("multipart/mixed; boundary=zz", whole)
    lines = [part["body"] for part in tree.get("", [])]
    assert lines == [("--z\n" + body.decode("latin-1") + "x").split("\n") for body in bodies]


def test_a_form_with_a_file() -> None:
    """Fields by name, a file by its type and name, in the order of each name."""
    body = mixed(
        NAMED.format("a") + "\r\none\r\ntwo",
        NAMED.format("a") + "\r\n",
        'Content-Disposition: form-data; name="f"; filename="x;y.json"\r\n'
        'Content-Type: application/json\r\n\r\n{"n": [1]}',
    )
    assert decoded("multipart/form-data; boundary=b", "preamble\r\n" + body + "epilogue") == {
        "a": [
            {"headers": {}, "body": ["one\r", "two"]},
            {"headers": {}, "body": {"$bytes": ""}},
        ],
        "f": [
            {
                "headers": {"content-type": "application/json"},
                "filename": "x;y.json",
                "body": {"n": [1]},
            }
        ],
    }


def test_parts_without_a_name_stand_in_order() -> None:
    """Their dispositions and other headers are kept; folded lines and repeated names are joined."""
    body = mixed(
        "X-A: 1\r\n 2\r\nx-a: 3\r\nContent-Disposition: attachment; size=7\r\n\r\nx",
        "Content-Type: image/png\r\n\r\n\x89",
        "\r\ny",
    )
    assert decoded(MIXED, body.encode("latin-1")) == {
        "": [
            {
                "headers": {"x-a": "1 2, 3", "content-disposition": "attachment; size=7"},
                "body": ["x"],
            },
            {"headers": {"content-type": "image/png"}, "body": {"$bytes": "iQ=="}},
            {"headers": {}, "body": ["y"]},
        ]
    }


def test_a_body_without_type_is_lines_or_bytes() -> None:
    """And one of unknown bytes is JSON when it looks and parses like it."""
    assert decoded(MIXED, b"--b\r\n\r\n\xff\r\n--b--")[""][0]["body"] == {"$bytes": "/w=="}
    stream = "Content-Type: application/octet-stream\r\n\r\n"
    first, second = decoded(MIXED, mixed(stream + '{"a": 1}', stream + "{a"))[""]
    assert first["body"] == {"a": 1}
    assert second["body"] == {"$bytes": "e2E="}


def test_boundaries_are_nowhere_in_the_tree() -> None:
    """Two writers draw different ones, for nested parts too, and that is no difference."""

    def written(outer: str, inner: str) -> object:
        nested = f"Content-Type: multipart/mixed; boundary={inner}; x=y\r\n\r\n"
        whole = mixed(nested + mixed("\r\na", boundary=inner), boundary=outer)
        return decoded(f"multipart/mixed; boundary={outer}", whole)

    assert written("o", "o2") == written('"p q"'.strip('"').replace(" ", "-"), "p")
    assert written("o", "i") == {
        "": [
            {
                "headers": {"content-type": "multipart/mixed; x=y"},
                "body": {"": [{"headers": {}, "body": ["a"]}]},
            }
        ]
    }


def test_four_levels_are_read() -> None:
    """A fifth is undecodable, whatever is in it."""

    def nested(levels: int) -> tuple[str, str]:
        body, name = "x", ""
        for level in range(levels):
            head = f"Content-Type: {name}\r\n\r\n" if name else "\r\n"
            body, name = (
                mixed(head + body, boundary=f"b{level}"),
                f"multipart/mixed; boundary=b{level}",
            )
        return name, body  # fmt: skip

    assert refusal(*nested(4)) == ""
    assert refusal(*nested(5)) == "undecodable depth"


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("multipart/mixed", "--b\r\n\r\nx\r\n--b--", "undecodable boundary"),
        (f"multipart/mixed; boundary={'b' * 71}", "", "undecodable boundary"),
        ("multipart/mixed; boundary=é", "", "undecodable boundary"),
        (MIXED, "", "undecodable truncated"),
        (MIXED, "--b\r\n\r\nx\r\n", "undecodable truncated"),
        (MIXED, "--b\r\nno colon\r\n\r\nx\r\n--b--", "undecodable part"),
        (MIXED, "--b\r\na: b\r\n--b--", "undecodable part"),
        (MIXED, f"--b\r\na: {'x' * 20_000}\r\n\r\n\r\n--b--", "undecodable part"),
        (MIXED, mixed("Content-Type: application/json\r\n\r\n{"), "undecodable json"),
        (MIXED, mixed("Content-Type: multipart/mixed\r\n\r\nx"), "undecodable boundary"),
        (MIXED, mixed("Content-Type: text/plain; charset=no\r\n\r\nx"), "undecodable charset"),
    ],
)
def test_broken_bodies_are_undecodable(content_type: str, body: str, expected: str) -> None:
    """A part that is not what it says breaks the whole."""
    assert refusal(content_type, body) == expected


def test_an_empty_part_and_an_empty_body() -> None:
    """Headers may be followed at once by the delimiter's own line end; no part is no part."""
    assert decoded(MIXED, "--b\r\na: b\r\n\r\n--b--") == {
        "": [{"headers": {"a": "b"}, "body": {"$bytes": ""}}]
    }
    assert decoded(MIXED, "--b--") == {}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"--b\r\n\r\nx\r\n" * 100_000 + b"--b--", "bound nodes"),
        (b"--b\r\n\r\nx\r\n" * 5_000 + b"--b--", ""),
        (b"--b\r\nContent-Type: text/csv\r\n\r\n1,1,1,1,1\r\n" * 2_000 + b"--b--", ""),
        (b"--b\r\nContent-Type: text/csv\r\n\r\n" + b"1," * 2_000 + b"\r\n", "bound nodes"),
        (b"\n--" * 300_000, "undecodable truncated"),
        (b"\n--bx" * 300_000, "bound nodes"),
        (b"\n--b" + b" " * 900_000, "undecodable truncated"),
        ((b"\n--b" + b" " * 1000 + b"x") * 900, "undecodable truncated"),
        (b"--b\r\n" + b"a:b\r\n" * 200_000 + b"\r\n--b--", "undecodable part"),
        (b"--b\r\n" + b"a:b\r\n" * 3_000 + b"\r\n\r\n--b--", ""),
        (b'--b\r\nContent-Disposition: a;"' + b'";' * 7_000 + b"\r\n\r\nx\r\n--b--", ""),
    ],
    ids=["parts", "many", "types", "sum", "dashes", "prefixes", "blanks", "near", "headers",
         "same-header", "quotes"],
)  # fmt: skip
def test_hostile_bodies_cost_little(body: bytes, expected: str) -> None:
    """Each is answered in time, with its reason, in little memory; parts share one bound."""
    if expected == "bound nodes" and body.startswith(b"--b\r\nContent"):
        body = body * 100 + b"--b--"
    assert cheap_refusal(MIXED, body) == expected
