"""One flush: a batch becomes rows, in one transaction.

Laws: all of a batch is there or nothing; a batch that was committed unheard is not written twice, for
its number is in the same transaction; renames come first, since the rest of the batch knows the new
names already.
"""

from collections.abc import Mapping
from datetime import datetime
from operator import add
from typing import Final

import orjson
from sqlalchemy import Connection, delete, select

from shadowproxy.findings.documents import pairs_to_plain, read_pairs
from shadowproxy.findings.group import Group, Recheck
from shadowproxy.findings.tallies import Leading
from shadowproxy.report import schema
from shadowproxy.report.batch import GROUP_WIDTH_S, WIDTH_S, Batch, Sample
from shadowproxy.report.moving import move_endpoint
from shadowproxy.report.schema import COUNTERS, RECHECKS, endpoint_id
from shadowproxy.report.upserting import Row, upsert

LOST: Final = "lost"
"""Of `traffic`: rows that a batch had no room for."""
CHUNK: Final = 400
"""Keys in one statement; SQLite takes 999 variables in its oldest versions."""


def last_flush(connection: Connection, writer_id: str) -> tuple[int, dict[str, int]]:
    """The number of the writer's last flush, 0 before the first, and the tallies that it came up to."""
    row = connection.execute(
        select(schema.writers.c.flushes, schema.writers.c.baseline).where(
            schema.writers.c.id == writer_id
        )
    ).one_or_none()
    return (0, {}) if row is None else (row.flushes, orjson.loads(row.baseline))


def write(
    connection: Connection,
    batch: Batch,
    writer_id: str,
    number: int,
    now: str,
    max_samples: int,
) -> bool:
    """Writes a batch as the writer's flush of this number; False if that one was written before.

    The writer's row is locked first: an earlier attempt whose end was not heard may still run.
    """
    upsert(connection, schema.writers, [{"id": writer_id, "seen": now}])
    written, baseline = last_flush(connection, writer_id)
    if written >= number:
        return False
    for rename in batch.renames:
        move_endpoint(connection, rename)
    if batch.lost:
        _note_loss(connection, batch.lost, now)
    _write_figures(connection, batch)
    _write_groups(connection, batch, now)
    _write_samples(connection, batch, max_samples)
    upsert(
        connection,
        schema.learned,
        [
            {"writer_id": writer_id, "part": part, "seen": now, "content": content}
            for part, content in batch.learned.items()
        ],
    )
    writer = {"id": writer_id, "flushes": number, "seen": now}
    kept = baseline if batch.baseline is None else batch.baseline
    links = {} if batch.links is None else {"links": orjson.dumps(batch.links).decode()}
    upsert(
        connection, schema.writers, [{**writer, "baseline": orjson.dumps(kept).decode(), **links}]
    )
    return True


def _note_loss(connection: Connection, lost: int, now: str) -> None:
    """What there was no room for is told for as long as there are figures."""
    start_s = int(datetime.fromisoformat(now).timestamp()) // WIDTH_S * WIDTH_S
    row = {"width_s": WIDTH_S, "start_s": start_s, "name": LOST, "count": lost}
    upsert(connection, schema.traffic, [row])


def _write_figures(connection: Connection, batch: Batch) -> None:
    upsert(
        connection,
        schema.traffic,
        [
            {"width_s": WIDTH_S, "start_s": start_s, "name": name, "count": count}
            for (start_s, name), count in batch.traffic.items()
        ],
    )
    totals: dict[str, list[int]] = {}
    rows = []
    for (start_s, endpoint), counts in batch.series.items():
        key = {"width_s": WIDTH_S, "start_s": start_s, "endpoint_id": endpoint_id(endpoint)}
        rows.append(key | dict(zip(COUNTERS, counts, strict=True)))
        known = totals.get(endpoint)
        totals[endpoint] = counts if known is None else [*map(add, known, counts)]
    upsert(connection, schema.series, rows)
    none = [0] * len(COUNTERS)
    upsert(
        connection,
        schema.endpoints,
        [
            {
                "id": endpoint_id(endpoint), "endpoint": endpoint, "route": route,
                "first_seen": first, "last_seen": last,
                **dict(zip(COUNTERS, totals.get(endpoint, none), strict=True)),
            }
            for endpoint, (route, first, last) in batch.endpoints.items()
        ],
    )  # fmt: skip
    upsert(
        connection,
        schema.versions,
        [
            {
                "version": version, "endpoint_id": endpoint_id(endpoint), "exchanges": seen.count,
                "first_seen": seen.first, "last_seen": seen.last,
            }
            for (version, endpoint), seen in batch.versions.items()
        ],
    )  # fmt: skip


def _write_groups(connection: Connection, batch: Batch, now: str) -> None:
    pairs = _stored_pairs(connection, batch.groups)
    rows = [
        row_of(group, pairs.get(group.id))
        for group in batch.groups.values()
        if group.count or group.id in pairs  # what was noise from the start is no finding
    ]
    upsert(connection, schema.groups, rows)
    upsert(
        connection,
        schema.group_series,
        [
            {"group_id": group_id, "width_s": GROUP_WIDTH_S, "start_s": start_s, "count": count}
            for (start_s, group_id), count in batch.group_series.items()
        ],
    )
    upsert(
        connection,
        schema.group_versions,
        [
            {
                "group_id": group.id, "version": version, "count": count,
                "first_seen": group.first_seen, "last_seen": group.last_seen,
            }
            for group in batch.groups.values()
            for version, count in group.versions.counts.items()
        ],
    )  # fmt: skip


def _stored_pairs(connection: Connection, groups: Mapping[str, Group]) -> dict[str, Leading]:
    """Value pairs are few and joined by reading them; the rows are locked until we are done."""
    ids = sorted(groups)
    found = {}
    for at in range(0, len(ids), CHUNK):
        rows = connection.execute(
            select(schema.groups.c.id, schema.groups.c.pairs)
            .where(schema.groups.c.id.in_(ids[at : at + CHUNK]))
            .order_by(schema.groups.c.id)
            .with_for_update()
        )
        found.update({row.id: read_pairs(orjson.loads(row.pairs)) for row in rows})
    return found


def row_of(group: Group, stored: Leading | None = None) -> Row:
    """What was added to a finding, as a row; `stored` are the pairs that are there already."""
    ours, theirs = group.types
    pairs = Leading() if stored is None else stored
    pairs.absorb(group.pairs)
    return {
        "id": group.id, "endpoint_id": endpoint_id(group.endpoint), "route": group.route,
        "endpoint": group.endpoint, "legacy_status": group.legacy_status,
        "candidate_status": group.candidate_status, "path": group.path, "kind": group.kind,
        "type_legacy": ours, "type_candidate": theirs, "first_seen": group.first_seen,
        "last_seen": group.last_seen, "count": group.count, "explained": group.explained,
        **{name: group.rechecks.get(Recheck(name), 0) for name in RECHECKS},
        "noise_state": group.noise.state, "noise_samples": group.noise.aa_samples,
        "noise_b": group.noise.b, "noise_e": min(group.noise.e, 1e300),
        "pairs": orjson.dumps(pairs_to_plain(pairs)).decode(),
        "reproducer": group.deflated_reproducer or None,
    }  # fmt: skip


def _write_samples(connection: Connection, batch: Batch, max_samples: int) -> None:
    found = batch.samples.values()
    upsert(connection, schema.samples, [_sample_row(sample) for sample in found])
    upsert(
        connection,
        schema.sample_groups,
        [
            {"group_id": group_id, "sample_id": sample.id, "at": sample.at, "draw": draw}
            for sample in found
            for group_id, draw in sample.groups
        ],
    )
    touched = sorted({group_id for sample in found for group_id, _ in sample.groups})
    for group_id in touched:
        _trim(connection, group_id, max_samples)


def _sample_row(sample: Sample) -> Row:
    return {
        "id": sample.id, "at": sample.at, "summary": sample.summary, "content": sample.content
    }  # fmt: skip


def _trim(connection: Connection, group_id: str, max_samples: int) -> None:
    """A third of what may be kept are the latest, the rest stands for all."""
    table = schema.sample_groups
    rows = connection.execute(
        select(table.c.sample_id, table.c.at, table.c.draw).where(table.c.group_id == group_id)
    ).all()
    if len(rows) <= max_samples:
        return
    latest = sorted(rows, key=lambda row: (row.at, row.sample_id), reverse=True)
    kept = latest[: max(1, max_samples // 3)]
    others = sorted(latest[len(kept) :], key=lambda row: row.draw, reverse=True)
    dropped = [row.sample_id for row in others[max_samples - len(kept) :]]
    connection.execute(
        delete(table).where(table.c.group_id == group_id, table.c.sample_id.in_(dropped))
    )
    connection.execute(
        delete(schema.samples).where(
            schema.samples.c.id.in_(dropped),
            ~select(table.c.sample_id).where(table.c.sample_id == schema.samples.c.id).exists(),
        )
    )
