"""Trying a rule on stored exchanges before it is in force.

    samples of the store ─► pairs ─► compare.simulating ─► what it would hide, and what of that is dangerous

Laws: at most MAX_S are spent, and the answer says how far it came; a finding is only said to be hidden
if every stored example of it is; answers are redacted, so what is compared is what a person sees.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any, Final, NamedTuple

import orjson

from shadowproxy.compare.differences import Comparison
from shadowproxy.compare.observations import Observation, response
from shadowproxy.compare.ruleset import Rules
from shadowproxy.compare.simulating import MAX_PAIRS, Pair, Simulation, simulate
from shadowproxy.config import ConfigError
from shadowproxy.core.settings import Settings
from shadowproxy.core.words import FailureKind
from shadowproxy.findings.tallies import write_short
from shadowproxy.redact.redaction import Redactor
from shadowproxy.report.findings import newest_samples, places_of
from shadowproxy.report.opening import Connection

MAX_S: Final = 4.0
"""Of one simulation; a person waits."""


class Wish(NamedTuple):
    """A rule that is valid, for an endpoint (none: all), and the finding that it was written for."""

    rule: Mapping[str, Any]
    endpoint: str
    group: str


class BadRuleError(ValueError):
    """The rule means nothing; the text says what would be right."""


def read_wish(document: Any) -> Wish:
    """What a request's body asks for: {"rule": {...}, "endpoint": "GET /x", "group": id}.

    Imports the validator: not for the loop's own thread.

    Raises:
        BadRuleError: it is something else.
    """
    from shadowproxy.config.loading import load_comparison
    from shadowproxy.config.nodes import Origin, Scalar
    from shadowproxy.config.rule_values import ENDPOINT

    if not isinstance(document, dict) or not isinstance(document.get("rule"), dict):
        raise BadRuleError("expected a JSON object with the member rule, an object")
    if unknown := sorted(set(document) - {"rule", "endpoint", "group", "reason"}):
        raise BadRuleError(f"unknown members: {', '.join(map(str, unknown))[:200]}")
    endpoint, group = document.get("endpoint") or "", document.get("group") or ""
    if not isinstance(endpoint, str) or not isinstance(group, str):
        raise BadRuleError("endpoint and group: expected texts")
    if endpoint:
        try:
            ENDPOINT.read(Scalar(endpoint, Origin("endpoint"), plain=False))
        except ValueError as error:
            raise BadRuleError(f"endpoint: {error}") from None
    try:
        settings, _ = load_comparison(None, (), [json.dumps(document["rule"])], {})
    except ConfigError as error:
        said = "; ".join(f"{each.key}: {each.message}" for each in error.problems)
        raise BadRuleError(said) from None
    return Wish(settings.rules[0], endpoint, group)


def try_rule(connection: Connection, wish: Wish, settings: Settings) -> dict[str, Any]:
    """What a rule would hide of what is stored, as the API says it."""
    rules = Rules.read(settings.compare)
    documents = newest_samples(connection, wish.endpoint, wish.group, MAX_PAIRS)
    places = places_of(connection, {each for one in documents for each in one["groups"]})
    redactor = Redactor(settings.redact, b"")
    still: dict[str, bool] = defaultdict(bool)

    def look(at: int, left: Comparison) -> None:
        """Which findings of a sample are still shown by what is left."""
        shown = {(redactor.path(each, general=True), str(each.kind)) for each in left.differences}
        for group_id in documents[at]["groups"]:
            still[group_id] |= places.get(group_id) in shown

    found = simulate(wish.rule, _in_time(documents), rules, wish.endpoint, look)
    hidden = sorted(group_id for group_id, is_shown in still.items() if not is_shown)
    return _shown(found, hidden if found.hidden_differences else [], redactor)


def _in_time(documents: list[dict[str, Any]]) -> Iterator[Pair]:
    end_s = monotonic() + MAX_S
    for document in documents:
        if monotonic() >= end_s:
            return
        legacy, candidate = (observation_of(document[side]) for side in ("legacy", "candidate"))
        yield Pair(legacy, candidate, document["endpoint"])


def observation_of(answer: Mapping[str, Any]) -> Observation:
    """A stored answer as one that can be compared again.

    A body of another format is stored as its tree: `+json` makes it be read as one, and media types
    that differ still do.
    """
    if answer["failure"] is not None:
        return Observation(FailureKind(answer["failure"]))
    fields = [
        (name, value) for name, value in answer["headers"] if name.lower() not in _OF_THE_BODY
    ]
    if answer["omitted"]:
        return response(b"", answer["media_type"] or None, answer["status"], fields)
    media_type = answer["media_type"].partition(";")[0].strip()
    if answer["format"] != "json":
        media_type = f"{media_type or 'application/unknown'}+json"
    body = orjson.dumps(answer["tree"])
    return response(body, media_type or "application/json", answer["status"], fields)


_OF_THE_BODY: Final = frozenset(("content-type", "content-encoding", "content-length"))


def _shown(found: Simulation, hidden: list[str], redactor: Redactor) -> dict[str, Any]:
    return {
        **{name: getattr(found, name) for name in _NUMBERS},
        "are_all": found.are_all,
        "dangerous": found.leaving_class > 0,
        "sentence": _sentence(found),
        "examples": [
            {
                "legacy": None,
                "candidate": None,
                **{
                    name: write_short(value) if name in ("legacy", "candidate") else value
                    for name, value in redactor.difference(example.difference).items()
                },
                "endpoint": redactor.text(example.endpoint),
                "leaves_class": example.leaves_class,
            }
            for example in found.examples
        ],
        "groups": hidden,
    }


_NUMBERS: Final = (
    "pairs", "mismatches", "hidden_mismatches", "hidden_differences", "leaving_class",
    "new_differences",
)  # fmt: skip


def _sentence(found: Simulation) -> str:
    if not found.pairs:
        return "there are no stored examples to try it on yet"
    if not found.hidden_differences:
        return (
            f"it would hide nothing of {_things(found.pairs, 'stored example')}: is its path right?"
        )
    said = (
        f"it would hide {_things(found.hidden_differences, 'difference')} in"
        f" {_things(found.pairs, 'stored example')}, and {found.hidden_mismatches:,} of"
        f" {_things(found.mismatches, 'mismatch', 'mismatches')} would be none any more"
    )
    if found.leaving_class:
        said += (
            f"; in {found.leaving_class:,} of these the candidate's value is of another kind than"
            " legacy's, or missing: that is more than noise"
        )
    if found.new_differences:
        said += f"; it would show {_things(found.new_differences, 'new difference')}"
    return said


def _things(count: int, name: str, many: str = "") -> str:
    return f"{count:,} {name if count == 1 else many or name + 's'}"
