"""What people decide: states of findings, rules that they save, and the audit of all that.

Law: a decision and its line in the audit are one transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from threading import Lock
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select, update

from shadowproxy.report import migrating
from shadowproxy.report.opening import StoreError, exists, open_engine, told
from shadowproxy.report.schema import audit, groups, rules

STATES: Final = ("open", "expected", "fixed")
MAX_NOTE: Final = 1_000
MAX_RULES: Final = 1_000
"""Saved; more than a person decides upon."""
MAX_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Actor:
    """Who decides: the address of the other end, or the command that was used; and when."""

    name: str
    now: datetime

    @property
    def at(self) -> str:
        """ISO 8601."""
        return self.now.isoformat(timespec="milliseconds")


def note(
    connection: Connection,
    actor: Actor,
    action: str,
    subject: str,
    *,
    before: str = "",
    after: str = "",
    reason: str = "",
) -> None:
    """One line of the audit."""
    connection.execute(
        insert(audit).values(
            at=actor.at, actor=actor.name, action=action, subject=subject, before=before,
            after=after, reason=reason,
        )
    )  # fmt: skip


class Line(NamedTuple):
    """One line of the audit."""

    actor: Actor
    action: str
    subject: str
    before: str
    after: str
    reason: str


def note_all(connection: Connection, lines: Sequence[Line]) -> None:
    """Several lines of the audit."""
    for actor, action, subject, before, after, reason in lines:
        note(connection, actor, action, subject, before=before, after=after, reason=reason)


def decide(connection: Connection, group_id: str, state: str, said: str, actor: Actor) -> bool:
    """Marks a finding; False if there is none."""
    assert state in STATES
    before = connection.execute(select(groups.c.state).where(groups.c.id == group_id)).scalar()
    if before is None:
        return False
    since = None if state == "open" else actor.at
    changes = {"state": state, "note": said, "state_since": since, "state_by": actor.name}
    if state == "open":
        changes["rule"] = None
    connection.execute(update(groups).where(groups.c.id == group_id).values(**changes))
    note(connection, actor, "finding", group_id, before=before, after=state, reason=said)
    return True


def save_rule(
    connection: Connection,
    rule: Mapping[str, Any],
    endpoint: str,
    reason: str,
    explained: Sequence[str],
    actor: Actor,
) -> str:
    """Keeps a rule that is valid. Its id.

    Of `explained`, the findings that it hides, those become expected that nobody has decided on.
    """
    text = orjson.dumps(dict(rule), option=orjson.OPT_SORT_KEYS).decode()
    rule_id = blake2b(f"{endpoint}\x1f{text}".encode(), digest_size=6).hexdigest()
    known = connection.execute(select(rules.c.id).where(rules.c.id == rule_id)).scalar()
    if known is None:
        connection.execute(
            insert(rules).values(
                id=rule_id, endpoint=endpoint, rule=text, reason=reason, by=actor.name, at=actor.at
            )
        )
    changed = connection.execute(
        update(groups)
        .where(groups.c.id.in_(explained), groups.c.state == "open")
        .values(
            state="expected", note=f"explained by a saved rule: {reason}".rstrip(": "),
            state_since=actor.at, state_by=actor.name, rule=rule_id,
        )
    )  # fmt: skip
    after = f"{endpoint} {text}; findings explained: {changed.rowcount}".strip()
    if known is None or changed.rowcount:
        action = "rule saved" if known is None else "rule saved again"
        note(connection, actor, action, rule_id, after=after, reason=reason)
    return rule_id


def delete_rule(connection: Connection, rule_id: str, actor: Actor) -> bool:
    """Takes a saved rule back; what it explained is open again. False if there is none."""
    row = connection.execute(select(rules).where(rules.c.id == rule_id)).one_or_none()
    if row is None:
        return False
    connection.execute(delete(rules).where(rules.c.id == rule_id))
    connection.execute(
        update(groups)
        .where(groups.c.rule == rule_id)
        .values(state="open", note="", state_since=None, state_by="", rule=None)
    )
    note(connection, actor, "rule deleted", rule_id, before=f"{row.endpoint} {row.rule}")
    return True


def saved_rules(connection: Connection) -> list[dict[str, Any]]:
    """All of them, the oldest first; one that nobody can read has its text as `rule`."""
    rows = connection.execute(select(rules).order_by(rules.c.at, rules.c.id).limit(MAX_RULES))
    return [{**_plain(row), "rule": _read_rule(row["rule"])} for row in rows.mappings()]


def _read_rule(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _plain(row: RowMapping) -> dict[str, Any]:
    """By names that are texts: SQLAlchemy's own, such as `by`, are of a class that orjson refuses."""
    return {str(name): value for name, value in row.items()}


def audit_page(connection: Connection, limit: int, after: int | None) -> dict[str, Any]:
    """{"entries": [...], "next": id or None}, the newest first; `after` is the last id seen."""
    chosen = [] if after is None else [audit.c.id < after]
    rows = connection.execute(
        select(audit).where(*chosen).order_by(audit.c.id.desc()).limit(limit + 1)
    ).mappings()
    entries = [_plain(row) for row in rows]
    more = len(entries) > limit
    return {"entries": entries[:limit], "next": entries[limit - 1]["id"] if more else None}


def extent(connection: Connection) -> dict[str, int]:
    """How many findings there are, and the number of the latest change: {"groups", "changes"}."""
    count = connection.execute(select(func.count()).select_from(groups)).scalar_one()
    latest = connection.execute(select(func.max(audit.c.id))).scalar()
    return {"groups": count, "changes": latest or 0}


class Writer:
    """Writes decisions into one store, each in a transaction of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: Engine | None = None
        self._opening = Lock()

    def write(self, what: Any, *arguments: Any, **more: Any) -> Any:
        """What a function of a connection says, once its transaction is committed.

        Raises:
            StoreError: the store cannot be written.
        """
        if not exists(self._url):
            raise StoreError("nothing was recorded yet: there is no store")
        with self._opening:
            if self._engine is None:
                self._engine = open_engine(self._url, is_writer=True)
        with told("written"), self._engine.begin() as connection:
            migrating.check(connection)
            return what(connection, *arguments, **more)

    def close(self) -> None:
        """Ends all connections."""
        if self._engine is not None:
            self._engine.dispose()


def set_state(url: str, group_id: str, state: str, said: str, actor: str, now: datetime) -> bool:
    """Marks a finding of a store; False if there is none.

    Raises:
        StoreError: the store cannot be written.
    """
    writer = Writer(url)
    try:
        done: bool = writer.write(decide, group_id, state, said, Actor(actor, now))
        return done
    finally:
        writer.close()
