"""What a report says of a condition.

Law: a condition that the report cannot answer is failed with the reason, never passed: an empty
report opens no gate.
"""

import operator as operators
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from shadowproxy.cli.reporting.conditions import (
    UNITS,
    Conclusion,
    Condition,
    Name,
    Operator,
    Unit,
)
from shadowproxy.cli.reporting.members import Document, count, items, mapping, number, text
from shadowproxy.cli.reporting.wording import amount, counted, duration, percent
from shadowproxy.core.words import Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one condition; the sentence has the numbers, or why there are none."""

    condition: Condition
    is_failed: bool
    sentence: str


class Measure(NamedTuple):
    """From `low` to `high`, which are the same unless the report lists only some; what it rests on."""

    low: float
    high: float
    basis: str


class UnknownError(Exception):
    """The report does not say; the message is the reason."""


_HOLDS: Final[dict[Operator, Callable[[float, float], bool]]] = {
    Operator.MORE: operators.gt,
    Operator.AT_LEAST: operators.ge,
    Operator.LESS: operators.lt,
    Operator.AT_MOST: operators.le,
    Operator.IS: operators.eq,
    Operator.IS_NOT: operators.ne,
}
_RELATIONS: Final = {
    Operator.MORE: "more than",
    Operator.AT_LEAST: "at least",
    Operator.LESS: "less than",
    Operator.AT_MOST: "at most",
    Operator.IS: "exactly",
    Operator.IS_NOT: "other than",
}


def check(condition: Condition, document: Document) -> Outcome:
    """Whether the condition is met, which fails the report."""
    try:
        if isinstance(condition.limit, Conclusion):
            return _check_word(condition, condition.limit, document)
        return _check_number(condition, condition.limit, _measure(condition.name, document))
    except UnknownError as unknown:
        return Outcome(condition, True, f"{condition.name} cannot be told: {unknown}")


def _check_word(condition: Condition, limit: Conclusion, document: Document) -> Outcome:
    conclusion = mapping(document, "conclusion")
    word = text(conclusion, "word")
    if word not in set(Conclusion):
        raise UnknownError("the report has no conclusion")
    holds = (word == limit) is (condition.operator is Operator.IS)
    why = text(conclusion, "sentence").rstrip(".")
    said = f"conclusion is {word}" + ("" if word == limit else f", not {limit}")
    return Outcome(condition, holds, f"{said}: {why}" if why else said)


def _check_number(condition: Condition, limit: float, measure: Measure) -> Outcome:
    low, high, basis = measure
    holds = {_HOLDS[condition.operator](end, limit) for end in (low, high)}
    is_exact = condition.operator in (Operator.IS, Operator.IS_NOT)
    if len(holds) > 1 or (is_exact and low < limit < high):
        raise UnknownError(basis)
    (is_met,) = holds
    unit = UNITS[condition.name]
    shown = f"{_told(low, limit, unit)}{'' if low == high else ' or more'}"
    relation = f"{'' if is_met else 'not '}{_RELATIONS[condition.operator]}"
    said = f"{condition.name} is {shown}{f' ({basis})' if basis else ''}"
    return Outcome(condition, is_met, f"{said}, {relation} {_told(limit, low, unit)}")


def _told(value: float, beside: float, unit: Unit) -> str:
    if unit is Unit.SHARE:
        return percent(value, beside)
    return duration(value, beside) if unit is Unit.DURATION else amount(int(value))


def _measure(name: Name, document: Document) -> Measure:
    if name is Name.COVERAGE:
        return _coverage(document)
    if name in (Name.ERRORS, Name.ADDED_P99):
        return _of_users(name, document)
    recorded = _recorded(document)
    if name is Name.RECORDED:
        return _exactly(recorded, "")
    if not recorded:
        raise UnknownError("nothing was recorded")
    if name is Name.FINDINGS:
        return _findings(document)
    if name is Name.NEW:
        return _new(document)
    return _share(_required(mapping(mapping(document, "verdicts"), name), "count"), recorded)


def _recorded(document: Document) -> int:
    """The sum of the verdicts: of one endpoint, if the report is about one; `exchanges` never is."""
    verdicts = mapping(document, "verdicts")
    return sum(_required(mapping(verdicts, verdict), "count") for verdict in Verdict)


def _exactly(value: float, basis: str) -> Measure:
    return Measure(value, value, basis)


def _share(part: int, total: int, where: str = "") -> Measure:
    """Two counters that are read one after the other may be a few apart: more than all is all."""
    return _exactly(min(part, total) / total, f"{part:,} of {total:,}{where}")


def _required(document: Document, name: str) -> int:
    value = count(document, name)
    if value is None:
        raise UnknownError(f"the report does not say {name}")
    return value


def _everywhere(document: Document) -> str:
    """Users and exchanges are not told apart by endpoint, nor is their sum in a report about one."""
    return " at all endpoints" if text(document, "endpoint") else ""


def _coverage(document: Document) -> Measure:
    exchanges = mapping(document, "exchanges")
    recorded, received = _required(exchanges, "recorded"), _required(exchanges, "received")
    if not received:
        raise UnknownError("no request was received")
    return _share(recorded, received, _everywhere(document))


def _of_users(name: Name, document: Document) -> Measure:
    users = mapping(document, "users")
    requests = _required(users, "requests")
    if not requests:
        raise UnknownError("no user's request was answered")
    basis = f"of {counted(requests, 'answer')}{_everywhere(document)}"
    if name is Name.ERRORS:
        return _exactly(_required(users, "errors"), basis)
    added_s = number(users, "added_p99_s")
    if added_s is None:
        raise UnknownError("the added time was not measured")
    return _exactly(added_s, basis)


def _findings(document: Document) -> Measure:
    is_open = _required(document, "open")
    total = count(document, "findings")
    return _exactly(is_open, f"open, of {amount(total)}" if total is not None else "open")


def _new(document: Document) -> Measure:
    """Open ones first seen in the window or in a later version of the candidate, and those back."""
    found = _required(document, "new")
    if not found and not text(document, "since") and not items(document, "versions"):
        hint = "ask with --since, or let the candidate say its version"
        raise UnknownError(f"nothing says which findings were there before: {hint}")
    return _exactly(found, f"of {_required(document, 'open'):,} open")


def store_trouble(document: Document) -> str:
    """What is wrong with the store that the report is read from; empty if nothing is."""
    store = mapping(document, "store")
    state = text(store, "state")
    if state in ("", "ok", "starting"):
        return ""
    last = text(store, "last_write") or "an earlier run"
    why = f": {text(store, 'error')}" if text(store, "error") else ""
    return f"the store is {state}, these figures are of {last}{why}"


def open_findings(document: Document) -> list[dict[str, object]]:
    """Those that the report lists and that a person should look at: undecided, or back."""
    return [
        group
        for group in items(document, "groups")
        if group.get("state", "open") == "open" or group.get("returned") is True
    ]


def is_new(group: Document) -> bool:
    """Not seen before this version, or back: came back in one, or seen after it was marked fixed."""
    return group.get("returned") is True or text(group, "news").startswith(("new", "came back"))


def failed(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Those that fail the report."""
    return [outcome for outcome in outcomes if outcome.is_failed]
