"""A page read as a browser reads it, and what no page of ours may hold."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from lxml import html as reader

from shadowproxy.pages.assets import asset_names

_ADDRESSES = ("href", "src", "action", "formaction", "poster", "data", "xlink:href")


def read(page: str) -> Any:
    """The document of a page that keeps the laws of all pages."""
    document: Any = reader.document_fromstring(page)
    for element in document.iter():
        if not isinstance(element.tag, str):
            continue
        assert element.tag not in ("style", "iframe", "object", "embed", "base", "meta[http-equiv]")
        for name, value in element.attrib.items():
            assert not name.startswith("on"), (element.tag, name)
            assert name != "style"
            if name in _ADDRESSES:
                assert _is_ours(value), value
    for script in document.iter("script"):
        assert not (script.text or "").strip()
        assert script.get("src", "").removeprefix("/static/") in asset_names()
    ids = Counter(document.xpath("//@id"))
    assert [each for each, count in ids.items() if count > 1] == []
    _has_names(document)
    return document


def _is_ours(address: str) -> bool:
    """A path of this server, a place in this page or a query of it: nothing that runs or leads away."""
    return address.startswith(("/", "#", "?")) and not address.startswith("//")


def _has_names(document: Any) -> None:
    """Whoever listens to a page is told what each control is for, and every table cell's heading."""
    for control in document.xpath("//input[not(@type='hidden')]|//select|//textarea"):
        assert document.xpath("//label[@for=$id]", id=control.get("id")), control.attrib
    for each in document.xpath("//button|//a|//summary"):
        assert each.text_content().strip() or each.get("aria-label"), each.attrib
    for each in document.xpath("//*[@aria-labelledby or @aria-describedby]"):
        for name in ("aria-labelledby", "aria-describedby"):
            for id_ in (each.get(name) or "").split():
                assert document.xpath("//*[@id=$id]", id=id_), id_
    for table in document.iter("table"):
        assert all(cell.get("scope") for cell in table.iter("th"))
    for list_ in document.xpath("//ol|//ul"):
        assert {child.tag for child in list_} <= {"li"}


def text_of(element: Any) -> str:
    """What is read, its white space as single spaces; blocks and cells are words of their own."""
    return " ".join("".join(_texts(element)).split())


_BLOCKS = frozenset(("td", "th", "dt", "dd", "p", "li", "div", "br", "small", "button", "h1", "h2"))


def _texts(element: Any) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if isinstance(child.tag, str):
            yield from _texts(child)
        yield " " if child.tag in _BLOCKS else ""
        yield child.tail or ""


def find(document: Any, path: str) -> Any:
    """The only element there."""
    (only,) = document.xpath(path)
    return only


def with_class(name: str) -> str:
    """The condition of XPath that an element has a class."""
    return f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')"
