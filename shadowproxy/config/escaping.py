"""Text that came from a file, a server or the environment, made fit for a terminal.

Law: what `printable` returns has no control character, no line separator and nothing that turns
the direction of text, so it can neither move the cursor nor fake a line of ours.
"""

import re
from typing import Final

MASK: Final = "********"
"""Stands for every secret; the same length whatever it hides."""

_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str, max_chars: int = 200) -> str:
    """The text with unsafe characters as escapes, cut with an ellipsis at `max_chars`."""
    cut = text if len(text) <= max_chars else text[: max_chars - 1] + "…"
    return _UNSAFE.sub(_escaped, cut)


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    return _NAMED.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
