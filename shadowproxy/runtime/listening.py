"""The listening sockets, opened once and kept open for the life of the supervisor.

    TCP address   one socket per edge slot, SO_REUSEPORT: the kernel spreads connections over them,
                  and a killed edge's successor inherits its socket with everything in its backlog
    unix path     one socket that all edges share, open to every local user like a port (mode 0666,
                  as nginx has it; the folder's mode can narrow it)
    admin         control's own, without SO_REUSEPORT; a path with mode 0600

SO_REUSEPORT would let a second proxy of the same user listen on the same port and share its
users without a word. So each address is first bound without it: in use is an error.
"""

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from shadowproxy.core.settings import ListenSettings, Settings

BACKLOG: Final = 4096
"""A second of connections at 4,000/s while an edge starts; the kernel cuts it to somaxconn."""


class CannotListenError(Exception):
    """An address that cannot be had; the text says which and why."""


@dataclass
class Listeners:
    """Who listens on what: `edges[slot]` and `admin` are the sockets to inherit."""

    edges: list[list[socket.socket]]
    admin: list[socket.socket] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def close_edges(self) -> None:
        """Lets go of the edges' sockets: when the edges close theirs, connecting is refused."""
        for sock in {id(sock): sock for sockets in self.edges for sock in sockets}.values():
            sock.close()
        self.edges = [[] for _ in self.edges]

    def close(self) -> None:
        """Closes everything and removes the socket files."""
        self.close_edges()
        for sock in self.admin:
            sock.close()
        for path in self.paths:
            with suppress(OSError):
                Path(path).unlink()

    def addresses(self) -> dict[str, list[str]]:
        """What is really listened on, with the ports that the kernel chose."""
        return {
            "listen": [describe(sock) for sock in self.edges[0]],
            "admin": [describe(sock) for sock in self.admin],
        }


def open_listeners(settings: Settings, may_share: bool = False) -> Listeners:
    """Opens all sockets of the configuration, or none.

    `may_share`: the edges of a supervisor that died still listen there and will be drained.

    Raises:
        CannotListenError: an address is in use, not ours, or not allowed.
    """
    listeners = Listeners([[] for _ in range(settings.workers)])
    try:
        for listen in settings.listen:
            _open_for_edges(listeners, listen, may_share)
        _open_for_control(listeners, settings.admin.listen, may_share)
    except BaseException:
        listeners.close()
        raise
    return listeners


def describe(sock: socket.socket) -> str:
    """`host:port`, `[v6]:port` or `unix:/path`."""
    name = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        return f"unix:{name}"
    return f"[{name[0]}]:{name[1]}" if sock.family == socket.AF_INET6 else f"{name[0]}:{name[1]}"


def _open_for_edges(listeners: Listeners, listen: ListenSettings, may_share: bool) -> None:
    if listen.unix:
        shared = _open_path(listen.unix, may_share, 0o666)
        listeners.paths.append(listen.unix)
        for sockets in listeners.edges:
            sockets.append(shared)
        return
    port = listen.port
    for family, host in _resolve(listen):
        if port and not may_share:
            _open_port(family, host, port, BACKLOG, is_shared=False).close()
        for sockets in listeners.edges:
            sock = _open_port(family, host, port, BACKLOG, is_shared=True)
            port = sock.getsockname()[1]
            sockets.append(sock)


def _open_for_control(listeners: Listeners, listen: ListenSettings, may_share: bool) -> None:
    if listen.unix:
        listeners.admin.append(_open_path(listen.unix, may_share, 0o600))
        listeners.paths.append(listen.unix)
        return
    port = listen.port
    for family, host in _resolve(listen):
        listeners.admin.append(_open_port(family, host, port, 128, is_shared=False))
        port = listeners.admin[0].getsockname()[1]


def _resolve(listen: ListenSettings) -> Sequence[tuple[int, str]]:
    """The addresses of a host name; an empty one means every address of both families."""
    try:
        found = socket.getaddrinfo(
            listen.host or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise CannotListenError(f"{listen.host}:{listen.port}: {error.strerror}") from error
    addresses = list(dict.fromkeys((family, str(address[0])) for family, *_, address in found))
    return _of_families_that_work(addresses) if len(addresses) > 1 else addresses


def _of_families_that_work(
    addresses: Sequence[tuple[int, str]],
) -> Sequence[tuple[int, str]]:
    works = []
    for family, host in addresses:
        with suppress(OSError), socket.socket(family) as sock:
            sock.bind((host, 0))
            works.append((family, host))
    return works


def _open_port(
    family: int, host: str, port: int, backlog: int, *, is_shared: bool
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)

    def bind() -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(backlog)

    return _opened(sock, bind, f"{host}:{port}")


def _open_path(path: str, may_share: bool, mode: int) -> socket.socket:
    """A file that nobody listens on any more is replaced; one that is in use is not."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def bind() -> None:
        if Path(path).is_socket() and (may_share or not _is_served(path)):
            Path(path).unlink()
        sock.bind(path)
        Path(path).chmod(mode)
        sock.listen(BACKLOG)

    return _opened(sock, bind, f"unix:{path}")


def _is_served(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
    return True


def _opened(sock: socket.socket, bind: Callable[[], None], address: str) -> socket.socket:
    try:
        bind()
    except OSError as error:
        sock.close()
        raise CannotListenError(f"{address}: {error.strerror or error}") from error
    return sock
