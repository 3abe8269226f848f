"""What all connections of one edge share: settings, legacy's pool, the policy, the channels."""

import asyncio
import json
from time import time_ns
from typing import TYPE_CHECKING

from shadowproxy.core.lifecycle import SkipReason
from shadowproxy.core.observing import Failure
from shadowproxy.core.settings import BackendSettings, Settings
from shadowproxy.edge import counting
from shadowproxy.edge.policy import Policy
from shadowproxy.http1.heads import HeadError
from shadowproxy.ipc import frames
from shadowproxy.ipc.channel import Sender, limit_for
from shadowproxy.ipc.process import Process
from shadowproxy.upstream.pool import Pool

if TYPE_CHECKING:
    from shadowproxy.edge.client import Client

EVENTS_PER_S = 20
"""Log events that an edge hands over per second; judge limits them further per kind."""


class Edge:
    """One edge process, as its connections see it."""

    def __init__(self, process: Process, exchanges: Sender, events: Sender) -> None:
        self.process = process
        self.cells = process.tallies.cells
        self.exchanges = exchanges
        self.events = events
        self.clients: set[Client] = set()
        self.per_peer: dict[bytes, int] = {}
        self.in_flight = 0
        self.is_draining = False
        self.is_finishing = False
        """No further connection is accepted: one whose answer is out has no reason to stay."""
        self.emptied = asyncio.Event()
        """Set when nobody is accepted any more and the last connection has gone."""
        self._number = 0
        self._captured_bytes = 0
        self._events_left = EVENTS_PER_S
        self._apply(process.settings)
        self.pool = self._new_pool()
        self._former_pools: list[Pool] = []
        self.policy = Policy(self.settings, process.dials)

    def _apply(self, settings: Settings) -> None:
        self.settings = settings
        self.limits = settings.limits
        self.max_head_bytes = settings.limits.max_head_bytes
        self.max_headers = settings.limits.max_headers
        self.idle_timeout_ns = int(settings.limits.idle_timeout_s * 1e9)
        self.header_timeout_ns = int(settings.limits.header_timeout_s * 1e9)
        self.body_timeout_ns = int(settings.limits.body_timeout_s * 1e9)
        self.appends_forwarded = settings.forwarded == "append"
        self.access_log = settings.log.access
        self.max_body_bytes = settings.shadow.max_body_bytes
        self.capture_limit_bytes = settings.shadow.max_memory_bytes // 4 // settings.workers
        self.exchanges.limit_bytes = limit_for(self.max_body_bytes)
        self.legacy_host = authority_of(settings.legacy)

    def _new_pool(self) -> Pool:
        share = max(1, -(-self.settings.legacy.max_connections // self.settings.workers))
        return Pool(self.settings.legacy, share, self.limits.max_waiting)

    def reload(self) -> None:
        """A new generation: what runs ends as it began, what comes follows the new settings."""
        old = self.settings
        guarded = self.policy.guarded_share
        self._apply(self.process.settings)
        if (old.legacy, old.limits.max_waiting) != (self.settings.legacy, self.limits.max_waiting):
            self.pool.close()
            self._former_pools.append(self.pool)
            self.pool = self._new_pool()
        self.policy = Policy(self.settings, self.process.dials)
        self.policy.guarded_share = guarded

    def tick_pools(self, now_ns: int) -> None:
        """Enforces time limits towards legacy, and towards one that a reload has replaced."""
        self.pool.tick(now_ns)
        for pool in self._former_pools:
            pool.tick(now_ns)
        self._former_pools = [pool for pool in self._former_pools if not pool.is_over]

    def admit(self, client: "Client", peer: bytes) -> bool:
        """Counts a new connection; False when it is one too many."""
        self.cells[counting.CONNECTIONS_ACCEPTED] += 1
        self.clients.add(client)
        count = self.per_peer[peer] = self.per_peer.get(peer, 0) + 1
        per_peer = self.limits.max_connections_per_peer
        within = not per_peer or not peer or count <= per_peer
        return within and len(self.clients) <= self.limits.max_connections

    def forget(self, client: "Client", peer: bytes) -> None:
        """A connection is gone."""
        self.clients.discard(client)
        if self.is_finishing and not self.clients:
            self.emptied.set()
        left = self.per_peer.get(peer, 1) - 1
        if left:
            self.per_peer[peer] = left
        else:
            self.per_peer.pop(peer, None)

    def count_refused(self, peer: bytes, error: HeadError) -> None:
        """A request that ended before it became an exchange with legacy."""
        self.cells[counting.RECEIVED] += 1
        self.cells[counting.SKIPPED[SkipReason.REFUSED]] += 1
        self.cells[counting.REFUSED[error.refusal]] += 1
        counting.count_user(self.cells, 0, b"other", error.status, 0)
        if self.access_log:
            self.log_access(peer, b"-", b"-", error.status, 0, 0)

    def next_number(self) -> int:
        """A number for an exchange, never 0, unique among the open ones."""
        self._number = self._number % 0xFFFFFFFF + 1
        return self._number

    def reserve(self, size: int) -> bool:
        """Takes capture memory, or says that there is none left."""
        if self._captured_bytes + size > self.capture_limit_bytes:
            return False
        self._captured_bytes += size
        return True

    def unreserve(self, size: int) -> None:
        """Gives capture memory back."""
        self._captured_bytes -= size

    @property
    def captured_bytes(self) -> int:
        """Held by captures in this edge right now."""
        return self._captured_bytes

    def refill_events(self) -> None:
        """Once a second."""
        self._events_left = EVENTS_PER_S

    def tell(self, event: str, **fields: object) -> None:
        """Hands a log event over, if there is room for it."""
        if self._events_left <= 0:
            self.cells[counting.LOG_EVENTS_DROPPED] += 1
            return
        self._events_left -= 1
        document = {"event": event, "process": self.process.name, **fields}
        self._hand_to_log(frames.pack_event(json.dumps(document, default=str).encode()))

    def _hand_to_log(self, frame: bytes) -> None:
        if not self.events.send(frame):
            self.cells[counting.LOG_EVENTS_DROPPED] += 1

    def tell_legacy_failed(self, failure: Failure, method: bytes, slot: int, us: int) -> None:
        """`legacy_failed`, without anything that came from the user but the method."""
        self.tell(
            "legacy_failed",
            level="warning",
            backend="legacy",
            failure=failure.kind.value,
            phase=failure.phase,
            error=failure.detail,
            method=method.decode("latin-1")[:32],
            route_slot=slot,
            duration_ms=round(us / 1000, 3),
        )

    def log_access(
        self, peer: bytes, method: bytes, target: bytes, status: int, size: int, us: int
    ) -> None:
        """Hands a line of the access log over."""
        line = frames.Access(time_ns() / 1e9, us, status, size, method, target, peer)
        self._hand_to_log(frames.pack_access(line))


def authority_of(backend: BackendSettings) -> bytes:
    """What a request without Host (HTTP/1.0) is sent with."""
    if backend.unix:
        return b"localhost"
    default = 443 if backend.scheme == "https" else 80
    host = f"[{backend.host}]" if ":" in backend.host else backend.host
    return (host if backend.port == default else f"{host}:{backend.port}").encode()
