"""Who the copies go to: the candidate's connections and the breaker that guards them.

Law: a reload that leaves the candidate as it is keeps its connections and what the breaker knows;
another candidate starts afresh, and copies to the old one end as they began.
"""

from dataclasses import replace
from typing import Final

from shadowproxy.core.settings import BackendSettings, Settings
from shadowproxy.shadow.breaker import Breaker
from shadowproxy.upstream.pool import Pool

TRUSTED_IDLE_NS: Final = 1_000_000_000
"""A copy on a connection that the candidate has closed is sent again, and no user waits for it: not
worth a look at every connection, which was 8 % of this process."""


class Candidate:
    """The candidate of the settings in force; `pool` is None when there is none."""

    __slots__ = ("_key", "_pools", "breaker", "pool")

    def __init__(self, settings: Settings) -> None:
        self._key = _key(settings)
        self._pools: list[Pool] = []
        self.pool: Pool | None = None
        self.breaker = Breaker()
        self._open()

    def _open(self) -> None:
        backend, limit = self._key
        if backend is not None:
            limit_of_both = min(limit, backend.max_connections)
            self.pool = Pool(backend, limit_of_both, limit, TRUSTED_IDLE_NS)
            self._pools.append(self.pool)

    def reload(self, settings: Settings) -> None:
        """Takes another generation of the settings."""
        if _key(settings) == self._key:
            return
        self._key = _key(settings)
        if self.pool is not None:
            self.pool.close()
        self.pool = None
        self.breaker = Breaker()
        self._open()

    def tick(self, now_ns: int) -> None:
        """Enforces the time limits of all connections; forgets pools whose last call has ended."""
        for pool in self._pools:
            pool.tick(now_ns)
        self._pools = [pool for pool in self._pools if not pool.is_over]

    def close(self) -> None:
        """Closes all connections."""
        for pool in self._pools:
            pool.close()


def _key(settings: Settings) -> tuple[BackendSettings | None, int]:
    """What the connections depend on. No wait is longer than a copy's deadline."""
    backend, limit_s = settings.candidate, settings.shadow.timeout_s
    if backend is not None:
        backend = replace(
            backend,
            connect_timeout_s=min(backend.connect_timeout_s, limit_s),
            response_timeout_s=min(backend.response_timeout_s, limit_s),
        )
    return backend, settings.shadow.max_in_flight
