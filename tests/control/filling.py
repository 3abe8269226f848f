"""A store as judge fills it: compared, decided, grouped, sampled and redacted by judge's own code.

Filling().differ({"price": 1}, {"price": "1"}) ─► Batch ─ write(url) ─► what control reads
"""

import time
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

import orjson

from shadowproxy.compare import Rules, compare
from shadowproxy.core.settings import RedactSettings
from shadowproxy.core.words import Verdict
from shadowproxy.findings.group import Group
from shadowproxy.findings.grouping import key_of
from shadowproxy.findings.tallies import pair_of
from shadowproxy.ipc import frames
from shadowproxy.judge.decision import decide
from shadowproxy.judge.exchange import Exchange
from shadowproxy.judge.sampling import Sampler
from shadowproxy.noise.learning import UNKNOWN
from shadowproxy.redact.redaction import Redactor
from shadowproxy.report.batch import WIDTH_S, Batch
from shadowproxy.report.migrating import migrate
from shadowproxy.report.opening import open_engine
from shadowproxy.report.writing import last_flush, write

CART: Final = "GET /cart/{id}"
WRITER: Final = "a-judge"
MAX_SAMPLES: Final = 10
_REDACTOR: Final = Redactor(RedactSettings(), b"key")
_RULES: Final = Rules()
_EXCHANGES: Final = count()


def _at(now: datetime) -> str:
    return now.isoformat(timespec="milliseconds")


def _side(body: Any, status: int) -> frames.Side:
    content = orjson.dumps(body)
    head = (
        b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % (status, len(content))
    )  # fmt: skip
    return frames.Side(0, 0, status, 1500, 2500, len(content), head, content)


class Filling:
    """What one judge has to say, `age_s` seconds ago."""

    def __init__(self, age_s: float = 0.0) -> None:
        self.batch = Batch()
        now = datetime.now(UTC) - timedelta(seconds=age_s)
        self._seen = _at(now)
        self._start_s = int(now.timestamp()) // WIDTH_S * WIDTH_S

    def match(self, times: int = 1, endpoint: str = CART, version: str = "") -> None:
        """Exchanges in which both sides said the same."""
        self._count(Verdict.MATCH, times, endpoint, version)

    def differ(
        self, legacy: Any, candidate: Any, *, endpoint: str = CART, times: int = 1,
        version: str = "", statuses: tuple[int, int] = (200, 200), samples: int = 1,
    ) -> dict[str, str]:  # fmt: skip
        """Exchanges with these answers, so many of them kept; the findings' ids by path."""
        self._count(Verdict.MISMATCH, times, endpoint, version)
        exchange = self._exchange(legacy, candidate, statuses, endpoint)
        comparison = compare(exchange.legacy, exchange.candidate, _RULES, endpoint)
        assert comparison.differences
        decision = decide(endpoint, comparison, [UNKNOWN] * len(comparison.differences))
        groups = {}
        for difference in comparison.differences:
            key = key_of(endpoint, *statuses, difference)
            path = _REDACTOR.path(difference, general=True)
            group = Group(
                key.fingerprint, "other", endpoint, *statuses, path, str(key.kind), key.types,
                self._seen, self._seen, times,
            )  # fmt: skip
            group.pairs.add(pair_of(_REDACTOR.difference(difference)), times, 0)
            if version:
                group.versions.add(version, times)
            if group.id not in groups:
                self.batch.add_group(group)
                self.batch.group_series[self._start_s - self._start_s % 60, group.id] += times
            groups[group.id] = group
        for _ in range(samples):
            draws = [(group, 0.5) for group in groups.values()]
            kept = Sampler(_REDACTOR).make(exchange, decision, _RULES, draws, self._seen, version)
            assert kept is not None
            self.batch.add_sample(kept)
            exchange = self._exchange(legacy, candidate, statuses, endpoint)
        return {group.path: group.id for group in groups.values()}

    def learn(
        self, noise: Any = (), latencies: Any = (), rules: Any = (), evicted: int = 0
    ) -> None:
        """What judge shows of what it learned."""
        noise_part = {"noise": list(noise), "evicted": evicted, "expired": 0}
        parts = {"noise": noise_part, "latencies": list(latencies), "rules": list(rules)}
        for name, part in parts.items():
            self.batch.learned[name] = zlib.compress(orjson.dumps(part))

    def link(self, one: str, other: str) -> None:
        """Two findings nearly always come together."""
        self.batch.links = [(one, other)]

    def count(self, **figures: int) -> None:
        """The proxy's tallies: `skipped__method=3`."""
        for name, number in figures.items():
            self.batch.traffic[self._start_s, name.replace("__", "/")] += number

    def write(self, url: str, writer: str = WRITER) -> None:
        """One flush; makes the store if there is none."""
        engine = open_engine(url, is_writer=True)
        try:
            migrate(engine)
            with engine.begin() as connection:
                number = last_flush(connection, writer)[0] + 1
                assert write(connection, self.batch, writer, number, self._seen, MAX_SAMPLES)
        finally:
            engine.dispose()

    def _count(self, verdict: Verdict, times: int, endpoint: str, version: str) -> None:
        batch = self.batch
        for _ in range(times):
            batch.count(self._start_s, endpoint, "other", verdict, self._seen)
            batch.time(self._start_s, endpoint, 2500, 2500)
            if version:
                batch.see_version(version, endpoint, self._seen)
        self.count(received=times, requests__2xx=times, **{f"verdict__{verdict}": times})

    def _exchange(
        self, legacy: Any, candidate: Any, statuses: tuple[int, int], endpoint: str
    ) -> Exchange:
        method, _, path = endpoint.partition(" ")
        head = f"{method} {path.replace('{id}', '7')} HTTP/1.1\r\nHost: shop.test\r\n\r\n"
        return Exchange(
            frames.Pair(
                0, time.monotonic_ns() + next(_EXCHANGES), head.encode(), b"",
                _side(legacy, statuses[0]), _side(candidate, statuses[1]),
            )
        )  # fmt: skip


def shop(**more: Any) -> tuple[Filling, Mapping[str, str]]:
    """A store with 1,000 exchanges and two findings of the cart; the findings' ids by path."""
    filling = Filling()
    filling.match(990, **more)
    found = filling.differ(
        {"items": [{"id": 1, "price": 10}], "owner": "Ada"},
        {"items": [{"id": 1, "price": "10"}], "owner": "Bob"},
        times=10, samples=2, **more,
    )  # fmt: skip
    filling.learn()
    return filling, found
