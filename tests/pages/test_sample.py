"""One exchange."""

from typing import Any

import pytest

from shadowproxy.pages.sample import sample
from tests.browser.examples import HOSTILE, empty, hostile
from tests.browser.examples_findings import DIFFERENCES, SAMPLE
from tests.pages.reading import find, read, text_of, with_class


def page(**changed: Any) -> Any:
    return read(sample({**SAMPLE, **changed}))


def test_both_answers_stand_beside_each_other() -> None:
    """Status, type, size and times of each."""
    rows = page().xpath(f"//table[{with_class('compared')}]/tbody/tr")
    assert [text_of(row) for row in rows] == [
        "legacy 200 application/json 1.79 KiB 12.4 ms 11.9 ms 20 µs none",
        "candidate 203 application/json 1.79 KiB 18.4 ms 17.9 ms 20 µs none",
    ]


def test_every_difference_is_told_once() -> None:
    """In the table above the bodies, or in them."""
    document = page()
    told = document.xpath("//*[@data-difference]/@id")
    assert sorted(told) == sorted(f"d-{at}" for at in range(len(DIFFERENCES)))
    head = find(document, "//tr[@id='d-0']")
    assert text_of(head) == "status −200 +203"


def test_the_request_is_shown_and_can_be_copied() -> None:
    """Line, redacted headers, body; and both ids."""
    document = page()
    assert find(document, "//*[@id='request-line']").text == f"GET {SAMPLE['target']}"
    assert '"dry": true' in find(document, "//*[@id='request-body']").text
    targets = document.xpath("//button/@data-copy")
    assert targets == ["sample-id", "request-id", "request-line", "request-body"]
    assert all(document.xpath("//*[@id=$id]", id=each) for each in targets)


def test_its_findings_are_linked() -> None:
    """All that it belongs to."""
    links = page().xpath(f"//p[{with_class('crumbs')}]/a/@href")
    assert links == ["/findings", *(f"/findings/{each}" for each in SAMPLE["groups"])]


def test_a_body_that_was_not_kept_says_why() -> None:
    """And its differences are told by their place, with their own values."""
    legacy = {**SAMPLE["legacy"], "omitted": "it is larger than 64 KiB"}
    document = page(legacy=legacy)
    text = text_of(document)
    assert "The body of legacy is not shown: it is larger than 64 KiB." in text
    assert len(document.xpath("//*[@data-difference]")) == len(DIFFERENCES)
    assert "items[3].price" in text


def test_bodies_of_two_formats_are_not_laid_side_by_side() -> None:
    """A tree of XML beside one of JSON would show differences that nobody found."""
    media = {"path": "", "kind": "media", "legacy": "application/json", "candidate": "text/xml"}
    document = page(candidate={**SAMPLE["candidate"], "format": "xml"}, differences=[media])
    assert len(document.xpath("//*[@data-difference]")) == 1
    assert document.xpath(f"//ol[{with_class('d-lines')}]") == []


def test_a_failure_has_no_status() -> None:
    """It is named, and what was not measured is a dash."""
    row = page(candidate={"failure": "connect_timeout"}, differences=[]).xpath("//tbody/tr")[1]
    assert text_of(row) == "candidate – – – – – – connect timeout"


def test_no_difference_is_said() -> None:
    """An exchange of another verdict has a page, too."""
    assert "No difference is recorded" in text_of(page(differences=[], verdict="match"))


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_are_texts(text: str) -> None:
    """In targets, headers, bodies, paths."""
    document = hostile(SAMPLE, text)
    document["legacy"]["headers"] = document["candidate"]["headers"] = [[text, text]]
    document["differences"] = [
        {"path": f"#header/{text}", "kind": "changed", "legacy": text, "candidate": text + "x"},
        {"path": text, "kind": text, "legacy": {text: [text]}, "candidate": text},
    ]
    shown = read(sample(document))
    assert len(shown.xpath("//*[@data-difference]")) == 2
    if text.isprintable() and len(text) < 100:
        assert text in shown.text_content()


@pytest.mark.parametrize(
    "document", [{}, empty(SAMPLE), {"request": None, "legacy": 3, "groups": "x"}]
)
def test_an_exchange_with_nothing_in_it_is_a_page(document: dict[str, Any]) -> None:
    """Whatever is missing."""
    assert text_of(find(read(sample(document)), "//h1")) == ""
