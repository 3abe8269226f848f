"""Log events about exchanges, each within its limit.

Laws: nothing is logged that `Redactor` has not seen; per group at most LIMIT events go out a minute,
and a summary says how many did not.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from shadowproxy import logs
from shadowproxy.compare.ruleset import Rules
from shadowproxy.compare.usage import MAX_RULES, Standing
from shadowproxy.core.words import FailureKind
from shadowproxy.findings.grouping import Groups
from shadowproxy.judge.exchange import Exchange
from shadowproxy.judge.standing import about
from shadowproxy.redact.redaction import Redactor

LIMIT: Final = 10
WINDOW_S: Final = 60.0
"""Ten events a minute and group: a broken endpoint must not write gigabytes."""

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


class Mismatch(NamedTuple):
    """What a `shadow_mismatch` event says besides the exchange; `group` is the leading one's id."""

    endpoint: str
    group: str
    differences: Sequence[dict[str, Any]]
    more: int
    explained: int
    reason: str


class Teller:
    """The log of one judge."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor
        self._mismatches = logs.RateLimit(LIMIT, WINDOW_S)
        self._others = logs.RateLimit(LIMIT, WINDOW_S)
        self._useless: set[str] = set()

    def admits(self, event: str, now_s: float) -> bool:
        """Whether one more event of this name and subject may be logged."""
        return self._others.admits(event, now_s)

    def admits_mismatch(self, group: str, now_s: float) -> bool:
        """Whether one more mismatch of a group may be logged."""
        return self._mismatches.admits(group, now_s)

    def mismatch(self, exchange: Exchange, what: Mismatch) -> None:
        """Logs one."""
        pair = exchange.pair
        _log.warning(
            "shadow_mismatch",
            request_id=self.redactor.text(exchange.request_id),
            endpoint=self.redactor.text(what.endpoint),
            method=self.redactor.text(exchange.method),
            legacy={"status": pair.legacy.status, "duration_ms": pair.legacy.total_us / 1000},
            candidate={
                "status": pair.candidate.status, "duration_ms": pair.candidate.total_us / 1000
            },
            differences=what.differences,
            group=what.group,
            **({"more_differences": what.more} if what.more else {}),
            **({"explained_by_noise": what.explained} if what.explained else {}),
            **({"reason": what.reason} if what.reason else {}),
        )  # fmt: skip

    def failure(self, exchange: Exchange, endpoint: str, now_s: float) -> None:
        """The candidate gave no usable answer."""
        kind = exchange.candidate.failure
        assert kind is not None
        endpoint = self.redactor.text(endpoint)
        if not self.admits(f"shadow_error {kind} {endpoint}", now_s):
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

    def incomparable(self, exchange: Exchange, endpoint: str, reason: str, now_s: float) -> None:
        """Not everything could be looked at, and nothing was found."""
        endpoint = self.redactor.text(endpoint)
        if self.admits(f"shadow_incomparable {reason} {endpoint}", now_s):
            _log.info(
                "shadow_incomparable",
                request_id=self.redactor.text(exchange.request_id),
                endpoint=endpoint,
                reason=reason,
            )

    def useless_rule(self, rules: Rules, standing: Standing) -> bool:
        """Logs that a rule matched nothing, unless that was said; whether it was news."""
        if standing.key in self._useless:
            return False
        if len(self._useless) >= MAX_RULES:
            self._useless.clear()
        self._useless.add(standing.key)
        _log.warning("rule_matched_nothing", **about(rules, standing))
        return True

    def summarise(self, now_s: float, groups: Groups) -> None:
        """Says how many events did not go out, for each window that is over."""
        for fingerprint, count in self._mismatches.ended(now_s):
            group = groups.get(fingerprint)
            endpoint = "" if group is None else group.endpoint
            _log.warning(
                "shadow_mismatch_summary",
                group=fingerprint, endpoint=endpoint, count=count, window_s=WINDOW_S,
            )  # fmt: skip
        for subject, count in self._others.ended(now_s):
            event, _, about = subject.partition(" ")
            _log.warning(f"{event}_summary", about=about, count=count, window_s=WINDOW_S)
