"""The environment of all templates: safe where a template forgets to be."""

import pytest
from jinja2 import UndefinedError
from lxml import html

from shadowproxy.pages.rendering import render, render_part


def test_values_are_escaped_in_texts_and_attributes() -> None:
    """Without a filter in the template."""
    part = html.fragment_fromstring(render("sparkline.html", said='"><b>&', path='"x'))
    assert part.get("aria-label") == '"><b>&'
    assert [each.tag for each in part.iter()] == ["svg", "title", "path"]


def test_a_part_is_not_escaped_again() -> None:
    """It is markup to the template that holds it, and its values were escaped."""
    part = render_part("sparkline.html", said="<b>", path="")
    assert "&lt;b&gt;" in part
    assert f"{part:s}" == part.__html__()


def test_a_missing_name_is_an_error() -> None:
    """Rather than an empty place in a page."""
    with pytest.raises(UndefinedError, match="path"):
        render("sparkline.html", said="")


def test_every_page_can_be_written_as_utf_8() -> None:
    """Half surrogates, controls and turning characters are shown as escapes; tabs and lines stay."""
    page = render("sparkline.html", said="\ud800 \x00 \u202e \t\n é 漢 😀", path="")
    assert "\\ud800 \\u0000 \\u202e \t\n é 漢 😀".encode() in page.encode()
