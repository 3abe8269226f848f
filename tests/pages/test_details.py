"""What the other pages say, and in which order."""

import json
from typing import Any

import pytest

from shadowproxy.pages.controls import controls
from shadowproxy.pages.coverage import coverage
from shadowproxy.pages.endpoints import MAX_CURVES, endpoints
from shadowproxy.pages.noise import noise
from shadowproxy.pages.status import status
from tests.browser import examples
from tests.browser.examples import AUDIT, BY_ENDPOINT, ENDPOINTS, LATENCIES, NOISE, RULES, STATUS
from tests.pages.parsing import Reading


def _column(page: Reading, table: str, index: int = 1) -> list[str]:
    cells = page.root.xpath(f"//*[@id='{table}']//tbody/tr/*[{index}]")
    return [" ".join(cell.text_content().split()) for cell in cells]


def test_endpoints_are_sorted_by_the_link() -> None:
    """Numbers largest first, names from A to Z, anything else by mismatch; the column says so."""
    orders = {
        "endpoint": ["GET /cart/{id}", "GET /search slower", "GET /users/{id}", "POST /quote"],
        "exchanges": ["GET /search slower", "GET /users/{id}", "GET /cart/{id}", "POST /quote"],
        "candidate_p99": ["GET /search slower", "GET /cart/{id}", "GET /users/{id}", "POST /quote"],
        "<script>": ["POST /quote", "GET /cart/{id}", "GET /search slower", "GET /users/{id}"],
    }
    for sort, order in orders.items():
        page = Reading(endpoints(BY_ENDPOINT, sort))
        assert _column(page, "endpoints-table") == order
        assert len(page.root.xpath("//th[@aria-sort]")) == 1


def test_sorting_keeps_the_period() -> None:
    """Every link of a column has the query's `since`, as data."""
    page = Reading(endpoints(BY_ENDPOINT, since='1h"&x=<b>'))
    links = page.root.xpath("//*[@id='endpoints-table']//thead//a/@href")
    assert len(links) == 8
    assert all(link.endswith("&since=1h%22%26x%3D%3Cb%3E") for link in links)


def test_curves_are_bounded_and_their_ids_stay_with_the_endpoint() -> None:
    """Sorting does not close what is open: the id is the endpoint's, not the row's."""
    many = [{**ENDPOINTS[0], "endpoint": f"GET /{n}"} for n in range(MAX_CURVES + 20)]
    page = Reading(endpoints({"by_endpoint": many}))
    assert len(page.root.xpath("//details[starts-with(@id, 'times-')][.//svg]")) == MAX_CURVES
    ids = [
        {each.get("id"): each.findtext("summary") for each in
         Reading(endpoints(BY_ENDPOINT, sort)).root.xpath("//details[contains(@class, 'card')]")}
        for sort in ("endpoint", "mismatch")
    ]  # fmt: skip
    assert ids[0] == ids[1]


def test_noise_is_told_with_its_numbers() -> None:
    """Each state with its meaning, the candidate's own first, and the checks behind it."""
    page = Reading(noise(NOISE, LATENCIES, RULES))
    states = page.root.xpath("//*[@id='noise-table']//tbody//*[contains(@class, 'badge')]/text()")
    assert states == ["regression", "confirmed", "noisy", "open"]
    because = _column(page, "noise-table", 4)
    assert because[0] == (
        "legacy never disagreed with itself in 208 checks; the candidate differed in 412 exchanges; "
        "evidence against noise 412.7 to 1"
    )
    assert because[2].startswith("legacy disagreed with itself in 206 of 208 checks")
    assert "pinned as noise by a person" in page.text
    assert "length 24" in page.text


def test_overwhelming_evidence_is_no_row_of_digits() -> None:
    """It is in hundreds of digits soon."""
    row = {**NOISE["noise"][0], "e": 1e300}
    page = Reading(noise({**NOISE, "noise": [row]}, LATENCIES, RULES))
    (because,) = _column(page, "noise-table", 4)
    assert "evidence against noise more than a million to 1" in because


def test_rules_say_whether_they_work() -> None:
    """A misspelt one is marked in words; only a saved one can be deleted here."""
    page = Reading(noise(NOISE, LATENCIES, RULES))
    assert _column(page, "rules-table", 3) == ["in use", "matched nothing: misspelt?", "in use"]
    assert "is its path misspelt?" in page.text
    paths = page.root.xpath("//form[@data-method='DELETE']/@data-path")
    assert paths == ["/api/v1/rules/r-7"]
    expired = {"rules": [{"rule": {}, "is_expired": True, "sentence": "expired"}, {"rule": None}]}
    page = Reading(noise({}, {}, expired))
    assert _column(page, "rules-table", 3) == ["expired", "nothing to match yet"]


def test_rules_are_shown_so_that_they_can_be_pasted() -> None:
    """As JSON, which is YAML, never as a text of another language; the place comes first."""
    rule = {"ignore": False, "numbers": {"abs": "0.01"}, "path": "$.é"}
    page = Reading(noise({}, {}, {"rules": [{"rule": rule}]}))
    (written,) = page.root.xpath("//*[@id='rules-table']//tbody//th/code/text()")
    assert json.loads(written) == rule
    assert written.startswith('{"path": "$.é", ')


def test_a_rule_that_was_deleted_is_gone_at_once() -> None:
    """Judge tells of it until its next report; it has no time at which it was saved any more."""
    (file_, misspelt, saved) = RULES["rules"]
    deleted = {name: value for name, value in saved.items() if name not in ("by", "at", "reason")}
    page = Reading(noise({}, {}, {"rules": [file_, misspelt, deleted]}))
    assert len(_column(page, "rules-table")) == 2


def test_that_the_candidate_is_not_slower_is_never_claimed() -> None:
    """Slower, or no claim, with the blocks so far; what a claim needs is said once."""
    paces = [
        LATENCIES["latencies"][0],
        {"endpoint": "GET /a", "is_slower": False, "blocks": 1, "slower_blocks": 1},
        {"endpoint": "GET /b", "is_slower": False, "blocks": 0, "slower_blocks": 0},
    ]
    page = Reading(noise({}, {"latencies": paces}, {}))
    assert _column(page, "paces-table", 2) == ["slower", "no claim", "no claim: no block yet"]
    assert _column(page, "paces-table", 9) == ["14 of 14", "1 of 1", "0 of 0"]
    assert "not slower" not in page.text
    assert page.text.count("once several blocks say so") == 1


def test_coverage_is_told_by_route() -> None:
    """The share of each and why."""
    page = Reading(coverage(examples.COVERAGE))
    assert page.root.findtext(".//h1") == "89.4 % of requests were compared"
    for route in examples.COVERAGE["routes"]:
        assert route["why"] in page.text
    assert Reading(coverage({})).root.findtext(".//h1") == "No request was received yet"


def test_a_turned_dial_says_by_whom_why_and_how_long() -> None:
    """And offers the way back; a dial at its configured value does not."""
    page = Reading(controls(STATUS, AUDIT))
    for words in ("25 %", "for 28 minutes 32 seconds more", "the candidate warms up", "127.0.0.1"):
        assert words in page.text
    returning = page.root.xpath("//form[@data-method='DELETE']/@data-path")
    assert returning == ["/api/v1/dials/shadow.sample"]


def test_the_kill_switch_is_the_first_control() -> None:
    """It offers the other state, and the heading says the one in force."""
    for value, offered in (("on", "Stop shadowing now"), ("off", "Turn shadowing on")):
        dials: dict[str, Any] = {"shadow": {"value": value, "source": "config", "configured": "on"}}
        page = Reading(controls({"dials": dials}, {}))
        assert page.root.findtext(".//h1") == f"Shadowing is {value}"
        (first, *_) = page.root.xpath("//main//button")
        assert first.text == offered
        assert first.get("value") == ("off" if value == "on" else "on")


def test_a_dial_of_the_future_has_a_form_too() -> None:
    """Whatever the status lists can be turned, under its own name."""
    page = Reading(controls({"dials": {"candidate/share": {"value": 0.0}}}, {}))
    assert page.root.xpath("//form[@data-method='PUT']/@data-path") == [
        "/api/v1/dials/candidate%2Fshare"
    ]


def test_the_audit_tells_who_changed_what() -> None:
    """Newest first as it comes; shares in per cent."""
    page = Reading(controls(STATUS, {**AUDIT, "next": "7&x"}))
    assert "dial shadow.sample" in page.text
    assert "/api/v1/audit?after=7%26x" in page.addresses


def test_the_status_is_a_sentence() -> None:
    """Ready, draining, not ready, or ready with a process down."""
    heads = [
        Reading(status(document)).root.findtext(".//h1")
        for document in ({"ready": True}, {"ready": True, "draining": True}, {}, STATUS)
    ]
    assert heads == [
        "The proxy is ready", "The proxy is draining", "The proxy is not ready",
        "The proxy is ready, a process is down",
    ]  # fmt: skip


def test_trouble_of_the_store_is_on_the_status() -> None:
    """In words, with its error and what is lost."""
    document = {**STATUS, "store": {"state": "lost", "error": "no <route>", "rows_lost": 12}}
    page = Reading(status(document))
    assert "The store is lost" in page.text
    assert "no <route>" in page.text


@pytest.mark.parametrize(
    ("state", "said", "help_"),
    [
        ("ok", "The store is written", None),
        ("off", "The store is off", None),
        ("refused", "The store refuses what is written", "counted as lost"),
        ("starting", "The store is being opened", "may be old"),
        ("", "The store is not reported", "may be old"),
    ],
)
def test_every_state_of_the_store_has_words(state: str, said: str, help_: str | None) -> None:
    """One that nobody has reported is no trouble before the first minute is over."""
    for uptime_s in (5, 59, 61):
        document = {**STATUS, "store": {"state": state}, "uptime_s": uptime_s}
        page = Reading(status(document))
        assert said in page.text
        is_early = state in ("", "starting") and uptime_s < 60
        assert bool(page.root.xpath("//*[@id='status-store']//*[@class='banner bad']")) is (
            help_ is not None and not is_early
        )
        assert is_early or help_ is None or help_ in page.text
