"""The corpora as values: raw requests, and backends that lie.

    tests/corpus/requests/CLASS.json    {about, rfc, defaults, cases: [RequestCase]}
    tests/corpus/answers/CLASS.json     {about, rfc, defaults, cases: [AnswerCase]}

`defaults` are members for every case of the file that does not say otherwise. Unknown members are
errors: a misspelt expectation would expect nothing.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.notation import to_bytes

CORPUS = Path(__file__).parent.parent / "corpus"
LIE_REQUEST = "GET /lie HTTP/1.1\r\nHost: a.test\r\n\r\n"


@dataclass(frozen=True)
class Forwarded:
    """A request that legacy must have received, whole.

    `line` is without its version. `fields` are `Name: value`, all of them and in order, but for
    the framing of the proxy's own connection; None: not looked at. `body` is without chunks.
    """

    line: str
    fields: tuple[str, ...] | None = None
    body: bytes = b""
    trailers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a client and legacy see.

    `answers` holds for each answer the statuses that it may have; 1xx are not counted. `closed`:
    the proxy ends the connection after the last answer. `legacy`: the whole requests that legacy
    got, in order; it may have seen the beginning of one more only if `may_begin`.
    """

    answers: tuple[frozenset[int], ...]
    closed: bool
    legacy: tuple[Forwarded, ...]
    may_begin: bool


@dataclass(frozen=True)
class RequestCase:
    """Raw bytes of a client and every outcome that is right (usually one)."""

    id: str
    send: bytes
    half_close: bool
    outcomes: tuple[Outcome, ...]
    fact: str
    rfc: str


@dataclass(frozen=True)
class AnswerCase:
    """A backend's script and what its user may see.

    `user` has one or more of: `refused` (502 or 504 of the proxy's own, see `statuses`),
    `aborted` (a beginning of legacy's answer, recognisably not whole), `answered` (legacy's
    answer: `status`, `body`, and those of `reason`, `fields`, `trailers` and `interim` that are
    given), `clean` (answered, and the connection to legacy is used again), `endless` (an answer
    that goes on until the user leaves). `listen` is how the backend can be reached.
    `outcome` and `verdict` are the tallies that the same backend gets as a candidate.
    """

    id: str
    request: bytes
    script: tuple[dict[str, Any], ...]
    listen: str
    user: frozenset[str]
    statuses: frozenset[int]
    status: int
    body: Any
    reason: str | None
    fields: tuple[str, ...] | None
    trailers: tuple[str, ...]
    interim: tuple[int, ...] | None
    outcome: frozenset[str]
    verdict: frozenset[str]
    fact: str
    rfc: str


@cache
def request_cases() -> tuple[RequestCase, ...]:
    """All raw requests, sorted by id."""
    cases = (_request_case(document) for document in _documents("requests"))
    return tuple(sorted(cases, key=lambda case: case.id))


@cache
def answer_cases() -> tuple[AnswerCase, ...]:
    """All lying backends, sorted by id."""
    cases = (_answer_case(document) for document in _documents("answers"))
    return tuple(sorted(cases, key=lambda case: case.id))


def _documents(folder: str) -> Iterator[dict[str, Any]]:
    for path in sorted((CORPUS / folder).glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        _only(content, {"about", "rfc", "defaults", "cases"}, str(path))
        for case in content["cases"]:
            document = {"rfc": content["rfc"], "fact": ""} | content.get("defaults", {}) | case
            document["id"] = f"{path.stem}/{case['id']}"
            yield document


def _request_case(document: dict[str, Any]) -> RequestCase:
    own = {"id", "send", "half_close", "or", "fact", "rfc"}
    outcome_members = {field.name for field in fields(Outcome)}
    _only(document, own | outcome_members, document["id"])
    outcomes = [document, *(document | other for other in document.get("or", []))]
    return RequestCase(
        document["id"],
        to_bytes(document["send"]),
        document.get("half_close", False),
        tuple(map(_outcome, outcomes)),
        document["fact"],
        document["rfc"],
    )


def _outcome(document: dict[str, Any]) -> Outcome:
    return Outcome(
        tuple(frozenset(statuses) for statuses in document["answers"]),
        document["closed"],
        tuple(map(_forwarded, document.get("legacy", []))),
        document.get("may_begin", False),
    )


def _forwarded(document: dict[str, Any]) -> Forwarded:
    _only(document, {field.name for field in fields(Forwarded)}, str(document))
    return Forwarded(
        document["line"],
        tuple(document["fields"]) if "fields" in document else None,
        to_bytes(document.get("body", "")),
        tuple(document.get("trailers", [])),
    )


def _answer_case(document: dict[str, Any]) -> AnswerCase:
    _only(document, {field.name for field in fields(AnswerCase)}, document["id"])
    return AnswerCase(
        document["id"],
        to_bytes(document.get("request", LIE_REQUEST)),
        tuple(document["script"]),
        document.get("listen", "plain"),
        frozenset(document["user"]),
        frozenset(document.get("statuses", [502])),
        document.get("status", 200),
        document.get("body", ""),
        document.get("reason"),
        tuple(document["fields"]) if "fields" in document else None,
        tuple(document.get("trailers", [])),
        tuple(document["interim"]) if "interim" in document else None,
        frozenset(document["outcome"]),
        frozenset(document["verdict"]),
        document["fact"],
        document["rfc"],
    )


def _only(document: dict[str, Any], known: set[str], where: str) -> None:
    if unknown := set(document) - known:
        raise ValueError(f"{where}: unknown members {sorted(unknown)}")
