"""The tables of the report."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_VERDICTS = (
    "match", "noise", "mismatch", "candidate_failed", "legacy_failed", "both_failed",
    "incomparable",
)  # fmt: skip
_COUNTERS = (*_VERDICTS, *(f"{side}_{k}" for side in ("legacy", "candidate") for k in range(40)))


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


def _key(name: str, kind: type[sa.types.TypeEngine[int]] = sa.BigInteger) -> sa.Column[int]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _name(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def upgrade() -> None:
    """Makes them."""
    _make_figures()
    _make_findings()
    _make_samples()
    _make_decisions()


def _make_figures() -> None:
    op.create_table(
        "writers", _name("id"), _count("flushes"), _text("seen"), _text("baseline", "{}"),
        _text("links", "[]"),
    )  # fmt: skip
    op.create_table(
        "traffic", _key("width_s", sa.Integer), _key("start_s"), _name("name"), _count("count")
    )
    op.create_table(
        "endpoints", _key("id"), _text("endpoint"), _text("route"), _text("first_seen"),
        _text("last_seen"), *map(_count, _COUNTERS),
    )  # fmt: skip
    op.create_table(
        "series", _key("width_s", sa.Integer), _key("start_s"), _key("endpoint_id"),
        *map(_count, _COUNTERS),
    )  # fmt: skip
    op.create_index("series_endpoint", "series", ["endpoint_id"])
    op.create_table(
        "versions", _name("version"), _key("endpoint_id"), _count("exchanges"),
        _text("first_seen"), _text("last_seen"),
    )  # fmt: skip


def _make_findings() -> None:
    op.create_table(
        "groups", _name("id"), sa.Column("endpoint_id", sa.BigInteger, nullable=False),
        _text("route"), _text("endpoint"),
        sa.Column("legacy_status", sa.Integer, nullable=False),
        sa.Column("candidate_status", sa.Integer, nullable=False),
        _text("path"), _text("kind"), _text("type_legacy"), _text("type_candidate"),
        _text("first_seen"), _text("last_seen"), _count("count"), _count("explained"),
        _count("still"), _count("gone"), _count("legacy_flaky"),
        _text("noise_state"), _count("noise_samples"), _count("noise_b"),
        sa.Column("noise_e", sa.Float, nullable=False, server_default="1"),
        _text("pairs", "[]"), sa.Column("reproducer", sa.LargeBinary),
        _text("state", "open"), _text("note", ""), sa.Column("state_since", sa.Text),
        _text("state_by", ""), sa.Column("rule", sa.Text),
    )  # fmt: skip
    op.create_index("ix_groups_endpoint_id", "groups", ["endpoint_id"])
    op.create_index("groups_last_seen", "groups", ["last_seen"])
    op.create_table(
        "group_series", _key("width_s", sa.Integer), _key("start_s"), _name("group_id"),
        _count("count"),
    )  # fmt: skip
    op.create_index("group_series_group", "group_series", ["group_id"])
    op.create_table(
        "group_versions", _name("group_id"), _name("version"), _count("count"),
        _text("first_seen"), _text("last_seen"),
    )  # fmt: skip


def _make_samples() -> None:
    op.create_table(
        "samples", _name("id"), _text("at"), _text("summary"),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )  # fmt: skip
    op.create_index("samples_at", "samples", ["at"])
    op.create_table(
        "sample_groups", _name("group_id"),
        sa.Column(
            "sample_id", sa.Text, sa.ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True
        ),
        _text("at"), sa.Column("draw", sa.Float, nullable=False),
    )  # fmt: skip
    op.create_index("sample_groups_sample", "sample_groups", ["sample_id"])


def _make_decisions() -> None:
    op.create_table(
        "learned", _name("writer_id"), _name("part"), _text("seen"),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )  # fmt: skip
    op.create_table(
        "rules", _name("id"), _text("endpoint"), _text("rule"), _text("reason", ""), _text("by"),
        _text("at"),
    )  # fmt: skip
    op.create_table(
        "audit", sa.Column("id", sa.Integer, primary_key=True, autoincrement=True), _text("at"),
        _text("actor"), _text("action"), _text("subject"), _text("before", ""),
        _text("after", ""), _text("reason", ""),
    )  # fmt: skip
    op.create_index("audit_at", "audit", ["at"])


def downgrade() -> None:
    """Removes them, and all that was recorded."""
    for table in (
        "audit", "rules", "learned", "sample_groups", "samples", "group_versions", "group_series",
        "groups", "versions", "series", "endpoints", "traffic", "writers",
    ):  # fmt: skip
        op.drop_table(table)
