"""The report as Markdown, read as a renderer reads it."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from shadowproxy.cli.reporting.conditions import read_condition
from shadowproxy.cli.reporting.markdown import MAX_COMMENT, render_markdown
from shadowproxy.cli.reporting.measuring import check
from shadowproxy.cli.reporting.prose import cell, code, prose
from tests.cli.reports import HOSTILE, empty, group, report, spoilt

MARKDOWN = MarkdownIt("commonmark").enable("table")
OUR_HTML = {"<details><summary>Exchanges, and what was not compared</summary>\n",
            "<details><summary>Endpoints</summary>\n",
            "<details><summary>Versions of the candidate</summary>\n",
            "</details>\n"}  # fmt: skip
STRUCTURE = {
    "heading", "paragraph", "bullet_list", "list_item", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ONE_LINE = st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), max_size=80)
SIGNS = st.text(st.sampled_from("`|\\ a.<>[]()!*_~#@&;:-=+1/wW\u00a0"), max_size=40)


def inside(tokens: list[Token]) -> Iterator[Token]:
    """What stands in lines."""
    for token in tokens:
        yield from token.children or ()


def in_paragraph(text: str) -> str:
    """What a renderer shows of a piece in a list item; nothing in it has a meaning of its own."""
    tokens = MARKDOWN.parse(f"- {text} end")
    assert [token.type for token in tokens] == [
        "bullet_list_open", "list_item_open", "paragraph_open", "inline", "paragraph_close",
        "list_item_close", "bullet_list_close",
    ]  # fmt: skip
    return _shown(inside(tokens)).removesuffix(" end")


def _shown(tokens: Iterator[Token]) -> str:
    shown = ""
    for token in tokens:
        assert token.type in ("text", "code_inline"), token.type
        shown += token.content
    return shown


@settings(max_examples=500)
@given(ONE_LINE | SIGNS)
def test_prose_shows_what_went_in_and_means_nothing(text: str) -> None:
    """No link, no emphasis, no HTML, no entity, no list: words and code, white space aside.

    Backticks are code's own.
    """
    if text.strip():
        shown, given = ("".join(each.split()) for each in (in_paragraph(prose(text)), text))
        assert shown.replace("`", "") == given.replace("`", "")


@settings(max_examples=500)
@given(ONE_LINE | SIGNS)
def test_code_shows_what_went_in(text: str) -> None:
    """Whatever runs of backticks it has."""
    if text.strip():
        assert "".join(in_paragraph(code(text)).split()) == "".join(text.split())


@settings(max_examples=500)
@given(ONE_LINE | SIGNS)
def test_a_cell_stays_one_cell(text: str) -> None:
    """Whatever pipes and backslashes it has."""
    tokens = MARKDOWN.parse(f"| a | b |\n| --- | --- |\n| {cell(text)} | 2 |\n")
    cells = [token for token in tokens if token.type == "inline"]
    assert len(cells) == 4
    assert cells[3].content == "2"
    if text.strip():
        shown = _shown(iter(cells[2].children or ()))
        assert "".join(shown.split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /cart/{id} is slower, says @ops", "GET `/cart/{id}` is slower, says `@ops`"),
        ("3 % of 1,234 (0.5 %) differ.", "3 % of 1,234 (0.5 %) differ."),
        ("see #12, GH-12 and a/b#3.", "see `#12, GH-12` and `a/b#3`."),
        ("at www.evil.example or a@b.c", "at `www.evil.example` or `a@b.c`"),
        ("commits deadbeef and 1234567", "commits `deadbeef` and `1234567`"),
        ("1. first", "`1`. first"),
        ("a ` b", "a `` ` `` b"),
        ("- no list", "`-` no list"),
        ("", ""),
        ("...", "`...`"),
        ("`a['x and y']`, `b`; c", "`a['x and y']`, `b`; c"),
        ("x`a`y ` b", "`` x`a`y ` `` b"),
    ],
)
def test_only_plain_words_stay_as_they_are(text: str, shown: str) -> None:
    """What a site links or mentions stands in code: there it does neither."""
    assert prose(text) == shown


def outline(document: Any) -> list[str]:
    """Every block and what is in it; nothing but what the report itself makes of it."""
    conditions = [read_condition(text) for text in ("mismatch>0.1%", "conclusion!=go", "new>9")]
    shown = render_markdown(document, [check(each, document) for each in conditions])
    assert len(shown) <= MAX_COMMENT
    tokens = MARKDOWN.parse(shown)
    for token in tokens:
        if token.type == "html_block":
            assert token.content in OUR_HTML
        elif token.type != "inline":
            assert token.type.removesuffix("_open").removesuffix("_close") in STRUCTURE
    for token in inside(tokens):
        assert token.type in (
            "text", "code_inline", "softbreak", "strong_open", "strong_close",
        ), token  # fmt: skip
        if token.type == "text":
            assert not set(token.content) & set("<>[]@#`|\\_"), token.content
    return [f"{token.type} {token.content}" if token.type == "html_block" else token.type
            for token in tokens]  # fmt: skip


def test_hostile_data_changes_nothing_about_the_page() -> None:
    """It has the very blocks that a usual report has: no link, image, HTML, row or list more."""
    usual = outline(report())
    assert outline(spoilt(report())) == usual
    assert outline(spoilt(report(), "| a | b |\n| --- | --- |\n\n# x\n\n    code")) == usual
    assert outline(spoilt(report(), "</details>\n\n<b>x")) == usual


@settings(max_examples=100)
@given(st.text(min_size=1).filter(str.strip))
def test_no_text_does(evil: str) -> None:
    """Whatever it is."""
    assert outline(spoilt(report(), evil)) == outline(spoilt(report(), "x"))


def test_it_says_what_a_reviewer_needs() -> None:
    """The conclusion, conditions with those that fail first, users, verdicts, findings."""
    document = report()
    outcomes = [check(read_condition(text), document) for text in ("new>9", "mismatch>0.1%")]
    shown = render_markdown(document, outcomes)
    for told in (
        "## ❌ shadowproxy: no-go\n\nThe candidate differs from legacy.\n\n- 0.42 % of 74,210",
        "- ❌ mismatch is 0.42 % (312 of 74,210), more than 0.1 %\n- ✅ new is 2 (of 3 open)",
        "**Users:** 80,000 requests, 2 errors, 7 answers not legacy's; the proxy added 0.12 ms (p50), ",
        "| `mismatch` | 312 | 0.42 % | 0.376 % to 0.47 % |\n| `candidate_failed` | 40 |",
        "### 3 open findings\n\n- **new since 2.1** `0000000000000000` `items[*].price0` number",
        "- **was marked fixed** `0000000000000001` ",
        "- `skipped: not_sampled` 5,000 (6.25 %): `shadow.sample` leaves them out: raise it",
        "| `GET /cart/{id}` | 10,412 | 3 % | 123 ms | 123 ms |",
        "- 2.1: 74,210 exchanges; findings: 1 new\n",
    ):
        assert told in shown
    assert "price3" not in shown


def test_an_empty_report_is_short() -> None:
    """And has no empty list or table."""
    shown = render_markdown(empty())
    assert shown.startswith("## ❔ shadowproxy: not enough data\n\nNothing was compared yet.\n\n")
    assert "### 0 open findings\n\n<details>" in shown
    assert "Checked" not in shown
    assert len(shown) < 1200


@pytest.mark.parametrize(
    "evil", ["` " * 5_000, "x" * 10_000, "\x00" * 10_000, "|" * 10_000, HOSTILE * 99]
)
def test_the_longest_report_is_a_comment_still(evil: str) -> None:
    """GitHub refuses a comment of more characters; then lists show fewer."""
    long = {name: items * 100 for name, items in report().items() if isinstance(items, list)}
    document = spoilt(report(**long, open=300), evil)
    document["conclusion"]["reasons"] *= 100
    outcomes = [check(read_condition("conclusion!=go"), document)] * 100
    assert 1_000 < len(render_markdown(document, outcomes)) <= MAX_COMMENT


@pytest.mark.parametrize("wrong", [None, 7, "x", True, [], [7, "x", None], {}])
def test_a_report_of_another_release_is_shown_as_far_as_it_goes(wrong: Any) -> None:
    """Whatever its members are."""
    outline(dict.fromkeys(report(), wrong))
    outline({})


def test_findings_that_are_left_out_are_counted() -> None:
    """Fifteen are shown."""
    many = [group(number) for number in range(50)]
    shown = render_markdown(report(open=120, groups=many, endpoints=report()["endpoints"] * 16))
    assert "\n… and 105 more open findings.\n" in shown
    assert "\n… and 1 more endpoint.\n" in shown
    assert "price14`" in shown
    assert "price15`" not in shown
