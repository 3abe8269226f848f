"""What people decide, and its line in the audit."""

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from sqlalchemy import Connection, Engine, func, select

from shadowproxy.report import schema
from shadowproxy.report.deciding import (
    STATES,
    Actor,
    Writer,
    audit_page,
    decide,
    delete_rule,
    note,
    save_rule,
    saved_rules,
    set_state,
)
from shadowproxy.report.migrating import migrate
from shadowproxy.report.opening import StoreError, make_private, open_engine
from shadowproxy.report.upserting import upsert
from shadowproxy.report.writing import row_of
from tests.report.events import finding, group_id, seen_at

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
ANN = Actor("ann", NOON)
GROUPS = [group_id(f"GET /{number}", "/a") for number in range(4)]


def plant(connection: Connection) -> None:
    """Four findings."""
    found = [finding(f"GET /{number}", "/a", seen_at(1)) for number in range(4)]
    upsert(connection, schema.groups, [row_of(group) for group in found])


def _states(connection: Connection) -> list[tuple[str, str, str | None]]:
    rows = connection.execute(select(schema.groups)).mappings()
    known = {row["id"]: (row["state"], row["note"], row["rule"]) for row in rows}
    return [known[each] for each in GROUPS]


def test_a_decision_and_its_line_are_one(engine: Engine) -> None:
    """State, note, who and when; the audit says what it was before."""
    with engine.begin() as connection:
        plant(connection)
        assert decide(connection, GROUPS[0], "expected", "new ids", ANN)
        assert decide(connection, GROUPS[0], "fixed", "in 2.1", ANN)
        row = connection.execute(select(schema.groups).where(schema.groups.c.id == GROUPS[0])).one()
        assert (row.state, row.note, row.state_since, row.state_by) == (
            "fixed", "in 2.1", ANN.at, "ann",
        )  # fmt: skip
        entries = audit_page(connection, 10, None)["entries"]
    assert [(each["before"], each["after"], each["reason"]) for each in entries] == [
        ("expected", "fixed", "in 2.1"), ("open", "expected", "new ids"),
    ]  # fmt: skip
    assert {each["subject"] for each in entries} == {GROUPS[0]}


def test_what_cannot_be_written_decides_nothing(engine: Engine) -> None:
    """A failure after the decision takes the decision back, and its line with it."""
    with engine.begin() as connection:
        plant(connection)
    with engine.connect() as connection:
        decide(connection, GROUPS[0], "fixed", "", ANN)
        connection.rollback()
        assert _states(connection)[0][0] == "open"
        assert audit_page(connection, 10, None)["entries"] == []


def test_an_unknown_finding_leaves_no_line(engine: Engine) -> None:
    """There is nothing to decide, and nothing is said to have been."""
    with engine.begin() as connection:
        assert not decide(connection, "f" * 16, "fixed", "", ANN)
        assert audit_page(connection, 10, None)["entries"] == []


@pytest.mark.parametrize("state", STATES)
def test_open_has_no_since(engine: Engine, state: str) -> None:
    """Open is how a finding begins: it is not since any decision."""
    with engine.begin() as connection:
        plant(connection)
        decide(connection, GROUPS[0], state, "", ANN)
        since = connection.execute(
            select(schema.groups.c.state_since).where(schema.groups.c.id == GROUPS[0])
        ).scalar_one()
    assert since == (None if state == "open" else ANN.at)


def test_a_saved_rule_explains_and_its_deletion_opens(engine: Engine) -> None:
    """The findings that it hides are expected while it is there, those alone."""
    rule = {"path": "/a", "ignore": True}
    with engine.begin() as connection:
        plant(connection)
        decide(connection, GROUPS[3], "fixed", "done", ANN)
        before = _states(connection)
        saved = save_rule(connection, rule, "GET /0", "ids differ", GROUPS[:2], ANN)
        again = save_rule(connection, rule, "GET /0", "ids differ", GROUPS[:2], ANN)
        assert saved == again
        assert [each["rule"] for each in saved_rules(connection)] == [rule]
        assert [state for state, _, _ in _states(connection)] == [
            "expected", "expected", "open", "fixed",
        ]  # fmt: skip
        assert {rule for _, _, rule in _states(connection)[:2]} == {saved}
        assert delete_rule(connection, saved, ANN)
        assert not delete_rule(connection, saved, ANN)
        assert _states(connection) == before
        assert saved_rules(connection) == []
        actions = [each["action"] for each in audit_page(connection, 10, None)["entries"]]
    assert actions == ["rule deleted", "rule saved", "finding"]


def test_a_saved_rule_can_be_answered(engine: Engine) -> None:
    """Names are texts: what is read back is JSON."""
    with engine.begin() as connection:
        save_rule(connection, {"path": "/a"}, "", "", [], ANN)
        assert b'"by":"ann"' in orjson.dumps(saved_rules(connection))


def test_the_audit_is_read_page_by_page(engine: Engine) -> None:
    """`next` visits every line exactly once, the newest first, while new lines come."""
    with engine.begin() as connection:
        for number in range(25):
            note(connection, ANN, "dial", str(number))
    seen: list[str] = []
    after: int | None = None
    while True:
        with engine.begin() as connection:
            page = audit_page(connection, 10, after)
            note(connection, ANN, "dial", "newer")
        seen += [each["subject"] for each in page["entries"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [str(number) for number in reversed(range(25))]


def test_decisions_at_once(url: str) -> None:
    """Many threads through one writer: each decision is there, with its line."""
    engine = open_engine(url, is_writer=True)
    with engine.begin() as connection:
        plant(connection)
    writer, failures = Writer(url), list[BaseException]()

    def run(number: int) -> None:
        try:
            for state in ("fixed", "open", "expected"):
                assert writer.write(decide, GROUPS[number % 4], state, "", ANN)
        except BaseException as error:  # noqa: BLE001 - told by the test
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    assert failures == []
    with engine.begin() as connection:
        assert connection.execute(select(func.count()).select_from(schema.audit)).scalar_one() == 36
        assert {state for state, _, _ in _states(connection)} == {"expected"}
    engine.dispose()


def test_a_replaced_file_is_written_not_the_old_one(sqlite_url: str) -> None:
    """Who decides holds no file open: a decision after the store was begun anew is in the new one."""
    writer, path = Writer(sqlite_url), Path(sqlite_url.removeprefix("sqlite:///"))
    writer.write(plant)
    writer.write(decide, GROUPS[0], "fixed", "", ANN)
    os.remove(path)
    make_private(sqlite_url)
    engine = open_engine(sqlite_url, is_writer=True)
    migrate(engine)
    with engine.begin() as connection:
        plant(connection)
    assert writer.write(decide, GROUPS[1], "fixed", "", ANN)
    with engine.begin() as connection:
        assert [state for state, _, _ in _states(connection)] == ["open", "fixed", "open", "open"]
    writer.close()
    engine.dispose()


def test_a_writer_begins_no_store(tmp_path: Path) -> None:
    """Where nothing was recorded nothing can be decided: a sentence, and no file."""
    url = f"sqlite:///{tmp_path}/none.db"
    with pytest.raises(StoreError, match="nothing was recorded yet"):
        set_state(url, GROUPS[0], "fixed", "", "ann", NOON)
    assert list(tmp_path.iterdir()) == []


def test_a_command_decides(url: str) -> None:
    """As the command line does it: one decision, from a URL."""
    engine = open_engine(url, is_writer=True)
    with engine.begin() as connection:
        plant(connection)
    assert set_state(url, GROUPS[0], "fixed", "in 2.1", "replay", NOON)
    assert not set_state(url, "f" * 16, "fixed", "", "replay", NOON)
    with engine.begin() as connection:
        assert _states(connection)[0] == ("fixed", "in 2.1", None)
    engine.dispose()
