r"""Paths of rules: the subset of RFC 9535 that a comparison has a use for.

    $  .name  ['name']  ["name"]  [0]  [*]  .*  ..name  ..['name']  ..[*]  ..*

Facts that force the design: an index is no member name, so `$[0]` and `$['0']` are different; `..`
descends by any number of levels, at least none, before its selector takes one.
"""

import re
from typing import Final, NamedTuple


class PathError(ValueError):
    """This is no path; the text says what one looks like."""


class Segment(NamedTuple):
    """One step: to a member (str), an element (int) or any of both (None).

    `descends`: from the node or from anything below it.
    """

    selector: str | int | None
    descends: bool = False


_QUOTED: Final = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_SEGMENT: Final = re.compile(
    rf"""(?xs)
      (?P<dots> \.\.? ) (?: (?P<star> \* ) | (?P<name> [^\x00-\x20.\[\]'"*,:()?@$]+ ) )
    | (?P<deep> \.\. )? \[ (?: (?P<any> \* ) | (?P<quoted> {_QUOTED} ) | (?P<index> [0-9]{{1,9}} ) ) \]
    """
)
_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def parse_path(text: str) -> tuple[Segment, ...]:
    """The segments of a path; none for `$`, the whole document.

    Raises:
        PathError: it is not in the subset.
    """
    if not text.startswith("$"):
        raise PathError(f"{text!r:.200} is no path: expected one such as $.items[*].price")
    segments = []
    at = 1
    while at < len(text):
        found = _SEGMENT.match(text, at)
        if found is None:
            raise PathError(
                f"{text!r:.200} is no path from character {at + 1} on: {text[at:]!r:.100};"
                " expected $ .name ['name'] [0] [*] .* ..name ..[*]"
            )
        segments.append(_segment(found))
        at = found.end()
    return tuple(segments)


def _segment(found: re.Match[str]) -> Segment:
    descends = found["dots"] == ".." or found["deep"] is not None
    if found["index"] is not None:
        return Segment(int(found["index"]), descends)
    if found["quoted"] is not None:
        return Segment(_unquoted(found["quoted"]), descends)
    return Segment(found["name"], descends)


def _unquoted(text: str) -> str:
    name = _ESCAPE.sub(_unescaped, text[1:-1])
    # Two escapes may be the halves of one character.
    return name.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _unescaped(found: re.Match[str]) -> str:
    mark = found[1]
    return chr(int(mark[1:], 16)) if len(mark) > 1 else _ESCAPES.get(mark, mark)
