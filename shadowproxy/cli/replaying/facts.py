"""What both sides said this time, beside what legacy had said; everything a decision may look at.

stored answer ─┬─ legacy now ─┬─ candidate now
               └─ own         └─ differences
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from shadowproxy.cli.replaying.hidden import is_whole, known
from shadowproxy.cli.replaying.stored import StoredAnswer
from shadowproxy.compare import Difference, Observation, Rules, compare
from shadowproxy.compare.bodies import tree_of
from shadowproxy.compare.differences import MISSING, Hits
from shadowproxy.compare.headers import Fields, compare_fields, parse_fields
from shadowproxy.compare.ruleset import Plan
from shadowproxy.compare.walking import Walk
from shadowproxy.core.words import FailureKind, Kind
from shadowproxy.decode.bounds import BoundError, UndecodableError
from shadowproxy.decode.media import media_of
from shadowproxy.findings.escaping import escape
from shadowproxy.redact.redaction import Redactor, TooLargeError

NO_RULES: Final = Rules()
NO_TREE: Final = object()
"""Of a body that cannot be looked into."""


class Seen(NamedTuple):
    """A difference at its general path, as findings have it."""

    path: str
    kind: Kind
    difference: Difference


class Facts(NamedTuple):
    """Of one sample that was asked again.

    `own` are the places and kinds at which legacy disagrees with its stored answer, as far as that
    can be told from what was kept; `hidden` those that rules hide between the two sides now.
    """

    stored: StoredAnswer
    legacy_failure: FailureKind | None
    candidate_failure: FailureKind | None
    statuses: tuple[int, int]
    media_type: str
    fields: Mapping[str, Any]
    tree: Any
    own: frozenset[tuple[str, str]]
    differences: tuple[Seen, ...]
    hidden: frozenset[tuple[str, str]]
    reason: str
    show: Callable[[Difference], Mapping[str, Any]]
    """Gives a difference as it may be shown."""


def gather(
    stored: StoredAnswer,
    legacy: Observation,
    candidate: Observation,
    rules: Rules,
    endpoint: str,
    redactor: Redactor,
) -> Facts:
    """Compares everything with everything; half a second at worst."""
    comparison = compare(legacy, candidate, rules, endpoint)
    bare = compare(legacy, candidate, NO_RULES, endpoint) if comparison.hits else comparison
    fields = parse_fields(legacy.head)
    plan = rules.plan(endpoint, legacy.status)
    tree = _tree_of(legacy, fields, plan)
    seen = tuple(_seen(each, redactor) for each in comparison.differences)
    shown = {(each.path, each.kind) for each in seen}
    return Facts(
        stored,
        legacy.failure,
        candidate.failure,
        (legacy.status, candidate.status),
        media_of(fields).name,
        fields,
        tree,
        frozenset(
            (redactor.path(each, general=True), str(each.kind))
            for each in own_differences(stored, fields, tree, plan, redactor)
        ),
        seen,
        frozenset(
            (found.path, str(found.kind))
            for found in (_seen(each, redactor) for each in bare.differences)
            if (found.path, found.kind) not in shown
        ),
        comparison.reason,
        redactor.difference,
    )


def _seen(difference: Difference, redactor: Redactor) -> Seen:
    return Seen(redactor.path(difference, general=True), difference.kind, difference)


def _tree_of(legacy: Observation, fields: Fields, plan: Plan) -> Any:
    if legacy.failure is not None or legacy.is_digest or legacy.is_cut:
        return NO_TREE
    try:
        return tree_of(legacy, fields, plan)[1]
    except (UndecodableError, BoundError):
        return NO_TREE


def own_differences(
    stored: StoredAnswer, fields: Fields, tree: Any, plan: Plan, redactor: Redactor
) -> Iterator[Difference]:
    """How legacy's answer differs from the stored one, where that was kept as it was."""
    if stored.fields:
        yield from _fields_apart(stored, fields, plan)
    if not stored.has_tree or tree is NO_TREE:
        return
    try:
        now = known(redactor.body(tree)).tree
    except TooLargeError:
        return
    then, short = known(stored.tree)
    walk = Walk()
    walk.walk(then, now, plan.start)
    for each in walk.found:
        is_left_out = each.kind is Kind.ADDED and each.steps[:-1] in short
        is_there = each.legacy is not MISSING and each.candidate is not MISSING
        if not is_left_out and (not is_there or _is_told(each.legacy, each.candidate)):
            yield each


def _fields_apart(stored: StoredAnswer, fields: Fields, plan: Plan) -> Iterator[Difference]:
    then: Fields = {}
    for name, value in stored.fields:
        then.setdefault(name.lower(), []).append(value)
    hidden = {name for name, values in then.items() if not all(map(is_whole, values))}
    now = {name: list(map(escape, values)) for name, values in fields.items()}
    for name in hidden:
        then.pop(name)
        now.pop(name, None)
    return compare_fields(then, now, plan, Hits(int))


def _is_told(then: Any, now: Any) -> bool:
    """Whether a stored value says enough to call another one different.

    Numbers are stored as doubles, or as text where doubles cannot hold them.
    """
    if isinstance(then, str):
        return is_whole(then) and then != str(now)
    if not (_is_number(then) and _is_number(now)):
        return True
    return float(then) != float(now)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
