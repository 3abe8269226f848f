"""Protobuf of a configured type: JSON mapping, unknown fields, broken schemas."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.decode.bounds import BoundError, UndecodableError
from shadowproxy.decode.protobuf import MAX_PROTOBUF_BYTES, decode_protobuf
from tests.decode.measuring import Measure
from tests.decode.schemas import ORDERS


def order(body: bytes, message: str = ORDERS.message) -> object:
    return decode_protobuf(body, ORDERS.descriptors, message)


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field of less than 128 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content


def test_a_message_has_the_names_of_its_schema() -> None:
    """64-bit integers are strings, repeated fields lists, maps objects, NaN a string."""
    body = b"\x08\x96\x01" + field(2, b"a") + field(2, b"b") + field(3, b"\x08\x01")
    body += field(4, field(1, b"k") + b"\x10\x07") + b"\x31\0\0\0\0\0\0\xf8\x7f"
    assert order(body) == {
        "id": "150",
        "tag_list": ["a", "b"],
        "related": [{"id": "1"}],
        "by_name": {"k": 7},
        "price": "NaN",
    }
    assert order(b"") == {}


def test_the_order_of_fields_on_the_wire_means_nothing() -> None:
    """And a default that is written is as good as one that is not."""
    assert order(b"\x08\x01" + field(2, b"a")) == order(field(2, b"a") + b"\x08\x01")
    assert order(b"\x08\x00") == order(b"") == {}


def test_packed_messages_are_unpacked() -> None:
    """An Any of a type in the schema is shown with its fields; of another it is undecodable."""
    packed = field(1, b"x/shop.Order") + field(2, b"\x08\x02")
    assert order(field(5, packed)) == {"details": [{"@type": "x/shop.Order", "id": "2"}]}
    with pytest.raises(UndecodableError):
        order(field(5, field(1, b"x/shop.No") + field(2, b"\x08\x02")))


def test_what_the_schema_does_not_know_is_not_hidden() -> None:
    """Unknown fields are listed, inner ones and those of packed messages too; groups are refused."""
    number, text = b"\x98\x06\x05", b"\x9a\x06\x01x"
    shown = [{"field": 99, "value": 5}, {"field": 99, "value": {"$bytes": "eA=="}}]
    assert order(number + text) == {"#unknown": shown}
    assert order(field(3, number)) == {"related": [{}], "#unknown": shown[:1]}
    packed = field(1, b"x/shop.Order") + field(2, number)
    assert order(field(5, packed)) == {
        "details": [{"@type": "x/shop.Order"}], "#unknown": shown[:1],
    }  # fmt: skip
    with pytest.raises(UndecodableError, match="group"):
        order(b"\x9b\x06\x08\x01\x9c\x06")


@given(st.binary(max_size=60))
def test_any_bytes_are_a_tree_or_undecodable(body: bytes) -> None:
    """Nothing else is ever raised, and twice the same."""
    try:
        tree = order(body)
    except UndecodableError:
        return
    assert repr(tree) == repr(order(body))


@pytest.mark.parametrize(
    ("descriptors", "message"),
    [
        (ORDERS.descriptors, "shop.Nothing"),
        (ORDERS.descriptors, ""),
        (ORDERS.descriptors[:-1], "shop.Order"),
        (b"\xff", "shop.Order"),
        (b"", "shop.Order"),
        (field(1, field(1, b"a.proto") + field(3, b"missing.proto")), "a.B"),
    ],
)
def test_an_unknown_message_or_a_broken_set_is_undecodable(
    descriptors: bytes, message: str
) -> None:
    """The operator's mistake must not look like a difference, so it is told apart by its reason."""
    with pytest.raises(UndecodableError, match="schema"):
        decode_protobuf(b"", descriptors, message)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"\x1a\x00" * 250_000, BoundError),
        (b"\x12\x00" * 250_000, BoundError),
        (b"\x98\x06\x01" * 100_000, BoundError),
        (bytes(MAX_PROTOBUF_BYTES + 1), BoundError),
        (b"\x1a\xff\xff\xff\xff\x07", UndecodableError),
        (b"\x1b" * 100_000, UndecodableError),
    ],
    ids=["messages", "strings", "unknown", "large", "lie", "groups"],
)
def test_hostile_bodies_cost_little(body: bytes, expected: type[Exception]) -> None:
    """Each is answered in time and in little memory."""
    order(b"")
    with Measure() as measure, pytest.raises(expected):
        order(body)
    assert measure.cpu_s < 0.6  # protobuf itself takes half of that for 250,000 messages
    assert measure.memory_bytes < 96 << 20


def test_deep_messages_are_undecodable() -> None:
    """Protobuf's own limit is 100 levels; nothing recurses further."""
    body = b"\x08\x01"
    for _ in range(150):
        size = len(body)
        body = (
            b"\x1a" + (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + body
        )
    with pytest.raises(UndecodableError):
        order(body)
