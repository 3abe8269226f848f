"""The leaves that are particular to this proxy: addresses, names, headers, paths, keys."""

import re
from pathlib import Path
from typing import Any, Final

from shadowproxy.config import addresses, stores, templates
from shadowproxy.config.leaves import TOKEN, Leaf, plain_text, text
from shadowproxy.config.nodes import Scalar

MAX_HEADER_CHARS: Final = 4096


def _read_listen(scalar: Scalar) -> Any:
    return addresses.read_listen(scalar.text, scalar.origin.base)


def _read_url(scalar: Scalar) -> Any:
    return addresses.read_url(scalar.text, scalar.origin.base)


LISTEN: Final = Leaf(
    "expected host:port, [v6]:port or unix:/path",
    _read_listen,
    addresses.print_listen,
    {"type": "string", "pattern": f"^(?:{addresses.LISTEN_PATTERN})$"},
)

URL: Final = Leaf(
    "expected http://host:port, https://host:port or unix:/path",
    _read_url,
    addresses.print_url,
    {"type": "string", "pattern": f"^(?:{addresses.URL_PATTERN})$"},
)


def _read_file(scalar: Scalar) -> str:
    name = plain_text(scalar, "expected a file name")
    if not name or "\0" in name:
        raise ValueError("expected a file name")
    return str(Path(scalar.origin.base) / name)


FILE: Final = Leaf("expected a file name", _read_file, str, {"type": "string", "minLength": 1})
"""Relative names start at the configuration file's folder (flags, environment: where we run)."""


def _read_path(scalar: Scalar) -> str:
    path = plain_text(scalar, "expected a path that starts with /")
    templates.check_template(path)
    return path


PATH: Final = Leaf(
    "expected a path such as /users/{id}", _read_path, str, {"type": "string", "pattern": "^/"}
)

METHOD: Final = text("expected a method in capitals such as GET", r"[A-Z][A-Z0-9_-]{0,31}")
HEADER_NAME: Final = text("expected a header name such as X-User-Id", TOKEN)
ROUTE_NAME: Final = text(
    "expected a name of at most 64 letters, digits and _ . -", r"[A-Za-z0-9_.-]{1,64}"
)
REASON: Final = text("expected a reason in words", r"[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*")
HOST_NAME: Final = text("expected a host name", r"[A-Za-z0-9._-]{1,253}")
SHADOW_KEY: Final = text(
    "expected header:NAME, cookie:NAME or client_ip", rf"client_ip|(?:header|cookie):{TOKEN}"
)
VERSION: Final = text(
    "expected a version of at most 64 visible ASCII characters", r"[\x21-\x7e]{1,64}"
)
TOKEN_TEXT: Final = text(
    "expected a token of visible ASCII characters without spaces",
    r"[\x21-\x7e]{0,4096}",
    is_secret=True,
)


def _read_store(scalar: Scalar) -> str:
    return stores.read_store(plain_text(scalar, stores.EXPECTED))


STORE: Final = Leaf(
    stores.EXPECTED,
    _read_store,
    stores.mask,
    {"type": "string", "pattern": f"^(?:{stores.PATTERN})$"},
    is_secret=True,
)
"""What was written is never repeated: it may hold a password."""


def _read_header_value(scalar: Scalar) -> str:
    value = plain_text(scalar, "expected a header value")
    if len(value) > MAX_HEADER_CHARS or not re.fullmatch(r"[\t\x20-\x7e\x80-\xff]*", value):
        raise ValueError("expected a header value without control and non-Latin-1 characters")
    if value != value.strip(" \t"):
        raise ValueError("expected a header value without spaces around it")
    return value


HEADER_VALUE: Final = Leaf(
    "expected a header value", _read_header_value, str, {"type": "string"}, is_secret=True
)
