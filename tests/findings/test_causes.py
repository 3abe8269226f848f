"""Which findings have one cause."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.findings.causes import (
    MAX_LEADING,
    MAX_PAIRS,
    MAX_SINGLES,
    MIN_TOGETHER,
    Cause,
    Together,
    find_causes,
)
from shadowproxy.findings.group import Evidence, Group


def group(
    name: str, endpoint: str, path: str, kind: str = "type", count: int = 1,
    types: tuple[str, str] = ("number", "string"), statuses: tuple[int, int] = (200, 200),
) -> Group:  # fmt: skip
    return Group(
        name, "r", endpoint, *statuses, path, kind, types if kind == "type" else ("", ""), "t", "t",
        count,
    )  # fmt: skip


def seen(*exchanges: tuple[str, int]) -> Together:
    """`("ab", 3)`: three exchanges that showed a and b."""
    together = Together()
    for ids, times in exchanges:
        for _ in range(times):
            together.note(ids)
    return together


def test_the_same_place_in_three_endpoints_is_one_cause() -> None:
    """Whatever is above the last name; another kind, another type pair and two endpoints are not."""
    groups = [
        group("1", "GET /a", "/price", count=2),
        group("2", "GET /b", "/items/*/price", count=9),
        group("3", "GET /c", "/cart/price"),
        group("4", "GET /d", "/price"),
        group("5", "GET /e", "/price", types=("number", "null")),
        group("6", "GET /f", "/price", "changed"),
        group("7", "GET /g", "/total"),
        group("8", "GET /h", "/total"),
        group("9", "GET /h", "/sum/total"),
    ]
    assert find_causes(groups, []) == [
        Cause("`price` number became string in 4 endpoints", ("2", "1", "3", "4"))
    ]


def test_noise_has_no_cause() -> None:
    """Neither by its place nor by its exchanges; what it came with is left alone."""
    groups = [group(name, f"GET /{name}", "/price") for name in "abc"]
    assert find_causes(groups, []) != []
    groups[0].noise = Evidence("noisy", 30, 30)
    assert find_causes(groups, []) == []
    assert find_causes(groups, seen(("ab", MIN_TOGETHER)).pairs()) == []


def test_headers_statuses_and_bodies_can_share_a_cause() -> None:
    """Where the place says something; "the body differs" in three endpoints does not."""
    groups = [
        group(f"{letter}{number}", f"GET /{number}", path, kind, statuses=statuses)
        for number in range(3)
        for letter, path, kind, statuses in (
            ("h", "#header/x-a", "removed", (200, 200)),
            ("s", "#status", "status", (200, 500)),
            ("t", "#status", "status", (404, 200 + number)),
            ("e", "", "empty", (200, 200)),
            ("b", "", "changed", (200, 200)),
            ("l", "/tags/*", "changed", (200, 200)),
            ("n", "/*", "changed", (200, 200)),
            ("c", "/cut/off...", "changed", (200, 200)),
        )
    ]
    assert [cause.sentence for cause in find_causes(groups, [])] == [
        "the body is empty on one side only in 3 endpoints",
        "header x-a is missing in 3 endpoints",
        "`tags[*]` differs in 3 endpoints",
        "status 200 became 500 in 3 endpoints",
    ]


def test_groups_of_the_same_exchanges_are_one_cause() -> None:
    """From ten exchanges and nine of ten on; one that is also seen elsewhere is its own finding."""
    groups = [group(each, "GET /a", f"/{each}", count=40) for each in "abcdef"]
    together = seen(("ab", 38), ("a", 2), ("bc", 1), ("de", 9), ("f", 20), ("fc", 15))
    assert find_causes(groups, together.pairs()) == [
        Cause(
            "`a` number became string and 1 other finding nearly always come together,"
            " in 40 answers of GET /a",
            ("a", "b"),
        )
    ]
    assert find_causes(groups, seen(("abc", MIN_TOGETHER)).pairs())[0].groups == ("a", "b", "c")
    assert find_causes(groups, seen(("abc", MIN_TOGETHER - 1)).pairs()) == []
    assert find_causes(groups, seen(("ab", 9), ("a", 1)).pairs()) == []
    assert find_causes(groups[:1], seen(("ab", 99)).pairs()) == []


def test_a_group_has_one_cause() -> None:
    """The one that explains most; what is left of another must still be one."""
    groups = [
        *(group(f"p{number}", f"GET /{number}", "/price") for number in range(4)),
        *(group(f"t{number}", f"GET /{number}", "/total") for number in range(2)),
        group("u0", "GET /0", "/tax"),
    ]
    together = Together()
    for _ in range(20):
        together.note(["p0", "t0", "u0"])
        together.note(["p1", "t1"])
    found = find_causes(groups, together.pairs())
    assert [cause.groups for cause in found] == [("p0", "p1", "p2", "p3"), ("t0", "u0")]


IDS = [f"{number}" for number in range(9)]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["/a", "/b/a", "/c"]))),
    st.lists(st.lists(st.sampled_from(IDS), max_size=5), max_size=40),
    st.randoms(),
)
def test_causes_do_not_overlap_and_do_not_depend_on_order(
    places: list[tuple[int, str]], exchanges: list[list[str]], draw: Random
) -> None:
    """The same findings in any order give the same causes; no group is in two, none is alone."""
    groups = [group(f"{n}", f"GET /{at}", path) for n, (at, path) in enumerate(places)]
    one, other = Together(), Together()
    for ids in exchanges:
        for _ in range(10):
            one.note(ids)
            other.note(reversed(ids))
    found = find_causes(groups, one.pairs())
    draw.shuffle(groups)
    assert find_causes(groups, other.pairs()) == found
    members = [each for cause in found for each in cause.groups]
    assert len(members) == len(set(members))
    assert all(len(cause.groups) > 1 for cause in found)


@pytest.mark.slow
def test_counting_is_bounded_and_forgotten_pairs_make_no_cause() -> None:
    """Rare pairs go first; those that belong together are still found, others never are."""
    together = Together()
    for number in range(12_000):
        together.note([f"{number}-{turn}" for turn in range(MAX_LEADING + 3)])
        if number % 400 == 0:
            together.note(["a", "b"])
        together.note([f"x{number % 7}", f"y{number % 5}"])
    assert len(together._pairs) <= MAX_PAIRS
    assert len(together._singles) <= MAX_SINGLES
    assert together.pairs() == [("a", "b")]


def test_only_the_leading_groups_of_an_exchange_are_counted() -> None:
    """A hundred findings in one answer are one broken answer, not 4,950 pairs."""
    together = seen(*[("abcdefghijkl", 20)])
    assert len(together.pairs()) == MAX_LEADING * (MAX_LEADING - 1) // 2
    assert seen(("aab", 20)).pairs() == [("a", "b")]
