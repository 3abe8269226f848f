"""Which rules have a place at all in two answers: whose path selects a node, whose field is there.

    $ ─items─► · ─any─► · ─price─► rule 3 is matched

Facts that force the design: a misspelt rule is only known from answers in which it finds nothing,
so looking is done for rules that were not matched yet and only below nodes where they still can be;
most paths name a few members, which takes as many look-ups, but `..` walks the whole tree.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from shadowproxy.compare.budget import WHOLE, Budget
from shadowproxy.compare.embedding import document_in
from shadowproxy.compare.headers import parse_fields
from shadowproxy.compare.observations import Observation
from shadowproxy.compare.paths import Segment
from shadowproxy.compare.rules import Embedded, Rule
from shadowproxy.decode.bounds import BoundError, UndecodableError
from shadowproxy.decode.coding import codings_of, undo
from shadowproxy.decode.formats import decode, utf8_of
from shadowproxy.decode.json_text import How, decode_both, is_json
from shadowproxy.decode.media import Format, media_of
from shadowproxy.decode.protobuf import Schema

LOOK: Final = WHOLE // 5
"""Steps of looking into one pair of answers: 50 ms."""
MAX_STATES: Final = 200
"""Kept of one search, half a KiB each; paths without `..` need as many as they have segments."""

_HOW: Final = How()
_EITHER: Final = b"0"
"""A document that is decoded beside another one."""


class Look(NamedTuple):
    """The rules that have a place; `saw_body` tells whether paths were looked for to the end."""

    matched: frozenset[int]
    saw_body: bool


class _Position(NamedTuple):
    """`rule` waits for its segment `at`."""

    rule: int
    at: int


class _State:
    """What is known at one node: rules that are `matched` by it and `open` ones below it.

    `names` are all steps that open rules can take from here; None: any.
    """

    __slots__ = ("below", "embedded", "matched", "names", "open", "waiting")

    def __init__(
        self, waiting: frozenset[_Position], matched: frozenset[int], embedded: Embedded | None
    ) -> None:
        self.waiting = waiting
        self.matched = matched
        self.embedded = embedded
        self.open: frozenset[int] = frozenset()
        self.names: tuple[str | int, ...] | None = ()
        self.below: dict[str | int | None, _State] = {}


class Search:
    """Looks for the places of some rules.

    Rules of `holding` that are not sought but say what texts hold lead into those texts.
    """

    def __init__(
        self,
        sought: Iterable[int],
        holding: Iterable[tuple[int, Rule]],
        schema: Schema | None = None,
    ) -> None:
        self._schema = schema
        self._headers: list[tuple[int, str]] = []
        self._rules: list[tuple[int, Rule, tuple[Segment, ...]]] = []
        self._sought = frozenset(sought)
        for index, rule in holding:
            if rule.path is None:
                if index in self._sought:
                    self._headers.append((index, rule.header))
            elif index in self._sought or rule.embedded is not None:
                self._rules.append((index, rule, rule.path))
        self._has_paths = any(index in self._sought for index, _, _ in self._rules)
        self._names = {
            segment.selector
            for _, _, path in self._rules
            for segment in path
            if segment.selector is not None
        }
        self._states: dict[tuple[object, ...], _State] = {}
        self._start = self._enter(frozenset(_Position(at, 0) for at in range(len(self._rules))))

    def look(self, legacy: Observation, candidate: Observation) -> Look:
        """Which of the sought rules have a place in either answer."""
        sides = [side for side in (legacy, candidate) if side.failure is None]
        matched: set[int] = set()
        if self._headers:
            names = {name for side in sides for name in parse_fields(side.head)}
            matched.update(index for index, name in self._headers if name in names)
        budget, seen = Budget(LOOK), 0
        try:
            for side in self._bodies(sides):
                try:
                    tree = tree_of(side, self._schema)
                except UndecodableError:
                    continue
                self._walk(tree, budget, matched)
                seen += 1
        except BoundError:
            seen = 0
        return Look(frozenset(matched), seen > 0)

    def matched_in(self, tree: Any, budget: Budget) -> set[int]:
        """Which of the sought rules have a path that selects a node of a tree.

        Raises:
            BoundError: the budget is used up.
        """
        matched: set[int] = set()
        self._walk(tree, budget, matched)
        return matched

    def _bodies(self, sides: list[Observation]) -> Iterator[Observation]:
        """One of two that are the same; none if no path is sought."""
        if self._has_paths:
            yield from sides[:1]
            if len(sides) > 1 and sides[0][2:] != sides[1][2:]:
                yield sides[1]

    def _walk(self, tree: Any, budget: Budget, matched: set[int]) -> None:
        matched |= self._start.matched
        todo: list[tuple[Any, _State]] = [(tree, self._start)]
        while todo:
            value, state = todo.pop()
            if state.open <= matched:
                continue
            if isinstance(value, str):
                value = _document(value, state, budget)
            for step, inner in _children(value, state, budget):
                below = self._step(state, step, budget)
                matched |= below.matched
                if below.open and (isinstance(inner, dict | list) or below.embedded is not None):
                    todo.append((inner, below))

    def _step(self, state: _State, step: str | int, budget: Budget) -> _State:
        mark = step if step in self._names else None
        below = state.below.get(mark)
        if below is None:
            budget.spend(1 + len(state.waiting) // 2)
            below = self._enter(frozenset(self._after(state.waiting, mark)))
            if len(self._states) < MAX_STATES:
                state.below[mark] = below
        return below

    def _after(self, waiting: Iterable[_Position], mark: str | int | None) -> Iterator[_Position]:
        for position in waiting:
            segment = self._rules[position.rule][2][position.at]
            if segment.descends:
                yield position
            if segment.selector is None or segment.selector == mark:
                yield _Position(position.rule, position.at + 1)

    def _enter(self, positions: frozenset[_Position]) -> _State:
        """`positions` may hold complete ones: their rules match this node."""
        waiting = frozenset(each for each in positions if each.at < len(self._rules[each.rule][2]))
        embedded = None
        matched = set()
        for at in sorted(each.rule for each in positions - waiting):
            index, rule, _ = self._rules[at]
            matched.add(index)
            embedded = rule.embedded or embedded
        return self._known(waiting, frozenset(matched) & self._sought, embedded)

    def _known(
        self, waiting: frozenset[_Position], matched: frozenset[int], embedded: Embedded | None
    ) -> _State:
        known = self._states.get((waiting, matched, embedded))
        if known is None:
            known = _State(waiting, matched, embedded)
            mine = [each for each in waiting if self._rules[each.rule][0] in self._sought]
            known.open = frozenset(self._rules[each.rule][0] for each in mine)
            segments = {self._rules[each.rule][2][each.at] for each in mine}
            known.names = _only(segments)
            if len(self._states) < MAX_STATES:
                self._states[waiting, matched, embedded] = known
        return known


def _only(segments: Iterable[Segment]) -> tuple[str | int, ...] | None:
    """The steps that segments can take; None if they can take any."""
    names: set[str | int] = set()
    for segment in segments:
        if segment.descends or segment.selector is None:
            return None
        names.add(segment.selector)
    return tuple(names)


def _children(value: Any, state: _State, budget: Budget) -> Iterable[tuple[str | int, Any]]:
    """What open rules can step to."""
    if not isinstance(value, dict | list):
        return ()
    if state.names is None:
        budget.spend(1 + len(value))
        return enumerate(value) if isinstance(value, list) else value.items()
    budget.spend(1 + len(state.names))
    if isinstance(value, dict):
        return [(name, value[name]) for name in state.names if name in value]
    indices = [at for at in state.names if isinstance(at, int) and at < len(value)]
    return [(at, value[at]) for at in indices]


def _document(text: str, state: _State, budget: Budget) -> Any:
    if state.embedded is None:
        return None
    try:
        return document_in(text, state.embedded, _HOW, budget)
    except UndecodableError:
        return None


def tree_of(observation: Observation, schema: Schema | None = None) -> Any:
    """The body as a tree, in which long numbers need not be exact.

    Raises:
        UndecodableError: it cannot be looked into.
        BoundError: more than can be looked at in time.
    """
    if observation.is_digest or observation.is_cut or not observation.body:
        raise UndecodableError("absent")
    fields = parse_fields(observation.head)
    media = media_of(fields)
    body = undo(observation.body, codings_of(fields))
    if media.format is Format.JSON or (media.format is Format.SNIFF and is_json(body)):
        both = decode_both(utf8_of(body, media.charset), _EITHER, _HOW)
        if both.legacy_is_broken:
            raise UndecodableError("json")
        return both.legacy
    return decode(body, media, _HOW, schema)
