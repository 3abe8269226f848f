"""Colours of a diff: what is marked is read on the ground that marks it."""

import pytest

from tests.pages.test_contrast import TEXT, contrast, schemes

READ = [
    *(("bad", ground) for ground in ("removed-ground", "surface", "sunken", "wait-ground")),
    *(("good", ground) for ground in ("added-ground", "surface", "sunken")),
    *((ink, ground) for ink in ("ink", "soft", "link") for ground in ("surface", "sunken")),
    *(("ink", ground) for ground in ("removed-ground", "added-ground", "wait-ground")),
    ("link", "wait-ground"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_marked_has_contrast(scheme: str) -> None:
    """Lettering of removed, added, moved and hidden lines on their grounds: 4.5 to 1."""
    colours = schemes()[scheme]
    weak = {pair: contrast(*(colours[name] for name in pair)) for pair in READ}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < TEXT} == {}
