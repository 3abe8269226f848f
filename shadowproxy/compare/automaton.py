"""All rules of an endpoint as one automaton over the steps of a path, made as far as it is walked.

    $ ─items─► · ─any index─► · ─price─► numbers: {abs: 0.01}

One look-up a step, whether there is one rule or 200. A state stands for all nodes at which the same
is in force and below which the same can still match.

Laws: for each action the nearest ancestor with a matching rule wins, then the later rule; `array` and
`embedded` hold for the matched node alone.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from shadowproxy.compare.budget import Budget
from shadowproxy.compare.effects import NOTHING, Effect, Effects
from shadowproxy.compare.paths import Segment
from shadowproxy.compare.rules import STRICT, By, Embedded, Pairing, Rule

MAX_STATES: Final = 5_000
"""Kept of one automaton, a KiB each; rules of ordinary files need as many as they have segments."""
MAX_POSITIONS: Final = 100_000
"""In all kept states, 100 bytes each: 200 rules with `..` can wait in any combination everywhere."""

Step = str | int

_NAME: Final = object()
_INDEX: Final = object()
"""Stand for all member names, and all indices, that no rule of the automaton mentions."""


class _Position(NamedTuple):
    """`rule` waits for its segment `at`."""

    rule: int
    at: int


class _Here(NamedTuple):
    """What the rules say about one node."""

    effects: Effects
    pairing: Pairing
    pairing_rule: int
    embedded: Embedded | None


class State:
    """What holds at a node, and by `step` at the nodes below it; None: nothing, there and below.

    `ignores_all`: no difference at the node or below it counts. `is_picky`: equal values may still
    differ, by their spelling. `is_inside`: the node is a document that a text holds.
    """

    __slots__ = (
        "_automaton", "_inside", "_next", "_positions", "effects", "embedded", "ignores_all",
        "is_inside", "is_picky", "pairing", "pairing_rule",
    )  # fmt: skip

    def __init__(
        self, automaton: "Automaton", positions: frozenset[_Position], here: _Here
    ) -> None:
        self._automaton = automaton
        self._positions = positions
        self._next: dict[Any, State | None] = {}
        self._inside: State | None = None
        self.effects = here.effects
        self.pairing = here.pairing
        self.pairing_rule = here.pairing_rule
        self.embedded = here.embedded
        self.ignores_all = here.effects.is_ignored and not automaton.may_spare(positions)
        self.is_picky = automaton.is_picky
        self.is_inside = False

    def step(self, step: Step) -> "State | None":
        """What holds at a member or an element. 0.15 µs."""
        mark = self._automaton.mark(step)
        try:
            return self._next[mark]
        except KeyError:
            return self._automaton.enter(self._positions, self.effects, mark, self._next)

    def charge(self, budget: Budget | None) -> None:
        """Who pays for the states that are made from now on: a position costs as much as a value."""
        self._automaton.charge(budget)

    def forget(self) -> None:
        """All states that are known from here."""
        self._next.clear()
        self._inside = None

    @property
    def inside(self) -> "State":
        """What holds at the document that a text holds; it is not looked for another one inside."""
        if self._inside is None:
            here = _Here(self.effects, self.pairing, self.pairing_rule, None)
            self._inside = State(self._automaton, self._positions, here)
            self._inside.is_inside = True
        return self._inside


class Automaton:
    """The rules that hold for some answers, `(index, rule)` in the order in which the later wins."""

    def __init__(self, rules: Sequence[tuple[int, Rule]], numbers: str, arrays: By) -> None:
        self._rules = [(index, rule, rule.path) for index, rule in rules if rule.path is not None]
        self._default = Pairing(arrays)
        self._names = {
            segment.selector
            for _, _, path in self._rules
            for segment in path
            if segment.selector is not None
        }
        self._has_defaults = arrays is not By.AUTO
        self._budget: Budget | None = None
        self._states: dict[tuple[frozenset[_Position], _Here], State] = {}
        self._free = MAX_POSITIONS
        self._spares = any(rule.effects.get("ignore") is False for _, rule, _ in self._rules)
        self.keeps_duplicates = any("duplicate_keys" in rule.effects for _, rule, _ in self._rules)
        strict = any(rule.effects.get("numbers") == STRICT for _, rule, _ in self._rules)
        self.is_picky = strict or numbers == STRICT or self.keeps_duplicates
        base = NOTHING if numbers == "value" else Effects(numbers=Effect(-1, numbers))
        start = frozenset(_Position(at, 0) for at in range(len(self._rules)))
        self.start = self._enter(start, base)

    def charge(self, budget: Budget | None) -> None:
        """A new one finds room again: what one document asked for is no burden for the next."""
        self._budget = budget
        if budget is not None and self.start is not None and not self._has_room:
            self._states.clear()
            self._free = MAX_POSITIONS
            self.start.forget()

    def mark(self, step: Step) -> Any:
        """The step, or what stands for all that are not mentioned."""
        if step in self._names:
            return step
        return _INDEX if isinstance(step, int) else _NAME

    def may_spare(self, positions: Iterable[_Position]) -> bool:
        """Whether something below these may be not ignored after all."""
        return self._spares and any(
            self._rules[position.rule][1].effects.get("ignore") is False for position in positions
        )

    def enter(
        self,
        positions: frozenset[_Position],
        effects: Effects,
        mark: Any,
        into: dict[Any, "State | None"],
    ) -> "State | None":
        """The state after a step, kept in `into` while there is room.

        Raises:
            BoundError: the budget is used up.
        """
        if self._budget is not None:
            self._budget.spend(1 + len(positions))
        after = frozenset(self._after(positions, mark))
        state = self._enter(after, effects)
        if self._has_room:
            into[mark] = state
        return state

    @property
    def _has_room(self) -> bool:
        return self._free > 0 and len(self._states) < MAX_STATES

    def _after(self, positions: Iterable[_Position], mark: Any) -> Iterable[_Position]:
        for position in positions:
            segment = self._rules[position.rule][2][position.at]
            if segment.descends:
                yield position
            if _selects(segment, mark):
                yield _Position(position.rule, position.at + 1)

    def _enter(self, positions: frozenset[_Position], inherited: Effects) -> State | None:
        """`positions` may hold complete ones: their rules match this node."""
        waiting = frozenset(each for each in positions if each.at < len(self._rules[each.rule][2]))
        matched = sorted(each.rule for each in positions - waiting)
        here = self._here(matched, inherited)
        is_bare = here.embedded is None and not self._has_defaults and here.pairing_rule < 0
        if not waiting and is_bare and here.effects == NOTHING:
            return None
        known = self._states.get((waiting, here))
        if known is None:
            known = State(self, waiting, here)
            if self._has_room:
                self._states[waiting, here] = known
                self._free -= len(waiting)
        return known

    def _here(self, matched: Iterable[int], inherited: Effects) -> _Here:
        pairing, pairing_rule, embedded = self._default, -1, None
        effects: dict[str, Effect] = {}
        for at in matched:
            index, rule, _ = self._rules[at]
            effects |= {name: Effect(index, value) for name, value in rule.effects.items()}
            if rule.pairing is not None:
                pairing, pairing_rule = rule.pairing, index
            embedded = rule.embedded or embedded
        merged = inherited._replace(**effects) if effects else inherited
        return _Here(merged, pairing, pairing_rule, embedded)


def _selects(segment: Segment, mark: Any) -> bool:
    return segment.selector is None or segment.selector == mark
