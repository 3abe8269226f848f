"""Text of backends and users made safe for one line: what cannot be seen is shown as its escape.

Law: what comes out has no character that ends a line, moves a cursor, turns the direction of
reading or cannot be written as UTF-8; escaping twice changes nothing.
"""

import re
from typing import Final

_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Control and format characters of Unicode, separators of lines and paragraphs, half surrogates."""

ELLIPSIS: Final = "..."


def escape(text: str) -> str:
    r"""The text with `\u000a` for a line feed, and so on."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def clip(text: str, length: int) -> str:
    """The text, escaped, in at most `length` characters; a cut is visible."""
    shown = escape(text[: length + 1])
    return shown if len(shown) <= length else shown[: length - len(ELLIPSIS)] + ELLIPSIS


def clip_start(text: str, length: int) -> str:
    """The same from its end: of a long path the last names say more than the first."""
    shown = escape(text[-length - 1 :])
    return shown if len(shown) <= length else ELLIPSIS + shown[len(ELLIPSIS) - length :]
