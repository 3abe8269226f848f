"""What judge makes known of an exchange: groups, their samples, and log events.

Laws: nothing is kept or logged that `Redactor` has not seen; per group at most LIMIT events go out
a minute, and a summary says how many did not.
"""

from typing import Any, Final

from shadowproxy import logs
from shadowproxy.compare.differences import Comparison, Difference
from shadowproxy.core.settings import Settings
from shadowproxy.core.words import FailureKind, Verdict
from shadowproxy.findings.endpoints import endpoint_of
from shadowproxy.findings.group import Group
from shadowproxy.findings.grouping import GroupKey, Groups, key_of
from shadowproxy.judge.exchange import Exchange
from shadowproxy.redact.redaction import Redactor

LIMIT: Final = 10
WINDOW_S: Final = 60.0
"""Ten events a minute and group: a broken endpoint must not write gigabytes."""

MAX_LOGGED: Final = 20
"""Differences in one event."""
MAX_SAMPLED: Final = 5
"""Differences in a group's sample; 2,000 of them make a file of some MiB."""
MAX_GROUPS_PER_EXCHANGE: Final = 100
"""Findings that one exchange may add to."""
_MAX_FINGERPRINTS: Final = 10_000

_ERRORS: Final = {
    FailureKind.CONNECT_REFUSED: "the candidate could not be connected to",
    FailureKind.CONNECT_TIMEOUT: "no connection to the candidate within the time limit",
    FailureKind.TLS: "the TLS handshake with the candidate failed",
    FailureKind.RESET: "the candidate ended the connection before its answer was whole",
    FailureKind.TIMEOUT: "the candidate did not answer within the time limit",
    FailureKind.PROTOCOL: "what the candidate sent is not an HTTP/1.1 answer",
    FailureKind.TOO_LARGE: "the candidate's answer was larger than legacy's and than the cap",
}

_log = logs.get("judge")


class Recorder:
    """The groups and the log of one judge."""

    def __init__(self, settings: Settings, hash_key: bytes) -> None:
        self.groups = Groups()
        self.has_news = False
        self._hash_key = hash_key
        self._mismatches = logs.RateLimit(LIMIT, WINDOW_S)
        self._others = logs.RateLimit(LIMIT, WINDOW_S)
        self._fingerprints: dict[GroupKey, str] = {}
        self.apply(settings)

    def apply(self, settings: Settings) -> None:
        """Takes a generation of the settings."""
        self.redactor = Redactor(settings.redact, self._hash_key)
        self._routes = {route.slot: route for route in settings.routes}

    # -- exchanges -------------------------------------------------------------------------

    def record(self, exchange: Exchange, comparison: Comparison, now_s: float, now: str) -> None:
        """Keeps and logs what a verdict has to say; `now` is the wall clock, ISO 8601."""
        if comparison.verdict is Verdict.MISMATCH:
            self._record_mismatch(exchange, comparison, now_s, now)
        elif comparison.verdict in (Verdict.CANDIDATE_FAILED, Verdict.BOTH_FAILED):
            self._log_failure(exchange, now_s)
        elif comparison.verdict is Verdict.INCOMPARABLE:
            self._log_incomparable(exchange, comparison.reason, now_s)

    def endpoint_of(self, exchange: Exchange) -> str:
        """The exchange's endpoint."""
        route = self._routes.get(exchange.pair.route)
        template = None if route is None else route.path
        return endpoint_of(exchange.method, exchange.target, template)

    def _record_mismatch(
        self, exchange: Exchange, comparison: Comparison, now_s: float, now: str
    ) -> None:
        endpoint = self.endpoint_of(exchange)
        found = self._findings(exchange, endpoint, comparison)
        leading = next(iter(found))
        is_logged = self._mismatches.admits(leading, now_s)
        is_new = any(self.groups.get(fingerprint) is None for fingerprint in found)
        shown: list[dict[str, Any]] = []
        if is_logged or is_new:
            kept = comparison.differences[:MAX_LOGGED]
            shown = [self.redactor.difference(difference) for difference in kept]
        for fingerprint, (key, difference) in found.items():
            group = self.groups.get(fingerprint)
            if group is None:
                group = self._new_group(fingerprint, key, difference, exchange, now)
                self.groups.add(group)
                self.groups.offer_sample(group, self._sample(exchange, difference, shown), 0.0)
            self.groups.count(group, now)
        self.has_news = True
        if is_logged:
            self._log_mismatch(exchange, endpoint, shown, leading, comparison)

    def _findings(
        self, exchange: Exchange, endpoint: str, comparison: Comparison
    ) -> dict[str, tuple[GroupKey, Difference]]:
        """The groups that this exchange counts for, each with its first difference."""
        statuses = exchange.legacy.status, exchange.candidate.status
        found: dict[GroupKey, Difference] = {}
        for difference in comparison.differences:
            found.setdefault(key_of(endpoint, *statuses, difference), difference)
            if len(found) == MAX_GROUPS_PER_EXCHANGE:
                break
        return {self._fingerprint(key): (key, found[key]) for key in found}

    def _fingerprint(self, key: GroupKey) -> str:
        known = self._fingerprints.get(key)
        if known is None:
            if len(self._fingerprints) >= _MAX_FINGERPRINTS:
                self._fingerprints.clear()
            known = self._fingerprints[key] = key.fingerprint
        return known

    def _new_group(
        self, fingerprint: str, key: GroupKey, difference: Difference, exchange: Exchange, now: str
    ) -> Group:
        route = self._routes.get(exchange.pair.route)
        ours, theirs = key.types
        return Group(
            fingerprint,
            "other" if route is None else route.name,
            self.redactor.text(key.endpoint),
            key.legacy_status,
            key.candidate_status,
            self.redactor.path(difference, general=True),
            key.kind,
            (self.redactor.text(ours), self.redactor.text(theirs)),
            now,
            now,
        )

    def _sample(
        self, exchange: Exchange, difference: Difference, shown: list[dict[str, Any]]
    ) -> dict[str, Any]:
        own = self.redactor.difference(difference)
        others = [each for each in shown if each != own]
        return {**self._request(exchange), "differences": [own, *others][:MAX_SAMPLED]}

    def _request(self, exchange: Exchange) -> dict[str, Any]:
        return {
            "request_id": self.redactor.text(exchange.request_id),
            "method": self.redactor.text(exchange.method),
            "target": self.redactor.target(exchange.target),
        }

    # -- the log ---------------------------------------------------------------------------

    def _log_mismatch(
        self,
        exchange: Exchange,
        endpoint: str,
        shown: list[dict[str, Any]],
        group: str,
        comparison: Comparison,
    ) -> None:
        pair = exchange.pair
        more = len(comparison.differences) - len(shown)
        _log.warning(
            "shadow_mismatch",
            request_id=self.redactor.text(exchange.request_id),
            endpoint=self.redactor.text(endpoint),
            method=self.redactor.text(exchange.method),
            legacy={"status": pair.legacy.status, "duration_ms": pair.legacy.total_us / 1000},
            candidate={
                "status": pair.candidate.status, "duration_ms": pair.candidate.total_us / 1000
            },
            differences=shown,
            group=group,
            **({"more_differences": more} if more else {}),
            **({"reason": comparison.reason} if comparison.reason else {}),
        )  # fmt: skip

    def _log_failure(self, exchange: Exchange, now_s: float) -> None:
        kind = exchange.candidate.failure
        assert kind is not None
        endpoint = self.redactor.text(self.endpoint_of(exchange))
        if not self._others.admits(f"shadow_error {kind} {endpoint}", now_s):
            return
        side = exchange.pair.candidate
        _log.warning(
            "shadow_error",
            request_id=self.redactor.text(exchange.request_id),
            endpoint=endpoint,
            backend="candidate",
            failure=str(kind),
            error=_ERRORS[kind],
            duration_ms=(side.total_us or side.wait_us) / 1000,
        )

    def _log_incomparable(self, exchange: Exchange, reason: str, now_s: float) -> None:
        endpoint = self.redactor.text(self.endpoint_of(exchange))
        if self._others.admits(f"shadow_incomparable {reason} {endpoint}", now_s):
            _log.info(
                "shadow_incomparable",
                request_id=self.redactor.text(exchange.request_id),
                endpoint=endpoint,
                reason=reason,
            )

    def route_name(self, slot: int) -> str:
        """The name behind a slot of the tally pages."""
        route = self._routes.get(slot)
        return "other" if route is None else route.name

    def admits(self, event: str, now_s: float) -> bool:
        """Whether one more event of this name and subject may be logged."""
        return self._others.admits(event, now_s)

    def summarise(self, now_s: float) -> None:
        """Says how many events did not go out, for each window that is over."""
        for fingerprint, count in self._mismatches.ended(now_s):
            group = self.groups.get(fingerprint)
            endpoint = "" if group is None else group.endpoint
            _log.warning(
                "shadow_mismatch_summary",
                group=fingerprint, endpoint=endpoint, count=count, window_s=WINDOW_S,
            )  # fmt: skip
        for subject, count in self._others.ended(now_s):
            event, _, about = subject.partition(" ")
            _log.warning(f"{event}_summary", about=about, count=count, window_s=WINDOW_S)
