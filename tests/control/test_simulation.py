"""Trying a rule on what is stored: what it would hide, what is dangerous about that, in time."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from shadowproxy.control import deciding, simulation
from shadowproxy.core.settings import CompareSettings
from shadowproxy.report.batch import Rename
from tests.control.filling import CART, Filling, shop
from tests.control.running import SETTINGS, Control, controlling
from tests.support.waiting import alongside

PRICE, OWNER = "/items/*/price", "/owner"
COERCE = {"path": "$.items[*].price", "coerce": "string"}


async def simulate(control: Control, rule: Any, **more: Any) -> Any:
    answer = await control.ask("POST", "/api/v1/rules/simulate", json={"rule": rule, **more})
    assert answer.status == 200, answer.text
    return answer.json


async def test_it_says_what_would_be_hidden() -> None:
    """Counted in stored exchanges, with the finding that is hidden wholly; nothing is changed."""
    async with controlling() as control:
        filling, found = shop()
        filling.write(control.store)
        said = await simulate(control, {"path": "$.owner", "ignore": True})
        assert (said["pairs"], said["mismatches"], said["hidden_differences"]) == (2, 2, 2)
        assert (said["hidden_mismatches"], said["are_all"]) == (0, True)
        assert (said["groups"], said["dangerous"]) == ([found[OWNER]], False)
        (example,) = said["examples"]
        assert (example["endpoint"], example["path"], example["kind"]) == (CART, OWNER, "changed")
        assert (example["legacy"], example["candidate"]) == ("Ada", "Bob")
        assert said["sentence"].endswith("0 of 2 mismatches would be gone")
        both = await simulate(control, {"path": "$", "ignore": True})
        assert both["hidden_mismatches"] == 2
        assert set(both["groups"]) == set(found.values())
        assert (await control.get("/api/v1/rules")).json["rules"] == []
        assert control.process.settings.generation == 1


async def test_what_leaves_its_class_is_dangerous() -> None:
    """A type that changed is more than noise, and comes first among the examples."""
    async with controlling() as control:
        shop()[0].write(control.store)
        said = await simulate(control, {"path": "$", "ignore": True})
        assert said["dangerous"] is True
        assert said["leaving_class"] == 2
        assert said["examples"][0]["leaves_class"] is True
        assert "more than noise" in said["sentence"]
        assert (await simulate(control, {"path": "$.owner", "ignore": True}))["dangerous"] is False


async def test_examples_carry_values_as_they_are() -> None:
    """A number is told from a text, null from nothing; what is secret or long is not shown whole."""
    legacy = {"n": 1, "t": "1", "z": None, "gone": 5, "password": "one", "long": "x" * 900}
    candidate = {"n": "1", "t": 2.5, "z": {"a": [1]}, "password": "two", "long": "y" * 900}
    async with controlling() as control:
        filling = Filling()
        filling.differ(legacy, candidate)
        filling.write(control.store)
        said = await simulate(control, {"path": "$", "ignore": True})
    sides = {
        each["path"]: {side: each[side] for side in ("legacy", "candidate") if side in each}
        for each in said["examples"]
    }
    assert sides["/n"] == {"legacy": 1, "candidate": "1"}
    assert sides["/t"] == {"legacy": "1", "candidate": 2.5}
    assert sides["/z"] == {"legacy": None, "candidate": {"a": [1]}}
    assert sides["/gone"] == {"legacy": 5}
    assert len(sides["/long"]["legacy"]) < 300
    assert "/password" not in sides


async def test_a_rule_that_hides_nothing_says_so() -> None:
    """With what may be wrong; without examples that is said, too."""
    async with controlling() as control:
        Filling().write(control.store)
        nothing = await simulate(control, {"path": "$.owner", "ignore": True})
        assert nothing["sentence"] == "there are no stored examples to try it on yet"
        shop()[0].write(control.store)
        missed = await simulate(control, {"path": "$.ovner", "ignore": True})
        assert "is its path right?" in missed["sentence"]
        assert missed["groups"] == []


async def test_a_finding_that_is_not_hidden_everywhere_is_not_hidden() -> None:
    """One stored example of it that is left is enough."""
    async with controlling() as control:
        filling = Filling()
        found = filling.differ({"a": 1}, {"a": 2})
        filling.differ({"a": 1}, {"a": 900})
        filling.write(control.store)
        near = await simulate(control, {"path": "$.a", "numbers": {"abs": 5}})
        assert (near["hidden_differences"], near["groups"]) == (1, [])
        assert (await simulate(control, {"path": "$.a", "ignore": True}))["groups"] == [found["/a"]]


async def test_a_finding_whose_values_were_redacted_is_not_hidden() -> None:
    """Its stored answers look alike, whatever the rule: nobody knows what it would do."""
    async with controlling() as control:
        filling = Filling()
        found = filling.differ(
            {"token": "aaaaaaaaaaaa", "owner": "Ada"}, {"token": "bbbbbbbbbbbb", "owner": "Bob"}
        )
        assert set(found) == {"/token", OWNER}
        filling.write(control.store)
        said = await simulate(control, {"path": "$.owner", "ignore": True})
        assert said["groups"] == [found[OWNER]]
        assert "bbbbbbbbbbbb" not in json.dumps(said)


async def test_a_rule_for_an_endpoint_is_tried_there_alone() -> None:
    """What other endpoints show stays; a finding's own examples come first."""
    async with controlling() as control:
        filling = Filling()
        (here,) = filling.differ({"a": 1}, {"a": 2}, endpoint="GET /here").values()
        (there,) = filling.differ({"a": 1}, {"a": 2}, endpoint="GET /there").values()
        filling.write(control.store)
        rule = {"path": "$.a", "ignore": True}
        assert (await simulate(control, rule, endpoint="GET /here"))["groups"] == [here]
        assert set((await simulate(control, rule))["groups"]) == {here, there}
        own = await simulate(control, rule, group=there)
        assert own["examples"][0]["endpoint"] == "GET /there"


async def test_what_the_configuration_hides_already_is_not_counted() -> None:
    """Only what the rule adds."""
    settings = CompareSettings(rules=({"path": "$.owner", "ignore": True},))
    async with controlling(replace(SETTINGS, compare=settings)) as control:
        shop()[0].write(control.store)
        said = await simulate(control, {"path": "$", "ignore": True})
        assert said["hidden_differences"] == 2


async def test_all_kinds_of_answers_are_tried() -> None:
    """Statuses and other bodies than JSON objects are no fault of ours."""
    async with controlling() as control:
        filling = Filling()
        filling.differ({"a": 1}, {"error": "x"}, statuses=(200, 500))
        filling.differ([1, 2], "text")
        filling.differ({"a": [None, 1.5, "\x00\u202e"]}, {"a": [True, {}, "\U0001f600"]})
        filling.write(control.store)
        said = await simulate(control, {"path": "$", "ignore": True})
        assert said["pairs"] == 3


WRONG: list[tuple[Any, str]] = [
    ([], "expected a JSON object with the member rule"),
    ({"rule": "ignore"}, "the member rule, an object"),
    ({"rule": {"path": "$.a", "ignore": True}, "colour": 1}, "unknown members: colour"),
    ({"rule": {"path": "$.a", "ignore": True}, "endpoint": 5}, "expected texts"),
    ({"rule": {"path": "$.a", "ignore": True}, "endpoint": "cart"}, "endpoint: "),
    ({"rule": {"path": "a.b", "ignore": True}}, "path"),
    ({"rule": {"path": "$.a"}}, "a rule without an action"),
    ({"rule": {"path": "$.a", "ignroe": True}}, "did you mean ignore"),
    ({"rule": {"header": "x-age", "path": "$.a", "ignore": True}}, "header"),
    ({"rule": {"path": "$.a", "ignore": True, "reason": "\ud800"}}, "half of a character"),
    ({"rule": {}}, "expected"),
]


async def test_a_bad_rule_is_refused_in_the_words_of_the_configuration() -> None:
    """400 with what is right, to be tried or to be saved; nothing is saved."""
    async with controlling() as control:
        shop()[0].write(control.store)
        for body, said in WRONG:
            for path in ("/api/v1/rules/simulate", "/api/v1/rules"):
                answer = await control.ask("POST", path, data=json.dumps(body).encode())
                assert said in answer.refuses(400)
        assert (await control.get("/api/v1/rules")).json["rules"] == []


async def test_a_simulation_ends_in_time_and_says_how_far_it_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was not looked at is not said to be hidden."""
    monkeypatch.setattr(simulation, "MAX_S", 0.0)
    async with controlling() as control:
        shop()[0].write(control.store)
        said = await simulate(control, {"path": "$.owner", "ignore": True})
        assert (said["pairs"], said["are_all"], said["groups"]) == (1, False, [])
        assert said["sentence"].startswith("not all stored examples were looked at")


async def test_one_rule_is_tried_at_a_time_and_everything_else_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ten people who simulate neither stop each other nor anybody who reads."""
    at_once: list[int] = [0, 0]

    def counted(*arguments: Any) -> Any:
        at_once[0] += 1
        at_once[1] = max(at_once)
        try:
            return simulation.try_rule(*arguments)
        finally:
            at_once[0] -= 1

    monkeypatch.setattr(deciding, "try_rule", counted)
    async with controlling() as control:
        filling = Filling()
        body = {f"m{number}": number for number in range(300)}
        for number in range(40):
            filling.differ(body, body | {"owner": number}, samples=3)
        filling.write(control.store)
        done = 0

        async def tried() -> None:
            nonlocal done
            await simulate(control, {"path": "$.owner", "ignore": True})
            done += 1

        loop = asyncio.get_running_loop()
        slowest_s = 0.0
        async with asyncio.TaskGroup() as people:
            for _ in range(10):
                people.create_task(tried())
            while done < 10:
                began_s = loop.time()
                assert (await control.get("/api/v1/groups?limit=1")).status == 200
                slowest_s = max(slowest_s, loop.time() - began_s)
        assert slowest_s < 1.5
        assert at_once == [0, 1]


async def test_an_endpoint_that_was_renamed_since_is_tried_under_its_new_name() -> None:
    """Stored exchanges keep the old one; the finding's own is what counts."""
    async with controlling() as control:
        filling = Filling()
        filling.differ({"a": 1}, {"a": 2}, endpoint="GET /users/41")
        filling.write(control.store)
        renaming = Filling()
        renaming.batch.rename(Rename("GET /users/41", "GET /users/{int}", "GET /users/{int}"))
        renaming.write(control.store)
        (group,) = (await control.get("/api/v1/groups")).json["groups"]
        assert group["endpoint"] == "GET /users/{int}"
        rule = {"path": "$.a", "ignore": True}
        said = await simulate(control, rule, endpoint="GET /users/{int}", group=group["id"])
        assert said["groups"] == [group["id"]]
        async with alongside(control.follow()):
            body = {"rule": rule, "endpoint": "GET /users/{int}"}
            assert (await control.ask("POST", "/api/v1/rules", json=body)).status == 201
        explained = (await control.get(f"/api/v1/groups/{group['id']}")).json
        assert explained["state"] == "expected"
        assert datetime.fromisoformat(explained["state_since"]) <= datetime.now(UTC)
