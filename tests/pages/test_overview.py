"""The first page: the verdict in words, what to do next, and what it says when there is nothing."""

import shlex
from typing import Any

import pytest

from shadowproxy.pages.overview import banner, next_steps, overview, ways_to_ask
from tests.browser.examples import REPORT, STATUS, empty
from tests.pages.parsing import Reading


def _with(document: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {**document, **members}


def _heads(page: Reading) -> list[str]:
    return [each.text_content() for each in page.root.iter("h1", "h2")]


def test_the_verdict_comes_first_in_words() -> None:
    """Its word is in the title, its sentence is the heading, its reasons follow."""
    page = Reading(overview(REPORT, STATUS))
    assert page.root.findtext(".//title") == "No-go · shadowproxy"
    assert page.root.findtext(".//h1") == REPORT["conclusion"]["sentence"]
    for reason in REPORT["conclusion"]["reasons"]:
        assert reason in page.text


def test_each_word_has_its_tone() -> None:
    """A word that is not known is not enough data, never a go."""
    words = ("go", "no-go", "not enough data", "perhaps")
    said = [banner({"conclusion": {"word": word}})[:2] for word in words]
    assert said == [
        ("good", "Go"), ("bad", "No-go"), ("wait", "Not enough data"), ("wait", "Not enough data"),
    ]  # fmt: skip


def test_users_candidate_and_findings_are_told() -> None:
    """Added p99, altered answers, the mismatch rate with its interval, links to each finding."""
    page = Reading(overview(REPORT, STATUS))
    for words in ("940 µs", REPORT["users"]["sentence"], "0.76 %", "(0.71 % to 0.82 %)", "89.4 %"):
        assert words in page.text
    for group in REPORT["groups"]:
        assert f"/findings/{group['id']}" in page.addresses
    for row in REPORT["not_compared"]:
        assert row["meaning"] in page.text
    assert REPORT["slower"][0]["sentence"] in page.text


def test_without_a_candidate_it_says_how_to_name_one() -> None:
    """The configuration line and the command."""
    page = Reading(overview(empty(REPORT), _with(STATUS, has_candidate=False)))
    assert "No candidate is configured" in _heads(page)
    assert "--candidate" in page.text


def test_without_traffic_it_says_what_to_send() -> None:
    """Where it listens, as commands to try; where that is not known, the setting that says it."""
    page = Reading(overview(empty(REPORT), _with(STATUS, listen=["127.0.0.1:8443", "unix:/a b"])))
    assert "No traffic yet" in _heads(page)
    assert "curl -i http://127.0.0.1:8443/" in page.text
    assert "curl -i --unix-socket '/a b' http://localhost/" in page.text
    unknown = Reading(overview(empty(REPORT), _with(STATUS, listen=None)))
    assert "to the address that listen names" in unknown.text
    assert "curl" not in unknown.text


@pytest.mark.parametrize(
    ("listen", "asked"),
    [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "'http://[::1]:80"), (":80", "127.0.0.1:80"),
     ("[fe80::1]:9", "'http://[fe80::1]:9"), ("a.test;rm:1", "'http://a.test;rm:1")],
)  # fmt: skip
def test_a_command_to_try_works_here(listen: str, asked: str) -> None:
    """What listens everywhere is asked on this machine; the shell reads one word."""
    (command,) = ways_to_ask({"listen": [listen]})
    assert asked in command
    assert len(shlex.split(command)) == 3


def test_causes_are_sentences_and_none_is_left_out_unsaid() -> None:
    """Names are code as everywhere; what is beyond the first ten is counted."""
    groups = [f"{number:016x}" for number in range(14)]
    cause = {"sentence": "`price` type in 3 endpoints", "groups": groups}
    page = Reading(overview(_with(REPORT, causes=[cause] * 12), STATUS))
    (listed,) = page.root.xpath("//ul[@class='causes']")
    assert [each.text for each in listed.iter("code")] == ["price"] * 10
    assert "`" not in listed.text_content()
    assert "and 4 more)" in listed.text_content()
    assert "And 2 more." in page.text


def test_with_traffic_that_is_not_compared_it_says_where_to_look() -> None:
    """The coverage tells why."""
    report = _with(empty(REPORT), exchanges={"received": 5, "recorded": 0})
    page = Reading(overview(report, STATUS))
    assert "Nothing was compared yet" in _heads(page)
    assert "/coverage" in page.addresses


def test_trouble_of_the_store_is_said_above_all() -> None:
    """With the error, and what still works."""
    status = _with(STATUS, store={"state": "full", "error": "disk <full>"})
    page = Reading(overview(REPORT, status))
    (word, *_) = page.root.xpath("//main//*[@class='word']")
    assert word.text == "The store is full"
    assert "disk <full>" in page.text
    assert "Users are served" in page.text


@pytest.mark.parametrize("state", ["refused", "starting", ""])
def test_a_store_of_which_nothing_good_is_heard_is_trouble(state: str) -> None:
    """Of a proxy that has run for an hour; its report is shown all the same."""
    page = Reading(overview(REPORT, _with(STATUS, store={"state": state}, uptime_s=3600.0)))
    (word, *_) = page.root.xpath("//main//*[@class='word']")
    assert word.text in (
        "The store refused what was to be written",
        "Nothing is heard of the store",
    )
    assert "Users are served" in page.text


def test_next_steps_are_for_what_is() -> None:
    """Open findings and missing data ask for something; a clean go says that nothing is open."""
    assert [step.address for step in next_steps(REPORT, STATUS)] == ["/findings?state=open", ""]
    assert "1,200" in next_steps(REPORT, STATUS)[1].sentence
    clean = {"conclusion": {"word": "go", "needed": None}, "open": 0}
    assert [step.sentence[:15] for step in next_steps(clean, STATUS)] == ["Nothing is open"]
    paused = _with(
        STATUS, shadow={"paused": True, "breaker_open": True}, dials={"shadow": {"value": "off"}}
    )
    addresses = [step.address for step in next_steps(REPORT, paused)]
    assert addresses == ["/status", "/status", "/controls", "/findings?state=open"]


def test_the_period_that_is_shown_is_marked() -> None:
    """And the others keep the endpoint."""
    page = Reading(overview(_with(REPORT, endpoint="GET /a?b"), STATUS))
    (shown,) = page.root.xpath("//nav[@aria-label='Period']//a[@aria-current='true']")
    assert shown.text == "1 day"
    assert shown.get("href") == "/?since=24h&endpoint=GET%20%2Fa%3Fb"
