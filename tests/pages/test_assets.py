"""What pages load: found by name, whole, and nothing else."""

import re

import pytest

from shadowproxy.pages.assets import asset, asset_names, stylesheet
from tests.browser.rendered import rendered
from tests.pages.parsing import Reading


def test_the_stylesheet_is_one_in_order() -> None:
    """The base comes before what builds on it."""
    style = asset("style.css")
    assert style is not None
    assert style.content_type == "text/css; charset=utf-8"
    text = style.content.decode()
    assert text == stylesheet()
    assert text.index(":root") < text.index(".banner") < text.index("svg.plot")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "style",
        "10-base.css",
        "js/live.js",
        "../rendering.py",
        "live.js\x00",
        "/etc/passwd",
    ],
)
def test_only_names_that_exist_are_served(name: str) -> None:
    """No path, no part of the stylesheet, no file of the package."""
    assert asset(name) is None


def test_every_asset_has_its_type_and_a_tag_of_its_own() -> None:
    """The tag changes with the content alone."""
    found = [asset(name) for name in asset_names()]
    kinds = {each.content_type for each in found if each}
    assert kinds == {"text/css; charset=utf-8", "text/javascript; charset=utf-8", "image/svg+xml"}
    tags = [each.etag for each in found if each]
    assert len(set(tags)) == len(tags)
    assert all(re.fullmatch(r'"[0-9a-f]{32}"', tag) for tag in tags)


def test_pages_and_scripts_load_what_exists() -> None:
    """Every address under /static/ in a page, and every import of a script."""
    wanted = {
        address.removeprefix("/static/")
        for html in rendered().values()
        for address in Reading(html).addresses
        if address.startswith("/static/")
    }
    for name in asset_names():
        found = asset(name)
        if found and name.endswith(".js"):
            wanted |= set(re.findall(r'(?:from|import) "\./([^"]+)"', found.content.decode()))
    assert {"live.js", "api.js", "copying.js", "style.css"} <= wanted
    assert wanted <= set(asset_names())


def test_scripts_make_no_code_and_no_markup_of_texts() -> None:
    """What an answer says is parsed or set as text, never evaluated or written into the page."""
    for name in asset_names():
        found = asset(name)
        assert found
        if name.endswith(".js"):
            banned = r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write"
            assert re.findall(banned, found.content.decode()) == [], name
