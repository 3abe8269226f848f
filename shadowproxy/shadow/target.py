"""A backend that shadow asks: its connections and the breaker that guards them.

Law: a reload that leaves the backend as it is keeps its connections and what the breaker knows;
another backend starts afresh, and calls to the old one end as they began.
"""

from dataclasses import replace
from typing import Final, NamedTuple

from shadowproxy.core.settings import BackendSettings
from shadowproxy.shadow.breaker import Breaker
from shadowproxy.upstream.pool import Pool

TRUSTED_IDLE_NS: Final = 1_000_000_000
"""A copy on a connection that the backend has closed is sent again, and no user waits for it: not
worth a look at every connection, which was 8 % of this process."""


class _Aim(NamedTuple):
    """What the connections depend on."""

    backend: BackendSettings
    max_connections: int
    max_waiting: int


class Target:
    """The backend of the settings in force; `pool` is None when there is none."""

    __slots__ = ("_aim", "_pools", "breaker", "pool")

    def __init__(self) -> None:
        self._aim: _Aim | None = None
        self._pools: list[Pool] = []
        self.pool: Pool | None = None
        self.breaker = Breaker()

    def aim(self, backend: BackendSettings | None, max_calls: int, timeout_s: float) -> None:
        """Takes another generation of the settings.

        `max_calls` bounds the connections and, once more, the calls in line for one; no wait is
        longer than `timeout_s`, the deadline of a call.
        """
        aim = _aim(backend, max_calls, timeout_s)
        if aim == self._aim:
            return
        self._aim = aim
        if self.pool is not None:
            self.pool.close()
        self.pool = None
        self.breaker = Breaker()
        if aim is not None:
            self.pool = Pool(aim.backend, aim.max_connections, aim.max_waiting, TRUSTED_IDLE_NS)
            self._pools.append(self.pool)

    def tick(self, now_ns: int) -> None:
        """Enforces the time limits of all connections; forgets pools whose last call has ended."""
        for pool in self._pools:
            pool.tick(now_ns)
        self._pools = [pool for pool in self._pools if not pool.is_over]

    def close(self) -> None:
        """Closes all connections."""
        for pool in self._pools:
            pool.close()


def _aim(backend: BackendSettings | None, max_calls: int, timeout_s: float) -> _Aim | None:
    if backend is None:
        return None
    bounded = replace(
        backend,
        connect_timeout_s=min(backend.connect_timeout_s, timeout_s),
        response_timeout_s=min(backend.response_timeout_s, timeout_s),
    )
    return _Aim(bounded, min(max_calls, backend.max_connections), max_calls)
