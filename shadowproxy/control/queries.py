"""What a request's query asks for: every refusal says what would be right."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from shadowproxy.config.quantities import read_duration
from shadowproxy.control.answers import Refused
from shadowproxy.core.words import Kind
from shadowproxy.report.deciding import MAX_PAGE
from shadowproxy.report.findings import DEFAULT_LIMIT, MAX_LIMIT, SORTS, STATES, Query
from shadowproxy.report.windows import Window

MAX_TEXT: Final = 500
MAX_AFTER: Final = 1_000_000


def window_of(query: Mapping[str, str]) -> Window:
    """`since=1h`; without it all that is kept."""
    since = query.get("since", "")
    if not since:
        return Window(datetime.now(UTC))
    try:
        since_s = read_duration(since)
    except ValueError as error:
        raise _refusal(f"since: {error}") from None
    if since_s <= 0:
        raise _refusal("since: expected more than 0s")
    return Window(datetime.now(UTC), since_s)


def groups_of(query: Mapping[str, str]) -> Query:
    """endpoint, state, kind, version, q, sort, limit, after."""
    return Query(
        endpoint=_text(query, "endpoint"),
        state=_word(query, "state", STATES),
        kind=_word(query, "kind", tuple(str(kind) for kind in Kind)),
        version=_text(query, "version"),
        text=_text(query, "q"),
        sort=_word(query, "sort", SORTS) or "count",
        limit=_number(query, "limit", 1, MAX_LIMIT, DEFAULT_LIMIT),
        after=_number(query, "after", 0, MAX_AFTER, 0),
    )


def page_of(query: Mapping[str, str]) -> tuple[int, int | None]:
    """Limit and after of the audit."""
    limit = _number(query, "limit", 1, MAX_PAGE, 100)
    return limit, _number(query, "after", 0, 1 << 53, 0) or None


def endpoint_of(query: Mapping[str, str]) -> str | None:
    """One endpoint, or all."""
    return _text(query, "endpoint") or None


def storable(text: str) -> str:
    """The text as both databases take it: no NUL, no half of a character."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _text(query: Mapping[str, str], name: str) -> str:
    text = query.get(name, "")
    if len(text) > MAX_TEXT:
        raise _refusal(f"{name}: expected at most {MAX_TEXT} characters")
    return storable(text)


def _word(query: Mapping[str, str], name: str, words: tuple[str, ...]) -> str:
    word = query.get(name, "")
    if word and word not in words:
        raise _refusal(f"{name}: expected {', '.join(words[:-1])} or {words[-1]}")
    return word


def _number(query: Mapping[str, str], name: str, low: int, high: int, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 16 and low <= int(text) <= high):
        raise _refusal(f"{name}: expected a whole number from {low} to {high}")
    return int(text)


def _refusal(detail: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, detail)
