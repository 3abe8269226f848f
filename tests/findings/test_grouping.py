"""Endpoints, groups and the sentence of a finding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.findings.endpoints import endpoint_of, generalise
from shadowproxy.findings.grouping import Group, GroupKey, Groups, key_of, sentence
from tests.compare.observing import answer, compared


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("/items/42", "/items/{int}"),
        ("/items/42/", "/items/{int}/"),
        ("/u/3f2504e0-4f89-11d3-9a0c-0305e82c3301/x", "/u/{uuid}/x"),
        ("/c/5f3a9b1c2d", "/c/{hex}"),
        ("/facade/deadbeef", "/facade/deadbeef"),
        ("/d/2026-11-23", "/d/{date}"),
        ("/m/a@b.test", "/m/{email}"),
        ("/t/AbCdEf0123456789xyz", "/t/{token}"),
        ("/reset-token/short", "/reset-token/{token}"),
        ("/" + "a" * 100, "/{token}"),
        ("/pay/4111-1111-1111-1111", "/pay/{token}"),
        ("/" + "/".join("abcdefghijklmnopq"), "/a/b/c/d/e/f/g/h/i/j/k/l/..."),
    ],
)
def test_an_unrouted_path_has_no_identifiers(path: str, expected: str) -> None:
    """What looks like a variable is named, what follows a secret name is hidden."""
    assert generalise(path) == expected


def test_a_route_is_its_template() -> None:
    """With a route the endpoint is the method and what the configuration says."""
    assert endpoint_of("GET", "/users/42?x=1", "/users/{id}") == "GET /users/{id}"
    assert endpoint_of("GET", "/users/42?x=1", None) == "GET /users/{int}"


def keys(legacy: str, candidate: str) -> set[GroupKey]:
    differences = compared(answer(legacy), answer(candidate)).differences
    return {key_of("GET /x", 200, 200, difference) for difference in differences}


def test_elements_of_one_array_are_one_group() -> None:
    """The same member in different elements is the same finding; another type pair is another."""
    assert len(keys("[1,2,3]", '["a","b","c"]')) == 1
    assert len(keys('[{"a":1},{"a":2}]', '[{"a":9},{"a":8}]')) == 1
    assert len(keys('[{"a":1},{"a":2}]', '[{"a":"x"},{"a":null}]')) == 2
    assert len(keys('{"a":1,"b":1}', '{"a":2,"b":2}')) == 2


def test_a_fingerprint_is_stable() -> None:
    """It is written down here because dashboards and stores hold on to it."""
    key = GroupKey("GET /items/{id}", 200, 200, "/price", "type", ("number", "string"))
    assert key.fingerprint == "73c224a099abeb2c"


def group(name: str) -> Group:
    return Group(name, "other", "GET /x", 200, 200, "/a", "changed", ("", ""), "t", "t")


@given(st.lists(st.integers(0, 12), max_size=200), st.integers(1, 6))
def test_groups_are_bounded_and_no_exchange_is_lost(stream: list[int], capacity: int) -> None:
    """Kept counts and evicted ones add up; what is frequent enough is kept (Space-Saving)."""
    groups = Groups(capacity)
    for number in stream:
        kept = groups.get(str(number))
        if kept is None:
            groups.add(kept := group(str(number)))
        groups.count(kept, "t")
        assert len(groups) <= capacity
    assert sum(each.count for each in groups) + groups.evicted == len(stream)
    for number in set(stream):
        if stream.count(number) > len(stream) / capacity:
            assert groups.get(str(number)) is not None


@pytest.mark.parametrize(
    ("kind", "path", "types", "expected"),
    [
        ("changed", "/a", ("", ""), "`/a` differs in 1 answer of GET /x"),
        ("type", "/*/p", ("number", "string"),
         "`/*/p` number became string in 1 answer of GET /x"),
        ("removed", "#header/x-a", ("", ""), "header x-a is missing in 1 answer of GET /x"),
        ("status", "#status", ("", ""), "status 200 became 500 in 1 answer of GET /x"),
        ("media", "", ("text/html", ""),
         "media type text/html became (none) in 1 answer of GET /x"),
        ("raw", "", ("", ""), "the body has other bytes in 1 answer of GET /x"),
        ("order", "", ("", ""), "the body has another order in 1 answer of GET /x"),
        ("duplicate_key", "/a", ("", ""),
         "`/a` repeats a member name differently in 1 answer of GET /x"),
        ("invalid", "", ("", ""), "the body can be decoded on one side only in 1 answer of GET /x"),
        ("empty", "", ("", ""), "the body is empty on one side only in 1 answer of GET /x"),
        ("added", "/n", ("", ""), "`/n` is new in 1 answer of GET /x"),
    ],
)  # fmt: skip
def test_every_kind_has_its_sentence(
    kind: str, path: str, types: tuple[str, str], expected: str
) -> None:
    """One line that a person understands."""
    found = Group("id", "r", "GET /x", 200, 500, path, kind, types, "t", "t", count=1)
    assert sentence(found) == expected


def test_a_sentence_counts() -> None:
    """Many are many, with separators."""
    many = group("id")
    many.count = 10412
    assert "in 10,412 answers of" in sentence(many)
