"""The report as JUnit's XML, read back by another parser."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from shadowproxy.cli.reporting.conditions import read_condition
from shadowproxy.cli.reporting.junit import render_junit
from shadowproxy.cli.reporting.measuring import check
from tests.cli.reports import HOSTILE, empty, group, report, spoilt


def read(document: Any, *conditions: str) -> etree._Element:
    """The root; every suite's counts are those of its cases."""
    outcomes = [check(read_condition(text), document) for text in conditions]
    shown = render_junit(document, outcomes)
    assert shown.isascii()
    root = etree.fromstring(shown.encode())
    assert root.tag == "testsuites"
    for element in (root, *root.findall("testsuite")):
        assert element.get("tests") == str(len(element.findall(".//testcase")))
        assert element.get("failures") == str(len(element.findall(".//failure")))
        assert element.get("errors") == "0"
    return root


def cases(root: etree._Element) -> list[tuple[str | None, str | None, str | None]]:
    """(classname, name, why it failed)."""
    found = []
    for case in root.iter("testcase"):
        failure = case.find("failure")
        why = None if failure is None else failure.get("message")
        found.append((case.get("classname"), case.get("name"), why))
    return found


def test_a_case_for_each_condition_and_each_open_finding() -> None:
    """A condition that is met and an open finding fail; what is expected is no case."""
    root = read(report(), "mismatch > 0.1%", "findings>3")
    said = (
        "number became string in {} of 10,412 answers of GET /cart/{{id}}; legacy never disagreed"
    )
    found = cases(root)
    assert found[:2] == [
        ("shadowproxy.fail-on", "mismatch > 0.1%",
         "mismatch is 0.42 % (312 of 74,210), more than 0.1 %"),
        ("shadowproxy.fail-on", "findings>3", None),
    ]  # fmt: skip
    assert [(of, name) for of, name, _ in found[2:]] == [
        ("shadowproxy.GET /cart/{id}", f"/items/*/price{number} type {number:016x}")
        for number in range(3)
    ]
    for number, (_, _, why) in enumerate(found[2:]):
        assert why
        assert said.format(200 - number) in why
    assert root.findtext(".//system-out") == "findings is 3 (open, of 4), not more than 3"
    assert root.xpath("string(testsuite[1]/@timestamp)") == "2026-11-28T09:30:00"


def test_a_failure_has_what_is_known_of_the_finding() -> None:
    """Statuses, how often and when it was seen, and its news."""
    news = group(0, news="came back in 2.3", returned=True, candidate_status=500)
    failure = read(report(groups=[news], open=1)).find(".//failure")
    assert failure is not None
    assert (failure.text or "").split("\n")[1:] == [
        "status: 200 became 500",
        "seen: 200 times, 2026-11-28 08:00 UTC to 2026-11-28 09:00 UTC",
        "news: came back in 2.3",
        "was marked fixed",
    ]


def test_findings_that_are_not_listed_are_told() -> None:
    """A case needs more than a number."""
    root = read(report(open=90))
    assert root.get("tests") == "3"
    assert root.findtext("testsuite[2]/system-out") == "the report lists 3 of 90 open findings"


def test_an_empty_report_has_no_case_but_its_conditions() -> None:
    """Which fail, for nothing can be told."""
    assert cases(read(empty())) == []
    found = cases(read(empty(), "mismatch>1%"))
    said = "mismatch cannot be told: nothing was recorded"
    assert found == [("shadowproxy.fail-on", "mismatch>1%", said)]


def test_hostile_data_is_data() -> None:
    """No element more, and every character there or spelled out."""
    usual, spoilt_one = (
        read(document, "conclusion!=go") for document in (report(), spoilt(report()))
    )
    assert [each.tag for each in spoilt_one.iter()] == [each.tag for each in usual.iter()]
    (message,) = {case[2] for case in cases(spoilt_one)[1:]}
    assert message is not None
    assert r"\x1b]0;x\x07\x1b[2J\r\n\u202e\x9b\x00\x7f\ud800\uffff" in message
    assert HOSTILE[HOSTILE.index(" [red]") :] in message


@settings(max_examples=200)
@given(st.text())
def test_any_text_is_well_formed(evil: str) -> None:
    """Whatever characters it has."""
    assert read(spoilt(report(), evil), "conclusion==no-go").get("failures") == "4"


@pytest.mark.parametrize("wrong", [None, 7, "x", True, [], [7, "x", None], {}])
def test_a_report_of_another_release_is_well_formed(wrong: Any) -> None:
    """Whatever its members are."""
    assert cases(read(dict.fromkeys(report(), wrong))) == []
    assert cases(read(report(groups=[{}], open=1)))
