"""An open-loop load generator: requests leave on a schedule, whether answers come back or not.

    Poisson schedule ─► due ─► a connection is free? ─► send ─► answer ─► latency since "due"
                                └─ no: wait in line, and the waiting counts

Law: a latency runs from the moment at which the request was meant to leave, so a server that stalls
is charged for every request that it kept from leaving (no coordinated omission).
One thread, raw epoll and a timerfd: 25 us of CPU per request, timer steps of nanoseconds where an
event loop's are milliseconds. `Report.limited` says when the generator itself was the bottleneck.
"""

import argparse
import gc
import json
import random
import select
import time
from array import array
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from bench.timer import Timer
from bench.wire import Connection, Outcome

GRACE_S = 3.0
"""How long answers are waited for after the last request was due; then they are unanswered."""
MAX_WAITING = 20_000
"""Requests in line for a connection; more are not kept but counted as unsent."""
MAX_FRESH = 10_000
"""Connections at once when each request has its own: half of a usual descriptor limit."""
LATE_NS = 2_000_000
BUSY = 0.85


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent where; `fresh` opens a connection for each request."""

    port: int
    rate: float
    seconds: float
    connections: int = 64
    fresh: bool = False
    path: str = "/api/users/1"
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a plan. Latencies are milliseconds from "due" and include the unanswered."""

    sent: int
    answered: int
    failed: dict[str, int]
    unanswered: int
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    late_p99_ms: float
    cpu_share: float
    limited: str

    @property
    def trouble(self) -> str:
        """Everything that was not an answer with status 200, in words."""
        found = [f"{count} {what}" for what, count in self.failed.items()]
        if self.unanswered:
            found.append(f"{self.unanswered} unanswered")
        return "; ".join(found)


class Generator:
    """Runs one plan. All state is changed by `run`'s one loop."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        closing = "Connection: close\r\n" if plan.fresh else ""
        host = f"127.0.0.1:{plan.port}"
        self._request = f"GET {plan.path} HTTP/1.1\r\nHost: {host}\r\n{closing}\r\n".encode()
        self._epoll = select.epoll()
        self._by_fd: dict[int, Connection] = {}
        self._idle: list[Connection] = []
        self._waiting: deque[int] = deque()
        self._latencies = array("q")
        self._lateness = array("q")
        self._failed: Counter[str] = Counter()
        self._sent = 0
        self._max_connections = MAX_FRESH if plan.fresh else plan.connections

    def run(self) -> Report:
        """Sends everything, waits out the grace, reports."""
        gc.collect()
        gc.disable()
        timer = Timer()
        self._epoll.register(timer.fd, select.EPOLLIN | select.EPOLLET)
        start_ns = time.monotonic_ns() + 20_000_000
        cpu_s = time.process_time()
        schedule = arrivals(self._plan, start_ns)
        due_ns = next(schedule, 0)
        end_ns = start_ns + int((self._plan.seconds + GRACE_S) * 1e9)
        while (now_ns := time.monotonic_ns()) < end_ns:
            while due_ns and due_ns <= now_ns:
                self._lateness.append(now_ns - due_ns)
                self._arrive(due_ns)
                due_ns = next(schedule, 0)
            if not due_ns and not self._outstanding():
                break
            timer.set(due_ns or end_ns)
            self._poll(timer.fd)
        wall_s = (time.monotonic_ns() - start_ns) / 1e9
        unanswered = self._abandon()
        timer.close()
        gc.enable()
        return self._report(unanswered, (time.process_time() - cpu_s) / wall_s)

    def _poll(self, timer_fd: int) -> None:
        for fd, mask in self._epoll.poll():
            if fd == timer_fd:
                continue
            connection = self._by_fd.get(fd)
            if connection is None:
                continue
            outcome = connection.ready(mask)
            if outcome is not Outcome.PENDING:
                self._settle(connection, outcome)
                self._serve()
            elif mask & select.EPOLLOUT and not connection.is_writing:
                self._epoll.modify(fd, select.EPOLLIN)

    def _outstanding(self) -> bool:
        return bool(self._waiting) or len(self._by_fd) > len(self._idle)

    def _arrive(self, due_ns: int) -> None:
        if len(self._waiting) < MAX_WAITING:
            self._waiting.append(due_ns)
            self._serve()
        else:
            self._failed["unsent"] += 1

    def _serve(self) -> None:
        """Gives connections to those in line, as far as there are any."""
        while self._waiting:
            if self._idle:
                self._start(self._idle.pop(), self._waiting.popleft())
            elif len(self._by_fd) < self._max_connections:
                self._connect(self._waiting.popleft())
            else:
                return

    def _connect(self, due_ns: int) -> None:
        try:
            connection = Connection(self._plan.port)
        except OSError as error:
            self._failed[f"connect: {error.strerror}"] += 1
            return
        self._by_fd[connection.fd] = connection
        self._epoll.register(connection.fd, select.EPOLLIN)
        self._start(connection, due_ns)
        if connection.is_writing and connection.fd in self._by_fd:
            self._epoll.modify(connection.fd, select.EPOLLIN | select.EPOLLOUT)

    def _start(self, connection: Connection, due_ns: int) -> None:
        self._sent += 1
        outcome = connection.start(self._request, due_ns)
        if outcome is not Outcome.PENDING:
            self._settle(connection, outcome)

    def _settle(self, connection: Connection, outcome: Outcome) -> None:
        if outcome is Outcome.ANSWERED:
            self._latencies.append(time.monotonic_ns() - connection.due_ns)
            if connection.answer.status != 200:
                self._failed[f"status {connection.answer.status}"] += 1
        elif connection.due_ns:
            self._failed[outcome.value] += 1
        connection.due_ns = 0
        if outcome is not Outcome.ANSWERED or self._plan.fresh or connection.answer.must_close:
            self._close(connection)
        else:
            self._idle.append(connection)

    def _close(self, connection: Connection) -> None:
        del self._by_fd[connection.fd]
        if connection in self._idle:
            self._idle.remove(connection)
        connection.close()

    def _abandon(self) -> int:
        now_ns = time.monotonic_ns()
        due = [each.due_ns for each in self._by_fd.values() if each.due_ns] + list(self._waiting)
        self._latencies.extend(now_ns - due_ns for due_ns in due)
        for connection in self._by_fd.values():
            connection.close()
        self._epoll.close()
        return len(due)

    def _report(self, unanswered: int, cpu_share: float) -> Report:
        latencies, late = sorted(self._latencies), sorted(self._lateness)
        late_ns = quantile(late, 0.99)
        limited = ""
        if cpu_share > BUSY:
            limited = f"generator used {cpu_share:.0%} of a core"
        elif late_ns > LATE_NS:
            limited = f"1 in 100 requests left {late_ns / 1e6:.1f} ms late or more"
        return Report(
            sent=self._sent,
            answered=len(latencies) - unanswered,
            failed=dict(self._failed),
            unanswered=unanswered,
            p50_ms=quantile(latencies, 0.5) / 1e6,
            p99_ms=quantile(latencies, 0.99) / 1e6,
            p999_ms=quantile(latencies, 0.999) / 1e6,
            max_ms=(latencies[-1] if latencies else 0) / 1e6,
            late_p99_ms=late_ns / 1e6,
            cpu_share=cpu_share,
            limited=limited,
        )


def arrivals(plan: Plan, start_ns: int) -> Iterator[int]:
    """Due times in nanoseconds: gaps are exponential, so arrivals are as bursty as users are."""
    draw = random.Random(plan.seed)
    at_ns, end_ns = float(start_ns), start_ns + plan.seconds * 1e9
    while (at_ns := at_ns + draw.expovariate(plan.rate) * 1e9) < end_ns:
        yield int(at_ns)


def quantile(ordered: list[int], share: float) -> int:
    """The value below which `share` of the ordered values lie; 0 when there are none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0


def main() -> None:
    """Runs the plan of the command line and prints its report as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("port", type=int)
    parser.add_argument("--rate", type=float, default=2000, help="requests a second")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=64, help="keep-alive connections")
    parser.add_argument("--fresh", action="store_true", help="a connection for each request")
    parser.add_argument("--path", default="/api/users/1")
    parser.add_argument("--seed", type=int, default=1)
    print(json.dumps(asdict(Generator(Plan(**vars(parser.parse_args()))).run())))


if __name__ == "__main__":
    main()
