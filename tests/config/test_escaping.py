"""Text that came from elsewhere, on a terminal."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.config.escaping import printable


@given(st.text())
def test_nothing_that_moves_a_terminal_is_left(text: str) -> None:
    """No control character, line separator, surrogate, direction mark or invisible one survives."""
    shown = printable(text, 10_000)
    assert all(
        unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
        for character in shown
    )


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=200))
def test_ordinary_text_stays(text: str) -> None:
    """Letters of every script are shown as they are."""
    assert printable(text) == text


def test_long_text_is_cut() -> None:
    """What is shown is bounded, and shows that it was cut."""
    assert printable("x" * 1000, 10) == "xxxxxxxxx…"
