"""What is said of a finding over the versions: when it came, when it went, whether it came back."""

from collections.abc import Mapping, Sequence
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shadowproxy.findings import history
from shadowproxy.findings.history import CHANCE

VERSIONS = tuple(f"v{number}" for number in range(8))
MANY = 10_000
"""Exchanges: enough to have shown anything that is shown once in a thousand."""


def news(order: Sequence[str], shown: Mapping[str, int], exchanges: Mapping[str, int]) -> str:
    """The sentence."""
    return str(history.news(order, shown, exchanges) or "")


def said(pattern: str, shown: int = 100) -> str:
    """Of versions that are `x` (shows it), `.` (answered often without it), `?` (hardly answered)."""
    order = VERSIONS[: len(pattern)]
    exchanges = {
        version: 1 if mark == "?" else MANY for version, mark in zip(order, pattern, strict=True)
    }
    return news(
        order, {v: shown for v, mark in zip(order, pattern, strict=True) if mark == "x"}, exchanges
    )


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", ""), ("x", ""), (".", ""), ("?", ""), ("xx", ""), ("xxx", ""), ("..", ""),
        (".x", "new since v1"), ("..xx", "new since v2"), (".?x", "new since v2"),
        ("?x", ""), ("??xx", ""), ("?.x", "new since v2"),
        ("x.", "gone since v1"), ("xx..", "gone since v2"), ("x?.", "gone since v2"),
        ("x.?", "gone since v1"), ("x?", ""), ("xx??", ""), (".x.", "gone since v2"),
        ("x.x", "came back in v2"), ("x?x", ""), ("x.?x", "came back in v3"),
        ("x.xx", "came back in v2"), ("x.x.x", "came back in v4"), (".x.x", "came back in v3"),
        ("x.x.", "gone since v3"), ("x..x", "came back in v3"), ("x.x?", "came back in v2"),
    ],
)  # fmt: skip
def test_examples(pattern: str, expected: str) -> None:
    """What the last known version says counts most; before that the last return; then the first."""
    assert said(pattern) == expected


@given(st.text("x.?", max_size=8))
def test_versions_that_hardly_answered_change_nothing(pattern: str) -> None:
    """They are passed by, wherever they stand; what is said names one that is known."""
    known = [version for version, mark in zip(VERSIONS, pattern, strict=False) if mark != "?"]
    without = news(
        known,
        {v: 100 for v, mark in zip(VERSIONS, pattern, strict=False) if mark == "x"},
        dict.fromkeys(known, MANY),
    )
    assert said(pattern) == without
    assert not without or without.rpartition(" ")[2] in known


@given(st.text("x.?", max_size=8))
def test_one_sentence_follows_from_what_is_known(pattern: str) -> None:
    """Gone, if the last known does not show it; back, if another way; new, if not in the first."""
    known = pattern.replace("?", "")
    if "x" not in known:
        expected = ""
    elif known.endswith("."):
        expected = "gone since"
    elif "x." in known:
        expected = "came back in"
    else:
        expected = "new since" if known.startswith(".") else ""
    assert said(pattern).rpartition(" ")[0] == expected


@given(st.text("x.?", max_size=7), st.sampled_from("x."))
def test_a_version_that_confirms_the_last_one_is_no_news(pattern: str, mark: str) -> None:
    """Another release that does the same leaves the sentence as it was."""
    assume(pattern.endswith(mark))
    assert said(pattern + mark) == said(pattern)


@given(st.integers(1, 1000), st.integers(1, MANY), st.integers(0, MANY))
def test_it_is_gone_only_if_it_would_have_been_seen(count: int, of: int, without: int) -> None:
    """All sightings would fall into the versions that have some in CHANCE of cases, or fewer."""
    assume(count <= of)
    word = news(("1", "2"), {"1": count}, {"1": of, "2": without})
    is_enough = without > 0 and (of / (of + without)) ** count <= CHANCE
    assert word == ("gone since 2" if is_enough else "")


@given(st.integers(1, 1000), st.integers(1, MANY), st.integers(0, MANY))
def test_it_is_new_only_if_it_would_have_been_seen_before(
    count: int, of: int, without: int
) -> None:
    """The same the other way round: an old version that hardly answered proves nothing."""
    assume(count <= of)
    word = news(("1", "2"), {"2": count}, {"1": without, "2": of})
    is_enough = without > 0 and (of / (of + without)) ** count <= CHANCE
    assert word == ("new since 2" if is_enough else "")


def test_a_rare_finding_needs_more_to_be_called_gone() -> None:
    """One sighting in a hundred: 1,900 answers without it are needed; of ten in a thousand 350."""
    order = ("1", "2")
    assert news(order, {"1": 1}, {"1": 100, "2": 1899}) == ""
    assert news(order, {"1": 1}, {"1": 100, "2": 1900}) == "gone since 2"
    assert news(order, {"1": 10}, {"1": 1000, "2": 349}) == ""
    assert news(order, {"1": 10}, {"1": 1000, "2": 350}) == "gone since 2"


@pytest.mark.parametrize(("share", "first", "second"), [
    (0.001, 300, 100), (0.001, 100, 300), (0.01, 300, 100), (0.1, 30, 30), (0.5, 4, 20),
])  # fmt: skip
def test_what_did_not_change_is_seldom_called_news(share: float, first: int, second: int) -> None:
    """Of findings that were seen at least once, at most CHANCE are said to be new or gone by chance."""
    draw = Random(1)
    seen = wrong = 0
    while seen < 1500:
        counts = [sum(draw.random() < share for _ in range(n)) for n in (first, second)]
        shown = {v: count for v, count in zip("12", counts, strict=True) if count}
        if shown:
            seen += 1
            wrong += bool(news("12", shown, {"1": first, "2": second}))
    assert wrong <= CHANCE * seen * 1.3


def test_sightings_of_all_versions_count_together() -> None:
    """One that shows it in all answers and one that hardly does."""
    shown = {"1": 10, "2": 1}
    exchanges = {"1": 10, "2": 990, "3": 200}
    assert news(("1", "2", "3"), shown, exchanges) == ""
    assert news(("1", "2", "3"), shown, {**exchanges, "3": 400}) == "gone since 3"


@given(st.integers(1, 50), st.integers(0, 49), st.integers(0, 5))
def test_counts_that_do_not_fit_are_no_error(shown: int, exchanges: int, other: int) -> None:
    """A finding that was counted before its version was, or whose version is not kept any more."""
    assert news(("1", "2"), {"1": shown, "gone": shown}, {"1": exchanges, "2": other}) in (
        "", "gone since 2",
    )  # fmt: skip
    assert news((), {"1": shown}, {"1": exchanges}) == ""
    assert news(("1", "2"), {}, {"1": exchanges, "2": other}) == ""
    assert news(("1",), {"1": shown}, {}) == ""


def test_a_version_that_is_counted_with_none_does_not_show_it() -> None:
    """Zero exchanges are not a showing."""
    assert news(("1", "2"), {"1": 5, "2": 0}, {"1": 5, "2": 5}) == ""
    assert news(("1", "2"), {"1": 5, "2": 0}, {"1": 5, "2": 50}) == "gone since 2"
