"""One finding."""

import json
from typing import Any

import pytest

from shadowproxy.compare.rules import read_rule
from shadowproxy.pages import evidence
from shadowproxy.pages.finding import finding, reproducer_of
from tests.browser.examples import GROUPS, HOSTILE, empty, hostile
from tests.browser.examples_findings import DIFFERENCES, GROUP, SAMPLE
from tests.pages.reading import find, read, text_of, with_class


def page(sample: Any = SAMPLE, /, **group: Any) -> Any:
    return read(finding({**GROUP, **group}, sample))


def section(document: Any, id_: str) -> Any:
    """The section whose heading has this id."""
    return find(document, f"//section[@aria-labelledby='{id_}']")


def test_the_sentence_is_the_heading() -> None:
    """With its path as code, and the state and the news in words."""
    head = section(page(note="asked", state="fixed", returned=True, state_since="x"), "heading")
    assert text_of(find(head, ".//h1")) == GROUP["sentence"].replace("`", "")
    assert find(head, ".//h1/code").text == "/items/*/price"
    assert "came back" in text_of(head)
    assert "new since 2.2" in text_of(head)
    assert "“asked”" in text_of(head)
    assert "was seen again since" in text_of(head)


def test_every_difference_of_the_exchange_is_there_once() -> None:
    """Those of other findings, too; that of this one says so."""
    what = section(page(), "what")
    told = what.xpath(".//*[@data-difference]")
    assert len(told) == len(DIFFERENCES)
    own = [each for each in told if "this finding" in text_of(each)]
    assert len(own) == 1
    assert '"price": 15.5' in text_of(own[0])
    explained = [each for each in told if "explained by noise" in text_of(each)]
    assert len(explained) == 1
    assert "updated_at" in text_of(explained[0])


def test_the_only_difference_needs_no_mark() -> None:
    """There is no other one that it could be told from."""
    own = [each for each in DIFFERENCES if each["path"] == "/items/3/price"]
    assert "this finding" not in text_of(section(page({**SAMPLE, "differences": own}), "what"))


def test_removed_and_added_are_said_without_colour() -> None:
    """By a sign, by an element and by a word for those who listen."""
    row = next(each for each in page().xpath("//li[@data-difference]") if "note" in text_of(each))
    assert [text_of(each) for each in row.xpath(f".//span[{with_class('d-sign')}]")] == ["−", "+"]
    assert [each.text for each in row.iter("del", "ins")] == ["back", "twice", "front", "once"]
    assert [each.text for each in row.xpath(f".//span[{with_class('unseen')}]")] == [
        "legacy: ",
        "candidate: ",
    ]


def test_what_both_sides_have_is_read_once() -> None:
    """The candidate's column of an unchanged line is for the eyes alone."""
    rows = page().xpath(f"//li[{with_class('d-row')} and {with_class('d-same')}]")
    assert rows
    for row in rows:
        assert len(row.xpath("./div[@aria-hidden='true']")) == 1


def test_without_a_whole_sample_the_finding_still_shows_its_difference() -> None:
    """From the sample that it carries itself; without any it says so."""
    carried = page({}, sample=GROUP["samples"][0])
    assert "`" not in text_of(section(carried, "what"))
    assert "items[3].price" in text_of(section(carried, "what"))
    bare = page({}, sample={}, samples=[])
    assert "No exchange with this finding is kept" in text_of(section(bare, "what"))


def test_proposals_are_rules_and_what_to_paste_is_one() -> None:
    """The first is chosen and stands in the field; the endpoint goes with it."""
    form = find(page(), "//form[@id='rule-form']")
    proposals = form.xpath(".//input[@name='proposal']")
    assert [json.loads(each.get("value")) for each in proposals] == [
        {"path": "$.items[*].price", "coerce": "string"},
        {"path": "$.items[*].price", "ignore": True},
    ]
    assert all(read_rule(json.loads(each.get("value"))).plain for each in proposals)
    assert proposals[0].get("checked") is not None
    assert form.get("data-endpoint") == "GET /cart/{id}"
    assert find(form, ".//textarea").text.strip() == proposals[0].get("value")
    assert find(form, ".//button[@id='rule-save']").get("disabled") is not None
    assert '"GET /cart/{id}":' in find(page(), "//*[@id='rule-yaml']").text


def test_no_rule_for_a_status() -> None:
    """It says what to do instead."""
    rule = section(page({}, **GROUPS[2]), "rule")
    assert rule.xpath(".//form") == []
    assert "No rule hides a status: mark the finding as expected" in text_of(rule)


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        ("open", ["expected", "fixed"]),
        ("expected", ["fixed", "open"]),
        ("fixed", ["expected", "open"]),
    ],
)
def test_a_state_can_become_the_others(state: str, buttons: list[str]) -> None:
    """Each button says what it means."""
    form = find(page(state=state), "//form[@data-path]")
    assert form.get("data-path") == f"/api/v1/groups/{GROUP['id']}"
    assert [each.get("value") for each in form.xpath(".//button")] == buttons


def test_the_reproducer_can_be_copied() -> None:
    """Both bodies side by side, both commands, both bodies as JSON."""
    part = section(page(), "reproduce")
    assert len(part.xpath(".//li[@data-difference]")) == 1
    targets = part.xpath(".//button/@data-copy")
    assert targets == ["curl-legacy", "curl-candidate", "body-legacy", "body-candidate"]
    for target in targets:
        assert find(part, f".//*[@id='{target}']").text
    assert json.loads(find(part, ".//*[@id='body-candidate']").text) == {
        "items": [{"price": "15.50"}]
    }


def test_a_reproducer_says_what_it_is_not() -> None:
    """Whole answers it never shows; that values are to be replaced is said where there are any."""
    assert "values are cut to what shows it" in text_of(section(page(), "reproduce"))
    assert "were not kept" not in text_of(section(page(), "reproduce"))
    for hidden in ("Cookie: [redacted]", "X-A: hash:0123456789abcdef"):
        curl = {"legacy": f"curl -H '{hidden}' --url http://a/", "candidate": ""}
        shown = page(reproducer={**GROUP["reproducer"], "curl": curl})
        assert "replace each [redacted]" in text_of(section(shown, "reproduce"))


def test_a_reproducer_that_is_no_json_is_shown_all_the_same() -> None:
    """Its differences cannot be found again; the bodies are there to be read."""
    made = reproducer_of({"reproducer": {"legacy": "\ud800", "candidate": 1}})
    assert made is not None
    assert made.view.total == 0
    assert [side for side, _ in made.bodies] == ["legacy", "candidate"]
    assert reproducer_of({"reproducer": None}) is None


@pytest.mark.parametrize(
    ("noise", "fact", "meaning"),
    [
        ({}, "Legacy was not asked a second time", "it is not known whether"),
        ({"aa_samples": 208, "b": 0, "state": "confirmed"},
         "Legacy never disagreed with itself in 208 checks.", "at most 1.4 % of answers"),
        ({"aa_samples": 208, "b": 0, "state": "regression"}, "in 208 checks.", "the candidate's own"),
        ({"aa_samples": 1, "b": 0, "state": "open"}, "in 1 check.",
         "not decided yet whether the difference is the candidate's own: 1 check is too few"),
        ({"aa_samples": 7, "b": 0}, "in 7 checks.", "7 checks are too few to tell"),
        ({"aa_samples": 7, "b": 0, "state": "noisy"}, "in 7 checks.", "counts as noise all the same"),
        ({"aa_samples": 208, "b": 50, "state": "noisy"}, "in 50 of 208 checks (18.7 % to 30.3 %).",
         "explained by noise"),
        ({"aa_samples": 208, "b": 50, "state": "regression", "e": 412.7}, "in 50 of 208 checks",
         "turn 1 into 413 with a chance of 1 in 413"),
        ({"aa_samples": 208, "b": 50, "state": "regression", "e": 1e300}, "in 50 of 208 checks",
         "more than a million"),
        ({"aa_samples": 9, "b": 1, "state": "open"}, "in 1 of 9 checks", "Too seldom"),
    ],
)  # fmt: skip
def test_evidence_is_said_with_what_it_means(noise: Any, fact: str, meaning: str) -> None:
    """Numbers first; nothing is called certain."""
    said = evidence.of_noise({"noise": noise})
    assert fact in said.fact
    assert meaning in said.meaning


@pytest.mark.parametrize(
    ("rechecks", "fact", "meaning"),
    [
        ({"still": 3}, "Asked again 3 times: still there in 3.", "It can be reproduced"),
        ({"gone": 1}, "Asked again 1 time: gone in 1.", "It has not come back"),
        ({"still": 1, "legacy_flaky": 2}, "legacy differed from itself in 2.", "comes and goes"),
    ],
)
def test_rechecks_are_said(rechecks: Any, fact: str, meaning: str) -> None:
    """What asking once more came to."""
    said = evidence.of_rechecks({"rechecks": rechecks})
    assert said is not None
    assert fact in said.fact
    assert meaning in said.meaning
    assert evidence.of_rechecks({}) is None


def test_samples_can_be_shown_one_after_the_other() -> None:
    """By links; the one that is shown is marked."""
    rows = section(page(), "samples").xpath(".//tbody/tr")
    assert [row.get("aria-current") for row in rows] == ["true", None, None, None]
    assert "?sample=s2#what" in rows[1].xpath(".//a/@href")


def test_siblings_of_a_cause_are_the_others() -> None:
    """The finding itself is not among them."""
    links = section(page(), "cause").xpath(".//a/@href")
    assert links == [f"/findings/{0xA2:016x}"]


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_are_texts(text: str) -> None:
    """In members' names, values, headers, notes, commands: shown, never run."""
    group, sample = hostile(GROUP, text), hostile(SAMPLE, text)
    sample["legacy"]["tree"] = {text: text, "b": [text]}
    sample["candidate"]["tree"] = {text: 1, "b": [text, text]}
    sample["differences"] = [
        {"path": "/b/1", "kind": "added", "candidate": text},
        {"path": f"/{text.replace('~', '~0').replace('/', '~1')}", "kind": "type", "legacy": text,
         "candidate": 1},
    ]  # fmt: skip
    document = read(finding(group, sample))
    assert len(section(document, "what").xpath(".//*[@data-difference]")) == 2
    if text.isprintable() and len(text) < 100:
        assert text in section(document, "what").text_content()


@pytest.mark.parametrize("group", [{}, *(empty(each) for each in (GROUP, *GROUPS))])
def test_a_finding_with_nothing_in_it_is_a_page(group: dict[str, Any]) -> None:
    """What is not known is left out or said to be unknown."""
    assert "A finding without a sentence" in text_of(read(finding(group, {})))
    assert read(finding(group, empty(SAMPLE))) is not None
