"""The tables, one schema for SQLite and PostgreSQL.

    writers      one proxy's judge: its last flush, what it has counted so far
    traffic      users and exchanges of all endpoints: additive counters by time and name
    endpoints    totals by endpoint            series         the same by time, with both latencies
    groups       findings                      group_series   their counts by time
    group_versions, versions   which of the candidate's versions showed what
    samples, sample_groups     exchanges that stand for findings
    learned      noise, latencies, rules as judge shows them    rules   those saved by people
    audit        who changed what

Laws: a counter is only ever added to, so that several proxies may write at once; a row of a time
series lives at one width at a time, so that summing over all widths counts nothing twice; names in
these rows are redacted before they come here.
"""

from hashlib import blake2b
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

from shadowproxy.core.words import Verdict
from shadowproxy.report.latencies import BUCKETS

VERDICTS: Final = tuple(str(verdict) for verdict in Verdict)
SIDES: Final = ("legacy", "candidate")
LATENCY: Final = {side: tuple(f"{side}_{index}" for index in range(BUCKETS)) for side in SIDES}
COUNTERS: Final = (*VERDICTS, *LATENCY["legacy"], *LATENCY["candidate"])
"""Of a row of `series`, in this order."""
RECHECKS: Final = ("still", "gone", "legacy_flaky")

metadata: Final = MetaData()


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


def _text(name: str, *, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


writers: Final = Table(
    "writers",
    metadata,
    Column("id", Text, primary_key=True),
    _count("flushes"),
    _text("seen"),
    _text("baseline", default="{}"),
    _text("links", default="[]"),
)
"""`flushes` numbers them, so that one which was committed unheard is not counted twice; `baseline` is
what of the proxy's tallies is in `traffic`; `links` are pairs of groups that come together."""

traffic: Final = Table(
    "traffic",
    metadata,
    Column("width_s", Integer, primary_key=True, autoincrement=False),
    Column("start_s", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    _count("count"),
)

endpoints: Final = Table(
    "endpoints",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    _text("endpoint"),
    _text("route"),
    _text("first_seen"),
    _text("last_seen"),
    *(_count(name) for name in COUNTERS),
)

series: Final = Table(
    "series",
    metadata,
    Column("width_s", Integer, primary_key=True, autoincrement=False),
    Column("start_s", BigInteger, primary_key=True, autoincrement=False),
    Column("endpoint_id", BigInteger, primary_key=True, autoincrement=False),
    *(_count(name) for name in COUNTERS),
    Index("series_endpoint", "endpoint_id"),
)

groups: Final = Table(
    "groups",
    metadata,
    Column("id", Text, primary_key=True),
    Column("endpoint_id", BigInteger, nullable=False, index=True),
    _text("route"),
    _text("endpoint"),
    Column("legacy_status", Integer, nullable=False),
    Column("candidate_status", Integer, nullable=False),
    _text("path"),
    _text("kind"),
    _text("type_legacy"),
    _text("type_candidate"),
    _text("first_seen"),
    _text("last_seen"),
    _count("count"),
    _count("explained"),
    *(_count(name) for name in RECHECKS),
    _text("noise_state"),
    _count("noise_samples"),
    _count("noise_b"),
    Column("noise_e", Float, nullable=False, server_default="1"),
    _text("pairs", default="[]"),
    Column("reproducer", LargeBinary),
    _text("state", default="open"),
    _text("note", default=""),
    Column("state_since", Text),
    _text("state_by", default=""),
    Column("rule", Text),
    Index("groups_last_seen", "last_seen"),
)

group_series: Final = Table(
    "group_series",
    metadata,
    Column("width_s", Integer, primary_key=True, autoincrement=False),
    Column("start_s", BigInteger, primary_key=True, autoincrement=False),
    Column("group_id", Text, primary_key=True),
    _count("count"),
    Index("group_series_group", "group_id"),
)

group_versions: Final = Table(
    "group_versions",
    metadata,
    Column("group_id", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    _count("count"),
    _text("first_seen"),
    _text("last_seen"),
)

versions: Final = Table(
    "versions",
    metadata,
    Column("version", Text, primary_key=True),
    Column("endpoint_id", BigInteger, primary_key=True, autoincrement=False),
    _count("exchanges"),
    _text("first_seen"),
    _text("last_seen"),
)

samples: Final = Table(
    "samples",
    metadata,
    Column("id", Text, primary_key=True),
    _text("at"),
    _text("summary"),
    Column("content", LargeBinary, nullable=False),
    Index("samples_at", "at"),
)
"""`summary` is what a list of samples shows, as JSON; `content` the whole exchange, deflated."""

sample_groups: Final = Table(
    "sample_groups",
    metadata,
    Column("group_id", Text, primary_key=True),
    Column("sample_id", Text, ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True),
    _text("at"),
    Column("draw", Float, nullable=False),
    Index("sample_groups_sample", "sample_id"),
)
"""The latest of a group are kept and those with the highest `draw`, whoever wrote them."""

learned: Final = Table(
    "learned",
    metadata,
    Column("writer_id", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    _text("seen"),
    Column("content", LargeBinary, nullable=False),
)
"""Deflated JSON of one judge; the newest of each writer."""

rules: Final = Table(
    "rules",
    metadata,
    Column("id", Text, primary_key=True),
    _text("endpoint"),
    _text("rule"),
    _text("reason", default=""),
    _text("by"),
    _text("at"),
)

audit: Final = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _text("at"),
    _text("actor"),
    _text("action"),
    _text("subject"),
    _text("before", default=""),
    _text("after", default=""),
    _text("reason", default=""),
    Index("audit_at", "at"),
)

WIDTHS_S: Final = (10, 60, 3600, 86_400)
"""Of the buckets of all time series."""


def endpoint_id(endpoint: str) -> int:
    """The same number for the same endpoint in every proxy: 63 bits, so that no table needs its name."""
    digest = blake2b(endpoint.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
