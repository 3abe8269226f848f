"""Bringing a store to the schema of this release.

Laws: who comes second waits for the first and finds it done; a store of a newer release is refused,
never changed.
"""

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from shadowproxy.report.opening import StoreError, is_sqlite, told

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
            _refuse_newer(connection)
            command.upgrade(_config(connection), "head")


def downgrade(connection: Connection, revision: str) -> None:
    """Back to an older schema; `base` is none at all."""
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


@lru_cache(maxsize=1)
def newest() -> str:
    """The revision that this release writes."""
    revision = ScriptDirectory(str(_folder())).get_current_head()
    assert revision is not None
    return revision


def _refuse_newer(connection: Connection) -> None:
    revision = _revision(connection)
    known = {each.revision for each in ScriptDirectory(str(_folder())).walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreError("the store was written by a newer release of shadowproxy")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _folder() -> Path:
    return Path(str(files("shadowproxy.report"))) / "migrations"
