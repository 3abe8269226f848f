"""The answers that the proxy gives itself.

One line of text each, and `Proxy-Status` (RFC 9209) where a backend is to blame.
"""

from http import HTTPStatus

from shadowproxy.core.observing import Failure
from shadowproxy.core.words import FailureKind

RETRY_AFTER_S = 1

_ERRORS = {
    FailureKind.CONNECT_REFUSED: "connection_refused",
    FailureKind.CONNECT_TIMEOUT: "connection_timeout",
    FailureKind.TLS: "tls_protocol_error",
    FailureKind.RESET: "connection_terminated",
    FailureKind.TIMEOUT: "http_response_timeout",
    FailureKind.PROTOCOL: "http_protocol_error",
    FailureKind.TOO_LARGE: "http_response_body_size",
}

_GATEWAY_TEXT = {
    FailureKind.CONNECT_REFUSED: "The service cannot be reached.",
    FailureKind.CONNECT_TIMEOUT: "The service did not accept a connection in time.",
    FailureKind.TLS: "A secure connection to the service could not be made.",
    FailureKind.RESET: "The service closed the connection before it had answered.",
    FailureKind.TIMEOUT: "The service did not answer in time.",
    FailureKind.PROTOCOL: "The service gave an answer that is not HTTP/1.1.",
    FailureKind.TOO_LARGE: "The service's answer is too large.",
}


def gateway_status(failure: Failure) -> int:
    """504 when legacy was too slow, 502 otherwise."""
    is_slow = failure.kind in (FailureKind.TIMEOUT, FailureKind.CONNECT_TIMEOUT)
    return 504 if is_slow else 502


def gateway_reply(failure: Failure, *, is_head: bool, keep_alive: bool) -> bytes:
    """The answer when legacy gave none."""
    proxy_status = f"Proxy-Status: shadowproxy; error={_ERRORS[failure.kind]}\r\n"
    text = _GATEWAY_TEXT[failure.kind]
    return _reply(gateway_status(failure), text, proxy_status, is_head, keep_alive)


def refusal(status: int, detail: str, *, is_head: bool = False) -> bytes:
    """The answer to a request that goes no further; the connection is closed after it."""
    extra = f"Retry-After: {RETRY_AFTER_S}\r\n" if status == 503 else ""
    return _reply(status, f"{detail[:1].upper()}{detail[1:]}.", extra, is_head, False)


def _reply(status: int, text: str, extra: str, is_head: bool, keep_alive: bool) -> bytes:
    body = f"{text}\n"
    connection = "" if keep_alive else "Connection: close\r\n"
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body.encode())}\r\n"
        f"Cache-Control: no-store\r\n{extra}{connection}\r\n"
    )
    return (head if is_head else head + body).encode()
