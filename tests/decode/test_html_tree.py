"""HTML: the node model of a repaired document, white space, charsets, hostile pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decode.decoding import cheap_refusal, decoded, refusal


def body_of(page: str) -> object:
    return decoded("text/html", page)["html"]["body"][0]


def test_a_page_as_a_tree() -> None:
    """Doctype and comments leave no trace, scripts and styles are text, attributes keep values."""
    page = """<!DOCTYPE html>
    <html lang=en><head><title> A &amp;  B </title><style>p > a { }</style></head>
    <body><!-- c --><p class="x" hidden>Hello <b>you</b>
      there<br></p><script>if (a<b) { c() }</script></body></html>"""
    assert decoded("text/html", page) == {
        "html": {
            "@lang": "en",
            "head": [{"title": [{"#text": "A & B"}], "style": [{"#text": "p > a { }"}]}],
            "body": [
                {
                    "p": [
                        {
                            "@class": "x",
                            "@hidden": "",
                            "b": [{"#text": "you"}],
                            "br": [{}],
                            "#text": "Hello there",
                        }
                    ],
                    "script": [{"#text": "if (a<b) { c() }"}],
                }
            ],
        }
    }


@given(st.text(" \t\n\f", min_size=1), st.text(" \t\n\f", min_size=1))
def test_runs_of_white_space_are_one_blank_and_none_at_the_ends(one: str, other: str) -> None:
    """However a page is indented; a no-break space is content."""
    expected = {"p": [{"#text": "a b \xa0"}]}
    assert body_of(f"{one}<p>{other}a{one}b{other}&nbsp;{one}</p>{other}") == expected


@pytest.mark.parametrize("tag", ["pre", "textarea", "script", "style"])
def test_white_space_is_content_in_some_elements(tag: str) -> None:
    """And in what stands inside of them."""
    assert body_of(f"<div></div><{tag}> a\n  b </{tag}>") == {
        "div": [{}],
        tag: [{"#text": " a\n  b "}],
    }


def test_white_space_is_content_inside_preformatted_elements() -> None:
    """Blank lines between the spans of a highlighted listing count."""
    assert body_of("<pre><i> a</i>\n<i>b</i></pre>") == {
        "pre": [{"i": [{"#text": " a"}, {"#text": "b"}], "#text": "\n"}]
    }


def test_fragments_and_broken_pages_are_repaired() -> None:
    """Never undecodable: a page without structure gets one."""
    assert decoded("text/html", "hello") == {"html": {"body": [{"#text": "hello"}]}}
    assert body_of("<p>a<p>b</i>") == {"p": [{"#text": "a"}, {"#text": "b"}]}
    assert decoded("text/html", "") == decoded("text/html", "<!-- c -->") == {}
    assert body_of("a\0b") == {"#text": "a\ufffdb"}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html; charset=latin1", b"<meta charset=utf-8>\xe9"),
        ("text/html", b"<meta charset=latin1>\xe9"),
        ("text/html", b'<meta http-equiv="Content-Type" content="text/html; charset=ISO-8859-1">\xe9'),
        ("text/html", b"<meta charset=utf-16>" + "é".encode()),
        ("text/html", b"\xef\xbb\xbf<meta charset=latin1>" + "é".encode()),
    ],
)  # fmt: skip
def test_the_charset_is_that_of_the_first_who_tells(content_type: str, body: bytes) -> None:
    """Byte order mark, Content-Type, meta, UTF-8."""
    page = decoded(content_type, body)["html"]
    assert page["body"][0] == {"#text": "é"}


def test_only_a_charset_makes_a_page_undecodable() -> None:
    """Bytes that are not UTF-8 are not guessed at."""
    assert refusal("text/html", b"<p>\xff") == "undecodable charset"
    assert refusal("text/html; charset=nonsense", "<p>") == "undecodable charset"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<div>" * 100_000, "undecodable depth"),
        (b"<p>" * 30_000, ""),
        (b"<b>x</i>" * 90_000, "undecodable depth"),
        (b"<b>" * 400 + b"</i>" * 40_000, ""),
        (b"</i>" * 300_000, "bound markup"),
        (b"<p " + b" ".join(b"a%d" % n for n in range(300_000)) + b">", "bound markup"),
        (b"<p " + b"/".join(b"a%d" % n for n in range(300_000)) + b">", "bound markup"),
        (b"<b>" * 900_000, "bound nodes"),
        (b"&" * 900_000, ""),
        (b"<a b='" * 90_000, ""),
        (b"<!--" * 90_000, ""),
        (b"<meta charset" * 90_000, ""),
        (b"x" * (5 << 20), "bound markup"),
    ],
    ids=["deep", "open", "unmatched", "ends-deep", "ends", "attributes", "slashes", "many",
         "ampersands", "quotes", "comments", "metas", "large"],
)  # fmt: skip
def test_hostile_pages_cost_little(body: bytes, expected: str) -> None:
    """Each is answered in time, with its reason, in little memory."""
    assert cheap_refusal("text/html", body) == expected


def test_long_texts_and_scripts_are_no_attributes() -> None:
    """A parser tells of them as they come, so their blanks are not taken for separators."""
    for page in ("<p>" + "a b " * 200_000, "<script>" + "a b " * 200_000 + "</script>"):
        assert refusal("text/html", page) == ""
