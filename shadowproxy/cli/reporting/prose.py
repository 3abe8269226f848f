"""Text of a report inside Markdown.

Laws: what comes out is one line and cannot begin, end or break a block, a table cell or a link; it
mentions nobody and refers to no issue. A renderer shows what went in, white space and the backticks
of code aside.

Only words that mean nothing to any Markdown stay as they are; all others stand in code spans, for
GitHub links addresses and mentions people behind a backslash, too, but never in code:

    GET /cart/{id} is slower, says @ops   ─►   GET `/cart/{id}` is slower, says `@ops`
"""

import re
from collections.abc import Iterator
from enum import Enum, auto
from itertools import groupby
from typing import Final

_QUOTED: Final = re.compile(r"`[^`]*[^`\s][^`]*`[,;:.]?(?!\S)")
"""A place, as sentences of findings have them."""
_TOKEN: Final = re.compile(rf"{_QUOTED.pattern}|\S+")
_WORD: Final = re.compile(
    r"\(?(?:[A-Za-z]+(?:['’-][A-Za-z]+)*|[0-9]{1,3}(?:,[0-9]{3})*(?:\.[0-9]{1,6})?)[,;:?!)]*\.?|%[,;)]?"
)
"""Words, and numbers that no commit has for a name."""
_ITEM: Final = re.compile(r"[0-9]+[.)]")
"""At the start of a line it would begin a list."""
_COMMIT: Final = re.compile(r"[a-fA-F]{7,}")
MAX_WORD: Final = 30


def prose(text: str) -> str:
    """Sentences, mostly of words."""
    return " ".join(_pieces(text))


class _Sort(Enum):
    PLAIN = auto()
    QUOTED = auto()
    DATA = auto()


def _pieces(text: str) -> Iterator[str]:
    for sort, group in groupby(_TOKEN.findall(text), _sort):
        tokens = list(group)
        if sort is _Sort.PLAIN:
            yield " ".join(tokens)
        elif sort is _Sort.QUOTED:
            for token in tokens:
                quoted, _, mark = token[1:].rpartition("`")
                yield code(quoted) + mark
        else:
            joined = " ".join(tokens)
            bare = joined.rstrip(",;:.")
            yield code(bare) + joined[len(bare) :] if bare else code(joined)


def _sort(token: str) -> _Sort:
    if _QUOTED.fullmatch(token):
        return _Sort.QUOTED
    is_word = len(token) <= MAX_WORD and _WORD.fullmatch(token) is not None
    is_plain = is_word and not _ITEM.fullmatch(token) and not _COMMIT.fullmatch(token)
    return _Sort.PLAIN if is_plain else _Sort.DATA


def code(text: str) -> str:
    """A name, a place, a value: as it is, in a code span; `-` if it is nothing."""
    if not text.strip():
        return "-"
    shown = re.sub(r"\s", " ", text)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    needs_space = shown[0] in "` " or shown[-1] in "` "
    space = " " if needs_space else ""
    return f"{fence}{space}{shown}{space}{fence}"


def cell(text: str) -> str:
    r"""A code span in a table: `|` needs its backslash there, even in code.

    Renderers disagree about a backslash of the data before it: a space parts them, the one change
    that is made to data.
    """
    return code(re.sub(r"\\(?=\|)", r"\\ ", text)).replace("|", r"\|")
