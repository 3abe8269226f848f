"""Saved rules of a store that several proxies share: all have the same in force."""

import json
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from shadowproxy.control import saved
from shadowproxy.ipc.process import read_settings
from shadowproxy.report.deciding import Actor, Writer, delete_rule, save_rule
from tests.control.filling import Filling
from tests.control.running import Control, controlling
from tests.support.waiting import alongside, until

RULE = {"path": "$.a", "ignore": True}
OTHER = Actor("another proxy", datetime.now(UTC))


def elsewhere(control: Control, what: Any, *arguments: Any) -> Any:
    """What another proxy of the same store writes."""
    writer = Writer(control.store)
    try:
        return writer.write(what, *arguments, OTHER)
    finally:
        writer.close()


def in_force(control: Control) -> tuple[Any, ...]:
    return control.process.settings.compare.saved


async def test_rules_of_another_proxy_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Saved there, in force here; and out of force when they are deleted there."""
    assert saved.EVERY_S <= 5
    monkeypatch.setattr(saved, "EVERY_S", 0.3)
    async with controlling() as control, alongside(control.follow()):
        Filling().write(control.store)
        rule = elsewhere(control, save_rule, RULE, "", "", [])
        await until(lambda: in_force(control) == ((rule, "", RULE),), "followed", 8)
        assert read_settings(control.folder).compare.saved == ((rule, "", RULE),)
        elsewhere(control, delete_rule, rule)
        await until(lambda: in_force(control) == (), "followed", 8)


async def test_a_rule_that_this_release_cannot_read_is_left_out_and_said() -> None:
    """Once; the others are in force."""
    async with controlling() as control, alongside(control.follow()):
        Filling().write(control.store)
        bad = elsewhere(control, save_rule, {"path": "$.a", "divine": True}, "", "", [])
        good = elsewhere(control, save_rule, RULE, "", "", [])
        await until(lambda: in_force(control) == ((good, "", RULE),), "followed", 8)
        answer = await control.ask("POST", "/api/v1/rules", json={"rule": {**RULE, "path": "$.b"}})
        assert answer.status == 201
        assert len(in_force(control)) == 2
        (event,) = control.events("saved_rule_unusable")
        assert event["rule"] == bad
        assert "divine" in event["error"]
        shown = (await control.get("/api/v1/rules")).json["rules"]
        assert {each["id"] for each in shown} >= {bad, good}


async def test_a_full_runtime_folder_keeps_what_is_in_force(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A rule that is saved then is said not to be in force yet, once, and is as soon as it can be."""
    monkeypatch.setattr(saved, "EVERY_S", 0.1)
    async with controlling() as control, alongside(control.follow()):
        Filling().write(control.store)
        draft = control.folder / f"settings.json.{os.getpid()}.draft"
        draft.mkdir()  # what is in the way of writing, for root too
        ids = []
        for path in ("$.a", "$.b", "$.c"):
            rule = {**RULE, "path": path}
            answer = await control.ask("POST", "/api/v1/rules", json={"rule": rule})
            assert (answer.status, answer.json["in_force"]) == (201, False)
            ids.append(answer.json["id"])
        assert in_force(control) == ()
        assert (await control.get("/livez")).status == 200
        assert len(control.events("saved_rules_not_in_force")) == 1
        draft.rmdir()
        await until(lambda: len(in_force(control)) == 3, "followed", 8)
        deleted = await control.ask("DELETE", f"/api/v1/rules/{ids[0]}")
        assert deleted.json["in_force"] is False
        assert len(in_force(control)) == 2


async def test_a_row_that_nobody_can_read_ends_nothing() -> None:
    """Control lives on and says so."""
    async with controlling() as control, alongside(control.follow()):
        Filling().write(control.store)
        await control.ask("POST", "/api/v1/rules", json={"rule": RULE})
        with closing(sqlite3.connect(control.store.removeprefix("sqlite:///"))) as other, other:
            other.execute("UPDATE rules SET rule = 'no rule'")

        def is_said() -> bool:
            return bool(control.events("control_error") + control.events("saved_rule_unusable"))

        await until(is_said, "said", 8)
        assert (await control.get("/livez")).status == 200


async def test_a_store_that_goes_takes_no_rule_out_of_force() -> None:
    """What was saved stays until the store says otherwise."""
    async with controlling() as control, alongside(control.follow()):
        Filling().write(control.store)
        answer = await control.ask("POST", "/api/v1/rules", json={"rule": RULE})
        rule = answer.json["id"]
        control.lose_store()
        (await control.get("/api/v1/rules")).refuses(503)
        other = await control.ask("POST", "/api/v1/rules", json={"rule": {**RULE, "path": "$.b"}})
        other.refuses(503)
        assert in_force(control) == ((rule, "", RULE),)
        settings = json.loads((control.folder / "settings.json").read_bytes())
        assert [each[0] for each in settings["compare"]["saved"]] == [rule]
