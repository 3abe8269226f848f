"""Route paths: literal segments, `{name}` or `*` for one segment, `**` for the rest.

They are matched against the path as a service would read it (percent-decoded, slashes merged, dot
segments resolved: core.routing), so a template that such a path never has is refused here.
"""

import re
from typing import Final

MAX_PATH_CHARS: Final = 1024
MAX_SEGMENTS: Final = 64

_VARIABLE = re.compile(r"\{[A-Za-z_][A-Za-z0-9_-]{0,63}\}")


def check_template(path: str) -> None:
    """Refuses what could never match.

    Raises:
        ValueError: with what was expected.
    """
    if not path.startswith("/"):
        raise ValueError("expected a path that starts with /")
    segments = path.split("/")[1:]
    if len(path) > MAX_PATH_CHARS or len(segments) > MAX_SEGMENTS:
        raise ValueError(f"expected at most {MAX_PATH_CHARS} characters, {MAX_SEGMENTS} segments")
    if "?" in path or "#" in path:
        raise ValueError("expected a path without query or fragment: routes look at the path alone")
    if re.search(r"%[0-9A-Fa-f]{2}", path):
        raise ValueError("expected the characters themselves, not %XX: paths are matched decoded")
    if "**" in segments[:-1]:
        raise ValueError("expected ** at the end alone")
    names = [segment for segment in segments if segment.startswith("{")]
    if len(set(names)) < len(names):
        raise ValueError("expected each {name} once")
    for index, segment in enumerate(segments):
        _check_segment(segment, is_last=index == len(segments) - 1)


def _check_segment(segment: str, *, is_last: bool) -> None:
    if segment in ("*", "**") or _VARIABLE.fullmatch(segment):
        return
    if re.search(r"[{}*]", segment):
        raise ValueError("expected {name}, * or ** to fill a whole segment")
    if re.search(r"[\x00-\x1f\x7f\\]", segment):
        raise ValueError("expected a path without control characters and backslashes")
    if segment in (".", "..") or (not segment and not is_last):
        raise ValueError("expected a path without empty or dot segments: they are resolved before")


def covers(path: str, other: str) -> bool:
    """Every path that `other` matches is matched by `path` too."""
    ours, theirs = path.split("/")[1:], other.split("/")[1:]
    for index, segment in enumerate(ours):
        if segment == "**":
            return True
        if index >= len(theirs) or theirs[index] == "**":
            return False
        if _is_wild(segment):
            if not theirs[index]:
                return False
        elif segment != theirs[index]:
            return False
    return len(ours) == len(theirs)


def _is_wild(segment: str) -> bool:
    return segment == "*" or segment.startswith("{")
