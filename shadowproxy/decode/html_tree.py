"""HTML into the node model of `elements`, as libxml2's parser repairs it.

lxml and not html5lib or selectolax: it is maintained, it is here for XML anyway, its tokenizer has
been that of the HTML Standard since libxml2 2.14, and it calls back while it reads. The other two
build their whole tree before anyone can stop them.
"""

import re
from typing import Any, Final, cast

from shadowproxy.decode.bounds import MAX_NODES, BoundError, UndecodableError
from shadowproxy.decode.elements import MAX_MARKUP_BYTES, Elements, feed
from shadowproxy.decode.media import read_text
from shadowproxy.decode.room import Room
from shadowproxy.decode.xml_tree import marked_charset

VERBATIM: Final = frozenset(("pre", "textarea", "script", "style"))
"""Where white space is content."""

_META: Final = re.compile(
    rb"""<meta[^>]{1,200}?charset\s{0,9}=\s{0,9}["']?([\w.-]+)""", re.IGNORECASE
)
_PRESCAN_BYTES: Final = 1024
"""In which the HTML Standard looks for a charset."""


def decode_html(body: bytes, charset: str, room: Room) -> dict[str, Any]:
    """The root element by its tag; {} when there is none.

    Charsets by authority: byte order mark, Content-Type, `meta`, UTF-8.

    Raises:
        UndecodableError: in the charset, or nested too deeply.
        BoundError: too large, or more end tags than any tree has elements: each one that matches
            nothing costs a look at every open element.
    """
    from lxml import etree

    if len(body) > MAX_MARKUP_BYTES or body.count(b"</") > MAX_NODES:
        raise BoundError("markup")
    text = read_text(body, marked_charset(body) or charset or _declared_charset(body))
    elements = Elements(room, VERBATIM)
    parser = etree.HTMLParser(
        target=cast("Any", elements), encoding="utf-8", no_network=True, huge_tree=True
    )
    try:
        feed(parser, elements, text)
    except etree.LxmlError:
        raise UndecodableError("html") from None
    return elements.root


def _declared_charset(body: bytes) -> str:
    found = _META.search(body, 0, _PRESCAN_BYTES)
    name = found[1].decode("ascii", "replace").lower() if found else ""
    return "" if name.startswith("utf-") else name
