"""XML: the node model, what breaks it, and attacks on its parser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.decode.bounds import MAX_NODES
from tests.decode.decoding import cheap_refusal, decoded, refusal
from tests.decode.measuring import Measure

TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="<>&'\"\r\n\t\0", exclude_categories=["C"])
)


def xml(body: bytes | str) -> object:
    return decoded("application/xml", body)


def test_the_node_model() -> None:
    """Attributes, text and children by tag, each where it says."""
    body = """<?xml version="1.0"?>
    <order id="7" xml:lang="de">
      <item>a</item> <item/>
      <note>x<b>y</b> z</note>
    </order>"""
    assert xml(body) == {
        "order": {
            "@id": "7",
            "@{http://www.w3.org/XML/1998/namespace}lang": "de",
            "item": [{"#text": "a"}, {}],
            "note": [{"#text": "x z", "b": [{"#text": "y"}]}],
        }
    }


@given(TEXT, TEXT, st.sampled_from(["utf-8", "utf-16", "utf-16le", "utf-16be"]))
def test_text_comes_back_in_any_charset(text: str, value: str, charset: str) -> None:
    """What is written into an element and an attribute is what stands in the tree."""
    tree = decoded(f"text/xml; charset={charset}", f"<a b='{value}'>{text}</a>".encode(charset))
    assert tree == {"a": {"@b": value} | ({"#text": text} if text.strip(" ") else {})}


def test_comments_instructions_and_blanks_leave_no_trace() -> None:
    """And CDATA and entities are the text that they stand for."""
    plain = xml("<a>xyz&lt;<b/></a>")
    assert xml("<a>\n  x<!-- c -->y<?p i?>z<![CDATA[<]]><b>\n</b>\n</a><!-- d -->") == {
        "a": {"#text": "\n  xyz<", "b": [{}]}
    }
    assert plain == {"a": {"#text": "xyz<", "b": [{}]}}


def test_names_carry_their_namespace_and_no_prefix() -> None:
    """Two prefixes of one namespace are the same; an attribute without prefix has none."""
    one = xml("<p:a xmlns:p='u' p:x='1' y='2'><p:b/></p:a>")
    other = xml("<a xmlns='u' xmlns:q='u' q:x='1' y='2'><b/></a>")
    assert one == other == {"{u}a": {"@{u}x": "1", "@y": "2", "{u}b": [{}]}}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/xml; charset=iso-8859-1", b"<?xml version='1.0' encoding='utf-8'?><a>\xe9</a>"),
        ("text/xml", b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>"),
        ("text/xml", "<a>é</a>".encode()),
        ("text/xml; charset=latin1", b"\xef\xbb\xbf" + "<a>é</a>".encode()),
        ("text/xml", "<a>é</a>".encode("utf-16")),
        ("text/xml", "<a>é</a>".encode("utf-16-be")),
        ("text/xml", "<a>é</a>".encode("utf-32")),
        ("text/xml", "<?xml version='1.0' encoding='utf-16'?><a>é</a>".encode()),
    ],
)
def test_the_charset_is_that_of_the_first_who_tells(content_type: str, body: bytes) -> None:
    """Byte order mark, Content-Type, declaration, UTF-8; a declaration that lies is not heeded."""
    assert decoded(content_type, body) == {"a": {"#text": "é"}}


@pytest.mark.parametrize(
    "body",
    [
        "", " ", "a", "<a>", "<a></b>", "<a/><b/>", "<a b='1' b='2'/>", "<a b=1/>", "<a>&nope;</a>",
        "<a>\0</a>", "<a>\1</a>", "<p:a/>", "<a p:b='1'/>", "<a/>tail", b"<a>\xff</a>",
        "<?xml version='1.0' encoding='punycode'?><a/>", " <?xml version='1.0'?><a/>",
    ],
)  # fmt: skip
def test_what_is_not_well_formed_is_undecodable(body: bytes | str) -> None:
    """No repair: an XML parser of a client would refuse it too, prefixes without namespace as well."""
    assert refusal("text/xml", body).startswith("undecodable")


LAUGHS = (
    "<!DOCTYPE l [<!ENTITY a 'lol'>"
    + "".join(f"<!ENTITY {chr(n)} '{f'&{chr(n - 1)};' * 10}'>" for n in range(98, 108))
    + "]><l>&k;</l>"
)
BLOWUP = f"<!DOCTYPE l [<!ENTITY a '{'x' * 100_000}'>]><l>{'&a;' * 100_000}</l>"


@pytest.mark.parametrize(
    "body",
    [
        LAUGHS,
        BLOWUP,
        "<!DOCTYPE a><a/>",
        "<!-- c --><?p i?>\n<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<!DOCTYPE a PUBLIC '-//W3C//DTD XHTML 1.0//EN' 'http://127.0.0.1:9/x.dtd'><a/>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY % x SYSTEM 'http://127.0.0.1:9/x'> %x;]><a/>",
        "<!DOCTYPE a [<!ATTLIST a b CDATA 'default'>]><a/>",
    ],
    ids=["laughs", "blowup", "bare", "system", "public", "external", "parameter", "default"],
)
def test_any_document_type_is_undecodable(body: str) -> None:
    """At its first word: nothing is declared, expanded or fetched, in any charset."""
    for encoded in (body.encode(), body.encode("utf-16")):
        assert cheap_refusal("text/xml", encoded) == "undecodable doctype"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<a>" * 100_000, "undecodable depth"),
        (b"<a>" + b"<b/>" * 900_000 + b"</a>", "bound nodes"),
        (b"<a " + b" ".join(b"a%d=''" % n for n in range(300_000)) + b"/>", "bound markup"),
        (b"<a>" + b"&amp;" * 100_000 + b"</a>", ""),
        (b"<a b='" + b"x" * (4 << 20) + b"'/>", "bound markup"),
        (b"<a>" + b"<p:b/>" * 1000 + b"</a>", "undecodable namespace"),
        (b"<" * 900_000, "bound nodes"),
        (b"<!--" + b"-" * 900_000, "undecodable xml"),
        (b"<?xml" + b" encoding" * 100_000, "undecodable xml"),
        (b"<a>" + b"]]>" * 300_000, "undecodable xml"),
    ],
    ids=["deep", "wide", "attributes", "entities", "large", "prefixes", "starts", "comment",
         "declaration", "cdata-ends"],
)  # fmt: skip
def test_hostile_bodies_cost_little(body: bytes, expected: str) -> None:
    """Each is answered in time, with its reason, in little memory."""
    assert cheap_refusal("text/xml", body) == expected


def test_a_tag_of_very_many_attributes_is_within_its_bound() -> None:
    """60,000 attributes of one element are as good as 60,000 elements."""
    body = "<a " + " ".join(f"a{n}=''" for n in range(60_000)) + "/>"
    with Measure() as measure:
        assert len(decoded("text/xml", body)["a"]) == 60_000 < MAX_NODES
    assert measure.memory_bytes < 64 << 20
