"""Plays a raw request against the edge and says what client and legacy saw.

send in segments ──► read answers to the end the case allows ──► same connection goes on?
                                                           └──► a clean one on a new connection
"""

import asyncio
from dataclasses import dataclass

from tests.support.backends import Backend, honest_body
from tests.support.corpora import Forwarded, Outcome, RequestCase
from tests.support.edges import Edge
from tests.support.messages import Answer, Received, read_answer
from tests.support.wire import EndedError, Segmenting, Wire

OWN_FRAMING = (b"connection", b"transfer-encoding")
"""Fields with which the proxy frames its own connection to legacy; not the client's."""


@dataclass(frozen=True)
class Seen:
    """What came of it. `bodies` are those of legacy's answers; the proxy's own are its words.

    `raw` is all that the client got, byte for byte.
    """

    statuses: tuple[int, ...]
    bodies: tuple[bytes, ...]
    closed: bool
    legacy: tuple[Forwarded, ...]
    began: bool
    raw: bytes = b""

    def is_as(self, outcome: Outcome) -> bool:
        """It is what the case says."""
        return (
            len(self.statuses) == len(outcome.answers)
            and all(map(frozenset.__contains__, outcome.answers, self.statuses))
            and self.closed == outcome.closed
            and len(self.legacy) == len(outcome.legacy)
            and all(map(_is_as, self.legacy, outcome.legacy))
            and (outcome.may_begin or not self.began)
        )


async def play(case: RequestCase, edge: Edge, legacy: Backend, segmenting: Segmenting) -> Seen:
    """One run of a case on a new connection, and the checks that hold for every case."""
    before, begun_before = len(legacy.requests), len(legacy.begun)
    wire = await edge.connect()
    try:
        answers, closed = await _send_and_read(wire, case, segmenting)
        if not closed and _begins_as([answer.status for answer in answers], case.outcomes[0]):
            await ask(wire, b"/after")
    finally:
        wire.close()
    await is_well(edge)
    malformed, legacy.malformed = legacy.malformed, []
    assert not malformed, f"legacy got what is no request: {malformed}"
    got = legacy.requests[before:]
    got = [request for request in got if request.target not in (b"/after", b"/clean")]
    return Seen(
        tuple(answer.status for answer in answers),
        tuple(answer.body for answer in answers if answer.status == 200),
        closed,
        tuple(map(as_forwarded, got)),
        len(legacy.begun) > begun_before,
        b"".join(answer.head + answer.body for answer in answers),
    )


async def ask(wire: Wire, target: bytes) -> None:
    """A clean request that must get its own answer."""
    await wire.send(b"GET %s HTTP/1.1\r\nHost: a.test\r\n\r\n" % target)
    answer = await read_answer(wire)
    assert (answer.status, answer.body) == (200, honest_body(b"GET", target, b"")), answer


async def is_well(edge: Edge) -> None:
    """A clean request on a new connection gets its own answer."""
    wire = await edge.connect()
    await ask(wire, b"/clean")
    wire.close()


async def _send_and_read(
    wire: Wire, case: RequestCase, segmenting: Segmenting
) -> tuple[list[Answer], bool]:
    """At the same time: a refusal may come while the client still sends."""
    sending = asyncio.get_running_loop().create_task(_send(wire, case, segmenting))
    try:
        return await _read(wire, case)
    finally:
        sending.cancel()


async def _send(wire: Wire, case: RequestCase, segmenting: Segmenting) -> None:
    if await wire.send(case.send, segmenting) and case.half_close:
        wire.half_close()


async def _read(wire: Wire, case: RequestCase) -> tuple[list[Answer], bool]:
    """The final answers, and whether the connection ended behind the last."""
    longest = max(case.outcomes, key=lambda outcome: len(outcome.answers))
    answers: list[Answer] = []
    while _more_is_due([answer.status for answer in answers], case):
        try:
            answer = await read_answer(wire, _method(longest, len(answers)))
        except EndedError:
            return answers, True
        if answer.status >= 200:
            assert answer.is_complete, f"answer {len(answers) + 1} is cut off: {answer}"
            answers.append(answer)
    return answers, False


def _more_is_due(statuses: list[int], case: RequestCase) -> bool:
    """An answer or the end must follow in every outcome that these statuses can lead to."""
    possible = [outcome for outcome in case.outcomes if _begins_as(statuses, outcome)]
    return bool(possible) and not any(
        len(statuses) == len(outcome.answers) and not outcome.closed for outcome in possible
    )


def _begins_as(statuses: list[int], outcome: Outcome) -> bool:
    return len(statuses) <= len(outcome.answers) and all(
        map(frozenset.__contains__, outcome.answers, statuses)
    )


def _method(outcome: Outcome, at: int) -> bytes:
    if at < len(outcome.legacy):
        return outcome.legacy[at].line.partition(" ")[0].encode()
    return b"GET"


def as_forwarded(request: Received) -> Forwarded:
    """In the words of the corpus."""
    kept = [field for field in request.fields if field[0].lower() not in OWN_FRAMING]
    return Forwarded(
        f"{request.method.decode()} {request.target.decode()}",
        _lines(kept),
        request.body,
        _lines(request.trailers),
    )


def _lines(fields: list[tuple[bytes, bytes]]) -> tuple[str, ...]:
    return tuple(f"{name.decode()}: {value.decode('latin-1')}" for name, value in fields)


def _is_as(got: Forwarded, wanted: Forwarded) -> bool:
    return (
        got.line == wanted.line
        and (wanted.fields is None or got.fields == wanted.fields)
        and got.body == wanted.body
        and got.trailers == wanted.trailers
    )
