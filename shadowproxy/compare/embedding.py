"""Documents inside of texts: JSON, JSON in base64, and JSON web tokens.

A token becomes {"header": ..., "payload": ..., "signature": whether there is one}: signatures of the
same claims differ, because most algorithms sign them differently each time.
"""

import binascii
from base64 import b64decode, urlsafe_b64decode
from typing import Any, Final

from shadowproxy.compare.automaton import State
from shadowproxy.compare.budget import Budget
from shadowproxy.compare.rules import Embedded
from shadowproxy.decode.bounds import UndecodableError
from shadowproxy.decode.json_text import How, decode_json
from shadowproxy.decode.ndjson import values_of_json

_TEXT_PER_STEP: Final = 64
"""Characters of an embedded document that cost one step, as each of its values does."""


class Documents:
    """What the texts of one comparison hold.

    Each is made once: keys know values by where they are in memory. With `looks_into` False texts
    are texts, whatever rules say that they hold.
    """

    __slots__ = ("_budget", "_known", "_looks_into")

    def __init__(self, budget: Budget, looks_into: bool) -> None:
        self._budget = budget
        self._looks_into = looks_into
        self._known: dict[tuple[str, int], tuple[Any, State]] = {}

    def of(self, text: str, state: State) -> Any:
        """The document that a text holds; None if that is none or nobody asks for it.

        Raises:
            BoundError: the budget is used up.
        """
        if state.embedded is None or not self._looks_into:
            return None
        known = self._known.get((text, id(state)))
        if known is not None:
            return known[0]
        try:
            found = document_in(text, state.embedded, How(True, state.is_picky), self._budget)
        except UndecodableError:
            return None
        self._known[text, id(state)] = found, state  # or another one might take its id
        return found


def document_in(text: str, of: Embedded, how: How, budget: Budget) -> Any:
    """The document that a text holds.

    Raises:
        UndecodableError: it holds none.
        BoundError: more than can be looked at in time.
    """
    budget.spend(4 + len(text) // _TEXT_PER_STEP)
    if of is Embedded.JSON:
        return _decoded(text.encode("utf-8", "surrogatepass"), how, budget)
    if of is Embedded.BASE64_JSON:
        return _decoded(_undone(text), how, budget)
    return _token(text, how, budget)


def _decoded(body: bytes, how: How, budget: Budget) -> Any:
    budget.spend(values_of_json(body))
    return decode_json(body, how)


def _token(text: str, how: How, budget: Budget) -> dict[str, Any]:
    parts = text.split(".")
    if len(parts) != _TOKEN_PARTS:
        raise UndecodableError("jwt")
    return {
        "header": _decoded(_undone(parts[0]), how, budget),
        "payload": _decoded(_undone(parts[1]), how, budget),
        "signature": bool(parts[2]),
    }


_TOKEN_PARTS: Final = 3


def _undone(text: str) -> bytes:
    """Of both alphabets, with its padding or without."""
    padded = text.strip() + "=" * (-len(text.strip()) % 4)
    try:
        if "-" in padded or "_" in padded:
            return urlsafe_b64decode(padded.encode("ascii"))
        return b64decode(padded, validate=True)
    except (binascii.Error, ValueError):
        raise UndecodableError("base64") from None
