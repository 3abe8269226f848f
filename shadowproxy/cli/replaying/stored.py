"""What a proxy or a store says of findings and samples, read as far as it makes sense.

Law: no document raises; what is missing or of another type is empty.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from shadowproxy.decode.media import media_of

Field = tuple[str, str]

MAX_SAMPLES: Final = 100
"""Of one finding that are asked about; ten are kept by default."""


class Finding(NamedTuple):
    """A group; `samples` are the ids of those that are kept, the newest first."""

    id: str
    route: str
    endpoint: str
    path: str
    kind: str
    legacy_status: int
    samples: tuple[str, ...] = ()


class StoredAnswer(NamedTuple):
    """Legacy's, redacted. `tree` is the decoded body if `has_tree`; `media_type` without parameters."""

    status: int
    media_type: str = ""
    fields: tuple[Field, ...] = ()
    tree: Any = None
    has_tree: bool = False


class Sample(NamedTuple):
    """One exchange, redacted. `omitted` says why there is no `body`, if the request had one."""

    method: str
    target: str
    fields: tuple[Field, ...]
    body: Any
    omitted: str
    legacy: StoredAnswer


def read_finding(document: Any) -> Finding | None:
    """The finding, or None if it is none."""
    known = _mapping(document)
    found = _text(known.get("id"))
    if not found:
        return None
    ids = [_text(_mapping(sample).get("id")) for sample in _list(known.get("samples"))]
    return Finding(
        found,
        _text(known.get("route")),
        _text(known.get("endpoint")),
        _text(known.get("path")),
        _text(known.get("kind")),
        _number(known.get("legacy_status")),
        tuple(dict.fromkeys(filter(None, ids[:MAX_SAMPLES]))),
    )


def read_sample(document: Any) -> Sample:
    """The sample; one that says nothing cannot be sent, which the reader need not know."""
    known = _mapping(document)
    request = _mapping(known.get("request"))
    return Sample(
        _text(known.get("method")),
        _text(known.get("target")),
        _fields(request.get("headers")),
        request.get("body"),
        _text(request.get("omitted")),
        _answer(_mapping(known.get("legacy"))),
    )


def _answer(known: Mapping[str, Any]) -> StoredAnswer:
    has_tree = "tree" in known and not known.get("omitted")
    return StoredAnswer(
        _number(known.get("status")),
        media_of({"content-type": [_text(known.get("media_type"))]}).name,
        _fields(known.get("headers")),
        known["tree"] if has_tree else None,
        has_tree,
    )


def _fields(value: Any) -> tuple[Field, ...]:
    pairs = [each for each in _list(value) if isinstance(each, list | tuple) and len(each) == 2]
    return tuple((_text(name), _text(text)) for name, text in pairs if _text(name))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int:
    return value if type(value) is int else 0


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
