"""What one judge has learned from the traffic: endpoints, their sums, noise, latencies, use of rules.

Law: when endpoints become one, everything that is kept by endpoint follows, at once.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from shadowproxy.compare.differences import Comparison
from shadowproxy.compare.ruleset import Rules
from shadowproxy.compare.usage import Usage
from shadowproxy.core.settings import Settings
from shadowproxy.core.words import Verdict
from shadowproxy.findings.endpoints import Endpoints
from shadowproxy.findings.templates import LearnedTemplates
from shadowproxy.ipc.frames import FLAG_INCOMPLETE, Match
from shadowproxy.judge.exchange import Exchange
from shadowproxy.noise.known import Located
from shadowproxy.noise.latency import Latencies
from shadowproxy.noise.learning import Judgement, Learned
from shadowproxy.redact.redaction import Redactor

_WHOLE_PREFIX = "/**"
"""A route that is everything below a path is no endpoint."""


class Knowledge:
    """All of it; `exchanges` are those compared, by endpoint.

    `has_news` and `is_unsaved` say that something was learned; whoever shows or saves it clears them.
    """

    def __init__(self, settings: Settings, key: bytes) -> None:
        self.exchanges: Counter[str] = Counter()
        self.has_news = self.is_unsaved = False
        self.noise = Learned(settings.noise, key)
        self.latencies = Latencies(settings.latency, settings.noise.alpha)
        self.usage = Usage()
        self._endpoints = Endpoints(settings.compare.templates)
        self._templates: dict[int, str | None] = {}
        self.apply(settings)

    def apply(self, settings: Settings) -> None:
        """Takes a generation of the settings."""
        self.noise.apply(settings.noise)
        self.latencies.apply(settings.latency, settings.noise.alpha)
        self._documented = settings.compare.templates
        self._endpoints = Endpoints(self._documented, self._endpoints.learned)
        self._templates = {
            route.slot: None if route.path.endswith(_WHOLE_PREFIX) else route.path
            for route in settings.routes
        }

    def endpoint_of(self, exchange: Exchange) -> str:
        """The exchange's endpoint."""
        template = self._templates.get(exchange.pair.route)
        return self._endpoints.of(exchange.method, exchange.target, template)

    def note_match(self, match: Match, now_s: float) -> str:
        """An exchange that shadow called a match by itself; its endpoint."""
        route, legacy_us, candidate_us, name = match
        method, _, target = name.decode("latin-1").partition(" ")
        endpoint = self._endpoints.of(method, target, self._templates.get(route))
        self.exchanges[endpoint] += 1
        self.latencies.add(endpoint, legacy_us, candidate_us, now_s)
        self.has_news = self.is_unsaved = True
        return endpoint

    def note_pair(self, exchange: Exchange, endpoint: str, now_s: float) -> None:
        """An exchange that both have answered, whatever they said."""
        legacy, candidate = exchange.pair.legacy, exchange.pair.candidate
        if legacy.failure or candidate.failure:
            return
        self.exchanges[endpoint] += 1
        self.has_news = self.is_unsaved = True
        if not (legacy.flags | candidate.flags) & FLAG_INCOMPLETE:
            self.latencies.add(endpoint, legacy.total_us, candidate.total_us, now_s)

    def follow(self, rules: Rules, unix_s: float) -> None:
        """Takes rules for those in force from now on."""
        self.usage.follow(rules, unix_s)
        self.has_news = True

    def judge_noise(
        self,
        exchange: Exchange,
        endpoint: str,
        comparison: Comparison,
        witness: Comparison | None,
        redactor: Redactor,
        unix_s: float,
    ) -> list[Judgement]:
        """Learns from one comparison, and says of each difference what it comes to.

        `witness` is how legacy differs from itself, if it was asked twice.
        """
        found = locate(comparison, redactor)
        if witness is not None and _is_whole(witness) and _is_whole(comparison):
            own = locate(witness, redactor)
            self.noise.sample(endpoint, str(exchange.pair.started_ns), found, own, unix_s)
        elif found:
            self.noise.observe(endpoint, found, unix_s)
        return self.noise.explained(endpoint, found, unix_s)

    def follow_folds(self) -> Mapping[str, str]:
        """Old to new names of endpoints that have become others; all of this follows them."""
        names = dict(self._endpoints.learned.aliases())
        if names:
            self.noise.rename(names)
            self.latencies.rename(names)
            for old, new in names.items():
                if count := self.exchanges.pop(old, 0):
                    self.exchanges[new] += count
        return names

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "noise": self.noise.to_plain(),
            "latencies": self.latencies.to_plain(),
            "usage": self.usage.to_plain(),
            "endpoints": self._endpoints.learned.to_plain(),
            "exchanges": dict(self.exchanges),
        }

    def restore(self, plain: Any, unix_s: float) -> None:
        """Takes back what `to_plain` gave. Anything else is left out, and nothing raises."""
        if not isinstance(plain, dict):
            return
        learned = LearnedTemplates.from_plain(plain.get("endpoints"))
        self._endpoints = Endpoints(self._documented, learned)
        self.noise.restore(plain.get("noise"), unix_s)
        self.latencies.restore(plain.get("latencies"))
        self.usage.restore(plain.get("usage"))
        kept = plain.get("exchanges")
        for endpoint, count in kept.items() if isinstance(kept, dict) else ():
            if type(count) is int and count > 0:
                self.exchanges[endpoint] += count


def locate(comparison: Comparison, redactor: Redactor) -> list[Located]:
    """The differences at their places as people see them."""
    return [
        Located(redactor.path(each, general=True), each.kind, each.legacy, each.candidate)
        for each in comparison.differences
    ]


def _is_whole(comparison: Comparison) -> bool:
    """Everything was looked at."""
    return comparison.verdict in (Verdict.MATCH, Verdict.MISMATCH) and not comparison.reason
