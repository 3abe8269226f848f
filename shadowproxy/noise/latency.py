"""Claims that the candidate is slower than legacy, endpoint by endpoint.

Slow is a pair in which the candidate took more than `ratio` times legacy's time plus `margin`.
Laws: an endpoint is called slower when E reaches `active endpoints / alpha` (noise.evidence), so all
together are with a probability of at most alpha if none is; a claim is taken back when a million to
one speaks for the contrary, which takes six good blocks after an hour of bad ones; at most
MAX_ENDPOINTS are kept apart.

What does not hold: blocks that share their fate with the block before (one host of the candidate's
pool is slow for an hour, and then legacy's is) vote as if they did not. Longer blocks are the answer.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from shadowproxy.core.settings import LatencySettings
from shadowproxy.noise.pace import Pace
from shadowproxy.noise.plain import text_at

MAX_ENDPOINTS: Final = 2000
"""Twice as many as a large API has, 12 KiB each. What comes later is `other`."""

MAX_NAME: Final = 1024
"""Characters of an endpoint; a longer one is `other`."""

OTHER: Final = "other"

VERSION: Final = 1

_QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


class Latencies:
    """All endpoints. Times are in whole microseconds without the wait for a pooled connection."""

    def __init__(self, settings: LatencySettings, alpha: float) -> None:
        self._paces: dict[str, Pace] = {}
        self._active = 0
        self.apply(settings, alpha)

    def apply(self, settings: LatencySettings, alpha: float) -> None:
        """Takes a generation of the settings; blocks that have voted keep their votes."""
        self._ratio = settings.ratio
        self._margin_us = settings.margin_s * 1e6
        self._block_s = settings.block_s
        self._alpha = alpha

    @property
    def log_bar(self) -> float:
        """The logarithm of the E at which an endpoint is called slower."""
        return math.log(max(1, self._active) / self._alpha)

    def add(self, endpoint: str, legacy_us: int, candidate_us: int, now_s: float) -> None:
        """One exchange that both have answered. 3 µs."""
        pace = self._paces.get(endpoint)
        if pace is None:
            pace = self._begin(endpoint)
        limit_us = legacy_us * self._ratio + self._margin_us
        if pace.add(legacy_us, candidate_us, limit_us, self._block_s, now_s):
            self._active += pace.blocks == 1
            pace.settle(self.log_bar)

    def _begin(self, endpoint: str) -> Pace:
        has_room = len(self._paces) < MAX_ENDPOINTS and len(endpoint) <= MAX_NAME
        name = endpoint if has_room else OTHER
        if name not in self._paces:
            self._paces[name] = Pace()
        return self._paces[name]

    def is_slower(self, endpoint: str) -> bool:
        """Whether this is claimed now."""
        pace = self._paces.get(endpoint)
        return pace is not None and pace.wager.log_peak >= self.log_bar

    def sentence(self, endpoint: str) -> str:
        """The claim for a person, `""` if none is made."""
        if not self.is_slower(endpoint):
            return ""
        pace = self._paces[endpoint]
        sides = pace.climbing if pace.climb else pace.recent
        candidate, legacy = (
            written(side.quantile_us(0.5)) for side in (sides.candidate, sides.legacy)
        )
        return (
            f"candidate is slower: {endpoint} takes {candidate} instead of {legacy} (median of"
            f" {sides.legacy.total:,} pairs; {pace.climb_slower} of {pace.climb} blocks of"
            f" {self._block_s:g} s)"
        )

    def shown(self) -> list[dict[str, Any]]:
        """For a page; quantiles in µs of about the last two hours, `slower_blocks` of all `blocks`."""
        return [self._show(endpoint, pace) for endpoint, pace in self._paces.items()]

    def _show(self, endpoint: str, pace: Pace) -> dict[str, Any]:
        sides = pace.climbing if pace.climb and self.is_slower(endpoint) else pace.recent
        legacy, candidate = (
            {name: side.quantile_us(share) for name, share in _QUANTILES.items()}
            for side in (sides.legacy, sides.candidate)
        )
        return {
            "endpoint": endpoint,
            "is_slower": self.is_slower(endpoint),
            "sentence": self.sentence(endpoint),
            "pairs": pace.pairs,
            "blocks": pace.blocks,
            "slower_blocks": pace.slower_blocks,
            "e": pace.wager.e,
            "legacy_us": legacy,
            "candidate_us": candidate,
            "ratio": candidate["p50"] / legacy["p50"] if legacy["p50"] else None,
        }

    def rename(self, names: Mapping[str, str]) -> None:
        """Endpoints that got other names; where both have one, the longer history stays."""
        for old, new in names.items():
            pace = self._paces.pop(old, None)
            if pace is None:
                continue
            other = self._paces.get(new)
            if other is None:
                self._paces[new] = pace
                continue
            longer, shorter = (pace, other) if pace.pairs > other.pairs else (other, pace)
            self._paces[new] = longer
            self._active -= shorter.blocks > 0

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        paces = {endpoint: pace.to_plain() for endpoint, pace in self._paces.items()}
        return {"version": VERSION, "endpoints": paces}

    def restore(self, plain: Any) -> None:
        """Takes back what `to_plain` gave. Anything else is left out, and nothing raises."""
        if not isinstance(plain, dict) or plain.get("version") != VERSION:
            return
        kept = plain.get("endpoints")
        for endpoint, one in kept.items() if isinstance(kept, dict) else ():
            try:
                pace = Pace.from_plain(one)
                name = text_at([endpoint], 0, MAX_NAME)
            except ValueError:
                continue
            if len(self._paces) < MAX_ENDPOINTS and name not in self._paces:
                self._paces[name] = pace
                self._active += pace.blocks > 0


def written(us: int) -> str:
    """A time in the unit that a person would use: `940 µs`, `1.8 ms`, `181 ms`, `2.4 s`."""
    for unit_us, unit in ((1_000_000, "s"), (1000, "ms")):
        if us >= unit_us:
            value = us / unit_us
            return f"{value:,.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
    return f"{us} µs"
