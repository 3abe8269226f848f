"""States of findings and saved rules: what they change, who is told, what is refused."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from shadowproxy.ipc.process import read_settings
from tests.control.filling import CART, Filling, shop
from tests.control.running import CONFIG, Answer, Control, controlling
from tests.support.waiting import alongside, until

PRICE, OWNER = "/items/*/price", "/owner"
RULE = {"path": "$.items[*].price", "coerce": "string"}


@asynccontextmanager
async def shopping(**options: Any) -> AsyncIterator[tuple[Control, Mapping[str, str]]]:
    """A control whose other processes follow, over the shop's store; findings by path."""
    async with controlling(**options) as control, alongside(control.follow()):
        filling, found = shop()
        filling.write(control.store)
        yield control, found


async def save(control: Control, rule: Any = RULE, **more: Any) -> Answer:
    return await control.ask("POST", "/api/v1/rules", json={"rule": rule, **more})


async def group(control: Control, group_id: str) -> Any:
    return (await control.get(f"/api/v1/groups/{group_id}")).json


async def audit(control: Control) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (await control.get("/api/v1/audit")).json["entries"]
    return entries


async def test_a_finding_is_marked_with_a_note() -> None:
    """Its state, since when, by whom and why; the answer is the finding; back to open clears it."""
    async with shopping() as (control, found):
        path = f"/api/v1/groups/{found[OWNER]}"
        for state in ("expected", "fixed"):
            answer = await control.ask("POST", path, json={"state": state, "note": "see SHOP-1"})
            assert answer.status == 200
            marked = answer.json
            assert (marked["id"], marked["state"], marked["note"]) == (
                found[OWNER], state, "see SHOP-1",
            )  # fmt: skip
            assert marked["state_by"] == "127.0.0.1"
            assert marked["state_since"]
        reopened = (await control.ask("POST", path, json={"state": "open"})).json
        assert (reopened["state"], reopened["state_since"]) == ("open", None)
        assert (await group(control, found[PRICE]))["state"] == "open"


async def test_a_fixed_finding_that_comes_back_is_flagged() -> None:
    """It stays marked fixed, and is listed as returned."""
    async with shopping() as (control, found):
        path = f"/api/v1/groups/{found[OWNER]}"
        await control.ask("POST", path, json={"state": "fixed"})
        assert not (await group(control, found[OWNER]))["returned"]
        again = Filling(age_s=-1)
        again.differ({"owner": "Ada"}, {"owner": "Bob"})
        again.write(control.store)
        assert (await group(control, found[OWNER]))["returned"]
        listed = (await control.get("/api/v1/groups?state=returned")).json["groups"]
        assert [each["id"] for each in listed] == [found[OWNER]]


async def test_a_finding_that_there_is_not_is_not_marked() -> None:
    """404, and nothing in the audit."""
    async with shopping() as (control, _):
        answer = await control.ask("POST", "/api/v1/groups/none", json={"state": "fixed"})
        assert answer.refuses(404) == "no such finding"
        assert await audit(control) == []


WRONG = [
        (b"", "JSON"), (b"[]", "state: expected open, expected or fixed"), (b"{}", "state"),
        (b'{"state": "returned"}', "state"), (b'{"state": ["open"]}', "state"),
        (b'{"state": "open", "colour": 1}', "unknown members: colour"),
        (b'{"state": "open", "note": 5}', "note: expected a text of at most 1,000"),
        (b'{"state": "open", "note": "%s"}' % (b"x" * 1001), "note"),
        (b'{"state": "open", "\\ud800": 1}', "unknown members"),
]  # fmt: skip


async def test_a_wrong_decision_is_refused() -> None:
    """400 with what is right; the finding stays as it is."""
    async with shopping() as (control, found):
        for body, said in WRONG:
            answer = await control.ask("POST", f"/api/v1/groups/{found[OWNER]}", data=body)
            assert said in answer.refuses(400)
        assert (await group(control, found[OWNER]))["state"] == "open"


async def test_every_decision_is_audited() -> None:
    """Who, what, before, after and why, the newest first; paging visits all."""
    async with shopping() as (control, found):
        path = f"/api/v1/groups/{found[OWNER]}"
        await control.ask("POST", path, json={"state": "fixed", "note": "a"})
        await control.ask("POST", path, json={"state": "open", "note": "b"})
        rule = (await save(control, reason="SHOP-12")).json["id"]
        await control.ask("DELETE", f"/api/v1/rules/{rule}")
        await control.ask("PUT", "/api/v1/dials/shadow.sample", json={"value": "5%", "reason": "r"})
        entries = await audit(control)
        shown = [
            (each["action"], each["subject"], each["before"], each["after"], each["reason"])
            for each in entries
        ]
        saved = f" {json.dumps(dict(sorted(RULE.items())), separators=(',', ':'))}"
        assert shown == [
            ("dial", "shadow.sample", "100%", "5%", "r"),
            ("rule deleted", rule, saved, "", ""),
            ("rule saved", rule, "", f"{saved.strip()}; findings explained: 1", "SHOP-12"),
            ("finding", found[OWNER], "fixed", "open", "b"),
            ("finding", found[OWNER], "open", "fixed", "a"),
        ]
        assert {each["actor"] for each in entries} == {"127.0.0.1"}
        following: int | str | None = ""
        paged: list[dict[str, Any]] = []
        while following is not None:
            query = "?limit=2" + (f"&after={following}" if following else "")
            page = (await control.get(f"/api/v1/audit{query}")).json
            paged += page["entries"]
            following = page["next"]
        assert paged == entries


async def test_a_saved_rule_is_in_force_at_once() -> None:
    """A new generation with it, which every process has when the answer comes; it is listed."""
    async with shopping() as (control, found):
        answer = await save(control, reason="SHOP-12", group=found[PRICE])
        assert answer.status == 201
        saved = answer.json
        assert saved["groups"] == [found[PRICE]]
        settings = read_settings(control.folder)
        assert settings.generation == 2
        assert settings.compare.saved == ((saved["id"], "", RULE),)
        assert all(other.settings.generation == 2 for other in control.others.values())
        (listed,) = (await control.get("/api/v1/rules")).json["rules"]
        assert (listed["id"], listed["source"], listed["reason"], listed["by"]) == (
            saved["id"], "saved", "SHOP-12", "127.0.0.1",
        )  # fmt: skip


async def test_findings_that_it_hides_are_expected_until_it_is_deleted() -> None:
    """And name it; others stay open. Deleting it opens them again and takes it out of force."""
    async with shopping() as (control, found):
        rule = (await save(control, reason="SHOP-12")).json["id"]
        explained = await group(control, found[PRICE])
        assert (explained["state"], explained["rule"]) == ("expected", rule)
        assert "SHOP-12" in explained["note"]
        assert (await group(control, found[OWNER]))["state"] == "open"
        deleted = await control.ask("DELETE", f"/api/v1/rules/{rule}")
        assert deleted.json == {"id": rule, "deleted": True, "in_force": False}
        reopened = await group(control, found[PRICE])
        assert (reopened["state"], reopened["rule"], reopened["note"]) == ("open", None, "")
        settings = read_settings(control.folder)
        assert (settings.generation, settings.compare.saved) == (3, ())
        assert (await control.get("/api/v1/rules")).json["rules"] == []
        again = await control.ask("DELETE", f"/api/v1/rules/{rule}")
        assert "configuration file" in again.refuses(404)


async def test_the_same_rule_is_saved_once() -> None:
    """Under one id, with one line in the audit."""
    async with shopping() as (control, _):
        ids = {
            (await save(control, rule)).json["id"] for rule in (RULE, dict(reversed(RULE.items())))
        }
        assert len(ids) == 1
        assert len(await audit(control)) == 1
        other = (await save(control, endpoint=CART)).json["id"]
        assert {other} != ids


async def test_saved_rules_survive_reload_and_restart(tmp_path: Path) -> None:
    """Of the file, and of control itself."""
    async with shopping(folder=tmp_path, config=CONFIG) as (control, found):
        rule = (await save(control)).json["id"]
        (tmp_path / "shadowproxy.yaml").write_text(CONFIG + "shadow: {sample: 5%}\n")
        assert (await control.ask("POST", "/api/v1/reload")).status == 200
        settings = read_settings(tmp_path)
        assert (settings.shadow.sample, settings.compare.saved) == (0.05, ((rule, "", RULE),))
    async with controlling(folder=tmp_path) as control, alongside(control.follow()):
        assert (await group(control, found[PRICE]))["rule"] == rule
        assert control.process.settings.compare.saved == ((rule, "", RULE),)
        await control.ask("DELETE", f"/api/v1/rules/{rule}")
        assert read_settings(tmp_path).compare.saved == ()


async def test_rules_hide_nothing_that_they_only_partly_explain() -> None:
    """A finding of which one stored example is left stays open."""
    async with controlling() as control, alongside(control.follow()):
        filling = Filling()
        found = filling.differ({"a": 1}, {"a": 2})
        assert filling.differ({"a": 1}, {"a": 900}) == found
        filling.write(control.store)
        rule = {"path": "$.a", "numbers": {"abs": 5}}
        saved = (await save(control, rule)).json
        assert saved["groups"] == []
        assert (await group(control, found["/a"]))["state"] == "open"


async def test_decisions_wait_for_nobody() -> None:
    """Two at once are both kept."""
    async with shopping() as (control, found):
        bodies = [(found[PRICE], "fixed"), (found[OWNER], "expected")]

        async def mark(group_id: str, state: str) -> None:
            path = f"/api/v1/groups/{group_id}"
            assert (await control.ask("POST", path, json={"state": state})).status == 200

        async with alongside(mark(*bodies[0])) as one, alongside(mark(*bodies[1])) as other:
            await until(lambda: one.done() and other.done(), "both are marked")
        for group_id, state in bodies:
            assert (await group(control, group_id))["state"] == state
