"""What the judges learned, as they last said it: noise, latencies, use of rules.

With several proxies each has learned for itself: rows come one after the other, `writer` tells whose.
"""

import zlib
from typing import Any

import orjson
from sqlalchemy import Connection, select

from shadowproxy.report.schema import learned, writers

MAX_WRITERS = 32
"""Whose newest words are shown."""


def parts_of(connection: Connection, part: str) -> list[tuple[str, Any]]:
    """(writer, what it said), the newest first."""
    rows = connection.execute(
        select(learned.c.writer_id, learned.c.content)
        .where(learned.c.part == part)
        .order_by(learned.c.seen.desc())
        .limit(MAX_WRITERS)
    )
    return [(row.writer_id, orjson.loads(zlib.decompress(row.content))) for row in rows]


def noise_of(connection: Connection) -> dict[str, Any]:
    """{"noise": [...], "evicted": n, "expired": n}."""
    said = parts_of(connection, "noise")
    return {
        "noise": [{**row, "writer": writer} for writer, part in said for row in part["noise"]],
        "evicted": sum(part["evicted"] for _, part in said),
        "expired": sum(part["expired"] for _, part in said),
    }


def latencies_of(connection: Connection) -> list[dict[str, Any]]:
    """Both sides' times by endpoint, and where the candidate is called slower."""
    said = parts_of(connection, "latencies")
    return [{**row, "writer": writer} for writer, part in said for row in part]


def slower_of(connection: Connection) -> dict[str, str]:
    """The claims, by endpoint."""
    return {
        row["endpoint"]: row["sentence"] for row in latencies_of(connection) if row["is_slower"]
    }


def rules_of(connection: Connection) -> list[dict[str, Any]]:
    """Every rule that a judge has in force, with what it has hidden."""
    said = parts_of(connection, "rules")
    return [{**row, "writer": writer} for writer, part in said for row in part]


def links_of(connection: Connection) -> list[tuple[str, str]]:
    """Pairs of findings that nearly always come together."""
    rows = connection.execute(select(writers.c.links).order_by(writers.c.seen.desc()))
    found = [
        tuple(pair) for row in rows.scalars().fetchmany(MAX_WRITERS) for pair in orjson.loads(row)
    ]
    return list(dict.fromkeys((str(one), str(other)) for one, other in found))
