"""What the running proxy answers about itself: its admin API and its metrics, as values.

Sums come from `/metrics`, findings and what was learned from `/api/v1`: what an operator's own tools
would read.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any, TypeVar

import aiohttp

from shadowproxy.demo.latencies import bucket_quantile_s
from shadowproxy.demo.observed import Group, Learned, Observed, Pace, Sums

_SAMPLE = re.compile(r"shadowproxy_(?P<name>\w+?)(?:\{(?P<labels>[^}]*)\})? (?P<value>\S+)$")
_LABEL = re.compile(r'(\w+)="([^"]*)"')

Labels = dict[str, str]
Sample = tuple[str, Labels, float]


class Asking:
    """Asks one proxy."""

    def __init__(self, session: aiohttp.ClientSession, admin: str) -> None:
        self._session = session
        self._url = f"http://{admin}"

    async def is_ready(self) -> bool:
        """Whether the proxy takes requests."""
        try:
            async with self._session.get(f"{self._url}/readyz") as response:
                return response.status == 200
        except (aiohttp.ClientError, OSError):
            return False

    async def observe(self) -> Observed:
        """One reading; the parts are asked one after the other, so they may differ by a moment.

        Raises:
            aiohttp.ClientError: control does not answer.
        """
        metrics = list(read_samples(await self._get_text("/metrics")))
        found = await self._get_json("/api/v1/groups")
        noise = await self._get_json("/api/v1/noise")
        latencies = await self._get_json("/api/v1/latencies")
        return Observed(
            sums=sums_in(metrics),
            reasons=reasons_in(metrics),
            verdicts=verdicts_in(metrics),
            groups=tuple(_read(Group, each) for each in found["groups"]),
            causes=tuple(each["sentence"] for each in found["causes"]),
            learned=tuple(_read(Learned, each) for each in noise["noise"]),
            paces=tuple(_read(Pace, each) for each in latencies["latencies"]),
            added_p50_s=bucket_quantile_s(_buckets(metrics, "overhead_seconds"), 0.5),
            added_p99_s=bucket_quantile_s(_buckets(metrics, "overhead_seconds"), 0.99),
        )

    async def _get_text(self, path: str) -> str:
        async with self._session.get(self._url + path) as response:
            response.raise_for_status()
            return await response.text()

    async def _get_json(self, path: str) -> Any:
        async with self._session.get(self._url + path) as response:
            response.raise_for_status()
            return await response.json()


def read_samples(text: str) -> Iterator[Sample]:
    """The samples of our own metrics in a Prometheus exposition; the prefix is cut off."""
    for line in text.splitlines():
        if match := _SAMPLE.match(line):
            labels = dict(_LABEL.findall(match["labels"] or ""))
            yield match["name"], labels, float(match["value"])


def _buckets(metrics: Iterable[Sample], name: str) -> list[tuple[float, float]]:
    """The cumulative buckets of a histogram, summed over its labels."""
    counts: dict[float, float] = defaultdict(float)
    for sample_name, labels, value in metrics:
        if sample_name == f"{name}_bucket":
            bound = labels["le"]
            counts[math.inf if bound == "+Inf" else float(bound)] += value
    return sorted(counts.items())


def reasons_in(metrics: Iterable[Sample]) -> dict[tuple[str, str], int]:
    """How many exchanges ended so, by state and reason, zeros included."""
    return {
        (labels["state"], labels["reason"]): int(value)
        for name, labels, value in metrics
        if name == "exchanges_total"
    }


def verdicts_in(metrics: Iterable[Sample]) -> dict[str, int]:
    """How many exchanges got each verdict, on all routes."""
    counts: dict[str, int] = defaultdict(int)
    for name, labels, value in metrics:
        if name == "verdicts_total":
            counts[labels["verdict"]] += int(value)
    return dict(counts)


def sums_in(metrics: Iterable[Sample]) -> Sums:
    """Where the exchanges ended."""
    states: dict[str, int] = defaultdict(int)
    single = {}
    for name, labels, value in metrics:
        if name == "exchanges_total":
            states[labels["state"]] += int(value)
        elif not labels:
            single[name] = value
    return Sums(
        received=int(single["received_total"]),
        skipped=states["skipped"],
        dropped=states["dropped"],
        failed=states["failed"],
        recorded=states["recorded"],
        in_flight=int(single["exchanges_in_flight"]),
        balanced=single["exchanges_balanced"] == 1,
    )


Row = TypeVar("Row", Group, Learned, Pace)


def _read(kind: type[Row], document: dict[str, Any]) -> Row:
    return kind(**{field.name: document[field.name] for field in fields(kind)})
