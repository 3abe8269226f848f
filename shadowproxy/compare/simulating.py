"""What one more rule would hide, told before it is accepted.

Laws: nothing is decided here, only counted; a rule that hides what left its class is dangerous, and
whoever asks says so. What cannot be told to be harmless counts as dangerous.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from shadowproxy.compare.classes import class_of, is_in_class
from shadowproxy.compare.comparing import compare
from shadowproxy.compare.differences import Comparison, Difference, type_name
from shadowproxy.compare.observations import Observation
from shadowproxy.compare.ruleset import Rules
from shadowproxy.core.words import Kind, Verdict

MAX_PAIRS: Final = 1_000
"""Looked at, twice at most: 3 s for answers of 100 KB. Their source may end earlier, to save time."""
MAX_EXAMPLES: Final = 10
"""Of each sort; a person reads as many before deciding."""


class Pair(NamedTuple):
    """Two stored answers to one request."""

    legacy: Observation
    candidate: Observation
    endpoint: str = ""


class Hidden(NamedTuple):
    """One difference that would be gone: of which pair, counted from 0, and whether it is dangerous."""

    pair: int
    endpoint: str
    difference: Difference
    leaves_class: bool


class Simulation(NamedTuple):
    """What a rule would do to stored pairs.

    Of the `pairs` that were looked at so many are `mismatches` without it, and of these so many are
    none any more. Of the differences that are hidden, `leaving_class` have a candidate's value that
    is not of the kind that legacy's is: another type or class, null, or none at all. `new_differences`
    are shown with the rule alone (`numbers: strict` asks for more, `array` pairs other elements).
    `examples` are one for each place, the dangerous ones first; they hold values, so redact them.
    """

    pairs: int
    mismatches: int
    hidden_mismatches: int
    hidden_differences: int
    leaving_class: int
    new_differences: int
    examples: Sequence[Hidden]
    are_all: bool
    """Whether there were no more pairs than were looked at."""


def simulate(
    plain: Mapping[str, Any],
    pairs: Iterable[Pair],
    rules: Rules,
    endpoint: str = "",
    look: Callable[[int, Comparison, Comparison], None] | None = None,
) -> Simulation:
    """What a rule for an endpoint (none: for all) would hide besides what `rules` hide already.

    `look` is shown each pair's number, and how it compares without the rule and with it.

    Raises:
        RuleError: it means nothing.
    """
    more = rules.and_one_more(plain, endpoint)
    counts: Counter[str] = Counter()
    examples: dict[tuple[object, ...], Hidden] = {}
    are_all = True
    for at, pair in enumerate(pairs):
        if at >= MAX_PAIRS:
            are_all = False
            break
        counts["pairs"] += 1
        before = compare(pair.legacy, pair.candidate, rules, pair.endpoint)
        counts["mismatches"] += before.verdict is Verdict.MISMATCH
        if endpoint not in ("", pair.endpoint):
            continue
        after = compare(pair.legacy, pair.candidate, more, pair.endpoint)
        if look is not None:
            look(at, before, after)
        counts["hidden_mismatches"] += _is_hidden(before, after)
        counts["new_differences"] += _new(before, after)
        for difference in _gone(before.differences, after.differences):
            hidden = Hidden(at, pair.endpoint, difference, leaves_class(difference))
            counts["hidden_differences"] += 1
            counts["leaving_class"] += hidden.leaves_class
            _keep(examples, hidden)
    return Simulation(
        counts["pairs"],
        counts["mismatches"],
        counts["hidden_mismatches"],
        counts["hidden_differences"],
        counts["leaving_class"],
        counts["new_differences"],
        sorted(examples.values(), key=lambda each: not each.leaves_class)[:MAX_EXAMPLES],
        are_all,
    )


def _is_hidden(before: Comparison, after: Comparison) -> bool:
    return before.verdict is Verdict.MISMATCH and after.verdict is not Verdict.MISMATCH


def _gone(before: Iterable[Difference], after: Iterable[Difference]) -> Iterator[Difference]:
    """Those of the first that the second does not have."""
    left = Counter((each.path, each.kind) for each in after)
    for each in before:
        if left[each.path, each.kind]:
            left[each.path, each.kind] -= 1
        else:
            yield each


def _new(before: Comparison, after: Comparison) -> int:
    """Where the first was cut short, what follows is not new."""
    return 0 if before.reason else len(list(_gone(after.differences, before.differences)))


def _keep(examples: dict[tuple[object, ...], Hidden], hidden: Hidden) -> None:
    difference = hidden.difference
    place = (hidden.leaves_class, hidden.endpoint, difference.general_path, difference.kind)
    alike = [each for each in examples.values() if each.leaves_class is hidden.leaves_class]
    if place not in examples and len(alike) < MAX_EXAMPLES:
        examples[place] = hidden


def leaves_class(difference: Difference) -> bool:
    """Whether the candidate's value is of another kind than legacy's, not only another one."""
    if difference.kind in (Kind.ORDER, Kind.DUPLICATE_KEY):
        return False
    if difference.kind is not Kind.CHANGED:
        return True  # on one side only, of another type, undecodable, empty
    ours, theirs = difference.legacy, difference.candidate
    if type_name(ours) != type_name(theirs):
        return True
    if not isinstance(ours, str):
        return False
    name = class_of(ours)
    return bool(ours) != bool(theirs) or (name is not None and not is_in_class(theirs, name))
