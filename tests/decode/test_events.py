"""Server-sent events: as the WHATWG standard reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decode.decoding import cheap_refusal, decoded, refusal

LINE = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1, max_size=8)


@given(st.lists(st.tuples(LINE, st.lists(LINE, min_size=1, max_size=3)), max_size=4),
       st.sampled_from(["\n", "\r\n", "\r"]))  # fmt: skip
def test_events_that_were_written_come_back(events: list[tuple[str, list[str]]], end: str) -> None:
    """With any of the three line ends, data of several lines joined."""
    body = "".join(
        f"event: {name}{end}" + "".join(f"data: {line}{end}" for line in lines) + end
        for name, lines in events
    )
    expected = [{"event": name, "data": "\n".join(lines)} for name, lines in events]
    assert decoded("text/event-stream", body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", []),
        (": comment\n\n", []),
        ("data: a\n\ndata:b\n\n", [{"data": "a"}, {"data": "b"}]),
        ("data:  a\ndata\ndata:\n\n", [{"data": " a\n\n"}]),
        ("event: a\nevent: b\nid: 1\nid: 2\n\n", [{"event": "b", "id": "2"}]),
        ("id: a\0b\nretry: 10s\nretry: ²\nother: x\nDATA: y\n\n", []),
        ("retry: 10\n\nid\n\n", [{"retry": "10"}, {"id": ""}]),
        ("\ufeffdata: a\n\n\n\ndata: b", [{"data": "a"}, {"data": "b"}]),
        ("data: a: b", [{"data": "a: b"}]),
    ],
)
def test_fields(body: str, expected: list[object]) -> None:
    """Only the known ones, only when they are valid; the last event may lack its end."""
    assert decoded("text/event-stream", body) == expected


def test_events_are_utf8_whatever_is_declared() -> None:
    """The standard knows no other charset."""
    kind = "text/event-stream; charset=latin1"
    assert decoded(kind, "data: é\n\n".encode()) == [{"data": "é"}]
    assert refusal(kind, b"data: \xe9\n\n") == "undecodable charset"


@pytest.mark.parametrize("body", [b"data\n\n" * 500_000, b"\r" * 1_000_000, b"data\n" * 400_000])
def test_hostile_streams_cost_little(body: bytes) -> None:
    """Too many lines are a bound before one is read."""
    assert cheap_refusal("text/event-stream", body) == "bound nodes"
