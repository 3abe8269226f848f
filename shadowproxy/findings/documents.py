"""A finding as plain values, for the file that judge writes, and back.

Law: what `to_plain` wrote, `from_plain` reads as the same finding; anything else is read as far as
it makes sense or is None, never an error, and no bound is passed by what a file says.
"""

from typing import Any, Final

from shadowproxy.findings.escaping import escape
from shadowproxy.findings.group import OPEN, Evidence, Group, Recheck
from shadowproxy.findings.tallies import MAX_VALUE, ValuePair

_TEXTS: Final = ("id", "route", "endpoint", "path", "kind", "first_seen", "last_seen")
_NUMBERS: Final = ("legacy_status", "candidate_status", "count")
MAX_TEXT: Final = 2000
"""Characters of any text of a finding; the longest that is written is an endpoint's."""
_MAX_E: Final = 1e300
"""JSON has no infinity."""


def to_plain(group: Group) -> dict[str, Any]:
    """All of a finding in values that JSON has; `samples` begins with the latest, `sample`."""
    samples = group.samples.all()
    return {
        **{name: getattr(group, name) for name in (*_TEXTS, *_NUMBERS)},
        "types": list(group.types),
        "explained": group.explained,
        "noise": {**group.noise._asdict(), "e": min(group.noise.e, _MAX_E)},
        "rechecks": {str(outcome): group.rechecks.get(outcome, 0) for outcome in Recheck},
        "versions": {"counts": dict(group.versions.counts), "other": group.versions.other},
        "pairs": [
            {**pair._asdict(), "count": count, "over": over} for pair, count, over in group.pairs
        ],
        "sample": samples[0] if samples else {},
        "samples": samples,
        "offered": group.samples.offered,
        "reproducer": group.reproducer,
    }


def from_plain(shown: Any, max_samples: int) -> Group | None:
    """The finding that `to_plain` made this of, or None."""
    if not isinstance(shown, dict):
        return None
    texts = {name: _text(shown.get(name)) for name in _TEXTS}
    types = [_text(each) for each in _list(shown.get("types"))]
    if None in texts.values() or not texts["id"] or len(types) != 2 or None in types:
        return None
    numbers = {name: _number(shown.get(name)) for name in _NUMBERS}
    group = Group(**texts, **numbers, types=(types[0], types[1]))  # type: ignore[arg-type]  # no None among them, as was just seen
    group.rank = group.count
    group.explained = _number(shown.get("explained"))
    group.noise = _evidence(_dict(shown.get("noise")))
    _read_tallies(group, shown)
    _read_samples(group, shown, max_samples)
    return group


def _read_tallies(group: Group, shown: dict[str, Any]) -> None:
    rechecks = _dict(shown.get("rechecks"))
    group.rechecks = {each: _number(rechecks[each]) for each in Recheck if each in rechecks}
    versions = _dict(shown.get("versions"))
    group.versions.other = _number(versions.get("other"))
    for name, count in _dict(versions.get("counts")).items():
        group.versions.add(str(name), _number(count))
    for each in map(_dict, _list(shown.get("pairs"))):
        pair = ValuePair(
            str(each.get("legacy"))[:MAX_VALUE], str(each.get("candidate"))[:MAX_VALUE]
        )
        group.pairs.add(pair, _number(each.get("count")), _number(each.get("over")))


def _read_samples(group: Group, shown: dict[str, Any], max_samples: int) -> None:
    samples = _list(shown.get("samples")) or [shown.get("sample")]
    kept = [sample for sample in samples if sample and isinstance(sample, dict)]
    group.samples.restore(kept, _number(shown.get("offered")), max_samples)
    reproducer = shown.get("reproducer")
    if isinstance(reproducer, dict):
        group.reproduce(reproducer)


def _evidence(shown: dict[str, Any]) -> Evidence:
    e: Any = shown.get("e")
    is_usable = type(e) in (int, float) and 0 <= e <= _MAX_E
    return Evidence(
        _text(shown.get("state")) or OPEN.state,
        _number(shown.get("aa_samples")),
        _number(shown.get("b")),
        float(e) if is_usable else OPEN.e,
    )


def _text(value: Any) -> str | None:
    return escape(value) if isinstance(value, str) and len(value) <= MAX_TEXT else None


def _number(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 1 << 62 else 0


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
