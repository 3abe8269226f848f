"""Endpoints, and groups of differences."""

import tracemalloc
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.findings.endpoints import endpoint_of, generalise
from shadowproxy.findings.group import Evidence, Group, Recheck
from shadowproxy.findings.grouping import (
    CAPACITY,
    MAX_EVICTED,
    GroupKey,
    Groups,
    key_at,
    key_of,
)
from shadowproxy.findings.tallies import ValuePair
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
    assert sum(each.count for each in groups.take()) == len(stream)
    for number in set(stream):
        if stream.count(number) > len(stream) / capacity:
            assert groups.get(str(number)) is not None


def test_an_exchange_says_version_and_values() -> None:
    """Both are counted with the exchange; a candidate that says no version has none."""
    groups = Groups()
    groups.add(kept := group("1"))
    groups.count(kept, "t2", "v2", ValuePair("1", "2"))
    groups.count(kept, "t1")
    assert kept.versions.counts == {"v2": 1}
    assert list(kept.pairs) == [(ValuePair("1", "2"), 1, 0)]
    assert (kept.first_seen, kept.last_seen, kept.count) == ("t", "t2", 2)


def keyed(endpoint: str, first_seen: str, times: int) -> Group:
    key = GroupKey(endpoint, 200, 200, "/a", "changed")
    made = Group(
        key.fingerprint, "other", endpoint, 200, 200, "/a", "changed", ("", ""), first_seen, first_seen
    )  # fmt: skip
    made.count = made.rank = times
    return made


def test_a_renamed_endpoint_keeps_its_findings() -> None:
    """Id and endpoint are the new ones; counts and first_seen follow."""
    groups = Groups()
    old = keyed("GET /a/x", "2026-01-01", 5)
    groups.add(old)
    new = GroupKey("GET /a/{var}", 200, 200, "/a", "changed")
    assert key_at(old, "GET /a/{var}") == new
    was = old.id
    assert groups.rename("GET /a/x", "GET /a/{var}", "GET /a/{var}") == {was: new.fingerprint}
    (kept,) = groups
    assert groups.get(new.fingerprint) is kept
    assert (kept.id, kept.endpoint, kept.count) == (new.fingerprint, "GET /a/{var}", 5)
    assert kept.first_seen == "2026-01-01"
    groups.count(kept, "2026-02-01")
    assert kept.rank == 6
    assert groups.merge("nobody", new, "GET /a/{var}") is None


def test_a_renamed_endpoint_keeps_findings_that_wait_to_be_taken() -> None:
    """One that had to make room was counted under the old name, and is taken under the new one."""
    groups = Groups(capacity=1)
    old = keyed("GET /a/x", "2026-01-01", 5)
    was = old.id
    groups.add(old)
    groups.add(keyed("GET /b", "2026-01-02", 1))
    moved = groups.rename("GET /a/x", "GET /a/{var}", "GET /a/{var}")
    new = GroupKey("GET /a/{var}", 200, 200, "/a", "changed").fingerprint
    assert moved == {was: new}
    evicted, kept = groups.take()
    assert (evicted.id, evicted.endpoint, evicted.count) == (new, "GET /a/{var}", 5)
    assert kept.endpoint == "GET /b"


def test_what_noise_explains_of_a_finding_that_is_not_kept_is_handed_over() -> None:
    """With the next take and once; of one that is kept it counts there."""
    groups = Groups()
    groups.add(kept := keyed("GET /a", "2026-01-01", 1))
    other = keyed("GET /b", "2026-01-02", 0)
    for fingerprint in (kept.id, other.id, other.id):
        groups.explain(fingerprint, lambda: keyed("GET /b", "2026-01-02", 0))
    assert len(groups) == 1
    taken = {each.id: (each.count, each.explained) for each in groups.take()}
    assert taken == {kept.id: (1, 1), other.id: (0, 2)}
    assert groups.take() == []


def test_what_noise_explains_follows_a_renamed_endpoint() -> None:
    """Under the new id, whether it was kept or not; and it is bounded."""
    groups = Groups()
    old = keyed("GET /a/x", "2026-01-01", 0)
    groups.explain(old.id, lambda: old)
    was = old.id
    new = GroupKey("GET /a/{var}", 200, 200, "/a", "changed").fingerprint
    assert groups.rename("GET /a/x", "GET /a/{var}", "GET /a/{var}") == {was: new}
    groups.explain(new, lambda: keyed("GET /c", "2026-01-01", 0))
    (taken,) = groups.take()
    assert (taken.id, taken.endpoint, taken.explained) == (new, "GET /a/{var}", 2)
    for number in range(MAX_EVICTED + 3):
        groups.explain(f"{number}", lambda: keyed("GET /", "2026-01-01", 0))
    assert (len(groups.take()), groups.lost) == (MAX_EVICTED, 3)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), max_size=60), st.integers(1, 6))
def test_no_exchange_is_lost_when_endpoints_are_folded(
    steps: list[tuple[int, int]], capacity: int
) -> None:
    """Whatever is counted, taken, evicted and merged in whatever order: the sum holds."""
    groups = Groups(capacity)
    counted = taken = 0
    for number, action in steps:
        wanted = keyed(f"GET /{number}", f"t{action}", 0)
        if action:
            if groups.get(wanted.id) is None:
                groups.add(wanted)
            groups.count(groups.get(wanted.id) or wanted, f"t{action}")
            counted += 1
        else:
            groups.rename(f"GET /{number}", "GET /{var}", "GET /{var}")
        if number == 3:
            taken += sum(each.count for each in groups.take())
    assert all(each.rank >= each.count for each in groups)
    assert taken + sum(each.count for each in groups.take()) == counted
    assert (groups.take(), groups.lost) == ([], 0)
    for each in list(groups):
        groups.merge(each.id, key_at(each, "GET /*"), "GET /*")
    assert len(groups) <= 1


def test_two_groups_become_one() -> None:
    """Everything of both is in it: the earlier beginning, the later end, the smaller reproducer."""
    one, other = keyed("GET /a", "2026-01-02", 2), keyed("GET /b", "2026-01-01", 3)
    other.last_seen = "2026-01-03"
    one.recheck(Recheck.STILL)
    other.recheck(Recheck.STILL)
    other.recheck(Recheck.GONE)
    one.explained, other.explained = 1, 2
    one.noise, other.noise = Evidence("open", 10, 1, 2.0), Evidence("noisy", 30, 3, 0.5)
    one.versions.add("v1")
    other.versions.add("v1")
    one.pairs.add(ValuePair("1", "2"))
    other.pairs.add(ValuePair("3", "4"))
    assert one.reproduce({"legacy": list(range(50)), "candidate": 2})
    assert other.reproduce({"legacy": 1, "candidate": 2})
    one.absorb(other)
    assert (one.count, one.rank, one.explained) == (5, 5, 3)
    assert (one.first_seen, one.last_seen) == ("2026-01-01", "2026-01-03")
    assert one.rechecks == {Recheck.STILL: 2, Recheck.GONE: 1}
    assert one.noise == Evidence("noisy", 30, 3, 0.5)
    assert one.versions.counts == {"v1": 2}
    assert len(list(one.pairs)) == 2
    assert one.reproducer == {"legacy": 1, "candidate": 2}


def test_a_reproducer_that_is_too_large_is_not_kept() -> None:
    """Nor one that is no JSON; what was there stays."""
    kept = group("1")
    assert kept.reproducer is None
    assert kept.reproduce({"legacy": 1, "candidate": 2})
    noise = "".join(chr(0x100 + number * 7919 % 50_000) for number in range(20_000))
    assert not kept.reproduce({"legacy": noise, "candidate": 2})
    assert not kept.reproduce({"legacy": {1, 2}, "candidate": 2})
    assert kept.reproducer == {"legacy": 1, "candidate": 2}


@pytest.mark.slow
def test_the_worst_two_thousand_groups_fit() -> None:
    """All that groups may hold, at its limits: below 24 MiB."""
    draw = Random(1)
    tracemalloc.start()
    groups = Groups()
    for number in range(CAPACITY):
        made = keyed(f"GET /{number:03}/" + "e" * 150, "2026-01-01T00:00:00.000+00:00", 0)
        made.path = "/p" * 100 + str(number)
        groups.add(made)
        for turn in range(12):
            pair = ValuePair(f"{turn}" + "l" * 58, f"{turn}" + "c" * 58)
            groups.count(made, f"2026-01-01T00:00:{turn}.000+00:00", f"{turn}" + "v" * 62, pair)
            made.recheck(Recheck.STILL)
        assert made.reproduce({"legacy": draw.randbytes(3500).hex(), "candidate": 1})
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(groups) == CAPACITY
    assert held < 24 << 20


def test_what_is_taken_begins_anew() -> None:
    """The taken part has the counts, what stays has identity, rank and reproducer."""
    groups = Groups()
    made = keyed("GET /a", "2026-01-01", 0)
    groups.add(made)
    groups.count(made, "2026-01-02", "v1", ValuePair("1", "2"))
    made.recheck(Recheck.STILL)
    assert made.reproduce({"legacy": 1, "candidate": 2})
    (taken,) = groups.take()
    assert (taken.id, taken.count, taken.versions.counts) == (made.id, 1, {"v1": 1})
    assert (len(list(taken.pairs)), taken.rechecks) == (1, {Recheck.STILL: 1})
    assert (made.count, made.rank, made.has_reproducer) == (0, 1, True)
    assert (made.versions.counts, list(made.pairs), made.rechecks) == ({}, [], {})
    assert groups.take() == []


def test_an_evicted_group_is_still_taken() -> None:
    """What it had counted is handed on once."""
    groups = Groups(capacity=1)
    for number in range(3):
        made = keyed(f"GET /{number}", "t", 0)
        groups.add(made)
        groups.count(made, "t")
    assert sorted(each.endpoint for each in groups.take()) == ["GET /0", "GET /1", "GET /2"]
    assert groups.take() == []
