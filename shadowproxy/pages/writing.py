"""A tree as indented JSON, for reading and for copying.

Law: bounded, and of what a document holds nothing makes it raise.
"""

import json
from typing import Any, Final

MAX_WRITTEN: Final = 20_000
"""Characters; what is longer belongs into an editor, and the API has it."""


def written_tree(tree: Any) -> str:
    """The JSON text, cut with a word about it; empty for what is no tree."""
    if tree is None:
        return ""
    if isinstance(tree, str):
        return _cut(tree)
    try:
        return _cut(json.dumps(tree, ensure_ascii=False, indent=2))
    except (TypeError, ValueError, RecursionError):
        return "(too deep or too strange to be written as JSON)"


def _cut(text: str) -> str:
    if len(text) <= MAX_WRITTEN:
        return text
    return f"{text[:MAX_WRITTEN]}\n… {len(text) - MAX_WRITTEN:,} more characters"
