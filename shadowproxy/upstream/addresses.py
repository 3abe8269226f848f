"""Where a backend lives: its name, resolved again and again.

Law: a failing resolver never takes away an address that worked.
"""

import asyncio
import ipaddress
import socket

from shadowproxy.core.settings import BackendSettings

REFRESH_S = 10.0
"""Service addresses move within seconds in orchestrators; their DNS lives for 5 to 30 s."""

Address = tuple[int, tuple[str, int] | tuple[str, int, int, int]]


class Addresses:
    """The current addresses of one backend, taken in turn."""

    __slots__ = ("_backend", "_known", "_next", "_refreshed_s", "_resolving")

    def __init__(self, backend: BackendSettings) -> None:
        self._backend = backend
        self._known: list[Address] = _literal(backend)
        self._next = 0
        self._refreshed_s = float("inf") if self._known else float("-inf")
        self._resolving = asyncio.Lock()

    async def in_turn(self) -> list[Address]:
        """All addresses, beginning with the one whose turn it is.

        Raises:
            OSError: the name was never resolved and is not now.
        """
        loop = asyncio.get_running_loop()
        if loop.time() - self._refreshed_s > REFRESH_S:
            if self._known:
                self._refreshed_s = loop.time()  # the others go on with what is known
                await self._resolve(loop)
            else:
                async with self._resolving:
                    if not self._known:
                        await self._resolve(loop)
                        self._refreshed_s = loop.time()
        self._next += 1
        turn = self._next % len(self._known)
        return self._known[turn:] + self._known[:turn]

    async def _resolve(self, loop: asyncio.AbstractEventLoop) -> None:
        backend = self._backend
        try:
            found = await loop.getaddrinfo(
                backend.host, backend.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
            )
        except OSError:
            if not self._known:
                raise
            return
        addresses = [(family, address) for family, _, _, _, address in found]
        if addresses:
            self._known = sorted(addresses)  # type: ignore[arg-type]  # typeshed: wider unions


def _literal(backend: BackendSettings) -> list[Address]:
    if backend.unix:
        return [(socket.AF_UNIX, (backend.unix, 0))]
    try:
        ip = ipaddress.ip_address(backend.host.strip("[]"))
    except ValueError:
        return []
    if ip.version == 6:
        return [(socket.AF_INET6, (str(ip), backend.port, 0, 0))]
    return [(socket.AF_INET, (str(ip), backend.port))]
