"""Keys of values: two values are equal exactly when their keys are.

Each container becomes a small number that stands for the keys of what is in it, so that nothing here
nests, however deep the value does. Under rules, keys are of what is compared: without ignored
members, with texts as rules make them. A key is loose where a tolerance makes equality a matter of
pairs; then equal keys are only a reason to look.
"""

from decimal import Decimal
from typing import Any, Final

from shadowproxy.compare.automaton import State
from shadowproxy.compare.budget import TEXT_PER_STEP, Budget
from shadowproxy.compare.effects import IGNORED, key_under, plain_key
from shadowproxy.compare.embedding import Documents
from shadowproxy.compare.rules import By

Key = str | int

_CONTAINER_COST: Final = 3
"""Of the budget: what is remembered of a container takes 300 bytes."""

_OBJECT: Final = "{"
_ARRAY: Final = "["
_TEXT: Final = '"'
"""Begins the key of a text that holds a document: it is not equal to that document."""

_Task = tuple[Any, State | None, list[Key], int]
"""A container, what holds there, and where its key goes; names and keys follow once it was seen."""
_UNSEEN: Final = 4


class Keys:
    """The keys of one comparison; values must outlive it."""

    __slots__ = ("_budget", "_documents", "_known", "_loose", "_numbers", "_states")

    def __init__(self, budget: Budget, documents: Documents) -> None:
        self._budget = budget
        self._documents = documents
        self._numbers: dict[tuple[Key, ...], int] = {}
        self._known: dict[tuple[int, int], Key] = {}
        self._loose: set[Key] = set()
        self._states: dict[int, State] = {}

    def is_loose(self, key: Key) -> bool:
        """Whether values of this key may differ from each other."""
        return key in self._loose

    def of(self, value: Any, state: State | None) -> Key:
        """The key of a value at a node.

        Raises:
            BoundError: the budget is used up.
        """
        result: list[Key] = [IGNORED]
        todo: list[Any] = []
        self._visit(value, state, result, 0, todo)
        while todo:
            task = todo.pop()
            if len(task) == _UNSEEN:
                self._expand(task, todo)
            else:
                self._close(*task)
        return result[0]

    def _visit(
        self, value: Any, state: State | None, into: list[Key], at: int, todo: list[Any]
    ) -> None:
        """Puts the key of a scalar there now, that of a container later."""
        if state is not None and state.embedded is not None and isinstance(value, str):
            inner = self._documents.of(value, state)
            if inner is not None:
                value, state = inner, state.inside
        if state is not None and state.ignores_all:
            into[at] = IGNORED
        elif isinstance(value, dict | list):
            known = self._known.get((id(value), id(state)))
            if known is None:
                todo.append((value, state, into, at))
            else:
                into[at] = known
        else:
            self._budget.spend(1 if state is None and not isinstance(value, Decimal) else 2)
            into[at] = plain_key(value) if state is None else self._leaf(value, state)

    def _leaf(self, value: Any, state: State) -> Key:
        if isinstance(value, str):
            self._budget.spend(len(value) // TEXT_PER_STEP)
        found = key_under(value, state.effects)
        key = _TEXT + found.key if state.is_inside and found.key != IGNORED else found.key
        if found.is_loose:
            self._loose.add(key)
        return key

    def _expand(self, task: _Task, todo: list[Any]) -> None:
        value, state, into, at = task
        self._budget.spend(_CONTAINER_COST + len(value))
        if isinstance(value, list):
            keys: list[Key] = [IGNORED] * len(value)
            todo.append((value, state, into, at, (), keys))
            for index, item in enumerate(value):
                self._visit(item, None if state is None else state.step(index), keys, index, todo)
            return
        names, states = self._members(value, state)
        keys = [IGNORED] * len(names)
        todo.append((value, state, into, at, names, keys))
        for index, name in enumerate(names):
            self._visit(value[name], None if states is None else states[index], keys, index, todo)

    def _members(
        self, value: dict[str, Any], state: State | None
    ) -> tuple[list[str], list[State | None] | None]:
        """The names of those that count, in an order that is the same for equal objects."""
        if state is None:
            return sorted(value), None
        names, states = [], []
        for name in sorted(value, key=str.casefold) if state.effects.keys else sorted(value):
            below = state.step(name)
            if below is None or not (below.ignores_all or below.effects.is_missing(value[name])):
                names.append(name)
                states.append(below)
        return names, states

    def _close(
        self, value: Any, state: State | None, into: list[Key], at: int, names: list[str],
        keys: list[Key],
    ) -> None:  # fmt: skip
        """All keys inside are known."""
        is_loose = bool(self._loose) and not self._loose.isdisjoint(keys)
        if isinstance(value, dict):
            whole = self._object_key(state, names, keys)
            if state is not None:
                is_loose = is_loose or self._is_ambiguous(value, state, names)
        else:
            whole = self._array_key(state, keys)
        number: Key = IGNORED
        if whole is not None:
            if state is not None and state.is_inside:
                whole = (_TEXT, *whole)
            number = self._numbers.setdefault(whole, len(self._numbers))
        if is_loose:
            self._loose.add(number)
        into[at] = self._known[id(value), id(state)] = number
        if state is not None:
            self._states[id(state)] = state  # or another one might take its id

    @staticmethod
    def _is_ambiguous(value: dict[str, Any], state: State, names: list[str]) -> bool:
        """Whether names are repeated, as they are written or but for their case."""
        if state.is_picky and hasattr(value, "repeated"):
            return True
        return state.effects.keys is not None and len(set(map(str.casefold, names))) < len(names)

    def _object_key(
        self, state: State | None, names: list[str], keys: list[Key]
    ) -> tuple[Key, ...] | None:
        if state is None:
            return (_OBJECT, *names, *keys)
        if state.effects.keys is not None:
            names = [name.casefold() for name in names]
        counted = [pair for pair in zip(names, keys, strict=True) if pair[1] != IGNORED]
        if state.effects.keys is not None:
            counted.sort(key=lambda pair: (pair[0], *_rank(pair[1])))
        if not counted and state.effects.is_ignored:
            return None
        return (_OBJECT, *(name for name, _ in counted), *(key for _, key in counted))

    def _array_key(self, state: State | None, keys: list[Key]) -> tuple[Key, ...] | None:
        if state is None:
            return (_ARRAY, *keys)
        keys = [key for key in keys if key != IGNORED]
        if not keys and state.effects.is_ignored:
            return None
        if state.pairing.by is By.SET:
            keys = list(dict.fromkeys(keys))
        if not state.pairing.is_order_reported and state.pairing.by not in _IN_ORDER:
            keys = sorted(keys, key=_rank)
        return (_ARRAY, *keys)


_IN_ORDER: Final = (By.INDEX, By.LCS)
"""So paired, elements in another order are others."""


def _rank(key: Key) -> tuple[bool, Key]:
    """Numbers come first, or they could not be sorted."""
    return isinstance(key, str), key
