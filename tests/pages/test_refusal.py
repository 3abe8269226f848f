"""The page of a refused request."""

from typing import Any

from lxml import html

from shadowproxy.pages.refusal import refusal


def test_it_says_why_and_where_to_go() -> None:
    """What was refused is text, whatever it holds."""
    page: Any = html.fromstring(refusal(404, '<script>alert(1)</script> "no such finding"'))
    assert page.findtext(".//h1") == "There is no such page"
    said = page.xpath("string(//main)")
    assert "<script>alert(1)</script>" in said
    assert page.xpath("//main//script") == []
    assert {"/", "/findings", "/status"} <= set(page.xpath("//main//a/@href"))
