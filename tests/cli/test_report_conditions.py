"""`--fail-on`: how conditions are read, and what a report says of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.cli.reporting.conditions import (
    UNITS,
    Conclusion,
    Name,
    Operator,
    Unit,
    read_condition,
)
from shadowproxy.cli.reporting.measuring import check
from shadowproxy.core.words import Verdict
from tests.cli.reports import COUNTS, RECORDED, empty, report

VALUES = {
    Unit.SHARE: ["0", "0.1%", "0.1 %", "0.001", "99.9%"],
    Unit.COUNT: ["1", "0012", "1000000"],
    Unit.DURATION: ["2ms", "1s500ms", "2 ms"],
    Unit.WORD: ["go", "No-Go", "not enough data", "not-enough-data"],
}
USUAL = {Unit.SHARE: "1%", Unit.COUNT: "1", Unit.DURATION: "2ms", Unit.WORD: "go"}


def say(text: str, document: Any) -> tuple[bool, str]:
    """Whether it fails the report, and the sentence."""
    outcome = check(read_condition(text), document)
    return outcome.is_failed, outcome.sentence


def verdicts(counts: dict[str, int]) -> dict[str, Any]:
    """As a report has them; those that are not named were never given."""
    return {verdict: {"count": counts.get(verdict, 0)} for verdict in Verdict}


def refusal(text: str) -> ValueError | None:
    """Why it is no condition, if it is none."""
    try:
        read_condition(text)
    except ValueError as error:
        return error
    return None


@given(
    name=st.sampled_from(Name),
    operator=st.sampled_from([*Operator, "="]),
    spaces=st.sampled_from(["", " ", "\t "]),
    data=st.data(),
)
def test_what_is_well_formed_is_read(
    name: Name, operator: str, spaces: str, data: st.DataObject
) -> None:
    """Any name with any operator and value of its kind, spaces or none; `=` is `==`."""
    value = data.draw(st.sampled_from(VALUES[UNITS[name]]))
    if UNITS[name] is Unit.WORD:
        operator = "!=" if operator == "!=" else "=="
    if operator == "<" and value == "0":
        operator = "<="
    condition = read_condition(f"{spaces}{name}{spaces}{operator}{spaces}{value}{spaces}")
    assert condition.name is name
    assert condition.operator == {"=": "=="}.get(operator, operator)


@given(
    st.text(max_size=250)
    | st.builds("{}{}{}".format, st.sampled_from(Name), st.sampled_from(Operator), st.text())
)
def test_nothing_else_than_a_refusal_comes_of_any_text(text: str) -> None:
    """Its sentence says what would be right, in one line, and repeats nothing."""
    said = refusal(text)
    if said is not None:
        assert type(said) is ValueError
        assert str(said).isprintable()
        assert any(word in str(said) for word in ("expected", "unknown", "never", "is 1%"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mismach>1%", "unknown name; did you mean mismatch?"),
        ("candidate-failed>1%", "unknown name; did you mean candidate_failed?"),
        ("Added_P99>1ms", "unknown name; did you mean added_p99?"),
        ("x>1", "unknown name; known are mismatch, candidate_failed, incomparable, noise"),
        ("mismatch", "in quotes, for the shell takes < and > for itself"),
        ("", "in quotes, for the shell takes < and > for itself"),
        ("mismatch=>1%", "expected a share such as 5% or 0.05"),
        ("mismatch>", "expected a share such as 5% or 0.05"),
        ("mismatch>5", "expected a share from 0% to 100% (0 to 1)"),
        ("mismatch>1", "no share is more than 1, which is 100%; one in a hundred is 1%"),
        ("mismatch<0%", "nothing is less than that: the condition would never hold"),
        ("findings<0", "nothing is less than that: the condition would never hold"),
        ("findings>1%", "expected a whole number such as 0 or 1000"),
        ("findings>-1", "expected a whole number such as 0 or 1000"),
        ("added_p99>900us", "expected a duration such as 250ms, 10s, 5m or 1h"),
        ("added_p99>2", "expected a duration such as 250ms, 10s, 5m or 1h"),
        ("conclusion>go", "expected == or !=: a conclusion is a word"),
        ("conclusion!=fine", "expected go, no-go, not enough data"),
        ("mismatch > 1% " + " " * 300, "of at most 200 characters"),
        ("mismatch>1%>2%", "expected a share such as 5% or 0.05"),
        (">1%", "expected NAME OPERATOR VALUE such as 'mismatch>0.1%'"),
    ],
)
def test_a_wrong_condition_says_what_is_right(text: str, said: str) -> None:
    """One that could never fail a report is wrong, too."""
    assert said in str(refusal(text))


@pytest.mark.parametrize(
    ("text", "fails", "said"),
    [
        ("mismatch>0.1%", True, "mismatch is 0.42 % (312 of 74,210), more than 0.1 %"),
        ("mismatch>0.5%", False, "mismatch is 0.42 % (312 of 74,210), not more than 0.5 %"),
        ("mismatch>0.42%", True, "mismatch is 0.4204 % (312 of 74,210), more than 0.42 %"),
        ("candidate_failed>=0.05%", True,
         "candidate_failed is 0.0539 % (40 of 74,210), at least 0.05 %"),
        ("incomparable==0", False, "incomparable is 0.0647 % (48 of 74,210), not exactly 0 %"),
        ("noise<=5.2%", True, "noise is 5.12 % (3,800 of 74,210), at most 5.2 %"),
        ("findings>0", True, "findings is 3 (open, of 4), more than 0"),
        ("new>1", True, "new is 2 (of 3 open), more than 1"),
        ("new>2", False, "new is 2 (of 3 open), not more than 2"),
        ("errors>0", True, "errors is 2 (of 80,000 answers), more than 0"),
        ("added_p99>0.5ms", True, "added_p99 is 0.9 ms (of 80,000 answers), more than 0.5 ms"),
        ("added_p99>2ms", False, "added_p99 is 0.9 ms (of 80,000 answers), not more than 2 ms"),
        ("coverage<95%", True, "coverage is 92.8 % (74,210 of 80,000), less than 95 %"),
        ("recorded<100000", True, "recorded is 74,210, less than 100,000"),
        ("recorded!=1", True, "recorded is 74,210, other than 1"),
        ("conclusion!=go", True, "conclusion is no-go, not go: The candidate differs from legacy"),
        ("conclusion==no-go", True, "conclusion is no-go: The candidate differs from legacy"),
        ("conclusion=go", False, "conclusion is no-go, not go: The candidate differs from legacy"),
    ],
)  # fmt: skip
def test_a_condition_is_told_with_its_numbers(text: str, fails: bool, said: str) -> None:
    """Whether it fails the report or not; a limit never reads like the value that is beyond it."""
    assert say(text, report()) == (fails, said)


@pytest.mark.parametrize("name", [name for name in Name if name is not Name.RECORDED])
@pytest.mark.parametrize("operator", ["==", "!="])
def test_an_empty_report_passes_nothing(name: Name, operator: str) -> None:
    """Neither a condition nor its opposite, but those about its conclusion."""
    fails, said = say(f"{name}{operator}{USUAL[UNITS[name]]}", empty())
    if name is Name.CONCLUSION:
        assert fails is (operator == "!=")
        assert said == "conclusion is not enough data, not go: Nothing was compared yet"
    else:
        assert fails
        assert said.startswith(f"{name} cannot be told: ")


@pytest.mark.parametrize("name", Name)
@pytest.mark.parametrize("wrong", [None, "7", True, -1, 0.5, 10**30, [], {}])
def test_a_report_that_does_not_say_passes_nothing(name: Name, wrong: Any) -> None:
    """Members that are not there, or are no counts, are not taken for nothing."""
    sections = ("conclusion", "users", "exchanges", "verdicts")
    document = report(open=wrong, findings=wrong, groups=wrong, **dict.fromkeys(sections, wrong))
    fails, said = say(f"{name}=={USUAL[UNITS[name]]}", document)
    assert fails
    assert said.startswith(f"{name} cannot be told: ")


def test_a_guard_against_emptiness_is_one() -> None:
    """`recorded<1000` of nothing."""
    assert say("recorded<1000", empty()) == (True, "recorded is 0, less than 1,000")


@pytest.mark.parametrize(
    ("changes", "fails", "said"),
    [
        ({}, True, "new is 2 (of 3 open), more than 0"),
        ({"new": 0}, False, "new is 0 (of 3 open), not more than 0"),
        ({"new": 0, "versions": []}, False, "new is 0 (of 3 open), not more than 0"),
        ({"new": 1, "versions": [], "since": None}, True, "new is 1 (of 3 open), more than 0"),
        ({"new": 0, "versions": [], "since": None}, True, "new cannot be told: nothing says"),
        ({"new": None}, True, "new cannot be told"),
    ],
)
def test_what_is_new(changes: dict[str, Any], fails: bool, said: str) -> None:
    """What the report says; without a window and without versions none is old, and it fails."""
    document = report(**{"since": "2026-11-28T09:00:00+00:00", **changes})
    told = say("new>0", document)
    assert told[0] is fails
    assert told[1].startswith(said)


@given(limit=st.integers(0, 100_000), operator=st.sampled_from(Operator))
def test_shares_are_compared_as_what_they_are(limit: int, operator: Operator) -> None:
    """As counts would be: no rounding of either side decides."""
    text = f"mismatch{operator}{limit / 1000:.3f}%"
    if (operator is Operator.LESS and not limit) or (
        operator is Operator.MORE and limit == 100_000
    ):
        return
    ours, theirs = COUNTS[Verdict.MISMATCH] * 100_000, limit * RECORDED
    holds = {">": ours > theirs, ">=": ours >= theirs, "<": ours < theirs, "<=": ours <= theirs,
             "==": ours == theirs, "!=": ours != theirs}[operator]  # fmt: skip
    assert say(text, report())[0] is holds


@given(st.integers(1, 999), st.integers(1, 999))
def test_a_limit_that_is_met_exactly_is_met(part: int, thousand: int) -> None:
    """`mismatch>0.3%` holds not of 3 in 1,000, and `mismatch>=0.3%` does."""
    counts = {"mismatch": part * thousand, "match": (1000 - part) * thousand}
    document = report(verdicts=verdicts(counts))
    assert not say(f"mismatch>{part / 10:.1f}%", document)[0]
    assert say(f"mismatch>={part / 10:.1f}%", document)[0]


def test_of_one_endpoint_shares_are_of_its_own_exchanges() -> None:
    """Users and what was received are not told apart by endpoint, which is said."""
    document = report(endpoint="GET /cart/{id}", verdicts=verdicts({"mismatch": 1, "match": 9}))
    assert say("mismatch>1%", document) == (True, "mismatch is 10 % (1 of 10), more than 1 %")
    assert say("recorded<11", document) == (True, "recorded is 10, less than 11")
    for text, said in (
        ("coverage<99%", "coverage is 92.8 % (74,210 of 80,000 at all endpoints), less than 99 %"),
        ("errors>0", "errors is 2 (of 80,000 answers at all endpoints), more than 0"),
    ):
        assert say(text, document) == (True, said)


def test_every_conclusion_can_be_asked_for() -> None:
    """By its own word."""
    for word in Conclusion:
        document = report(conclusion={"word": word, "sentence": ""})
        assert say(f"conclusion=={word}", document) == (True, f"conclusion is {word}")
