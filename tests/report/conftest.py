"""A store in a file and one in PostgreSQL, for every test of either."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine

from shadowproxy.report.migrating import migrate, newest
from shadowproxy.report.opening import make_private, open_engine
from shadowproxy.report.schema import metadata
from tests.support.postgres import Postgres

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with this release's schema."""
    path = tmp_path_factory.mktemp("template") / "report.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """A database with this release's schema."""
    name = postgres.create()
    _migrate(postgres.url(name))
    return name


def _migrate(url: str) -> None:
    make_private(url)
    engine = open_engine(url, is_writer=True)
    migrate(engine)
    engine.dispose()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A store in a file."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'report.db')}"


@pytest.fixture(scope="session")
def emptied() -> list[str]:
    """Databases that a test has left and that are empty again: making one takes 0.2 s."""
    return []


@pytest.fixture
def postgresql_url(postgres: Postgres, postgres_template: str, emptied: list[str]) -> Iterator[str]:
    """A store in PostgreSQL, for one test alone."""
    name = emptied.pop() if emptied else postgres.create(postgres_template)
    yield postgres.url(name)
    if _empty(postgres.url(name)):
        emptied.append(name)
    else:
        postgres.drop(name)


def _empty(url: str) -> bool:
    """Whether a database could be made as new; not if a test has changed its schema."""
    try:
        with psycopg.connect(url) as connection:
            connection.execute("SET lock_timeout = '2s'")
            for table in reversed(metadata.sorted_tables):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))
            connection.execute("ALTER SEQUENCE audit_id_seq RESTART")
            found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            return found == [(newest(),)]
    except psycopg.Error:
        return False


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest) -> str:
    """A store without rows."""
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """A writer's engine of that store."""
    it = open_engine(url, is_writer=True, is_lasting=True)
    yield it
    it.dispose()


@pytest.fixture(params=KINDS)
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where there is no schema yet: no file, or an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bare.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)
