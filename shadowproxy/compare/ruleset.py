"""All rules of a configuration, and which of them hold for one pair of answers."""

from base64 import b64decode
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from shadowproxy.compare.automaton import Automaton, State
from shadowproxy.compare.rules import By, Rule, read_rule
from shadowproxy.core.settings import CompareSettings
from shadowproxy.decode.json_text import How
from shadowproxy.decode.protobuf import Schema

MAX_PLANS: Final = 500
"""Kept; each is made in 20 µs a rule."""

NO_RULE: Final = -1
"""The index of what no rule but a setting asks for."""


class Plan(NamedTuple):
    """What holds for answers of one endpoint to which legacy gave one status.

    `start` is what holds at the root of a body; None: nothing, anywhere. Headers are by lower-case
    name with the index of their rule. `schema` is the type of a protobuf body.
    """

    start: State | None = None
    ignored_headers: Mapping[str, int] = {}
    unordered_headers: Mapping[str, int] = {}
    how: How = How()
    schema: Schema | None = None


class Rules:
    """What the configuration says to treat specially.

    `all` are the rules, each with its endpoint, by the index that hits are counted under; `rules` and
    `endpoints` their mappings and endpoints, `expired` the indices of those that are not in force any
    more. Header names are exact. With `as_written`
    differences show numbers in the spelling of the body, which takes ten times as long.

        Rules.of([{"path": "$..updated_at", "ignore": True}])
    """

    def __init__(
        self,
        ignored_headers: Iterable[str] = (),
        unordered_headers: Iterable[str] = (),
        rules: Iterable[tuple[str, Rule]] = (),
        today: date | None = None,
        settings: CompareSettings | None = None,
        as_written: bool = False,
    ) -> None:
        self._settings = settings = settings or CompareSettings()
        self._today = today
        self._as_written = as_written
        self.ignored_headers = frozenset(name.lower() for name in ignored_headers)
        self.unordered_headers = frozenset(name.lower() for name in unordered_headers)
        self.all = tuple(rules)
        self._numbers, self._arrays = settings.numbers, By(settings.arrays)
        self.rules: list[Mapping[str, Any]] = [rule.plain for _, rule in self.all]
        self.endpoints: list[str] = [endpoint for endpoint, _ in self.all]
        self.expired = frozenset(
            index
            for index, (_, rule) in enumerate(self.all)
            if today is not None and rule.expires is not None and rule.expires < today
        )
        self._schemas: dict[str, Schema] = {}
        if settings.messages:
            descriptors = b64decode(settings.descriptors)
            self._schemas = {name: Schema(descriptors, of) for name, of in settings.messages}
        self._special = set(self.endpoints) | self._schemas.keys()
        self._has_conditions = any(rule.statuses for _, rule in self.all)
        self._plans: dict[tuple[str, int], Plan] = {}

    @property
    def pairs_sets(self) -> bool:
        """Whether elements of some array may be left out, because others are equal to them."""
        ways = {rule.pairing.by for _, rule in self.all if rule.pairing is not None}
        return By.SET in ways | {self._arrays}

    @classmethod
    def read(
        cls, settings: CompareSettings, today: date | None = None, as_written: bool = False
    ) -> "Rules":
        """Those of a configuration; without `today` none has expired.

        Raises:
            RuleError: a rule means nothing.
        """
        rules = [("", read_rule(plain)) for plain in settings.rules]
        for endpoint, own in settings.endpoints:
            rules += [(endpoint, read_rule(plain)) for plain in own]
        rules += [(endpoint, read_rule(plain)) for _, endpoint, plain in settings.saved]
        headers = settings.ignore_headers, settings.unordered_headers
        return cls(*headers, rules, today, settings, as_written)

    @classmethod
    def of(cls, rules: Iterable[Mapping[str, Any]], today: date | None = None) -> "Rules":
        """Rules for every endpoint.

        Raises:
            RuleError: a rule means nothing.
        """
        return cls(rules=[("", read_rule(plain)) for plain in rules], today=today)

    def and_one_more(self, plain: Mapping[str, Any], endpoint: str = "") -> "Rules":
        """These and another one, which has the highest index.

        Raises:
            RuleError: it means nothing.
        """
        rules = [*self.all, (endpoint, read_rule(plain))]
        headers = self.ignored_headers, self.unordered_headers
        return Rules(*headers, rules, self._today, self._settings, self._as_written)

    def plan(self, endpoint: str = "", status: int = 200) -> Plan:
        """What holds for an endpoint's answers of this status of legacy."""
        key = self.key(endpoint, status)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            plan = self._plans[key] = self._made(endpoint, status)
        return plan

    def key(self, endpoint: str, status: int) -> tuple[str, int]:
        """Equal where the same rules hold."""
        return (
            endpoint if endpoint in self._special else "",
            status if self._has_conditions else 0,
        )

    def holding(self, endpoint: str, status: int) -> list[tuple[int, Rule]]:
        """The rules with their indices, in the order in which the later wins. 0.2 µs a rule."""
        holding = [
            (index, rule)
            for index, (of, rule) in enumerate(self.all)
            if of in ("", endpoint) and index not in self.expired and rule.holds_at(status)
        ]
        holding.sort(key=lambda each: self.endpoints[each[0]] != "")  # an endpoint's own come last
        return holding

    def _made(self, endpoint: str, status: int) -> Plan:
        holding = self.holding(endpoint, status)
        automaton = Automaton(holding, self._numbers, self._arrays)
        ignored = dict.fromkeys(self.ignored_headers, NO_RULE)
        unordered = dict.fromkeys(self.unordered_headers, NO_RULE)
        for index, rule in holding:
            if rule.header:
                into = ignored if rule.plain.get("ignore") else unordered
                into.setdefault(rule.header, index)
        how = How(automaton.is_picky or self._as_written, automaton.keeps_duplicates)
        return Plan(automaton.start, ignored, unordered, how, self._schemas.get(endpoint))


def rules_of(settings: CompareSettings) -> Rules:
    """What the settings say about headers; without the rules."""
    return Rules(settings.ignore_headers, settings.unordered_headers)
