"""Exchanges that are kept whole, as they are read to try a rule on them.

Law: however many are kept and however large they are, few are in memory at a time.
"""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Connection, case, desc, func, select

from shadowproxy.report.schema import endpoint_id, groups, samples
from shadowproxy.report.schema import sample_groups as of

AT_A_TIME: Final = 20
"""1.3 MiB deflated at most."""
CHUNK: Final = 400
"""Keys in one statement."""


class Place(NamedTuple):
    """Where a finding is."""

    endpoint: str
    path: str
    kind: str


class Stored(NamedTuple):
    """One exchange that is kept whole, and the findings that it is kept for."""

    document: dict[str, Any]
    places: dict[str, Place]


def newest_ids(connection: Connection, endpoint: str, group_id: str, limit: int) -> list[str]:
    """Of samples: those of a finding first, then of an endpoint's or of all findings."""
    is_own = func.max(case((of.c.group_id == group_id, 1), else_=0))
    chosen = select(of.c.sample_id)
    if endpoint:
        chosen = chosen.join(groups, groups.c.id == of.c.group_id)
        chosen = chosen.where(groups.c.endpoint_id == endpoint_id(endpoint))
    ordered = chosen.group_by(of.c.sample_id).order_by(
        desc(is_own), func.max(of.c.at).desc(), of.c.sample_id
    )
    return list(connection.execute(ordered.limit(limit)).scalars())


def stored_samples(connection: Connection, ids: Sequence[str]) -> Iterator[Stored]:
    """Samples whole, in this order; read as they are taken, so that stopping costs nothing."""
    for at in range(0, len(ids), AT_A_TIME):
        chunk = ids[at : at + AT_A_TIME]
        found = select(samples.c.id, samples.c.content).where(samples.c.id.in_(chunk))
        contents = {row.id: row.content for row in connection.execute(found)}
        places: dict[str, dict[str, Place]] = {each: {} for each in chunk}
        rows = connection.execute(
            select(of.c.sample_id, groups.c.id, groups.c.endpoint, groups.c.path, groups.c.kind)
            .join(groups, groups.c.id == of.c.group_id)
            .where(of.c.sample_id.in_(chunk))
        )
        for row in rows:
            places[row.sample_id][row.id] = Place(row.endpoint, row.path, row.kind)
        for sample_id in chunk:
            if sample_id not in contents:
                continue  # deleted since its id was read
            yield Stored(orjson.loads(zlib.decompress(contents[sample_id])), places[sample_id])


def sample_counts(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """How many samples are kept of each of these findings."""
    counts: dict[str, int] = {}
    for at in range(0, len(ids), CHUNK):
        is_one = of.c.group_id.in_(ids[at : at + CHUNK])
        counted = select(of.c.group_id, func.count()).where(is_one).group_by(of.c.group_id)
        counts |= {row[0]: int(row[1]) for row in connection.execute(counted)}
    return counts
