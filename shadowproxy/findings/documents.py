"""A finding as plain values, for the store and for people."""

from typing import Any

from shadowproxy.findings.group import Group, Recheck
from shadowproxy.findings.tallies import MAX_VALUE, Leading, ValuePair

_TEXTS = ("id", "route", "endpoint", "path", "kind", "first_seen", "last_seen")
_NUMBERS = ("legacy_status", "candidate_status", "count", "explained")
_MAX_E = 1e300
"""JSON has no infinity."""


def to_plain(group: Group) -> dict[str, Any]:
    """All of a finding but its reproducer, in values that JSON has."""
    return {
        **{name: getattr(group, name) for name in (*_TEXTS, *_NUMBERS)},
        "types": list(group.types),
        "noise": {**group.noise._asdict(), "e": min(group.noise.e, _MAX_E)},
        "rechecks": {str(outcome): group.rechecks.get(outcome, 0) for outcome in Recheck},
        "versions": {"counts": dict(group.versions.counts), "other": group.versions.other},
        "pairs": pairs_to_plain(group.pairs),
    }


def pairs_to_plain(pairs: Leading) -> list[dict[str, Any]]:
    """The most frequent first."""
    return [{**pair._asdict(), "count": count, "over": over} for pair, count, over in pairs]


def read_pairs(plain: list[dict[str, Any]]) -> Leading:
    """What `pairs_to_plain` wrote."""
    pairs = Leading()
    for each in plain:
        pair = ValuePair(each["legacy"][:MAX_VALUE], each["candidate"][:MAX_VALUE])
        pairs.add(pair, each["count"], each["over"])
    return pairs
