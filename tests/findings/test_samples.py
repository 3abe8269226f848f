"""Samples and tallies of a finding: bounded, and true."""

from collections import Counter
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.findings.samples import MAX_RESERVOIR_BYTES, MAX_SAMPLE_BYTES, Samples
from shadowproxy.findings.tallies import (
    ABSENT,
    MAX_LEADING,
    MAX_NAME,
    MAX_NAMES,
    MAX_VALUE,
    Leading,
    Tally,
    ValuePair,
    pair_of,
    write_short,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)


@given(st.lists(st.integers(0, 2000), max_size=60), st.integers(0, 12), st.randoms())
def test_samples_are_bounded_in_number_and_bytes(
    sizes: list[int], max_samples: int, draw: Random
) -> None:
    """Whatever is offered in whatever order; the latest is always there."""
    samples = Samples()
    for number, size in enumerate(sizes):
        samples.offer({"n": number, "text": "x" * size}, draw.random(), max_samples)
        kept = samples.all()
        assert kept[0] == samples.latest == {"n": number, "text": "x" * size}
        assert len(kept) <= max(max_samples, 1)
        assert sum(len(orjson.dumps(each)) for each in kept[1:]) <= MAX_RESERVOIR_BYTES
    assert samples.offered == len(sizes)


def test_every_sample_is_as_likely_to_be_kept() -> None:
    """2,000 times 4 of 20: each is kept about 400 times (five standard deviations are 90)."""
    draw = Random(7)
    kept: Counter[int] = Counter()
    for _ in range(2000):
        samples = Samples()
        for number in range(20):
            samples.offer({"n": number}, draw.random(), 5)
        samples.offer({"n": -1}, 0.999, 5)  # the latest, which is no part of the draw
        kept.update(each["n"] for each in samples.all()[1:])
    assert all(300 < kept[number] < 500 for number in range(20))


def test_a_large_sample_is_cut_to_what_matters() -> None:
    """Values are written short, then differences go from the end; no sample becomes none."""
    samples = Samples()
    difference = {"path": "/a", "kind": "changed", "legacy": ["x" * 500] * 20, "candidate": 1}
    samples.offer({"request_id": "r", "differences": [difference] * 50}, 0.0, 10)
    latest = samples.latest
    assert latest["request_id"] == "r"
    assert 5 < len(latest["differences"]) < 50
    assert latest["differences"][0] == {
        "path": "/a", "kind": "changed", "legacy": "[20 elements]", "candidate": "1",
    }  # fmt: skip
    assert len(orjson.dumps(latest)) <= MAX_SAMPLE_BYTES


@pytest.mark.parametrize("sample", [{"a": {1}}, {"a": "\ud800"}, {"text": "x" * 5000}])
def test_what_cannot_be_kept_changes_nothing(sample: dict[str, Any]) -> None:
    """No JSON, no UTF-8, too large without differences that could go."""
    samples = Samples()
    samples.offer({"n": 1}, 0.0, 10)
    samples.offer(sample, 0.0, 10)
    assert samples.all() == [{"n": 1}]
    assert samples.offered == 1


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 10), st.booleans())
def test_merged_samples_come_from_both(
    ours: int, theirs: int, max_samples: int, are_later: bool
) -> None:
    """As many as there is room for, the latest is the later one's, nothing is invented."""
    one, other = Samples(), Samples()
    for number in range(ours):
        one.offer({"n": number}, 0.5, max_samples)
    for number in range(theirs):
        other.offer({"m": number}, 0.5, max_samples)
    either = [*one.all(), *other.all()]
    later = other.latest if (are_later and theirs) or not ours else one.latest
    one.absorb(other, max_samples, are_later)
    assert one.offered == ours + theirs
    assert one.latest == later
    assert all(each in either for each in one.all())
    assert len(one.all()) <= max_samples
    assert len(one.all()) >= min(max_samples - 1, len(either))


def test_a_tally_loses_names_and_no_counts() -> None:
    """The first eight names have a count, the others share one."""
    tally = Tally()
    for number in range(20):
        tally.add(f"v{number}")
        tally.add(f"v{number}")
    assert list(tally.counts.items()) == [(f"v{number}", 2) for number in range(MAX_NAMES)]
    assert tally.other == 2 * (20 - MAX_NAMES)
    other = Tally()
    other.add("x" * 1000 + "\n", 3)
    assert [len(name) for name in other.counts] == [MAX_NAME]
    other.absorb(tally)
    assert sum(other.counts.values()) + other.other == 43


@given(st.lists(st.integers(0, 12), max_size=200), st.lists(st.integers(0, 12), max_size=50))
def test_leading_pairs_are_the_most_frequent(stream: list[int], more: list[int]) -> None:
    """Who has more than a fifth is there, `count - over` is certain; merging keeps both."""
    leading, other = Leading(), Leading()
    for into, numbers in ((leading, stream), (other, more)):
        for number in numbers:
            into.add(ValuePair(str(number), "x"))
    found = {pair.legacy: (count, over) for pair, count, over in leading}
    assert len(found) <= MAX_LEADING
    assert sum(count for count, _ in found.values()) == len(stream)
    for number in set(stream):
        times = stream.count(number)
        if times > len(stream) / MAX_LEADING:
            assert str(number) in found
        if str(number) in found:
            count, over = found[str(number)]
            assert count - over <= times <= count
    leading.absorb(other)
    assert sum(count for _, count, _ in leading) == len(stream) + len(more)


@given(JSON)
def test_a_value_is_short_and_on_one_line(value: Any) -> None:
    """Whatever it is."""
    written = write_short(value)
    assert len(written) <= MAX_VALUE
    assert written.isprintable() or not written.encode("utf-8", "replace").decode().isascii()
    assert "\n" not in written


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"), (True, "true"), (1, "1"), (1.5, "1.5"), ("a\n", '"a\\u000a"'),
        ({}, "{0 members}"), ({"a": 1}, "{1 member}"), ([1, 2], "[2 elements]"),
        ("x" * 100, '"' + "x" * 55 + '..."'),
    ],
)  # fmt: skip
def test_values_are_written_as_people_know_them(value: Any, expected: str) -> None:
    """JSON for what is short; sizes for what is not."""
    assert write_short(value) == expected


def test_a_number_that_python_refuses_to_write_has_its_size() -> None:
    """`str` raises above 4,300 digits."""
    assert write_short(10**5000) == "(an integer of 16,610 bits)"
    assert write_short(-(10**5000)) == "-(an integer of 16,610 bits)"


def test_a_side_without_a_value_is_absent() -> None:
    """Which is not the text "(absent)", that has quotes."""
    assert pair_of({"path": "/a", "kind": "added", "candidate": "x"}) == (ABSENT, '"x"')
    assert pair_of({"legacy": ABSENT, "candidate": None}) == (f'"{ABSENT}"', "null")
