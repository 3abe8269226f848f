"""What the judge tells of the rules that are in force."""

from typing import Any

import pytest
from sqlalchemy import Connection

from shadowproxy.compare import usage
from shadowproxy.compare.ruleset import Rules
from shadowproxy.core.settings import CompareSettings
from shadowproxy.judge import serving
from shadowproxy.judge.knowledge import Knowledge
from shadowproxy.report.learned import rules_of
from tests.judge.playing import Played, judged
from tests.support.waiting import until

Capture = pytest.CaptureFixture[str]

RULES = (
    {"path": "$.price", "ignore": True},
    {"path": "$.prize", "ignore": True, "reason": "misspelt"},
    {"header": "x-nobody", "ignore": True},
    {"path": "$.old", "ignore": True, "expires": "2020-01-01"},
)
OWN = (("GET /items/{id}", ({"path": "$..nothing", "numbers": "strict"},)),)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten answers are enough to know that a rule matches nothing."""
    monkeypatch.setattr(usage, "FIRST_RESPONSES", 10)


async def shown(played: Played, responses: int) -> dict[str, Any]:
    """The rows by path or header, once so many answers were looked into."""

    def rows(connection: Connection) -> list[dict[str, Any]]:
        found = rules_of(connection)
        return found if len(found) > 1 and found[1]["responses"] >= responses else []

    found = await played.stored(rows, "the rules are shown")
    return {row["rule"].get("path") or row["rule"]["header"]: row for row in found}


def hits_in(saved: dict[str, Any]) -> int:
    """Of all rules."""
    return sum(each["hits"] for each in saved.get("usage", {}).get("rules", {}).values())


@pytest.mark.usefixtures("soon")
async def test_a_rule_that_matches_nothing_is_told_once(capfd: Capture) -> None:
    """Two misspelt paths and a field that nobody sends; the useful and the expired rule are not."""
    async with judged(capfd, compare=CompareSettings(rules=RULES, endpoints=OWN)) as played:
        for number in range(12):
            played.pair(f'{{"price": {number}, "name": 1}}', '{"price": 99, "name": 1}')
        await played.until_settled()
        await played.logged("rule_matched_nothing", 3)
        rows = await shown(played, 10)
        told = played.log("rule_matched_nothing")
        assert {each["rule"] for each in told} == {"$.prize", "x-nobody", "$..nothing"}
        assert {each["rule"]: each["endpoint"] for each in told}["$..nothing"] == "GET /items/{id}"
        assert (rows["$.price"]["hits"], rows["$.price"]["has_matched"]) == (12, True)
        assert rows["$.price"]["sentence"] == ""
        assert rows["$.prize"]["sentence"] == (
            "matched nothing in 10 answers of all endpoints that were looked into: "
            "is its path misspelt?"
        )
        assert rows["x-nobody"]["sentence"].endswith("is its header misspelt?")
        assert rows["$.old"]["is_expired"]
        assert rows["$.old"]["sentence"].startswith("expired")
    assert len(played.log("rule_matched_nothing")) == 3


async def test_the_use_of_rules_survives_the_judge(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hits and what was looked into are there again; no text of a rule is in the file."""
    monkeypatch.setattr(serving, "STATE_S", 0.1)
    async with judged(capfd, compare=CompareSettings(rules=RULES)) as played:
        for _ in range(3):
            played.pair('{"price": 1}', '{"price": 2}')
        await played.until_settled()
        saved = await until(
            lambda: [each for each in [played.document("judge.json")] if hits_in(each) == 3],
            "it is saved",
        )
        assert "prize" not in str(saved)
        successor = Knowledge(played.running.settings, b"k" * 32)
        successor.restore(saved[0], 0.0)
        successor.follow(Rules.read(played.running.settings.compare), 1.0)
        price, prize, *_ = successor.usage.standings(1.0)
        assert (price.hits, price.has_matched) == (3, True)
        assert (prize.hits, prize.responses) == (0, 3)


async def test_rules_are_shown_before_any_traffic(capfd: Capture) -> None:
    """Also those of a reload."""
    async with judged(capfd, compare=CompareSettings(rules=RULES[:2])) as played:
        rows = await shown(played, 0)
        assert [row["hits"] for row in rows.values()] == [0, 0]
        played.running.reload(compare=CompareSettings(rules=RULES))
        await played.stored(
            lambda connection: len(rules_of(connection)) == 4, "also those of a reload"
        )
