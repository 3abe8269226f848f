"""Which words of two texts differ."""

from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.cli.changed_words import ELLIPSIS, MAX_CHARS, Part, changed_parts

TEXTS = st.text(st.sampled_from("ab \n.é"), max_size=60)


def joined(parts: list[Part]) -> str:
    return "".join(part.text for part in parts)


@given(TEXTS, TEXTS)
def test_the_parts_are_the_texts(legacy: str, candidate: str) -> None:
    """What is not marked is the same on both sides; all together is the whole text."""
    ours, theirs = changed_parts(legacy, candidate)
    assert joined(ours).removeprefix(ELLIPSIS) in legacy
    assert legacy.endswith(joined(ours).removeprefix(ELLIPSIS))
    assert candidate.endswith(joined(theirs).removeprefix(ELLIPSIS))
    same = [[part.text for part in parts if not part.is_changed] for parts in (ours, theirs)]
    assert "".join(same[0]) == "".join(same[1])
    assert any(part.is_changed for part in ours + theirs) is (legacy != candidate)


def test_words_are_marked_whole() -> None:
    """Not the letters that they share."""
    ours, theirs = changed_parts("the quick brown fox", "the quick braun fox")
    assert ours == [("the quick ", False), ("brown", True), (" fox", False)]
    assert theirs == [("the quick ", False), ("braun", True), (" fox", False)]


def test_long_texts_are_cut_around_what_differs() -> None:
    """Forty characters before it are shown, and where something is left out, an ellipsis."""
    ours, theirs = changed_parts("a " * 5000 + "x" + " b" * 5000, "a " * 5000 + "y" + " b" * 5000)
    for parts, changed in ((ours, "x"), (theirs, "y")):
        assert [part.text for part in parts if part.is_changed] == [changed]
        text = joined(parts)
        assert text.startswith(ELLIPSIS + "a " * 20 + changed)
        assert text.endswith(ELLIPSIS)
        assert len(text) <= MAX_CHARS + len(ELLIPSIS)


def test_a_text_that_only_goes_on() -> None:
    """What is too much is marked."""
    ours, theirs = changed_parts("same", "same and more")
    assert joined(ours) == "same"
    assert [part.text for part in theirs if part.is_changed] == [" and more"]


def test_megabytes_cost_little() -> None:
    """Neither the search for the first difference nor the alignment grows with them."""
    ours, theirs = changed_parts("a" * 10_000_000 + "b", "a" * 10_000_000 + "c")
    assert (joined(ours)[-1], joined(theirs)[-1]) == ("b", "c")
    ours, _ = changed_parts("x y " * 1_000_000, "y z " * 1_000_000)
    assert len(joined(ours)) <= MAX_CHARS + 2
