"""Shadow with witnesses: candidate and legacy are scripted backends, edges and judge are played."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from shadowproxy.core.settings import NoiseSettings
from shadowproxy.core.words import FailureKind
from shadowproxy.ipc import frames
from tests.shadow.playing import FAILURES, Played, ok, shadowed
from tests.support.backends import Backend, backend
from tests.support.messages import Received

ALWAYS = NoiseSettings(sample=1.0, source="legacy")
SECOND = NoiseSettings(sample=1.0, source="secondary")
HANG: list[dict[str, Any]] = [{"signal": "asked"}, {"hang": True}]
FAILED_LEGACY = frames.Side(FAILURES[FailureKind.RESET], 0, 0, 0, 5, 0, b"", b"")


def saying(text: bytes) -> Callable[[Received], bytes]:
    return lambda request: ok(text).head + (b"" if request.method == b"HEAD" else text)


@asynccontextmanager
async def witnessed(**changes: Any) -> AsyncIterator[tuple[Played, Backend, Backend]]:
    """Every safe exchange has a witness; gives shadow, candidate and legacy, which both say ok."""
    async with (
        backend() as candidate,
        backend() as legacy,
        shadowed(candidate.address, legacy=legacy.address, **{"noise": ALWAYS, **changes}) as it,
    ):
        candidate.answer = legacy.answer = saying(b"ok")
        yield it, candidate, legacy


async def exchange(played: Played, count: int, side: frames.Side | None = None) -> None:
    """So many, each with room for its witness; ends when they have."""
    for number in range(count):
        played.answer(played.ask(), side)
        if number % 10 == 9:
            await played.until_ended()
    await played.until_ended()
