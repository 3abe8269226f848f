"""Migrations: first, again, at once, back; what is not ours stays as it is."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from shadowproxy.report.migrating import (
    REVISIONS,
    check,
    downgrade,
    folder,
    migrate,
    newest,
)
from shadowproxy.report.opening import StoreError, make_private, open_engine
from shadowproxy.report.schema import metadata
from tests.report.stores import contents

MIGRATE = """
import sys
from shadowproxy.report.migrating import migrate
from shadowproxy.report.opening import make_private, open_engine
print("ready", flush=True)
sys.stdin.readline()
make_private(sys.argv[1])
migrate(open_engine(sys.argv[1], is_writer=True))
"""


@pytest.fixture
def bare(bare_url: str) -> Iterator[Engine]:
    """A writer's engine where nothing is yet."""
    make_private(bare_url)
    engine = open_engine(bare_url, is_writer=True)
    yield engine
    engine.dispose()


def _tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def test_the_schema_is_what_the_tables_are_declared_as(bare: Engine) -> None:
    """After all migrations nothing is missing, left over or of another type."""
    migrate(bare)
    with bare.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def _shape(engine: Engine) -> dict[str, Any]:
    """All that a database says of our tables, as text."""
    found = inspect(engine)
    return {
        table: {
            "columns": [str(sorted(column.items())) for column in found.get_columns(table)],
            "key": found.get_pk_constraint(table)["constrained_columns"],
            "indexes": sorted(str(sorted(each.items())) for each in found.get_indexes(table)),
            "foreign": [
                (each["constrained_columns"], each["referred_table"], each["options"])
                for each in found.get_foreign_keys(table)
            ],
        }
        for table in metadata.tables
    }


def test_defaults_and_indexes_are_those_declared(bare: Engine) -> None:
    """Tables made by migrations and tables made from the declarations are described alike."""
    migrate(bare)
    migrated = _shape(bare)
    with bare.begin() as connection:
        downgrade(connection, "base")
        metadata.create_all(connection)
    declared = _shape(bare)
    assert "TEXT" in str(declared["samples"])
    assert migrated == declared


def test_who_comes_again_changes_nothing(bare: Engine) -> None:
    """A store of this release stays as it is."""
    migrate(bare)
    before = contents(bare)
    migrate(bare)
    assert contents(bare) == before
    with bare.begin() as connection:
        check(connection)


def test_there_and_back_and_there_again(bare: Engine) -> None:
    """The way back leaves no table of ours, and the way forth is open again."""
    migrate(bare)
    with bare.begin() as connection:
        downgrade(connection, "base")
    assert _tables(bare) <= {"alembic_version"}
    migrate(bare)
    assert _tables(bare) == {*metadata.tables, "alembic_version"}


def test_threads_at_once(bare_url: str) -> None:
    """Whoever comes second waits for the first and finds it done."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(4)

    def run() -> None:
        engine = open_engine(bare_url, is_writer=True)
        try:
            barrier.wait()
            make_private(bare_url)
            migrate(engine)
        except BaseException as error:  # noqa: BLE001 - told by the test
            failures.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    engine = open_engine(bare_url, is_writer=True)
    assert _tables(engine) == {*metadata.tables, "alembic_version"}
    engine.dispose()


def test_processes_at_once(tmp_path: Path) -> None:
    """The same across processes, whose locks are the file's."""
    url = f"sqlite:///{tmp_path}/bare.db"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for each in started:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    outcomes = [each.communicate("go\n")[1] for each in started]
    assert [(each.returncode, said) for each, said in zip(started, outcomes, strict=True)] == [
        (0, ""), (0, ""),
    ]  # fmt: skip


def test_a_newer_store_is_refused_and_not_changed(engine: Engine) -> None:
    """A revision that this release does not know: a sentence, and the same bytes as before."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = contents(engine), _tables(engine)
    for act in (migrate, _check):
        with pytest.raises(StoreError, match="newer release of shadowproxy"):
            act(engine)
    assert (contents(engine), _tables(engine)) == before


def _check(engine: Engine) -> None:
    with engine.begin() as connection:
        check(connection)


def test_an_older_store_is_not_read(engine: Engine) -> None:
    """Who only reads does not migrate: the sentence says who does."""
    with engine.begin() as connection:
        downgrade(connection, "base")
    with pytest.raises(StoreError, match="the store is empty"):
        _check(engine)
    migrate(engine)
    _check(engine)


def test_a_foreign_database_is_left_alone(bare: Engine) -> None:
    """Tables of somebody else with our names: a sentence, and none of our tables was made."""
    with bare.begin() as connection:
        connection.execute(text("CREATE TABLE samples (theirs INTEGER)"))
        connection.execute(text("INSERT INTO samples VALUES (7)"))
    with pytest.raises(StoreError, match=r"schema: .*samples"):
        migrate(bare)
    assert _tables(bare) == {"samples"}
    with bare.begin() as connection:
        assert connection.execute(text("SELECT theirs FROM samples")).scalar_one() == 7


def test_tables_of_others_beside_ours_do_no_harm(bare: Engine) -> None:
    """A database that is shared: ours are added, theirs stay."""
    with bare.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (n INTEGER)"))
    migrate(bare)
    assert _tables(bare) == {*metadata.tables, "alembic_version", "theirs"}


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    """A sentence, and the same bytes as before."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database, and longer than a header of one hundred bytes. " * 20)
    before = path.read_bytes()
    engine = open_engine(f"sqlite:///{path}", is_writer=True)
    with pytest.raises(StoreError, match="not a database"):
        migrate(engine)
    engine.dispose()
    assert path.read_bytes() == before


def test_there_is_one_newest_revision() -> None:
    """Two heads would leave it to chance which schema a store has; the list of them is complete."""
    scripts = ScriptDirectory(str(folder()))
    assert scripts.get_heads() == [newest()]
    assert tuple(each.revision for each in scripts.walk_revisions())[::-1] == REVISIONS


def test_who_only_reads_loads_no_library_that_he_does_not_need() -> None:
    """Control and the judge of a store that is up to date are smaller by that."""
    code = (
        "import sys, shadowproxy.report.reading, shadowproxy.report.keeping as _;"
        "print([name for name in ('alembic', 'mako', 'psycopg') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
