"""The page for people: readable, and what came from outside is data in it."""

import json
import re
from html.parser import HTMLParser

import pytest

from shadowproxy.control.front import STYLE, STYLE_SOURCE
from tests.control.running import controlling

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "' onmouseover='alert(1)",
    "</td></table></style></title>",
    "\ud800 &lt;b&gt;",
]


class Reading(HTMLParser):
    """Collects elements, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name == "href"}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_findings_are_text(text: str) -> None:
    """Elements and attributes are ours alone, and the text is shown as it is."""
    async with controlling() as control:
        calm = Reading((await control.get("/")).text)
        group = {"id": "aa", "count": 1, "kind": "type", "endpoint": text, "path": text,
                 "sentence": text, "legacy_status": 200, "candidate_status": 200}  # fmt: skip
        document = json.dumps({"groups": [group], "evicted": 0})
        (control.folder / "findings.json").write_text(document)
        hostile = Reading((await control.get("/")).text)
    assert hostile.tags - calm.tags <= {"td", "tr", "tbody"}
    assert hostile.attributes == calm.attributes
    assert hostile.links == calm.links
    assert text.encode("utf-8", "replace").decode() in "".join(hostile.words)


async def test_a_hostile_reason_is_text() -> None:
    """What an operator types is data too."""
    async with controlling() as control:
        body = {"value": "off", "reason": HOSTILE[0]}
        await control.ask("PUT", "/api/v1/dials/shadow", json=body)
        page = Reading((await control.get("/")).text)
    assert "script" not in page.tags
    assert HOSTILE[0] in page.words


async def test_the_policy_allows_the_pages_own_style_and_nothing_else() -> None:
    """One style element whose digest is in the policy; no script, no style attribute."""
    async with controlling() as control:
        answer = await control.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert STYLE_SOURCE in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL) == [STYLE]
    page = Reading(answer.text)
    assert "script" not in page.tags
    assert "style" not in page.attributes


async def test_every_link_leads_somewhere() -> None:
    """And the page tells how things stand."""
    async with controlling() as control:
        page = Reading((await control.get("/")).text)
        for link in page.links:
            assert (await control.get(link)).status == 200, link
        assert "shadowproxy is ready" in page.words
        assert "edge-0" in page.words
