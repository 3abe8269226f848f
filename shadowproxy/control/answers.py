"""Answers of the admin server: JSON documents, and problems in the form of RFC 9457."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson
from aiohttp import web

Field = tuple[str, str]

SECURITY_FIELDS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "shadowproxy",
}
"""On every answer, whatever it is."""


class Refused(Exception):  # noqa: N818 - an answer, not a failure of ours
    """Ends a request with a problem; raised by handlers and rules, turned into an answer once."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Sequence[Field] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def document(content: Any, status: int = HTTPStatus.OK) -> web.Response:
    """A JSON answer."""
    return web.Response(
        body=orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE),
        status=status,
        content_type="application/json",
    )


def problem(
    status: HTTPStatus, detail: str, headers: Sequence[Field] = (), **members: Any
) -> web.Response:
    """A problem document; `members` extend it (RFC 9457, section 3.2).

    `detail` may repeat what a request holds, halves of characters included.
    """
    detail = detail.encode("utf-8", "replace").decode()
    content = {"type": "about:blank", "title": status.phrase, "status": status.value}
    return web.Response(
        body=orjson.dumps({**content, "detail": detail, **members}),
        status=status,
        headers=headers,
        content_type="application/problem+json",
    )
