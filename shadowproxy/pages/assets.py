"""What pages load: one stylesheet, scripts as ES modules, the icon. Only names that exist are served.

Law: nothing is looked up by a path that a request named; the names are collected once.
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, NamedTuple

STYLE: Final = "style.css"

_SCRIPT_TYPE: Final = "text/javascript; charset=utf-8"
_STYLE_TYPE: Final = "text/css; charset=utf-8"
_ICON_TYPE: Final = "image/svg+xml"


class Asset(NamedTuple):
    """One file as it is sent; `etag` is quoted, as in the header field."""

    content: bytes
    content_type: str
    etag: str


def asset(name: str) -> Asset | None:
    """The file of that name under /static/."""
    return _assets().get(name)


def asset_names() -> tuple[str, ...]:
    """All that there are."""
    return tuple(_assets())


def stylesheet() -> str:
    """The whole stylesheet, for a page that must need no other file."""
    return _assets()[STYLE].content.decode()


@cache
def _assets() -> Mapping[str, Asset]:
    static = files("shadowproxy.pages") / "static"
    style = b"\n".join(file.read_bytes() for file in _ordered(static / "style", ".css"))
    return {
        STYLE: _asset(style, _STYLE_TYPE),
        **{
            file.name: _asset(file.read_bytes(), _SCRIPT_TYPE)
            for file in _ordered(static / "js", ".js")
        },
        "icon.svg": _asset((static / "icon.svg").read_bytes(), _ICON_TYPE),
    }


def _ordered(folder: Traversable, ending: str) -> Iterable[Traversable]:
    found = (file for file in folder.iterdir() if file.name.endswith(ending))
    return sorted(found, key=lambda file: file.name)


def _asset(content: bytes, content_type: str) -> Asset:
    return Asset(content, content_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
