"""Runs a backend that lies as legacy, and says what its user saw while others were served.

bystander ─► /before ─────────► /during ────────────► /after
user                 ─► the lie ───────► what came of it ─► /after, if the connection is kept
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from shadowproxy.core.settings import BackendSettings
from tests.edge.playing import OWN_FRAMING, ask
from tests.support.backends import Backend, backend, refusing, unreachable
from tests.support.corpora import AnswerCase
from tests.support.edges import Edge, backend_settings
from tests.support.messages import Answer, read_answer
from tests.support.notation import to_bytes
from tests.support.scripts import begins_at_accept
from tests.support.wire import EndedError, Wire

TIMEOUT_S = 0.3
"""What a lying backend gets: long for loopback, short for a test."""

TARGET = b"/lie"
ENDLESS_BYTES = 256 << 10


@dataclass
class Lie:
    """What the user saw: `kind` is a word of AnswerCase.user, or `nothing`."""

    kind: str
    answer: Answer | None
    interim: tuple[int, ...]


@asynccontextmanager
async def reached(case: AnswerCase) -> AsyncIterator[tuple[BackendSettings, Backend | None]]:
    """The backend of the case, and how a proxy is told to reach it."""
    quick: dict[str, Any] = {"connect_timeout_s": TIMEOUT_S, "response_timeout_s": TIMEOUT_S}
    match case.listen:
        case "refusing":
            async with refusing() as address:
                yield backend_settings(address, **quick), None
        case "unreachable":
            async with unreachable() as address:
                yield backend_settings(address, **quick), None
        case "unknown":
            yield backend_settings(("nowhere.invalid", 80), **quick), None
        case _:
            async with backend() as running:
                settings = backend_settings(running.address, **quick)
                if case.listen == "plain-for-tls":
                    settings = replace(settings, scheme="https")
                yield settings, running


def takes_long(case: AnswerCase) -> bool:
    """Ends by a timeout."""
    return bool(case.outcome & {"timeout", "connect_timeout"})


def as_parameter(case: AnswerCase, *more: Any) -> Any:
    """The case for `parametrize`, marked slow where it ends by a timeout."""
    return pytest.param(case, *more, marks=[pytest.mark.slow] if takes_long(case) else [])


def teach(running: Backend, case: AnswerCase, *, dripping: bool = False) -> None:
    """Makes the backend lie about `/lie`, or about everything if it speaks first."""
    steps = [dripped(step) for step in case.script] if dripping else list(case.script)
    if begins_at_accept(steps):
        running.at_accept = steps
    else:
        running.scripts[TARGET] = steps


def dripped(step: dict[str, Any]) -> dict[str, Any]:
    """The same bytes, one a segment."""
    return {"drip": step["send"]} if "send" in step else step


def is_small(case: AnswerCase) -> bool:
    """Can be sent byte by byte within a test's time, and says something before it ends."""
    sent = [to_bytes(step["send"]) for step in case.script if "send" in step]
    return 0 < sum(map(len, sent)) < 2048


async def tell(proxy: Edge, case: AnswerCase, bystander: Wire | None) -> tuple[Lie, Wire]:
    """Asks for the lie; the bystander asks while it is being told."""
    wire = await proxy.connect()
    await wire.send(case.request)
    if bystander is not None:
        await ask(bystander, b"/during")
    return await hear(wire, case), wire


async def hear(wire: Wire, case: AnswerCase) -> Lie:
    """What arrives, and how it ends."""
    method = case.request.partition(b" ")[0]
    interim: list[int] = []
    try:
        if "endless" in case.user:
            return await _hear_endlessly(wire)
        while (answer := await read_answer(wire, method)).status < 200:
            interim.append(answer.status)
    except EndedError:
        return Lie("nothing", None, tuple(interim))
    kind = "answered"
    if not answer.is_complete:
        kind = "aborted"
    elif answer.values("proxy-status"):
        kind = "refused"
    return Lie(kind, answer, tuple(interim))


async def _hear_endlessly(wire: Wire) -> Lie:
    await wire.read_until(b"HTTP/1.1 200 OK\r\n")
    await wire.read_exactly(ENDLESS_BYTES)
    return Lie("endless", None, ())


def check(lie: Lie, case: AnswerCase) -> None:
    """It is what the case allows."""
    about = f"{case.id}: {case.fact}, RFC {case.rfc}\nseen {lie}"
    assert lie.kind in case.user | ({"answered"} if "clean" in case.user else set()), about
    if lie.kind == "refused":
        _check_refusal(lie, case, about)
    elif lie.kind == "answered":
        _check_answer(lie, case, about)


def _check_refusal(lie: Lie, case: AnswerCase, about: str) -> None:
    answer = lie.answer
    assert answer is not None
    assert answer.status in case.statuses, about
    assert answer.values("proxy-status")[0].startswith(b"shadowproxy"), about
    if not case.request.startswith(b"HEAD"):
        assert answer.body.endswith(b"\n"), about
        assert answer.body.count(b"\n") == 1, about


def _check_answer(lie: Lie, case: AnswerCase, about: str) -> None:
    answer = lie.answer
    assert answer is not None
    assert answer.status == case.status, about
    assert answer.body == to_bytes(case.body), about
    assert case.reason is None or answer.reason == to_bytes(case.reason), about
    assert case.interim is None or lie.interim == case.interim, about
    kept = [field for field in answer.fields if field[0].lower() not in OWN_FRAMING]
    lines = tuple(f"{name.decode()}: {value.decode('latin-1')}" for name, value in kept)
    assert case.fields is None or lines == case.fields, about
    trailers = tuple(f"{name.decode()}: {value.decode()}" for name, value in answer.trailers)
    assert trailers == case.trailers, about
