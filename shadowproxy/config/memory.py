"""What the limits of a configuration add up to when everything is full at once.

The users' side and the shadow's are told apart: the first is what any proxy needs for that many
users who all read slowly, the second is what shadowing can cost on top, whatever the candidate
does. What the processes need at rest comes first.
"""

from dataclasses import dataclass
from typing import Final

from shadowproxy.core.settings import Settings
from shadowproxy.ipc.channel import limit_for
from shadowproxy.ipc.lines import MAX_BYTES as LOG_QUEUE_BYTES

KIB: Final = 1 << 10
MIB: Final = 1 << 20

SEGMENT_BYTES: Final = 250 * KIB
"""The most that the event loop hands over at once (uvloop reads into 256,000 bytes)."""
HIGH_WATER_BYTES: Final = 64 * KIB
"""Of a connection's send buffer; above it the other side is not read until it drains."""
CONNECTION_BYTES: Final = 15 * KIB
"""A connection with nothing in it: protocol, transport, timers."""
ANSWER_HEAD_BYTES: Final = 256 * KIB
"""The largest head taken from a backend (upstream.connection.MAX_HEAD_BYTES)."""
EVENTS_BYTES: Final = 1 * MIB
"""Each edge's channel for log events (edge.serving)."""
DECODED_BYTES: Final = 8 * MIB
"""The largest body that is decoded (decode.bounds.MAX_BYTES); larger ones are not kept."""
TEXT_BYTES: Final = 16 * MIB
"""A body as a text, if one character makes all take four bytes (decode.bounds.MAX_WIDE_BYTES)."""
TREE_BYTES: Final = 24 * MIB
"""The values of a decoded document: decode.bounds.MAX_NODES, 117 bytes each, without the texts."""
GROUPS_BYTES: Final = 46 * MIB
"""2,000 findings with their samples (findings.grouping), 20,000 pairs of them (findings.causes)."""
LEARNED_BYTES: Final = 94 * MIB
"""10,000 places of noise at 6 KiB (noise.table), 2,000 endpoints' paces at 12 KiB (noise.latency),
20,000 nodes of learned endpoints (findings.templates)."""
PENDING_RECHECKS: Final = 16
"""judge.rechecking.MAX_PENDING; each keeps one answer."""
LOG_WRITERS: Final = 3
"""supervisor, judge and control; each has one queue being filled and one being written."""
EDGE_AT_REST_BYTES: Final = 18 * MIB
OTHERS_AT_REST_BYTES: Final = 96 * MIB
"""Proportional set sizes on Python 3.11, measured idle: an edge 16 MiB; supervisor 9, shadow 16,
judge 17, control 30, and 15 more for its validator once it has reloaded."""


@dataclass(frozen=True, slots=True)
class Term:
    """One summand; `where` names the limits to turn when it is too much."""

    side: str
    name: str
    where: str
    size_bytes: int


def worst_case_memory(settings: Settings) -> tuple[Term, ...]:
    """Every summand, the users' side first."""
    return (*_at_rest(settings), *_users(settings), *_shadow(settings))


def _at_rest(settings: Settings) -> tuple[Term, ...]:
    size = settings.workers * EDGE_AT_REST_BYTES + OTHERS_AT_REST_BYTES
    return (Term("at rest", "processes", "workers", size),)


def _users(settings: Settings) -> tuple[Term, ...]:
    limits, workers = settings.limits, settings.workers
    both_ways = HIGH_WATER_BYTES + 2 * SEGMENT_BYTES
    per_user = CONNECTION_BYTES + limits.max_head_bytes + both_ways
    per_backend = CONNECTION_BYTES + ANSWER_HEAD_BYTES + HIGH_WATER_BYTES + SEGMENT_BYTES
    per_edge = -(-settings.legacy.max_connections // workers)
    return (
        Term(
            "users",
            "connections of users",
            "workers, limits.max_connections",
            workers * limits.max_connections * per_user,
        ),
        Term(
            "users",
            "connections to legacy",
            "legacy.max_connections",
            workers * per_edge * per_backend,
        ),
        Term(
            "users",
            "requests waiting for legacy",
            "workers, limits.max_waiting",
            workers * limits.max_waiting * limits.max_head_bytes,
        ),
    )


def _shadow(settings: Settings) -> tuple[Term, ...]:
    if settings.candidate is None:
        return ()
    shadow, workers = settings.shadow, settings.workers
    frame_bytes = shadow.max_body_bytes + settings.limits.max_head_bytes
    channel_bytes = limit_for(shadow.max_body_bytes)
    side_bytes = shadow.max_body_bytes + ANSWER_HEAD_BYTES
    pair_bytes = 4 * side_bytes
    return (
        Term("shadow", "captures, copies, pairs", "shadow.max_memory", shadow.max_memory_bytes),
        Term(
            "shadow",
            "copies not yet sent",
            "shadow.max_memory",
            shadow.max_memory_bytes // 2,
        ),
        Term(
            "shadow",
            "connections to the candidate",
            "shadow.max_in_flight",
            shadow.max_in_flight * (CONNECTION_BYTES + ANSWER_HEAD_BYTES + SEGMENT_BYTES),
        ),
        Term(
            "shadow",
            "channels between processes",
            "workers, shadow.max_body",
            workers * (channel_bytes + EVENTS_BYTES + frame_bytes) + channel_bytes + pair_bytes,
        ),
        Term(
            "shadow",
            "comparing one pair",
            "fixed",
            2 * (DECODED_BYTES + TEXT_BYTES + TREE_BYTES) + TEXT_BYTES,
        ),
        Term("shadow", "findings", "fixed", GROUPS_BYTES),
        Term("shadow", "endpoints, noise, latencies", "fixed", LEARNED_BYTES),
        Term(
            "shadow",
            "answers to be asked for again",
            "shadow.max_body",
            PENDING_RECHECKS * side_bytes,
        ),
        Term("shadow", "log lines", "fixed", LOG_WRITERS * 2 * LOG_QUEUE_BYTES),
    )
