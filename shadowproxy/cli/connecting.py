"""Trying to reach the backends: connect, and shake hands where the URL says https.

Nothing is sent beyond that: a backend never sees a request that no user made.
"""

import socket
import ssl
import threading
from dataclasses import dataclass
from time import monotonic
from typing import Final

from shadowproxy.config.addresses import print_url
from shadowproxy.config.escaping import printable
from shadowproxy.config.quantities import print_duration
from shadowproxy.core.settings import BackendSettings, Settings

GRACE_S: Final = 1.0
"""For resolving the name, on top of the connect timeout."""


@dataclass(slots=True)
class Attempt:
    """What happened to one backend; `place` is the address that was reached."""

    name: str
    url: str
    outcome: str = ""
    is_reached: bool = False
    place: tuple[str, int] | None = None


def try_backends(settings: Settings) -> list[Attempt]:
    """Tries all configured backends at the same time, each within its connect timeout."""
    backends = {
        "legacy": settings.legacy,
        "candidate": settings.candidate,
        "secondary": settings.secondary,
    }
    started_s = monotonic()
    running = [_start(name, backend) for name, backend in backends.items() if backend is not None]
    return [_outcome(thread, attempt, started_s, limit_s) for thread, attempt, limit_s in running]


def _start(name: str, backend: BackendSettings) -> tuple[threading.Thread, Attempt, float]:
    attempt = Attempt(name, printable(print_url(backend)))
    thread = threading.Thread(target=_try, args=(backend, attempt), daemon=True)
    thread.start()
    return thread, attempt, backend.connect_timeout_s + GRACE_S


def _outcome(
    thread: threading.Thread, attempt: Attempt, started_s: float, limit_s: float
) -> Attempt:
    thread.join(max(0.0, started_s + limit_s - monotonic()))
    if thread.is_alive():
        late = f"cannot be reached: no answer within {print_duration(limit_s)}"
        return Attempt(attempt.name, attempt.url, late)
    return attempt


def _try(backend: BackendSettings, attempt: Attempt) -> None:
    started_s = monotonic()
    try:
        connection = _connect(backend)
    except (OSError, ValueError) as error:
        attempt.outcome = f"cannot be reached: {_reason(error)}"
        return
    with connection:
        took_ms = (monotonic() - started_s) * 1000
        attempt.place = _place(connection)
        attempt.is_reached = True
        version = connection.version() if isinstance(connection, ssl.SSLSocket) else None
        how = f", {version}" if version else ""
        attempt.outcome = f"reached in {took_ms:.1f} ms{how}"


def _connect(backend: BackendSettings) -> socket.socket:
    from shadowproxy.upstream.pool import tls_context

    timeout_s = backend.connect_timeout_s
    if backend.unix:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout_s)
        connection.connect(backend.unix)
        return connection
    connection = socket.create_connection((backend.host, backend.port), timeout_s)
    context = tls_context(backend)
    if context is None:
        return connection
    return context.wrap_socket(connection, server_hostname=backend.server_name or backend.host)


def _place(connection: socket.socket) -> tuple[str, int] | None:
    peer = connection.getpeername()
    return (peer[0], peer[1]) if isinstance(peer, tuple) else (str(peer), 0)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return printable(f"certificate not accepted: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return printable(f"TLS: {(error.reason or 'failed').lower().replace('_', ' ')}")
    if isinstance(error, TimeoutError):
        return "timed out"
    return printable(getattr(error, "strerror", None) or str(error))
