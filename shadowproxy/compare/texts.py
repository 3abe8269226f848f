"""Texts under rules: what of them does not count.

Law: each function here maps a text to the one that is compared in its place; two texts are equal
under a rule exactly when theirs are.
"""

import re
import unicodedata
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

_WHITE: Final = " \t\n\r\f\v\u00a0\u2028\u2029\ufeff"
_SPACES: Final = re.compile(rf"[{_WHITE}]+")
_LINE_END: Final = re.compile(r"\r\n?")
_URL: Final = re.compile(
    r"(?s)((?:[A-Za-z][A-Za-z0-9+.-]*:)?//)([^/?#]*)([^?#]*)(?:\?([^#]*))?(.*)"
)
_RELATIVE: Final = re.compile(r"(?s)()()([^?#]*)(?:\?([^#]*))?(.*)")


class Strings(NamedTuple):
    """The action `strings`."""

    case: bool = False
    trim: bool = False
    collapse_ws: bool = False
    unicode: str = ""
    eol: bool = False

    def of(self, text: str) -> str:
        """What is compared in place of a text."""
        if self.eol:
            text = _LINE_END.sub("\n", text)
        if self.collapse_ws:
            text = _SPACES.sub(" ", text)
        if self.trim:
            text = text.strip(_WHITE)
        if self.case:
            text = text.casefold()
        return _normalized(text, self.unicode) if self.unicode else text


MAX_MARKS: Final = 30
"""On one letter (UAX 15, Stream-Safe Text Format). To sort n of them takes n * n steps: 15 s for
120,000, so a text with more is compared as it is."""


def _normalized(text: str, form: str) -> str:
    if text.isascii():
        return text
    marks = frozenset(filter(_begins_with_mark, set(text)))
    if marks:
        run = 0
        for letter in text:
            run = run + 1 if letter in marks else 0
            if run > MAX_MARKS:
                return text
    return unicodedata.normalize(form, text)  # type: ignore[arg-type]


def _begins_with_mark(letter: str) -> bool:
    return unicodedata.combining(unicodedata.normalize("NFKD", letter)[0]) > 0


class Url(NamedTuple):
    """The action `url`: the whole query, some of its parameters, the host with its port."""

    ignores_query: bool = False
    parameters: frozenset[str] = frozenset()
    ignores_host: bool = False

    def of(self, text: str) -> str:
        """What is compared in place of a text; texts without a query or host stay as they are."""
        found = _URL.fullmatch(text) or _RELATIVE.fullmatch(text)
        if found is None:
            return text
        scheme, host, path, query, fragment = found.groups()
        if self.ignores_host and scheme:
            host = ""
        if query is not None and self.ignores_query:
            query = ""
        elif query is not None and self.parameters:
            query = "&".join(part for part in query.split("&") if not self._is_ignored(part))
        return f"{scheme}{host}{path}{'?' if query else ''}{query or ''}{fragment}"

    def _is_ignored(self, part: str) -> bool:
        name = part.partition("=")[0]
        return (unquote_plus(name) if "%" in name or "+" in name else name) in self.parameters


def replaced(text: str, replacements: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    """The text after each replacement in turn."""
    for pattern, replacement in replacements:
        text = pattern.sub(replacement, text)
    return text
