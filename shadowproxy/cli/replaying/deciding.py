"""What one finding comes to in one sample that was asked again; pure.

legacy failed, or is another kind of answer ─► stale
legacy disagrees with its stored answer here ─► flaky
the candidate failed ─► still different
legacy's answer does not have the place ─► stale
a difference here or around here ─► still different
not everything could be compared ─► stale
otherwise ─► fixed
"""

import json
from collections.abc import Iterable
from typing import Any, Final

from shadowproxy.cli.replaying.facts import NO_TREE, Facts, Seen
from shadowproxy.cli.replaying.outcomes import Outcome, Said
from shadowproxy.cli.replaying.places import is_inside_body, is_shown, speaks_about
from shadowproxy.cli.replaying.stored import Finding
from shadowproxy.core.words import Kind
from shadowproxy.findings.escaping import clip
from shadowproxy.findings.places import name_place

MAX_VALUE: Final = 60
"""Characters of a value in a reason: two of them fit on two lines of a terminal."""


def decide(finding: Finding, facts: Facts, left_out: Iterable[str] = ()) -> Said:
    """The outcome; `left_out` names the fields that were not sent because they were redacted."""
    return _of_legacy(finding, facts, left_out) or _of_both(finding, facts)


def _of_legacy(finding: Finding, facts: Facts, left_out: Iterable[str]) -> Said | None:
    """What legacy's answers say by themselves; None if they are as they were."""
    changed = _why_unlike(finding, facts)
    if changed:
        names = ", ".join(left_out)
        return Said(Outcome.STALE, f"{changed}; sent without {names}" if names else changed)
    kinds = (finding.kind, Kind.TYPE) if finding.kind == Kind.CHANGED else (finding.kind,)
    if any((finding.path, kind) in facts.own for kind in kinds):
        return Said(Outcome.FLAKY, "legacy itself answers something else here than it did")
    return None


def _of_both(finding: Finding, facts: Facts) -> Said:
    if facts.candidate_failure is not None:
        return Said(Outcome.STILL_DIFFERENT, f"the candidate failed: {facts.candidate_failure}")
    if not is_shown(finding.path, finding.kind, facts.fields, facts.tree):
        return Said(Outcome.STALE, "legacy's answer does not have this place any more")
    here = [
        seen
        for seen in facts.differences
        if speaks_about(finding.path, seen.path, seen.kind, facts.statuses)
    ]
    if here:
        return Said(Outcome.STILL_DIFFERENT, _why_different(finding, here, facts))
    if facts.reason and is_inside_body(finding.path):
        return Said(Outcome.STALE, f"not everything could be compared: {facts.reason}")
    return Said(Outcome.FIXED, _why_fixed(finding, facts))


def _why_unlike(finding: Finding, facts: Facts) -> str:
    """Why legacy's answer is not one that the stored one could be held against."""
    if facts.legacy_failure is not None:
        return f"legacy failed: {facts.legacy_failure}"
    then = facts.stored.status or finding.legacy_status
    if facts.statuses[0] != then:
        return f"legacy answers {facts.statuses[0]}, and answered {then}"
    if not is_inside_body(finding.path):
        return ""
    was = facts.stored.media_type
    if was and facts.media_type != was:
        return f"legacy's answer is {_type(facts.media_type)}, and was {_type(was)}"
    if finding.path and facts.tree is NO_TREE:
        return "legacy's answer cannot be looked into: empty, too large or broken"
    return ""


def _type(name: str) -> str:
    return clip(name, MAX_VALUE) or "of no type"


def _why_different(finding: Finding, here: list[Seen], facts: Facts) -> str:
    place = finding.path, finding.kind
    same = next((seen for seen in here if (seen.path, seen.kind) == place), None)
    seen = same or here[0]
    shown = facts.show(seen.difference)
    sides = [f"{side} {_value(shown[side])}" for side in ("legacy", "candidate") if side in shown]
    where = "" if same else f"{name_place(seen.path)} {seen.kind}, "
    return where + ", ".join(sides)


def _value(value: Any) -> str:
    return clip(json.dumps(value, ensure_ascii=False), MAX_VALUE)


def _why_fixed(finding: Finding, facts: Facts) -> str:
    why = "legacy and candidate agree"
    if (finding.path, finding.kind) in facts.hidden:
        why += " by the configured rules"
    return f"{why}; they differ elsewhere" if facts.differences else why
