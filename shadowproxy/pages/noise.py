"""The page of noise and rules: what a difference is excused by, with the numbers behind it.

Law: every state is said with what it means and with the checks that it rests on.
"""

import json
from typing import Any, Final, NamedTuple

from shadowproxy.pages.documents import Document, count, members, text
from shadowproxy.pages.figures import duration, finite, number, plural
from shadowproxy.pages.rendering import render

MAX_ROWS: Final = 500

STATES: Final = {
    "regression": ("bad", "The candidate's own: it differs there more often than legacy does."),
    "confirmed": ("bad", "The candidate's own: legacy never disagreed with itself there."),
    "noisy": ("plain", "Noise: legacy disagrees with itself there; such differences are excused."),
    "open": ("wait", "Not decided: too few checks yet; nothing is excused."),
}
"""Each state's tone and meaning, in the order in which they are shown."""

_OVERRIDES: Final = {"pinned": "pinned as noise by a person", "refused": "never noise, by a person"}


class Place(NamedTuple):
    """One place, as it is shown."""

    row: Document
    state: str
    tone: str
    evidence: str
    override: str
    shape: str


class Pace(NamedTuple):
    """One endpoint's times: half of the answers, and the slowest hundredth, of both sides."""

    row: Document
    times: list[str]
    ratio: str
    tone: str
    claim: str


def noise(noise: Document, latencies: Document, rules: Document) -> str:
    """The page at `/noise`."""
    places = _places(members(noise, "noise"))
    shown = [each for each in members(rules, "rules") if not _is_deleted(each)]
    return render(
        "noise.html",
        problem=text(noise, "problem"),
        places=places[:MAX_ROWS],
        left_off=max(0, len(places) - MAX_ROWS),
        states=[(name, tone, meaning) for name, (tone, meaning) in STATES.items()],
        evicted=count(noise, "evicted"),
        expired=count(noise, "expired"),
        rules=[(rule, _written(rule.get("rule")), _standing(rule)) for rule in shown[:MAX_ROWS]],
        paces=[_pace(each) for each in members(latencies, "latencies")[:MAX_ROWS]],
    )


def _places(rows: list[dict[str, Any]]) -> list[Place]:
    order = {name: index for index, name in enumerate(STATES)}
    rows.sort(key=lambda row: (text(row, "endpoint"), text(row, "path")))
    rows.sort(key=lambda row: order.get(text(row, "state"), len(order)))
    return [_place(row) for row in rows]


def _place(row: Document) -> Place:
    state = text(row, "state")
    tone, _ = STATES.get(state, ("plain", ""))
    override = text(row, "override")
    said = _OVERRIDES.get(override, override)
    return Place(row, state or "unknown", tone, _evidence(row), said, _shape(row.get("shape")))


def _evidence(row: Document) -> str:
    """What was seen: in checks of legacy against itself, and in ordinary exchanges."""
    checks, times = count(row, "aa_samples"), count(row, "b")
    if not checks:
        said = "legacy was not checked against itself yet"
    elif times:
        said = f"legacy disagreed with itself in {number(times)} of {plural(checks, 'check')}"
    else:
        said = f"legacy never disagreed with itself in {plural(checks, 'check')}"
    candidate = f"the candidate differed in {plural(count(row, 'a'), 'exchange')}"
    e = finite(row.get("e"))
    weight = f"; evidence against noise {_odds(e)} to 1" if e is not None and e > 1 else ""
    return f"{said}; {candidate}{weight}"


def _odds(e: float) -> str:
    """It grows to hundreds of digits, of which nobody reads any."""
    return "more than a million" if e >= 1_000_000 else number(e)


def _shape(shape: Any) -> str:
    """What legacy's own values look like there: others are no noise."""
    if not isinstance(shape, dict):
        return ""
    said = (f"{name} {_plain(value)}" for name, value in shape.items() if _is_known(value))
    return ", ".join(said)


def _is_known(value: Any) -> bool:
    return value is not None and value != [] and value != 0 and value != ""


def _plain(value: Any) -> str:
    if isinstance(value, list):
        if len(value) == 2 and all(finite(each) is not None for each in value):
            low, high = value
            return str(low) if low == high else f"{low} to {high}"
        return " or ".join(str(each) for each in value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _written(rule: Any) -> str:
    """The rule as the file may have it, its place first: JSON is YAML."""
    if not isinstance(rule, dict):
        return ""
    place = {name: rule[name] for name in _PLACES if name in rule}
    return json.dumps({**place, **rule}, ensure_ascii=False)


_PLACES: Final = ("path", "header")


def _is_deleted(rule: Document) -> bool:
    """A saved rule that judge still tells of, until its next report, and the store has no more."""
    return text(rule, "source") == "saved" and not text(rule, "at")


def _standing(rule: Document) -> tuple[str, str]:
    """Tone and word: whether a rule does its work."""
    if rule.get("is_expired") is True:
        return "wait", "expired"
    if text(rule, "sentence"):
        return "bad", "matched nothing: misspelt?"
    if rule.get("has_matched") is True:
        return "good", "in use"
    return "plain", "nothing to match yet"


def _pace(row: dict[str, Any]) -> Pace:
    sides = (row.get("legacy_us"), row.get("candidate_us"))
    times = [
        duration(_seconds(side.get(quantile)) if isinstance(side, dict) else None)
        for quantile in ("p50", "p99")
        for side in sides
    ]
    ratio = finite(row.get("ratio"))
    return Pace(row, times, "" if ratio is None else f"{ratio:.2f} ×", *_claim(row))


def _claim(row: Document) -> tuple[str, str]:
    """Tone and words: that the candidate is not slower is never claimed."""
    if row.get("is_slower") is True:
        return "bad", "slower"
    return "plain", "no claim" if count(row, "blocks") else "no claim: no block yet"


def _seconds(micros: Any) -> float | None:
    known = finite(micros)
    return None if known is None else known / 1e6
