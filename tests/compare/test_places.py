"""Generalised places of differences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.compare.places import ANY, MAX_NAME, general_steps, is_map_key

names = st.text(max_size=20)
steps = st.lists(st.one_of(names, st.integers(0, 10**6)), max_size=8)


@given(steps)
def test_a_place_is_the_same_whoever_asks(written: list[str | int]) -> None:
    """Each step is kept or `*`, indices never are kept, and asking twice changes nothing."""
    shown = general_steps(written)
    assert len(shown) == len(written)
    for step, name in zip(written, shown, strict=True):
        assert name == ANY if isinstance(step, int) else name in (step, ANY)
    assert general_steps(shown) == shown
    assert general_steps(written) == shown


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_keys_of_a_map_are_one_place(one: int, other: int) -> None:
    """Whichever key a map has, what is below it is the same place."""
    assert general_steps(["users", str(one), "name"]) == general_steps(
        ["users", str(other), "name"]
    )


@given(st.from_regex(r"[A-Za-z]{1,15}", fullmatch=True))
def test_an_ordinary_word_stays(word: str) -> None:
    """Letters alone are never taken for the key of a map, whatever they spell."""
    assert not is_map_key(word)


@pytest.mark.parametrize(
    "name",
    ["$ref", "$42", "@id", "@12345678", "#text", "{http://a.test/ns}local", "{urn:a@b}x", "v1",
     "line2", "addressLine2Formatted", "iso27001", "p99_9", "sha256", "2fa", "", "0.95"],
)  # fmt: skip
def test_names_by_construction_stay(name: str) -> None:
    """JSON-schema names, attributes, text and namespaces are shape; so are words with digits."""
    assert general_steps([name]) == (name,)


@pytest.mark.parametrize(
    "name",
    ["42", "9f1c2e34-0000-4000-8000-000000000001", "2026-11-23", "5f3a9b1c2d", "a@b.test",
     "10.0.0.1", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "ORD-12345", "user:1234567", "x" * (MAX_NAME + 1)],
)  # fmt: skip
def test_names_that_are_data_become_a_star(name: str) -> None:
    """Identifiers, dates, addresses, tokens, words with an identifier inside, endless names."""
    assert general_steps(["by_key", name, 3, "price"]) == ("by_key", "*", "*", "price")
