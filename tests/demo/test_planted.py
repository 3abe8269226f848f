"""The tables of what is planted."""

from shadowproxy.demo import planted
from shadowproxy.demo.spoiling import SPOILS


def test_every_bug_is_acted_out() -> None:
    """The table of bugs and the table of their doing name the same bugs."""
    assert [bug.name for bug in planted.BUGS] == list(SPOILS)


def test_no_bug_hides_in_noise() -> None:
    """No bug is planted at a place that is noisy anyway: it could not be told apart."""
    noisy = {noise.place for noise in planted.NOISE}
    assert not noisy & {bug.place for bug in planted.BUGS}
