"""The list of findings."""

from typing import Any

import pytest

from shadowproxy.pages.findings import cluster, findings
from shadowproxy.report.findings import STATES
from tests.browser.examples import GROUPS, HOSTILE, empty, hostile
from tests.browser.examples_findings import LIST
from tests.pages.reading import find, read, text_of, with_class

ROWS = "//table//tr[td]"


def page(document: Any = LIST, **query: str) -> Any:
    return read(findings(document, query))


def test_each_finding_has_a_row_with_what_decides() -> None:
    """Sentence, count, share with its interval, both times, statuses, versions, state and news."""
    first, *others = page().xpath(ROWS)
    assert len(others) == 4
    assert text_of(first) == (
        "/items/*/price number became string in 312 of 10,412 answers of GET /cart/{id}; legacy never"
        " disagreed with itself in 208 checks open new since 2.2 regression 312 3 % 2.7 % to 3.3 %"
        " 2026-02-25 07:15:00 UTC 2026-02-24 18:02:11 UTC 200 2.2, 2.1"
    )
    assert first.xpath(".//a/@href") == [f"/findings/{0xA1:016x}"]


def test_a_status_that_changed_says_both() -> None:
    """With a word between them for those who listen."""
    rows = page().xpath(ROWS)
    assert "200 → became 500" in text_of(rows[2])


def test_what_came_back_is_called_so() -> None:
    """Marked fixed and seen again."""
    badges = page().xpath(f"({ROWS})[5]//span[{with_class('badge')}]")
    assert [text_of(each) for each in badges] == ["came back", "regression"]


def test_findings_of_one_cause_stand_together() -> None:
    """Under the cause's sentence, and the others after them."""
    heading = find(page(), "//th[@scope='rowgroup']")
    assert text_of(heading).startswith("One cause, 2 findings: one cause may be behind")
    assert len(heading.getparent().getparent().xpath("tr")) == 3


def test_a_cause_takes_the_place_of_its_first() -> None:
    """Causes of one finding on this page are none; each finding is listed once."""
    groups = [{"id": each} for each in "abcde"]
    causes = [
        {"sentence": "one", "groups": ["b", "e"]},
        {"sentence": "two", "groups": ["e", "d", "x"]},
        {"sentence": "alone", "groups": ["c", "y"]},
    ]
    shown = [
        (each.cause, "".join(g["id"] for g in each.groups)) for each in cluster(groups, causes)
    ]
    assert shown == [("", "a"), ("one", "be"), ("", "cd")]


def test_columns_sort_by_links_that_keep_the_filters() -> None:
    """The one in force is said to be descending; sorting begins at the first page again."""
    document = page(state="open", q="a&b", sort="share", after="7")
    links = {text_of(a): a.get("href") for a in document.xpath("//thead//a")}
    assert links == {
        "Exchanges": "/findings?state=open&q=a%26b&sort=count",
        "Share ↓": "/findings?state=open&q=a%26b&sort=share",
        "Last seen": "/findings?state=open&q=a%26b&sort=last_seen",
        "First seen": "/findings?state=open&q=a%26b&sort=first_seen",
    }
    assert [text_of(th) for th in document.xpath("//th[@aria-sort='descending']")] == ["Share ↓"]


def test_the_form_asks_for_what_the_api_knows() -> None:
    """By GET, with what was asked for still in it, and the order kept."""
    document = page(endpoint="GET /x", state="fixed", kind="type", version="2", q="p", sort="share")
    form = find(document, "//form")
    assert (form.get("method"), form.get("action")) == ("get", "/findings")
    assert dict(form.form_values()) == {
        "q": "p", "endpoint": "GET /x", "state": "fixed", "kind": "type", "version": "2", "sort": "share",
    }  # fmt: skip


def test_what_came_back_can_be_asked_for() -> None:
    """Every state that the API filters by is offered."""
    offered = page().xpath("//select[@id='f-state']/option/@value")
    assert set(offered) == {"", *STATES}


def test_filters_are_named_and_can_be_removed() -> None:
    """One by one, and all."""
    document = page(state="open", kind="type")
    chosen = find(document, f"//ul[{with_class('chosen')}]")
    assert chosen.xpath(".//a/@href") == [
        "/findings?kind=type",
        "/findings?state=open",
        "/findings",
    ]


def test_pages_follow_each_other() -> None:
    """By what the API said is next; from a later one back to the first."""
    assert page(state="open").xpath("//a[@rel='next']/@href") == [
        "/findings?state=open&after=1%3A2"
    ]
    later = page({**LIST, "next": None}, after="1:2")
    assert later.xpath("//a[@rel='next']") == []
    assert [a.get("href") for a in later.xpath("//a") if text_of(a) == "From the first"] == [
        "/findings"
    ]


def test_how_many_there_are_is_said() -> None:
    """And how many had no room."""
    document = page()
    assert text_of(find(document, "//h2")) == "5 of 212 findings"
    assert "2 rare findings with 12 exchanges made room" in text_of(document)


def test_no_findings_says_what_to_look_at() -> None:
    """None may be good news or none at all; with filters it says nothing about the rest."""
    nothing = {"groups": [], "total": 0, "next": None, "causes": []}
    document = page(nothing)
    links = document.xpath(f"//div[{with_class('empty')}]//a/@href")
    assert links == ["/", "/coverage", "/noise"]
    filtered = page(nothing, q="x")
    assert text_of(find(filtered, "//h3")) == "No finding fits these filters"
    assert "/findings" in filtered.xpath(f"//div[{with_class('empty')}]//a/@href")


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_are_texts(text: str) -> None:
    """Whatever findings and the query hold: nothing runs, leads away or breaks the page."""
    query = dict.fromkeys(
        ("endpoint", "state", "kind", "version", "q", "sort", "since", "after"), text
    )
    document = read(findings(hostile(LIST, text), query))
    assert len(document.xpath("//table//tr[td]")) in (1, 5)  # ids that are alike are one finding
    if "<" in text:
        assert text.replace("\ud800", "\\ud800") in document.text_content()


@pytest.mark.parametrize("group", [{}, *(empty(each) for each in GROUPS)])
def test_a_finding_with_nothing_in_it_is_a_row(group: dict[str, Any]) -> None:
    """What is not known is a dash, and nothing is raised."""
    document = page({"groups": [group]})
    assert "A finding without a sentence" in text_of(find(document, ROWS))


def test_an_empty_document_is_a_page() -> None:
    """As if there were no findings."""
    assert "No findings" in text_of(page({}))
