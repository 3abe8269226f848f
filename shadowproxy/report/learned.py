"""What the judges learned, as they last said it: noise, latencies, use of rules.

With several proxies each has learned for itself: rows come one after the other, `writer` tells whose.
Law: only those speak that still write, or did when the last one ended: a run that is over says nothing
about the candidate of today.
"""

import zlib
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import Connection, func, select

from shadowproxy.report.schema import learned, writers

MAX_WRITERS: Final = 32
"""Whose newest words are shown."""
ALIVE_S: Final = 120.0
"""Behind the newest that a writer may be: each writes at least every SIGN_S (report.keeping)."""


def parts_of(connection: Connection, part: str) -> list[tuple[str, Any]]:
    """(writer, what it said), the newest first."""
    rows = connection.execute(
        select(learned.c.writer_id, learned.c.content)
        .where(learned.c.part == part, learned.c.writer_id.in_(_alive(connection)))
        .order_by(learned.c.seen.desc())
    )
    return [(row.writer_id, orjson.loads(zlib.decompress(row.content))) for row in rows]


def _alive(connection: Connection) -> list[str]:
    """The writers that still write, the newest first."""
    newest = connection.execute(select(func.max(writers.c.seen))).scalar()
    if newest is None:
        return []
    since = datetime.fromisoformat(newest) - timedelta(seconds=ALIVE_S)
    alive = select(writers.c.id).where(writers.c.seen >= since.isoformat(timespec="milliseconds"))
    return list(
        connection.execute(alive.order_by(writers.c.seen.desc()).limit(MAX_WRITERS)).scalars()
    )


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
    rows = connection.execute(select(writers.c.links).where(writers.c.id.in_(_alive(connection))))
    found = [tuple(pair) for row in rows.scalars() for pair in orjson.loads(row)]
    return list(dict.fromkeys((str(one), str(other)) for one, other in found))
