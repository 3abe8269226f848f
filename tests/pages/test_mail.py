"""The report as one file: whole, and in need of nothing."""

import re

from shadowproxy.pages.assets import stylesheet
from shadowproxy.pages.mail import self_contained
from tests.browser.examples import REPORT
from tests.pages.parsing import Reading


def test_the_file_needs_nothing_else() -> None:
    """No script, no link out of it, nothing to load; its policy forbids all of that."""
    page = Reading(self_contained(REPORT))
    assert page.tags.isdisjoint(
        {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    )
    assert all(address.startswith("#") for address in page.addresses)
    assert "url(" not in stylesheet()
    assert "@import" not in stylesheet()
    (policy,) = page.root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert re.fullmatch(r"default-src 'none'; style-src 'sha256-[\w+/]{43}='", policy)


def test_its_style_is_the_pages_own() -> None:
    """Whole and unescaped, or selectors such as `a > b` would break."""
    page = Reading(self_contained(REPORT))
    assert page.root.findtext(".//style") == stylesheet()
    assert ">" in stylesheet()
    assert "</" not in stylesheet()


def test_every_finding_is_told_with_its_details() -> None:
    """The list leads to each one's details inside the file."""
    page = Reading(self_contained(REPORT))
    for index, group in enumerate(REPORT["groups"], 1):
        assert f"#finding-{index}" in page.addresses
        (article,) = page.root.xpath(f"//*[@id='finding-{index}']")
        for words in (
            group["id"],
            group["endpoint"],
            group["path"],
            group["pairs"][0]["candidate"],
        ):
            assert words in article.text_content()


def test_a_delta_is_shown_where_there_is_one() -> None:
    """As lines or as one text."""
    for delta in (["- 1", "+ <2>"], "- 1\n+ <2>"):
        group = {**REPORT["groups"][0], "delta": delta}
        page = Reading(self_contained({**REPORT, "groups": [group]}))
        assert page.root.xpath("string(//pre)") == "- 1\n+ <2>"
