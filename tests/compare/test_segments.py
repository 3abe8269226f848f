"""Classes of path segments and member names."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.compare.segments import (
    SegmentClass,
    class_of_segment,
    shape_of_segment,
    without_identifiers,
)

WORDS = """
users me orders v1 v2beta1 api search 1.2.3 en-US USD A4 p50 last30d day7RetentionP95Ms oauth2 base64
utf-8 iso-8859-1 iso27001 x86_64-v2 sha256Fingerprint addressLine2Formatted shipping_address_line_1
oauth2ClientSettings x509CertificateChain totalPrice30DaysAverage ipv6AddressAssignments deadbeef
facade http2_max_streams_v3 last7Days2ndHalf is_it_ok_to_go_on my-great-post-2024 report-2024.pdf
robots.txt com.example.Service maximumNumberOfConcurrentConnectionsPerHost @scope 10:30:00 straße 产品
internationalization thisIsNotInterestingAtAll
"""

VARIABLES = [
    ("42", "{int}"), ("-1", "{int}"), ("1,2,3", "{int}"), ("2024", "{int}"), ("0" * 200, "{int}"),
    ("9f1c2e34-0000-4000-8000-000000000001", "{uuid}"),
    ("9F1C2E34-0000-4000-8000-00000000000A", "{uuid}"),
    ("2026-11-23", "{date}"), ("2026-11", "{date}"), ("2026-W05", "{date}"), ("2026-Q1", "{date}"),
    ("2026-11-23T10:00:00Z", "{date}"), ("2026-11-23T10:00:00.123+02:00", "{date}"),
    ("5f3a9b1c2d", "{hex}"), ("0x1234abcd", "{hex}"), ("aa:bb:cc:dd:ee:ff", "{hex}"),
    ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "{hex}"), ("abcdefabcdefabcd", "{hex}"),
    ("10.0.0.1", "{ip}"), ("10.0.0.1:8080", "{ip}"), ("::1", "{ip}"), ("fe80::1", "{ip}"),
    ("2001:db8:0:0:0:0:0:1", "{ip}"), ("::ffff:1.2.3.4", "{ip}"),
    ("a@b.test", "{email}"), ("a.b+c@10.0.0.1", "{email}"),
    ("AbCdEf0123456789xyz", "{token}"), ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "{token}"),
    ("V1StGXR8_Z5jdHi6B-myT", "{token}"), ("sk_live_51H8xY2eZvKYlo2C", "{token}"),
    ("dQw4w9WgXcQ", "{token}"), ("aBcDeFgHiJkLmNoP", "{token}"), ("x" * 300, "{token}"),
]  # fmt: skip


@pytest.mark.parametrize("word", WORDS.split())
def test_a_word_is_no_variable(word: str) -> None:
    """Names that people gave, with digits or without, have no class and keep their spelling."""
    assert class_of_segment(word) is None
    assert without_identifiers(word) == word


@pytest.mark.parametrize(("text", "expected"), VARIABLES)
def test_a_variable_has_its_class(text: str, expected: str) -> None:
    """Each class by its forms."""
    assert class_of_segment(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ORD-12345", "ORD-{int}"),
        ("user123456", "user{int}"),
        ("main.3f2a9c1d.js", "main.{hex}.js"),
        ("copy-9f1c2e34-0000-4000-8000-000000000001", "copy-{uuid}"),
        ("user:7:cart:1234567", "user:7:cart:{int}"),
    ],
)
def test_identifiers_inside_a_word_are_named(text: str, expected: str) -> None:
    """A word keeps what is a word in it."""
    assert class_of_segment(text) is None
    assert without_identifiers(text) == expected


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_has_at_most_one_class(text: str) -> None:
    """Nothing raises; what has a shape has that class; naming identifiers leaves none."""
    found = class_of_segment(text)
    shape = shape_of_segment(text)
    assert found is shape or (shape is None and found is SegmentClass.TOKEN)
    once = without_identifiers(text)
    assert without_identifiers(once) == once


@pytest.mark.parametrize(
    ("alphabet", "size"),
    [
        (string.ascii_letters + string.digits, 20),
        (string.ascii_letters + string.digits + "-_", 24),
        (string.ascii_lowercase + string.digits, 24),
        (string.ascii_uppercase + "234567", 26),
    ],
)
def test_drawn_texts_are_tokens(alphabet: str, size: int) -> None:
    """Of identifiers that were drawn at random, nine of ten are recognised by their looks alone."""
    draw = random.Random(7)
    texts = ["".join(draw.choices(alphabet, k=size)) for _ in range(500)]
    assert sum(class_of_segment(text) is not None for text in texts) >= 0.9 * len(texts)


@pytest.mark.slow
@given(
    st.integers(0, 10**30),
    st.uuids(),
    st.dates(),
    st.ip_addresses(),
    st.binary(min_size=8, max_size=20),
)
def test_written_values_are_recognised(
    number: int, uuid: object, day: object, address: object, raw: bytes
) -> None:
    """What Python writes for a value is in the value's class."""
    assert class_of_segment(str(number)) is SegmentClass.INT
    assert class_of_segment(str(uuid)) is SegmentClass.UUID
    if "1900" <= str(day) < "2100":
        assert class_of_segment(str(day)) is SegmentClass.DATE
    assert class_of_segment(str(address)) is SegmentClass.IP
    assert class_of_segment(f"a{raw.hex()}0") in (SegmentClass.HEX, SegmentClass.INT)
