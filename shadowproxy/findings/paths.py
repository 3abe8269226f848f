"""A request's path as segments, and what each segment is called in an endpoint.

Laws: what a segment is called contains no secret, no control character, space or non-ASCII
character, and only a class of compare.segments contains braces: a segment that is literally `{int}`
is shown as `%7Bint%7D`. Paths are read like routes match them (core.routing): percent-decoded,
slashes merged, dot segments resolved.
"""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote_from_bytes, unquote

from shadowproxy.compare.segments import (
    SegmentClass,
    class_of_segment,
    shape_of_segment,
    without_identifiers,
)
from shadowproxy.core.routing import normal_path
from shadowproxy.redact.secrets import hide_in_text, is_secret_name

MAX_SEGMENTS: Final = 12
"""Levels; published APIs nest to 9. What is deeper is `/...`."""
MORE: Final = "..."

MAX_PATH: Final = 4096
"""Characters that are looked at: twelve segments of MAX_SEGMENT, each character escaped as UTF-8."""

MAX_SEGMENT: Final = 40
"""Characters; the longest words in published APIs have about 35. What is longer is `{token}`."""
_MAX_SHOWN: Final = 3 * MAX_SEGMENT
"""Characters of the escaped form: 40 of Latin-1, 13 of Chinese."""

MAX_METHOD: Final = 17
"""Characters; UPDATEREDIRECTREF is the longest registered method (RFC 9110, 16.1)."""
_METHOD: Final = re.compile(rf"[A-Za-z][A-Za-z_-]{{0,{MAX_METHOD - 1}}}")
OTHER_METHOD: Final = "{method}"
"""Any token is a method (RFC 9110, 9.1), so it can be made to carry anything."""

_PLAIN: Final = re.compile(r"/[\w.~!$&'()+,:@=/-]*", re.ASCII)
"""Nothing to decode or to escape: nearly all paths."""
_SAFE: Final = "~!$&'()+,;=:@"
"""Shown as they are, besides letters, digits, `-`, `.` and `_`: RFC 3986's pchar without `*`."""
_PARAMETERS: Final = re.compile(rb";[^;=]*=.*", re.DOTALL)
"""`;jsessionid=...`: no part of the name (RFC 3986, 3.3), and often a secret."""

_FILE: Final = re.compile(r"(.+)(\.[A-Za-z][A-Za-z0-9]{0,4})")
_STEMS: Final = frozenset(
    {SegmentClass.INT, SegmentClass.UUID, SegmentClass.DATE, SegmentClass.HEX, SegmentClass.TOKEN}
)


def shown_method(method: str) -> str:
    """The method as an endpoint begins with it: letters, and not many."""
    return method if _METHOD.fullmatch(method) else OTHER_METHOD


def path_of(target: str) -> str:
    """The path of a request target in any form of RFC 9112, 3.2; no query, no authority."""
    path = target.partition("?")[0]
    if path.startswith("/") or path == "*":
        return path
    scheme, mark, rest = path.partition("://")
    if mark and "/" not in scheme:
        path = rest.partition("/")[2]
    return f"/{path}"


def bytes_of(path: str) -> bytes:
    """As they came: heads are read as Latin-1. Other texts, of other callers, as UTF-8."""
    try:
        return path.encode("latin-1")
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogatepass")


def segments_of(path: str) -> list[str]:
    """At most MAX_SEGMENTS segments, in the one spelling that all spellings of a path share.

    An empty last one is a trailing slash, MORE stands for what is deeper.
    """
    if "//" in path or "/." in path or len(path) > MAX_PATH or _PLAIN.fullmatch(path) is None:
        segments = _resolved(path)
    else:
        segments = path.split("/", MAX_SEGMENTS + 1)[1:]
    if len(segments) > MAX_SEGMENTS:
        segments[MAX_SEGMENTS:] = [MORE]
    return segments


def _resolved(path: str) -> list[str]:
    is_cut = len(path) > MAX_PATH
    if is_cut:  # half a segment may be half a secret: none of it
        path = path[:MAX_PATH].rpartition("/")[0]
    segments = normal_path(bytes_of(path)).split(b"/", MAX_SEGMENTS + 1)[1:]
    shown = [_shown(segment) for segment in segments] or [""]
    return [*shown, MORE] if is_cut else shown


def _shown(segment: bytes) -> str:
    if b";" in segment:
        segment = _PARAMETERS.sub(b"", segment)
    if not segment.strip(b"."):  # "..." would be MORE
        return segment.decode().replace(".", "%2E")
    return quote_from_bytes(segment, _SAFE)


def text_of(segment: str) -> str:
    """A segment of `segments_of`, decoded."""
    return unquote(segment) if "%" in segment else segment


def class_key(segment: str, *, is_folded: bool = False) -> str:
    """The class of a segment, or `""`: a word. Where words are folded, a token is one of them."""
    if not segment or segment == MORE:
        return segment
    text = unquote(segment) if "%" in segment else segment
    found = shape_of_segment(text) if is_folded else class_of_segment(text)
    return "" if found is None else found.value


def word_key(segment: str) -> str:
    """What a word is called: as it is, its identifiers named, or `{token}` if it may be a secret."""
    text = text_of(segment)
    if len(text) > MAX_SEGMENT or len(segment) > _MAX_SHOWN or hide_in_text(text) != text:
        return SegmentClass.TOKEN.value
    file = _FILE.fullmatch(text)
    if file is not None and (found := class_of_segment(file[1])) in _STEMS:
        return f"{found}{file[2]}"
    return segment if "%" in segment else without_identifiers(segment)


def names_a_secret(segment: str) -> bool:
    """Whether what follows a segment is hidden: `/reset-token/...`."""
    if len(segment) > _MAX_SHOWN:
        return is_secret_name(text_of(segment))
    return _names_a_secret(segment)


@lru_cache(4096)
def _names_a_secret(segment: str) -> bool:
    """Remembered, as it costs 3 µs: 1 MiB at most."""
    return is_secret_name(text_of(segment))
