"""Pages as lxml reads them: what is ours in them, and what data may have brought."""

from itertools import pairwise
from typing import Any, Final

from lxml import etree, html

HEADINGS: Final = ("h1", "h2", "h3", "h4")
_ADDRESSES: Final = ("href", "src", "action", "formaction", "data", "poster", "srcset")
_REFERENCES: Final = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "data-copy")


class Reading:
    """One page, parsed."""

    def __init__(self, page: str) -> None:
        parser = html.HTMLParser(encoding="utf-8")
        self.root: Any = html.document_fromstring(page.encode(), parser=parser)
        self.elements: list[Any] = list(self.root.iter(etree.Element))

    @property
    def tags(self) -> set[str]:
        """Names of elements."""
        return {each.tag for each in self.elements}

    @property
    def attributes(self) -> set[tuple[str, str]]:
        """Elements with their attributes."""
        return {(each.tag, name) for each in self.elements for name in each.attrib}

    @property
    def addresses(self) -> list[str]:
        """Every place that the page leads to or loads from."""
        found = (each.get(name) for each in self.elements for name in _ADDRESSES)
        return [address for address in found if address is not None]

    @property
    def text(self) -> str:
        """All words."""
        return str(self.root.text_content())

    def faults(self) -> list[str]:
        """What a validator, a screen reader or the policy would complain of."""
        named = [fault for each in self.elements if (fault := _unnamed(each))]
        return [*self._ids(), *self._headings(), *self._fields(), *named, *self._refused()]

    def _ids(self) -> list[str]:
        ids = [each.get("id") for each in self.elements if each.get("id") is not None]
        named = (each.get(name, "") for each in self.elements for name in _REFERENCES)
        lost = {part for value in named for part in value.split()} - set(ids)
        twice = {each for each in ids if ids.count(each) > 1}
        return [f"id twice: {each}" for each in twice] + [f"no such id: {each}" for each in lost]

    def _headings(self) -> list[str]:
        levels = [int(each.tag[1]) for each in self.elements if each.tag in HEADINGS]
        jumps = [f"h{b} after h{a}" for a, b in pairwise([0, *levels]) if b > a + 1]
        return jumps if levels.count(1) == 1 else [*jumps, f"{levels.count(1)} h1"]

    def _fields(self) -> list[str]:
        labelled = {each.get("for") for each in self.elements if each.tag == "label"}
        return [
            f"no label: {html.tostring(each)!r}"
            for each in self.elements
            if each.tag in ("input", "select", "textarea")
            and each.get("type") != "hidden"
            and each.get("id") not in labelled
            and not each.get("aria-label")
        ]

    def _refused(self) -> list[str]:
        inline = [each for each in self.elements if each.tag == "script" and not each.get("src")]
        refused = {name for _, name in self.attributes if name == "style" or name.startswith("on")}
        return [*refused, *("inline script" for _ in inline)]


def _unnamed(element: Any) -> str:
    is_named = element.get("aria-label") or element.get("aria-labelledby")
    if element.tag in ("button", "a", "summary") and not element.text_content().strip():
        return "" if is_named else f"no words: {html.tostring(element)!r}"
    if element.get("role") in ("region", "img") and not is_named:
        return f"no name: {html.tostring(element)[:200]!r}"
    return ""
