"""XML into the node model of `elements`, names as `{namespace}local`.

Fact that forces the design: a document type declaration can make two bytes a gigabyte, or name a
file of this machine. So any makes the body undecodable, at its first word, before one entity is
declared; no setting of the parser has to hold an attack off.
"""

import codecs
import re
from typing import Any, Final, cast

from shadowproxy.decode.bounds import BoundError, UndecodableError
from shadowproxy.decode.elements import MAX_MARKUP_BYTES, Elements, feed
from shadowproxy.decode.media import read_text
from shadowproxy.decode.room import Room

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16le"),
    (b"\0<", "utf-16be"),
)
"""UTF-32 first: its mark begins like the one of UTF-16."""
_DECLARED: Final = re.compile(rb"""<\?xml[^>]{1,200}?encoding\s{0,9}=\s{0,9}["']([\w.-]+)""")
_LOG_LENGTH: Final = 100
"""Errors that the parser remembers; what came after them is not known."""


def decode_xml(body: bytes, charset: str, room: Room) -> dict[str, Any]:
    """The root element by its tag.

    Charsets by authority (RFC 7303): byte order mark, Content-Type, XML declaration, UTF-8.

    Raises:
        UndecodableError: not well-formed, a document type declaration, a prefix without namespace,
            or nested too deeply.
        BoundError: too large.
    """
    from lxml import etree

    if len(body) > MAX_MARKUP_BYTES:
        raise BoundError("markup")
    text = read_text(body, marked_charset(body) or charset or _declared_charset(body))
    elements = _Checked(room)
    parser = etree.XMLParser(
        target=cast("Any", elements),
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=True,  # lifts the limit of 256 levels; entities cannot be declared here
    )
    try:
        feed(parser, elements, text)
    except etree.LxmlError:
        raise UndecodableError("xml") from None
    if _has_unbound_prefix(parser.feed_error_log):
        raise UndecodableError("namespace")
    return elements.root


class _Checked(Elements):
    def doctype(self, *_names: object) -> None:
        """Called before anything is declared in it."""
        raise UndecodableError("doctype")


def marked_charset(body: bytes) -> str:
    """The charset that a byte order mark tells, or ""."""
    return next((charset for mark, charset in _BOMS if body.startswith(mark)), "")


def _declared_charset(body: bytes) -> str:
    found = _DECLARED.match(body)
    name = found[1].decode("ascii", "replace").lower() if found else ""
    return "" if name.startswith("utf-") else name  # readable as ASCII, so not UTF-16 or UTF-32


def _has_unbound_prefix(log: Any) -> bool:
    """With a target the parser only notes these, and drops the prefix."""
    return len(log) >= _LOG_LENGTH or any(
        entry.type_name == "NS_ERR_UNDEFINED_NAMESPACE" for entry in log
    )
