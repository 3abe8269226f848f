"""Bringing a store to the schema of this release.

Laws: who comes second waits for the first and finds it done; a store of a newer release is refused,
never changed. Alembic is loaded by whoever migrates and nobody else: it takes 10 MiB.
"""

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, inspect, text

from shadowproxy.report.opening import StoreError, is_sqlite, told

if TYPE_CHECKING:
    from alembic.config import Config

REVISIONS: Final = ("0001",)
"""Of migrations/versions, the oldest first."""

_LOCK: Final = 0x5AD0_3B0C
"""Any number that no other program locks in the same database."""


def migrate(engine: Engine) -> None:
    """Brings the store to the newest schema.

    Raises:
        StoreError: it cannot be reached or written, or is of a newer release.
    """
    with told("brought to this release's schema"), engine.begin() as connection:
        if not is_sqlite(connection):  # SQLite's transaction has the write lock already
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if _revision(connection) != newest():
            from alembic import command

            _refuse_newer(connection)
            command.upgrade(_config(connection), "head")


def downgrade(connection: Connection, revision: str) -> None:
    """Back to an older schema; `base` is none at all."""
    from alembic import command

    command.downgrade(_config(connection), revision)


def check(connection: Connection) -> None:
    """The store has the schema that we read.

    Raises:
        StoreError: it has an older or newer one, or none.
    """
    revision = _revision(connection)
    if revision is None:
        raise StoreError("nothing was recorded yet: the store is empty")
    if revision != newest():
        _refuse_newer(connection)
        raise StoreError("the store is of an older release: `shadowproxy run` brings it up to date")


def newest() -> str:
    """The revision that this release writes."""
    return REVISIONS[-1]


def _refuse_newer(connection: Connection) -> None:
    revision = _revision(connection)
    if revision is not None and revision not in REVISIONS:
        raise StoreError("the store was written by a newer release of shadowproxy")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def folder() -> Path:
    """Where the migrations are."""
    return Path(str(files("shadowproxy.report"))) / "migrations"
