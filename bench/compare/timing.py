"""Timing one piece of work in bounded time, in a process that nothing else has used."""

import multiprocessing
import signal
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter_ns
from types import FrameType

from bench.load import quantile

MAX_TIMES = 2000


class _TookTooLongError(BaseException):
    """No `except Exception` of a library may take it for its own."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds; of one run only when there was no time for more."""

    p50_ms: float
    p99_ms: float
    times: int


def timed(work: Callable[[], object], budget_s: float, limit_s: float) -> Timing | None:
    """Repeats the work for `budget_s`, at least once; None when one run takes over `limit_s`.

    Uses SIGALRM, so it works in the main thread alone.
    """
    before = signal.signal(signal.SIGALRM, _stop)
    took_ns: list[int] = []
    end_ns = perf_counter_ns() + int(budget_s * 1e9)
    try:
        while not took_ns or (perf_counter_ns() < end_ns and len(took_ns) < MAX_TIMES):
            signal.setitimer(signal.ITIMER_REAL, limit_s)
            start_ns = perf_counter_ns()
            work()
            took_ns.append(perf_counter_ns() - start_ns)
    except _TookTooLongError:
        if not took_ns:
            return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    took_ns.sort()
    return Timing(quantile(took_ns, 0.5) / 1e6, quantile(took_ns, 0.99) / 1e6, len(took_ns))


def timed_apart(
    make: Callable[[], Callable[[], object]], budget_s: float, limit_s: float
) -> Timing | None:
    """`timed`, of what `make` makes, in a fork of this process.

    Nobody's time has another's garbage in it: after DeepDiff has compared 1 MB, parsing as much takes
    twice as long in the same process.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=lambda: theirs.send(timed(make(), budget_s, limit_s)))
    child.start()
    theirs.close()
    try:
        timing: Timing | None = ours.recv()
    finally:
        child.join()
    return timing


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _TookTooLongError
