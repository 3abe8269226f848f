"""What the candidate does wrong: `planted.BUGS`, acted out on an answer that was right."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shadowproxy.demo import planted


@dataclass(slots=True)
class Answer:
    """An answer before it is encoded; `delay_s` is waited before its first byte."""

    document: dict[str, Any]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


Spoil = Callable[[Answer, Mapping[str, str]], None]
"""Changes the answer to a request with these path and query parameters."""


def _price_type(answer: Answer, _: Mapping[str, str]) -> None:
    if answer.document.get("id", 1) % planted.TYPE_EVERY == 0:
        answer.document["price"] = str(answer.document["price"])


def _missing_field(answer: Answer, _: Mapping[str, str]) -> None:
    if answer.document.get("id", 0) % planted.MISSING_EVERY == planted.MISSING_REMAINDER:
        del answer.document["stock"]["warehouse"]


def _error_on_one_id(answer: Answer, _: Mapping[str, str]) -> None:
    if answer.document.get("id") == planted.FAILING_ID:
        answer.status = 500
        answer.document = {"error": "internal error"}


def _reordered_list(answer: Answer, parameters: Mapping[str, str]) -> None:
    if parameters.get("sort") == "price":
        answer.document["results"].reverse()


def _altered_header(answer: Answer, _: Mapping[str, str]) -> None:
    answer.headers["Cache-Control"] = "no-store"


def _token_lost(answer: Answer, _: Mapping[str, str]) -> None:
    number = answer.document["user"].removeprefix("u")
    if number.isdecimal() and int(number) % planted.TOKEN_EVERY == planted.TOKEN_REMAINDER:
        answer.document["csrf_token"] = None


def _slow_endpoint(answer: Answer, _: Mapping[str, str]) -> None:
    answer.delay_s += planted.SLOW_BY_S


SPOILS: dict[str, Spoil] = {
    "price_type": _price_type,
    "missing_field": _missing_field,
    "error_on_one_id": _error_on_one_id,
    "reordered_list": _reordered_list,
    "altered_header": _altered_header,
    "token_lost": _token_lost,
    "slow_endpoint": _slow_endpoint,
}
"""By the name of the bug in `planted.BUGS`."""


def spoils_by_endpoint() -> dict[str, list[Spoil]]:
    """The bugs of each endpoint, in the table's order."""
    found: dict[str, list[Spoil]] = {}
    for bug in planted.BUGS:
        found.setdefault(bug.place.endpoint, []).append(SPOILS[bug.name])
    return found
