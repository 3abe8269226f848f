"""Trying a rule on stored exchanges before it is in force.

    samples of the store ─► pairs ─► compare.simulating ─► what it would hide, and what of that is dangerous

Laws: at most MAX_S are spent, and the answer says how far it came; a finding is only said to be hidden
if every stored example of it is; answers are redacted, so what is compared is what a person sees.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from time import monotonic
from typing import Any, Final, NamedTuple

import orjson

from shadowproxy.compare.differences import Comparison
from shadowproxy.compare.observations import Observation, response
from shadowproxy.compare.ruleset import Rules
from shadowproxy.compare.simulating import MAX_PAIRS, Pair, Simulation, simulate
from shadowproxy.config import ConfigError
from shadowproxy.control.queries import storable
from shadowproxy.core.settings import Settings
from shadowproxy.core.words import FailureKind
from shadowproxy.redact.redaction import Redactor
from shadowproxy.report.opening import Connection
from shadowproxy.report.samples import Place, Stored, newest_ids, sample_counts, stored_samples

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
        json.dumps(document["rule"], ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadRuleError("the rule holds half of a character") from None
    try:
        settings, _ = load_comparison(None, (), [json.dumps(document["rule"])], {})
    except ConfigError as error:
        said = "; ".join(f"{each.key}: {each.message}" for each in error.problems)
        raise BadRuleError(said) from None
    return Wish(settings.rules[0], endpoint, storable(group))


def try_rule(connection: Connection, wish: Wish, settings: Settings, today: date) -> dict[str, Any]:
    """What a rule would hide of what is stored, as the API says it."""
    ids = newest_ids(connection, wish.endpoint, wish.group, MAX_PAIRS + 1)
    redactor = Redactor(settings.redact, b"")
    trial = _Trial(stored_samples(connection, ids[:MAX_PAIRS]), redactor)
    rules = Rules.read(settings.compare, today)
    found = simulate(wish.rule, trial.pairs(), rules, wish.endpoint, trial.look)
    found = found._replace(are_all=found.pairs == len(ids))
    kept = sample_counts(connection, list(+trial.hidden))
    hidden = [each for each, count in kept.items() if trial.hidden[each] >= count]
    return _shown(found, sorted(hidden), redactor)


class _Trial:
    """The stored exchanges of one simulation, and in how many each finding would be hidden."""

    def __init__(self, stored: Iterable[Stored], redactor: Redactor) -> None:
        self.hidden: Counter[str] = Counter()
        self._stored = stored
        self._redactor = redactor
        self._places: dict[str, Place] = {}

    def pairs(self) -> Iterator[Pair]:
        """Both answers of each, as long as there is time."""
        end_s = monotonic() + MAX_S
        for document, places in self._stored:
            self._places = places
            legacy, candidate = (observation_of(document[side]) for side in ("legacy", "candidate"))
            place = next(iter(places.values()), None)
            yield Pair(legacy, candidate, document["endpoint"] if place is None else place.endpoint)
            if monotonic() >= end_s:
                return

    def look(self, _at: int, before: Comparison, after: Comparison) -> None:
        """A finding that the stored answers do not show, such as of a secret, cannot be hidden."""
        was, still = self._shown(before), self._shown(after)
        for group_id, place in self._places.items():
            at = (place.path, place.kind)
            self.hidden[group_id] += at in was and at not in still

    def _shown(self, compared: Comparison) -> set[tuple[str, str]]:
        return {
            (self._redactor.path(each, general=True), str(each.kind))
            for each in compared.differences
        }


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
                **redactor.difference(example.difference),
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
    said = "" if found.are_all else "not all stored examples were looked at; of those that were, "
    said += (
        f"it would hide {_things(found.hidden_differences, 'difference')} in"
        f" {_things(found.pairs, 'stored example')}, and {found.hidden_mismatches:,} of"
        f" {_things(found.mismatches, 'mismatch', 'mismatches')} would be gone"
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
