"""Which endpoint a request belongs to: a route's template, or its path with the variables named.

Law: an endpoint of an unrouted request never carries an identifier, and is bounded in length.
"""

import re
from typing import Final

from shadowproxy.redact.secrets import hide_in_text, is_secret_name

MAX_SEGMENTS: Final = 12
MAX_SEGMENT: Final = 40
MAX_METHOD: Final = 16

_CLASSES: Final = (
    (re.compile(r"[0-9]+"), "{int}"),
    (re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), "{uuid}"),
    (re.compile(r"(?=.*[0-9])[0-9a-fA-F]{8,}"), "{hex}"),
    (re.compile(r"(?:19|20)[0-9]{2}-[01][0-9](?:-[0-3][0-9])?"), "{date}"),
    (re.compile(r"[^@]+@[^@]+"), "{email}"),
    (re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[\w.~+=-]{16,}"), "{token}"),
    (re.compile(rf".{{{MAX_SEGMENT + 1},}}"), "{token}"),
)


def endpoint_of(method: str, target: str, template: str | None) -> str:
    """`METHOD template`; `template` is the route's path, None for an unrouted request."""
    path = generalise(target.partition("?")[0]) if template is None else template
    return f"{method[:MAX_METHOD]} {path}"


def generalise(path: str) -> str:
    """The path with `{int}`, `{uuid}`, `{hex}` ... for what looks like a variable."""
    segments = path.split("/")
    kept = [
        "{token}"
        if index and segment and is_secret_name(segments[index - 1])
        else _class_of(segment)
        for index, segment in enumerate(segments[: MAX_SEGMENTS + 1])
    ]
    return "/".join(kept) + ("/..." if len(segments) > MAX_SEGMENTS + 1 else "")


def _class_of(segment: str) -> str:
    for pattern, name in _CLASSES:
        if pattern.fullmatch(segment):
            return name
    return segment if hide_in_text(segment) == segment else "{token}"
