"""What judge keeps of a mismatch: groups with their counts, value pairs and versions.

Laws: nothing is kept that `Redactor` has not seen; an exchange counts once in each of its groups, and
what noise explains counts apart.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from shadowproxy.compare.differences import Difference
from shadowproxy.core.settings import Settings
from shadowproxy.core.words import Verdict
from shadowproxy.findings.causes import Together
from shadowproxy.findings.group import Group
from shadowproxy.findings.grouping import GroupKey, Groups, key_of
from shadowproxy.findings.tallies import pair_of
from shadowproxy.judge.decision import Decision
from shadowproxy.judge.exchange import Exchange
from shadowproxy.judge.telling import Mismatch, Teller
from shadowproxy.redact.redaction import Redactor

MAX_LOGGED: Final = 20
"""Differences in one event."""
MAX_GROUPS_PER_EXCHANGE: Final = 100
"""Findings that one exchange may add to."""
PAIR_EVERY_S: Final = 1.0
"""Between two value pairs of one group: writing them short costs as much as comparing."""
ALL_PAIRED: Final = 100
"""Exchanges of a group of which every one counts in its value pairs; later one a second."""
_MAX_FINGERPRINTS: Final = 10_000


class Recorder:
    """The groups of one judge."""

    def __init__(self, settings: Settings, teller: Teller) -> None:
        self.groups = Groups()
        self.together = Together()
        self._teller = teller
        self._fingerprints: dict[GroupKey, str] = {}
        self._paired_s: dict[str, float] = {}
        self.apply(settings, teller.redactor)

    def apply(self, settings: Settings, redactor: Redactor) -> None:
        """Takes a generation of the settings."""
        self.redactor = redactor
        self._routes = {route.slot: route for route in settings.routes}

    def record(
        self, exchange: Exchange, decision: Decision, now_s: float, now: str, version: str
    ) -> list[Group]:
        """Keeps and logs what a decision has to say; the groups that it counts for.

        `now` is the wall clock, ISO 8601, `version` the candidate's, redacted.
        """
        verdict = decision.comparison.verdict
        if verdict in (Verdict.MISMATCH, Verdict.NOISE):
            return self._record_differences(exchange, decision, now_s, now, version)
        if verdict in (Verdict.CANDIDATE_FAILED, Verdict.BOTH_FAILED):
            self._teller.failure(exchange, decision.endpoint, now_s)
        elif verdict is Verdict.INCOMPARABLE:
            reason = decision.comparison.reason
            self._teller.incomparable(exchange, decision.endpoint, reason, now_s)
        return []

    def group_ids(
        self, endpoint: str, statuses: tuple[int, int], differences: Iterable[Difference]
    ) -> dict[str, tuple[GroupKey, Difference]]:
        """The groups that differences of an exchange belong to, each with its first difference.

        `statuses` are legacy's and the candidate's.
        """
        found: dict[GroupKey, Difference] = {}
        for difference in differences:
            found.setdefault(key_of(endpoint, *statuses, difference), difference)
            if len(found) == MAX_GROUPS_PER_EXCHANGE:
                break
        return {self._fingerprint(key): (key, found[key]) for key in found}

    def rename(self, old: str, new: str) -> dict[str, str]:
        """An endpoint has become another one; the new ids of its findings by the old."""
        return self.groups.rename(self.redactor.text(old), new, self.redactor.text(new))

    def route_name(self, slot: int) -> str:
        """The name behind a slot of the tally pages."""
        route = self._routes.get(slot)
        return "other" if route is None else route.name

    def _record_differences(
        self, exchange: Exchange, decision: Decision, now_s: float, now: str, version: str
    ) -> list[Group]:
        left = list(decision.unexplained())
        if len(left) < len(decision.comparison.differences):
            self._count_explained(exchange, decision, now)
        if not left:
            return []
        found = self.group_ids(decision.endpoint, _statuses(exchange), left)
        shown = _Shown(self.redactor, left)
        groups = [
            self._count(exchange, *found[fingerprint], shown, now_s, now, version)
            for fingerprint in found
        ]
        self.together.note(found)
        leading = groups[0].id
        if self._teller.admits_mismatch(leading, now_s):
            comparison = decision.comparison
            logged = shown.first(MAX_LOGGED)
            explained_count = len(comparison.differences) - len(left)
            more = len(left) - len(logged)
            self._teller.mismatch(
                exchange,
                Mismatch(
                    decision.endpoint, leading, logged, more, explained_count, comparison.reason
                ),
            )
        return groups

    def _count_explained(self, exchange: Exchange, decision: Decision, now: str) -> None:
        """Findings from before it was known to be noise; an earlier judge may have had them."""
        found = self.group_ids(decision.endpoint, _statuses(exchange), decision.explained())
        for fingerprint, (key, difference) in found.items():
            make = partial(self._new_group, fingerprint, key, difference, exchange, now, "")
            self.groups.explain(fingerprint, make)

    def _count(
        self,
        exchange: Exchange,
        key: GroupKey,
        difference: Difference,
        shown: "_Shown",
        now_s: float,
        now: str,
        version: str,
    ) -> Group:
        fingerprint = self._fingerprint(key)
        group = self.groups.get(fingerprint)
        if group is None:
            group = self._new_group(fingerprint, key, difference, exchange, now, now)
            self.groups.add(group)
        pair = None
        if group.rank < ALL_PAIRED or self._is_paired(fingerprint, now_s):
            pair = pair_of(shown.of(difference))
        self.groups.count(group, now, version, pair)
        return group

    def _is_paired(self, fingerprint: str, now_s: float) -> bool:
        if now_s - self._paired_s.get(fingerprint, -PAIR_EVERY_S) < PAIR_EVERY_S:
            return False
        if len(self._paired_s) >= _MAX_FINGERPRINTS:
            self._paired_s.clear()
        self._paired_s[fingerprint] = now_s
        return True

    def _fingerprint(self, key: GroupKey) -> str:
        known = self._fingerprints.get(key)
        if known is None:
            if len(self._fingerprints) >= _MAX_FINGERPRINTS:
                self._fingerprints.clear()
            known = self._fingerprints[key] = key.fingerprint
        return known

    def _new_group(
        self,
        fingerprint: str,
        key: GroupKey,
        difference: Difference,
        exchange: Exchange,
        first_seen: str,
        last_seen: str,
    ) -> Group:
        ours, theirs = key.types
        return Group(
            fingerprint,
            self.route_name(exchange.pair.route),
            self.redactor.text(key.endpoint),
            key.legacy_status,
            key.candidate_status,
            self.redactor.path(difference, general=True),
            key.kind,
            (self.redactor.text(ours), self.redactor.text(theirs)),
            first_seen,
            last_seen,
        )


def _statuses(exchange: Exchange) -> tuple[int, int]:
    return exchange.legacy.status, exchange.candidate.status


class _Shown:
    """The differences of one exchange, each redacted once and only if somebody asks for it."""

    def __init__(self, redactor: Redactor, differences: list[Difference]) -> None:
        self._redactor = redactor
        self._differences = differences
        self._known: dict[int, dict[str, Any]] = {}

    def of(self, difference: Difference) -> dict[str, Any]:
        """One of them."""
        known = self._known.get(id(difference))
        if known is None:
            known = self._known[id(difference)] = self._redactor.difference(difference)
        return known

    def first(self, count: int) -> list[dict[str, Any]]:
        """The first ones."""
        return [self.of(difference) for difference in self._differences[:count]]
