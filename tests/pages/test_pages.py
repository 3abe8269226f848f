"""Every page: well formed, readable without seeing it, and deaf to what data would have it do."""

from urllib.parse import urlsplit

import pytest

from shadowproxy.pages.mail import self_contained
from shadowproxy.pages.rendering import _UNSEEN
from tests.browser import examples
from tests.browser.rendered import Change, rendered
from tests.pages.parsing import Reading

PATHS = sorted([*rendered(), "mail"])
NOWHERE: Change = lambda document: {}  # noqa: E731 - a change like the others


def page_at(path: str, change: Change = lambda document: document) -> Reading:
    """That page, from changed examples."""
    if path == "mail":
        return Reading(self_contained(change(examples.REPORT)))
    return Reading(rendered(change)[path])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "change", [lambda each: each, examples.empty, NOWHERE], ids=["full", "empty", "{}"]
)
def test_a_page_is_well_formed(path: str, change: Change) -> None:
    """Unique ids, headings in order, names on every control, nothing that the policy refuses."""
    page = page_at(path, change)
    assert page.faults() == []
    assert page.root.get("lang") == "en"
    assert {"main", "title"} <= page.tags


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("text", examples.HOSTILE, ids=range(len(examples.HOSTILE)))
def test_hostile_texts_stay_texts(path: str, text: str) -> None:
    """In every text of every document: elements and attributes are those of a harmless text."""
    calm = page_at(path, lambda document: examples.hostile(document, "harmless"))
    page = page_at(path, lambda document: examples.hostile(document, text))
    assert page.tags == calm.tags
    assert page.attributes == calm.attributes
    assert len(page.elements) == len(calm.elements)
    assert page.faults() == []
    shown = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    assert "".join(shown.split()) in "".join(page.text.split())


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("text", examples.HOSTILE, ids=range(len(examples.HOSTILE)))
def test_every_address_is_our_own(path: str, text: str) -> None:
    """Whatever the texts are, no link leaves this server and none is a script."""
    page = page_at(path, lambda document: examples.hostile(document, text))
    for address in page.addresses:
        parts = urlsplit(address)
        assert (parts.scheme, parts.netloc) == ("", ""), address
        assert address.startswith(("/", "?", "#")), address
        assert "//" not in address, address


@pytest.mark.parametrize("path", PATHS)
def test_no_character_hides(path: str) -> None:
    """Controls and characters that turn the direction of reading are shown as escapes."""
    page = page_at(
        path, lambda document: examples.hostile(document, "a\x00\x1b\u202eb\u200d\ud800")
    )
    assert not _UNSEEN.search(page.text)
    assert r"a\u0000\u001b\u202eb\u200d\ud800" in page.text


@pytest.mark.parametrize("path", [path for path in PATHS if path != "mail"])
def test_a_page_says_where_it_is(path: str) -> None:
    """One link of the navigation is the current one and leads here; the title has the state."""
    page = page_at(path)
    (current,) = page.root.xpath("//header//a[@aria-current='page']")
    assert current.get("href") == path
    assert page.root.findtext(".//title").endswith(" · shadowproxy")


@pytest.mark.parametrize("path", [path for path in PATHS if path != "mail"])
def test_what_needs_scripts_is_marked(path: str) -> None:
    """Buttons and fields are inside something that is hidden without scripts."""
    for control in page_at(path).root.xpath("//button | //input | //select"):
        held = [control, *control.iterancestors()]
        assert any("needs-js" in (each.get("class") or "").split() for each in held)


@pytest.mark.parametrize("path", [path for path in PATHS if path != "mail"])
def test_news_can_be_swapped_in(path: str) -> None:
    """Each live part has an id; none is inside another."""
    live = page_at(path).root.xpath("//*[@data-live]")
    assert live
    for part in live:
        assert part.get("id")
        assert not part.xpath("ancestor::*[@data-live]")
