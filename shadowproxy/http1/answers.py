"""Answers' heads, parsed like requests': by the grammar, then llhttp, then the framing rules."""

from collections.abc import Callable
from typing import Final

from shadowproxy.http1 import grammar
from shadowproxy.http1.fields import FieldError, answer_fields, connection_names, length_of
from shadowproxy.http1.heads import AnswerError, ResponseHead
from shadowproxy.http1.names import Known, code_of

MAX_ANSWER_FIELDS: Final = 1000
"""Fields of an answer: five times what users may send (`max_headers`)."""


def parse_response_head(raw: bytes) -> ResponseHead:
    """Parses a whole response head, the empty line included.

    Raises:
        AnswerError: no user may see it (RFC 9112 6.3 asks for 502).
    """
    match = grammar.RESPONSE_HEAD.fullmatch(raw)
    if match is None:
        raise AnswerError("not an HTTP/1.1 response head")
    minor, status, reason, _ = match.groups()
    try:
        fields = answer_fields(raw[match.start(4) :])
    except FieldError as error:
        raise AnswerError(str(error)) from None
    if len(fields) > MAX_ANSWER_FIELDS:
        raise AnswerError(f"more than {MAX_ANSWER_FIELDS} fields")
    head = ResponseHead(raw, int(status), reason or b"", 0 if minor == b"0" else 1, fields)
    if reason is None:
        head.special = True  # the space that is missing behind the status is put in
    for name, value in head.fields:
        code = code_of[name]
        if code:
            rule = _RULES.get(code)
            if rule is not None:
                rule(head, value.strip(b" \t"))
    if head.coded and head.content_length is not None:
        raise AnswerError("both Transfer-Encoding and Content-Length")
    return head


def _read_length(head: ResponseHead, value: bytes) -> None:
    if head.content_length is not None:
        raise AnswerError("Content-Length is repeated")
    head.content_length = length_of(value)
    if head.content_length < 0:
        raise AnswerError("Content-Length is not a number of bytes")


def _read_coding(head: ResponseHead, value: bytes) -> None:
    if head.coded or head.minor == 0 or value.lower() != b"chunked":
        raise AnswerError("bad Transfer-Encoding")
    head.coded = head.chunked = True


def _read_connection(head: ResponseHead, value: bytes) -> None:
    head.names += connection_names(value)
    if b"close" in head.names:
        head.keep_alive = False
    elif b"keep-alive" in head.names:
        head.keep_alive = True


def _read_hop(head: ResponseHead, value: bytes) -> None:
    head.special = True


_RULES: Final[dict[int, Callable[[ResponseHead, bytes], None]]] = {
    Known.LENGTH: _read_length,
    Known.CODING: _read_coding,
    Known.CONNECTION: _read_connection,
    Known.HOP: _read_hop,
    Known.UPGRADE: _read_hop,
}
