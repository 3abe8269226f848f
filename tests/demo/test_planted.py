"""The tables of what is planted."""

from shadowproxy.core.words import Kind
from shadowproxy.demo import planted
from shadowproxy.demo.spoiling import SPOILS


def test_every_bug_is_acted_out() -> None:
    """The table of bugs and the table of their doing name the same bugs."""
    assert [bug.name for bug in planted.BUGS] == list(SPOILS)


def test_a_bug_in_a_noisy_field_is_of_another_kind() -> None:
    """There is one, and it could not be told apart if only its value differed."""
    noisy = {noise.place for noise in planted.NOISE}
    (inside,) = (bug for bug in planted.BUGS if bug.place in noisy)
    assert inside.kind is not Kind.CHANGED
