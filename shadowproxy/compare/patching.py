"""RFC 6902 patches: what makes the candidate's document of legacy's.

Law: applied to legacy's document, the operations give the candidate's, as far as rules do not hide
the difference.
"""

from collections.abc import Iterable
from typing import Any

from shadowproxy.compare.bodies import compare_bodies, trees_of
from shadowproxy.compare.differences import Difference, Hits, pointer
from shadowproxy.compare.headers import parse_both
from shadowproxy.compare.observations import Observation
from shadowproxy.compare.ruleset import Rules
from shadowproxy.compare.walking import Walk
from shadowproxy.core.words import Kind
from shadowproxy.decode.bounds import BoundError, UndecodableError

Operation = dict[str, Any]
Steps = tuple[str | int, ...]


class NoPatchError(ValueError):
    """There is no patch from one of these to the other; the text says why."""


def patch(
    legacy: Observation, candidate: Observation, rules: Rules, endpoint: str = ""
) -> list[Operation]:
    """The operations, in the order in which they are to be applied; none if nothing differs.

    About bodies alone, of any format that has a tree. Where elements are in another order their
    array is replaced; where there are too many differences, the document.

    Raises:
        NoPatchError: a body is no document, or is too large to be looked at.
    """
    heads = parse_both(legacy.head, candidate.head)
    plan = rules.plan(endpoint, legacy.status)
    try:
        trees = trees_of(legacy, candidate, heads, plan)
    except (UndecodableError, BoundError) as error:
        if compare_bodies(legacy, candidate, heads, plan, Hits(int)) == ([], ""):
            return []
        raise NoPatchError(_why_none(error)) from None
    if any(rule.embedded is not None for _, rule in rules.all):
        walk = Walk(trees.has_booleans)
        if not walk.walk(trees.legacy, trees.candidate, plan.start) and not walk.found:
            return []
    walk = Walk(trees.has_booleans, looks_into=False)
    reason = walk.walk(trees.legacy, trees.candidate, plan.start)
    if reason or rules.pairs_sets or _hides_single_elements(rules):
        whole = bool(reason or walk.found)
        return [_replace((), trees.candidate)] if whole else []
    return list(_operations(walk.found))


def _why_none(error: UndecodableError | BoundError) -> str:
    if isinstance(error, BoundError):
        return f"a body is more than can be looked at ({error})"
    return f"the bodies are not two documents of one format ({error})"


def _hides_single_elements(rules: Rules) -> bool:
    """Then what is told of the others may not be enough to count to them."""
    return any(
        "ignore" in rule.effects and any(isinstance(each.selector, int) for each in rule.path or ())
        for _, rule in rules.all
    )


def _operations(found: Iterable[Difference]) -> Iterable[Operation]:
    """First what changes no index, with legacy's; then arrays, those inside others first."""
    replaced = {each.steps for each in found if each.kind is Kind.ORDER}
    left = [each for each in found if not _is_below(each.steps, replaced)]
    for each in left:
        if each.kind is Kind.ORDER:
            if not _is_below(each.steps, replaced - {each.steps}):
                yield _replace(each.steps, each.candidate)
        elif each.kind is Kind.DUPLICATE_KEY:
            yield _replace(each.steps, each.candidate[-1])
        elif each.kind not in (Kind.REMOVED, Kind.ADDED):
            yield _replace(each.steps, each.candidate)
    moves = [each for each in left if each.kind in (Kind.REMOVED, Kind.ADDED)]
    yield from map(_moved, sorted(moves, key=_turn))


def _is_below(steps: Steps, tops: set[Steps]) -> bool:
    return any(steps[:length] in tops for length in range(len(steps)))


def _turn(difference: Difference) -> tuple[int, int, int]:
    """The deepest first; of one array what went from its end on, then what came from its start on."""
    *_, last = difference.steps
    at = last if isinstance(last, int) else 0
    is_added = difference.kind is Kind.ADDED
    return -len(difference.steps), is_added, at if is_added else -at


def _moved(difference: Difference) -> Operation:
    path = pointer(difference.steps)
    if difference.kind is Kind.REMOVED:
        return {"op": "remove", "path": path}
    return {"op": "add", "path": path, "value": difference.candidate}


def _replace(steps: Steps, value: Any) -> Operation:
    return {"op": "replace", "path": pointer(steps), "value": value}
