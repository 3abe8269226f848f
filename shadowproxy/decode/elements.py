"""The node model that XML and HTML share, built from a parser's events.

    {tag: node}     node = {"@attribute": value, "#text": text, child tag: [nodes]}

Laws: iterative; memory is bounded while building; comments, processing instructions and blank
pieces of text leave no trace. The order of children is kept among those of one tag.
"""

import io
import re
from collections.abc import Mapping
from sys import intern
from typing import Any, Final

from shadowproxy.decode.bounds import MAX_DEPTH, MAX_NODES, BoundError, UndecodableError
from shadowproxy.decode.room import Room

MAX_MARKUP_BYTES: Final = 4 << 20
"""At 20 bytes a value hardly anything larger stays below MAX_NODES."""
_FED_CHARACTERS: Final = 16 << 10
"""What the parser gets at once: told to stop, it still reads that, and looks at every open element
for each end tag that matches none (90,000 pairs of `<b></i>` at once: 14 s)."""

_SEPARATORS: Final = " \t\r\n\f/="
"""One of these comes with every attribute. A parser tells of a tag when it has all of it, and then
has spent 250 bytes on each attribute; text it tells of as it comes, but for comments and CDATA."""

_NO_START: Final = ("</", "<!", "<?")

_SPACE: Final = " \t\r\n\f"
_SPACES: Final = re.compile(r"[ \t\r\n\f]+")
_MAX_ELEMENTS_DEEP: Final = MAX_DEPTH // 2
"""An element is two levels of the tree: the list of its namesakes, and its node."""

_Open = tuple[dict[str, Any], bool]
"""The node of an element whose end has not come, and whether white space in it is content."""


class Elements:
    """Takes the events of a parser, and counts them; `root` is what they tell.

    White space in text outside of `verbatim` tags is collapsed and trimmed; None keeps all of it.
    """

    def __init__(self, room: Room, verbatim: frozenset[str] | None = None) -> None:
        self.root: dict[str, Any] = {}
        self._room = room
        self._verbatim = verbatim
        self._open: list[_Open] = []
        self._pieces: dict[int, list[str]] = {}
        self._run = io.StringIO()  # a list of pieces would cost 50 bytes for each `&amp;`
        self._has_run = False
        self.events = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins.

        Raises:
            UndecodableError: nested too deeply.
            BoundError: too many values.
        """
        self.events += 1
        if self._has_run:
            self._end_run()
        level = len(self._open)
        if level >= _MAX_ELEMENTS_DEEP:
            raise UndecodableError("depth")
        node: dict[str, Any] = {}
        values = 1 + len(attributes)
        for name, text in attributes.items():
            node[intern("@" + name)] = text
        is_verbatim = self._verbatim is not None and tag in self._verbatim
        if level:
            parent, is_inside_verbatim = self._open[-1]
            is_verbatim = is_verbatim or is_inside_verbatim
            values += self._attach(parent, tag, node)
        else:
            self.root[tag] = node
        self._room.take(values)
        self._open.append((node, is_verbatim))

    @staticmethod
    def _attach(parent: dict[str, Any], tag: str, node: dict[str, Any]) -> bool:
        """Whether that took a list of its own."""
        if tag in parent:
            parent[tag].append(node)
            return False
        parent[intern(tag)] = [node]
        return True

    def data(self, text: str) -> None:
        """Text, in pieces as they come."""
        self.events += 1
        self._run.write(text)
        self._has_run = True

    def end(self, _tag: str) -> None:
        """The innermost open element ends."""
        if self._has_run:
            self._end_run()
        node, is_verbatim = self._open.pop()
        pieces = self._pieces.pop(len(self._open), None)
        if pieces is None:
            return
        text = "".join(pieces)
        if self._verbatim is not None and not is_verbatim:
            text = _SPACES.sub(" ", text).strip(" ")
        self._room.take(1)
        node["#text"] = text

    def _end_run(self) -> None:
        """A piece of text is what stands between two tags, whatever else stands there."""
        text = self._run.getvalue()
        self._run = io.StringIO()
        self._has_run = False
        if self._open and (self._open[-1][1] or text.strip(_SPACE)):
            self._pieces.setdefault(len(self._open) - 1, []).append(text)

    def close(self) -> dict[str, Any]:
        """What the parser calls at the end."""
        return self.root


def feed(parser: Any, elements: Elements, text: str) -> None:
    """Gives a parser whose target is `elements` the whole text.

    Raises:
        BoundError: too many elements, or so many separators without an event that one tag may have
            as many attributes.
    """
    if text.count("<") - sum(map(text.count, _NO_START)) > MAX_NODES:
        raise BoundError("nodes")
    separators = events = 0
    for begins in range(0, max(1, len(text)), _FED_CHARACTERS):
        piece = text[begins : begins + _FED_CHARACTERS]
        separators = separators if events == elements.events else 0
        events = elements.events
        separators += sum(map(piece.count, _SEPARATORS))
        if separators > MAX_NODES:
            raise BoundError("markup")
        parser.feed(piece.encode())
    parser.close()
