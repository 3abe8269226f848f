"""Exchanges that are kept whole, as they are read to try a rule, in both kinds of stores."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from shadowproxy.report import samples
from shadowproxy.report.deciding import Actor, Line, Writer, audit_page, extent, note_all
from shadowproxy.report.reading import Reader
from shadowproxy.report.samples import newest_ids, sample_counts, stored_samples
from tests.control.filling import Filling

Read = Callable[..., Any]


@pytest.fixture
def read(url: str) -> Any:
    """Reads the store."""
    reader = Reader(url)
    yield reader.read
    reader.close()


def test_a_findings_own_come_first_and_then_the_newest(url: str, read: Read) -> None:
    """Each once, however many findings it is kept for; of an endpoint if one is asked for."""
    old, new = Filling(age_s=60), Filling()
    own = old.differ({"a": 1, "b": 1}, {"a": 2, "b": 2}, endpoint="GET /old")
    new.differ({"a": 1, "b": 1}, {"a": 2, "b": 2}, endpoint="GET /new", samples=2)
    old.write(url)
    new.write(url)
    (of_old,), of_new = list(old.batch.samples), sorted(new.batch.samples)
    assert read(newest_ids, "", own["/a"], 9)[0] == of_old
    assert read(newest_ids, "", "", 9)[-1] == of_old
    assert sorted(read(newest_ids, "", "", 9)) == sorted([of_old, *of_new])
    assert sorted(read(newest_ids, "GET /new", own["/a"], 9)) == of_new
    assert len(read(newest_ids, "", "", 2)) == 2
    assert read(newest_ids, "GET /none", "", 9) == []


def test_they_are_read_whole_in_order_with_their_findings(
    url: str, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few at a time; what was deleted meanwhile is left out."""
    monkeypatch.setattr(samples, "AT_A_TIME", 2)
    filling = Filling()
    found = filling.differ({"a": 1, "b": "x"}, {"a": 2, "b": 3}, samples=5)
    filling.write(url)
    ids = read(newest_ids, "", "", 9)
    asked = [*ids[:3], "gone", *ids[3:]]
    stored = read(lambda connection: list(stored_samples(connection, asked)))
    assert [each.document["id"] for each in stored] == ids
    for each in stored:
        assert {place.path: group for group, place in each.places.items()} == found
        assert {place.kind for place in each.places.values()} == {"changed", "type"}
    assert read(sample_counts, [*found.values(), "none"]) == dict.fromkeys(found.values(), 5)
    assert read(sample_counts, []) == {}


def test_findings_and_changes_are_counted(url: str, read: Read) -> None:
    """Lines of the audit are written together, in their order."""
    filling = Filling()
    filling.differ({"a": 1}, {"a": 2})
    filling.write(url)
    assert read(extent) == {"groups": 1, "changes": 0}
    actor = Actor("me", datetime.now(UTC))
    writer = Writer(url)
    writer.write(note_all, [Line(actor, "dial", name, "on", "off", "") for name in ("a", "b")])
    writer.close()
    assert read(extent) == {"groups": 1, "changes": 2}
    assert [each["subject"] for each in read(audit_page, 9, None)["entries"]] == ["b", "a"]
