"""Text that came from a file, a server or the environment, made fit for a terminal.

Law: what `printable` returns is printable: no control character, no line separator, nothing
invisible and nothing that turns the direction of text, so it can neither move the cursor nor fake a
line of ours.
"""

from typing import Final

MASK: Final = "********"
"""Stands for every secret; the same length whatever it hides."""

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str, max_chars: int = 200) -> str:
    """The text with unprintable characters as escapes, cut with an ellipsis at `max_chars`."""
    cut = text if len(text) <= max_chars else text[: max_chars - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(
        character if character.isprintable() else _escaped(character) for character in cut
    )


def _escaped(character: str) -> str:
    code = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
