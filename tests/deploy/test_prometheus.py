"""The alerts: valid, about metrics that exist, tested by promtool, with words that help."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.promtool import promtool
from tests.deploy.queries import exposition

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
ALERTS = FOLDER / "alerts.yml"
TESTS = FOLDER / "alerts_test.yml"

RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
]
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _seconds(text: str) -> int:
    return int(text[:-1]) * _SECONDS[text[-1]]


@cache
def _tests() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(TESTS.read_text())["tests"]
    return found


def _expected(alert: str) -> list[list[Any]]:
    """What each unit test of an alert expects."""
    return [
        case["exp_alerts"]
        for test in _tests()
        for case in test["alert_rule_test"]
        if case["alertname"] == alert
    ]


@pytest.fixture(params=RULES, ids=lambda rule: str(rule["alert"]))
def rule(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each alert."""
    found: dict[str, Any] = request.param
    return found


def test_promtool_accepts_the_rules() -> None:
    """`promtool check rules` has no complaint, of the linter neither."""
    result = promtool("check", "rules", "--lint=all", "--lint-fatal", ALERTS)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
def test_alerts_fire_when_they_should_and_not_otherwise() -> None:
    """`promtool test rules`: time series in, messages out."""
    result = promtool("test", "rules", TESTS)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_alert_is_tested_for_both(rule: dict[str, Any]) -> None:
    """Some case expects it with all that people read, and some case expects silence."""
    expected = _expected(rule["alert"])
    assert any(alerts for alerts in expected)
    assert any(not alerts for alerts in expected)


def test_names_are_unique() -> None:
    """A silence by name silences one alert."""
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names))


def test_it_asks_for_what_control_renders(rule: dict[str, Any], tmp_path: Path) -> None:
    """Every metric, label and value of the expression exists."""
    assert list(exposition(tmp_path).complaints(rule["expr"])) == []


def test_it_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    """A severity of three, a summary of one line, a description of some."""
    assert rule["labels"] in ({"severity": each} for each in ("critical", "warning", "info"))
    summary, description = rule["annotations"]["summary"], rule["annotations"]["description"]
    assert len(summary) <= 120
    assert len(description) >= 100
    assert "\n" not in summary + description


def test_the_labels_that_it_names_are_there(rule: dict[str, Any]) -> None:
    """A message never has a hole where a label should be."""
    named = {
        label
        for text in rule["annotations"].values()
        for label in re.findall(r"\$labels\.(\w+)", text)
    }
    fired = [alert for alerts in _expected(rule["alert"]) for alert in alerts]
    assert all(named <= set(alert["exp_labels"]) for alert in fired)


def test_one_burst_does_not_fire_it(rule: dict[str, Any]) -> None:
    """A burst is in sight for a window: `for` is longer, or 0 because one is enough."""
    waits_s = _seconds(rule["for"])
    bare = re.sub(r"last_over_time\([^)]*\)", "", rule["expr"])
    windows_s = [_seconds(window) for window in re.findall(r"\[(\w+)\]", bare)]
    assert waits_s == 0 or all(window_s < waits_s for window_s in windows_s)


def test_every_wait_is_argued_for() -> None:
    """The line above each `for` is a comment."""
    lines = [line.strip() for line in ALERTS.read_text().splitlines()]
    waits = [number for number, line in enumerate(lines) if line.startswith("for: ")]
    assert len(waits) == len(RULES)
    assert [lines[number] for number in waits if not lines[number - 1].startswith("# ")] == []
