"""Colours: in both schemes, what is read meets WCAG 2.2 AA, and so do lines and edges."""

import re
from typing import Final

import pytest

from shadowproxy.pages.assets import stylesheet

TEXT: Final = 4.5
GRAPHICS: Final = 3.0

GROUNDS: Final = ("ground", "surface", "sunken")
TINTS: Final = (
    "good-ground",
    "bad-ground",
    "wait-ground",
    "plain-ground",
    "removed-ground",
    "added-ground",
)

READ: Final = [
    *((ink, ground) for ink in ("ink", "soft", "link", "bad") for ground in GROUNDS),
    *(("ink", tint) for tint in TINTS),
    ("good", "good-ground"), ("bad", "bad-ground"), ("wait", "wait-ground"),
    ("surface", "link"), ("surface", "bad"),
    *((line, "surface") for line in ("legacy", "candidate", "mismatch", "failed")),
]  # fmt: skip
SEEN: Final = [("edge", ground) for ground in GROUNDS]


def schemes() -> dict[str, dict[str, str]]:
    """The variables of `:root` in both schemes; dark ones begin with the light ones."""
    blocks = re.findall(r":root \{(.*?)\}", stylesheet(), re.DOTALL)
    light, dark = (
        dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", block)) for block in blocks[:2]
    )
    return {"light": light, "dark": light | dark}


def contrast(first: str, second: str) -> float:
    """WCAG 2.2, contrast ratio."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_formula_is_the_standards() -> None:
    """Black on white is 21 to 1, a colour on itself 1 to 1, the grey #767676 on white 4.54."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#123456", "#123456") == pytest.approx(1)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_read_has_contrast(scheme: str) -> None:
    """Lettering on its ground: 4.5 to 1."""
    colours = schemes()[scheme]
    weak = {pair: contrast(*(colours[name] for name in pair)) for pair in READ}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < TEXT} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_of_controls_have_contrast(scheme: str) -> None:
    """What shows where a control is: 3 to 1."""
    colours = schemes()[scheme]
    weak = {pair: contrast(*(colours[name] for name in pair)) for pair in SEEN}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < GRAPHICS} == {}


def test_colours_come_from_the_variables() -> None:
    """No rule has a colour of its own, so that no pair escapes the two tests above."""
    rules = re.sub(r":root \{.*?\}", "", stylesheet(), flags=re.DOTALL)
    own = re.findall(r":\s*#[0-9a-fA-F]{3,8}\b|\b(?:hsl|rgb)a?\([^)]*\)", rules)
    assert set(own) <= {"rgb(0 0 0 / 50%)"}  # behind a dialog


def test_every_variable_that_is_used_exists() -> None:
    """A misspelt name would leave a part without its colour."""
    used = set(re.findall(r"var\(--([\w-]+)\)", stylesheet()))
    assert used <= schemes()["light"].keys() | {"mono"}
