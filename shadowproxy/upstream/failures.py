"""Foreign exceptions into Failure values, in one table."""

import asyncio
import socket
import ssl

from shadowproxy.core.observing import Failure
from shadowproxy.core.words import FailureKind

_TABLE: tuple[tuple[type[BaseException], FailureKind], ...] = (
    (ssl.SSLError, FailureKind.TLS),
    (ssl.CertificateError, FailureKind.TLS),
    (TimeoutError, FailureKind.CONNECT_TIMEOUT),
    (ConnectionResetError, FailureKind.RESET),
    (BrokenPipeError, FailureKind.RESET),
    (asyncio.IncompleteReadError, FailureKind.RESET),
    (socket.gaierror, FailureKind.CONNECT_REFUSED),
    (ConnectionRefusedError, FailureKind.CONNECT_REFUSED),
    (OSError, FailureKind.CONNECT_REFUSED),
)


def connect_failure(error: BaseException) -> Failure:
    """Why a connection could not be made; a TLS handshake that ends early is `tls` or `reset`."""
    for kind_of_error, kind in _TABLE:
        if isinstance(error, kind_of_error):
            return Failure(kind, "connect", _text(error))
    return Failure(FailureKind.PROTOCOL, "connect", type(error).__name__)


def _text(error: BaseException) -> str:
    return str(error) or type(error).__name__


def lost(error: Exception | None, phase: str) -> Failure:
    """A connection ended in the middle of a call."""
    if isinstance(error, ssl.SSLError):
        return Failure(FailureKind.TLS, phase, _text(error))
    detail = "closed by the backend" if error is None else _text(error)
    return Failure(FailureKind.RESET, phase, detail)
