"""Texts as lines."""

from hypothesis import given
from hypothesis import strategies as st

from tests.decode.decoding import decoded, refusal


@given(st.text(st.characters(codec="utf-8")))
def test_the_lines_are_the_text(text: str) -> None:
    """Joined by line feeds they are what was sent, without a byte order mark."""
    assert "\n".join(decoded("text/plain", text)) == text.removeprefix("\ufeff")


def test_only_a_line_feed_ends_a_line() -> None:
    """A carriage return belongs to its line, other separators are text."""
    assert decoded("text/plain", "a\r\nb\u2028c\x0bd\n") == ["a\r", "b\u2028c\x0bd", ""]
    assert decoded("text/plain", "") == [""]


def test_the_charset_is_honoured() -> None:
    """What is not in it is undecodable."""
    assert decoded("text/css; charset=windows-1252", b"\x80") == ["€"]
    assert refusal("text/css", b"\x80") == "undecodable charset"
    assert refusal("text/plain; charset=nonsense", b"a") == "undecodable charset"


def test_too_many_lines_are_a_bound() -> None:
    """Before one is split off."""
    assert refusal("text/plain", b"\n" * 900_000) == "bound nodes"
