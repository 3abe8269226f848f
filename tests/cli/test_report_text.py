"""The report as text: what it says, that it fits, and that nothing in it acts."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from shadowproxy.cli.reporting.text import render_text
from tests.cli.reports import HOSTILE, empty, group, report, spoilt


def lines(document: Any, width: int = 80) -> list[str]:
    """Each is checked: it fits, is printable, and has nothing at its end."""
    shown = render_text(document, width=width)
    assert shown.endswith("\n")
    found = shown.split("\n")[:-1]
    for line in found:
        assert cell_len(line) <= width, line
        assert line.isprintable(), line
        assert line == line.rstrip()
    return found


def test_what_matters_comes_first() -> None:
    """The conclusion, then users, then sums, verdicts, findings, and what was not compared."""
    text = "\n".join(lines(report()))
    told = [
        "shadowproxy report: no-go\nThe candidate differs from legacy.\n - 0.42 % of 74,210",
        "Users      80,000 requests, 2 errors, 7 answers not legacy's\n",
        "Added      p50 0.12 ms, p99 0.9 ms by the proxy itself\n",
        "           Users are untouched.",
        "received 80,000 = skipped 5,000 + dropped 780 + failed 0 + recorded",
        "Compared   92.8 % of what was received",
        "Period     2026-11-28 08:30 UTC to 2026-11-28 09:30 UTC",
        "From       a running proxy",
        " mismatch                312    0.42 %        0.376 % to 0.47 %",
        "Findings: 3 open, of 4",
        " 200 x  0000000000000000  type  new since 2.1\n        `items[*].price0` number became",
        " 199 x  0000000000000001  type  was marked fixed\n",
        "Probably one cause each\n - price is a string at 3 places",
        " 5,000 x  skipped: not_sampled, 6.25 %\n          shadow.sample leaves them out",
        " GET /cart/{id}     10,412     3 %     -      123 ms         123 ms",
        "Slower than legacy\n - GET /cart/{id} is slower by 20 ms",
        "Versions of the candidate\n - 2.1: 74,210 exchanges; findings: 1 new",
    ]
    places = [text.find(each) for each in told]
    assert -1 not in places, told[places.index(-1)]
    assert places == sorted(places)
    assert "price3" not in text  # it is expected, and no open finding


def test_a_report_of_nothing_says_so() -> None:
    """Rates that nobody knows are none, not nothing."""
    text = "\n".join(lines(empty()))
    assert text.startswith("shadowproxy report: not enough data\nNothing was compared yet.\n")
    assert "match                     0      -              -\n" in text
    assert "Added      p50 -, p99 - by the proxy itself" in text
    assert "Period     all that is kept, until 2026-11-28 09:30 UTC" in text
    assert text.endswith("Findings: 0 open, of 0")


def test_what_is_wrong_with_the_proxy_itself_is_said() -> None:
    """Sums that do not hold, a store that is lost; and that only one endpoint is looked at."""
    document = report(
        store={"state": "full", "error": "no space left"}, endpoint="GET /cart/{id}",
        exchanges={**report()["exchanges"], "balanced": False},
    )  # fmt: skip
    text = " ".join(" ".join(lines(document)).split())
    assert "DOES NOT ADD UP" in text
    assert "Store full: no space left" in text
    assert "Endpoint GET /cart/{id} alone; users and exchanges are those of all" in text


def test_long_lists_are_cut_where_it_is_said() -> None:
    """Twenty findings, fifteen endpoints."""
    many = [group(number) for number in range(50)]
    text = "\n".join(lines(report(open=120, groups=many, endpoints=report()["endpoints"] * 16)))
    assert "… and 100 more open findings; --format json has more" in text
    assert "… and 1 more endpoint; --format json has more" in text
    assert "price19` " in text
    assert "price20` " not in text


@pytest.mark.parametrize("width", [40, 60, 80])
def test_hostile_text_is_shown_and_does_nothing(width: int) -> None:
    """Escapes of the terminal are spelled out, markup of rich is text, nothing is too wide."""
    shown = lines(spoilt(report()), width)
    text = "".join("".join(shown).split())
    assert r"\x1b]0;x\x07\x1b[2J\r\n\u202e\x9b\x00\x7f\ud800" in text
    assert "[red]x[/red][/]" in text
    lines(spoilt(report(), "漢字" * 400), width)
    lines(spoilt(report(), "x" * 5000), width)


@pytest.mark.parametrize("width", [40, 63])
def test_a_narrow_terminal_gets_fewer_columns(width: int) -> None:
    """Words and numbers of tables stay whole."""
    text = "\n".join(lines(report(), width))
    assert re.search(r"(?m)^ candidate_failed +40 +0\.0539 %$", text)
    assert re.search(r"(?m)^ GET /cart/\{id\} +10,412 +3 %$", text)
    assert "interval" not in text
    assert "candidate p99" not in text


@settings(max_examples=50)
@given(st.text(), st.integers(20, 80))
def test_any_text_fits(evil: str, width: int) -> None:
    """Whatever characters it has."""
    shown = render_text(spoilt(report(), evil), width=width)
    assert all(line.isprintable() for line in shown.split("\n"))


@pytest.mark.parametrize("wrong", [None, 7, "x", True, [], [7, "x", None], {}, {"rate": "x"}])
def test_a_report_of_another_release_is_shown_as_far_as_it_goes(wrong: Any) -> None:
    """Whatever its members are."""
    assert lines(dict.fromkeys(report(), wrong))
    assert lines({})
    numbers = dict.fromkeys(report()["users"], 10**400)
    assert "- requests" in " ".join(lines(report(users=numbers)))


def test_colours_are_added_and_nothing_else() -> None:
    """What a terminal shows is the plain text, with the conclusion and errors marked."""
    coloured = render_text(spoilt(report()), is_coloured=True)
    assert "\x1b[1;31mno-go\x1b[0m" in coloured
    assert "\x1b[31m2 errors\x1b[0m" in coloured
    assert set(re.findall("\x1b.[^m]*.", coloured)) <= set(re.findall("\x1b\\[[0-9;]+m", coloured))
    plain = re.sub("\x1b\\[[0-9;]+m", "", coloured)
    assert [line.rstrip() for line in plain.split("\n")] == render_text(spoilt(report())).split(
        "\n"
    )
    assert HOSTILE[:5] not in coloured
