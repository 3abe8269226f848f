"""Asking both sides once more about a mismatch, through shadow, and what came of it.

    mismatch ─► RECHECK ─► shadow asks both ─► RECHECKED ─► still | gone | legacy_flaky, on the finding

Laws: of each group at most `per_minute` are asked for; only safe requests are; what came of it is
counted with the finding and nowhere else, least of all in what is learned about noise.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from shadowproxy.compare.comparing import compare
from shadowproxy.compare.observations import Observation
from shadowproxy.compare.ruleset import Rules
from shadowproxy.core.settings import Settings
from shadowproxy.core.words import Verdict
from shadowproxy.findings.group import Group, Recheck
from shadowproxy.ipc import frames
from shadowproxy.judge.exchange import SAFE_METHODS, Exchange, observation_of
from shadowproxy.judge.knowledge import locate
from shadowproxy.judge.recording import Recorder

WINDOW_S: Final = 60.0
MAX_PENDING: Final = 16
"""Each keeps one answer of legacy's; shadow asks for four at a time."""
SPARE_S: Final = 5.0
"""Beyond shadow's own time limit, before an answer is not waited for any more."""
MAX_GROUPS: Final = 8
"""Of one exchange that are counted for."""

_MAX_TICKET: Final = 1 << 32


class _Ticket(NamedTuple):
    """One that is being asked: what legacy had answered, and the findings that were shown."""

    legacy: Observation
    endpoint: str
    groups: tuple[str, ...]
    ends_s: float


class Rechecks:
    """All that are under way; `send` hands a frame to shadow, False: it did not take it."""

    def __init__(
        self, settings: Settings, recorder: Recorder, send: Callable[[bytes], bool]
    ) -> None:
        self._recorder = recorder
        self._send = send
        self._pending: dict[int, _Ticket] = {}
        self._last = 0
        self._asked: dict[str, int] = {}
        self._window_ends_s = 0.0
        self.apply(settings)

    def __len__(self) -> int:
        return len(self._pending)

    def apply(self, settings: Settings) -> None:
        """Takes a generation of the settings."""
        self._per_minute = settings.recheck.per_minute
        self._patience_s = settings.shadow.timeout_s + SPARE_S

    def ask(self, exchange: Exchange, endpoint: str, groups: Sequence[Group], now_s: float) -> None:
        """Asks once more if one of the groups has not been asked for often enough."""
        if not self._per_minute or exchange.method not in SAFE_METHODS:
            return
        if now_s >= self._window_ends_s:
            self._window_ends_s = now_s + WINDOW_S
            self._asked.clear()
        wanted = tuple(
            group.id
            for group in groups[:MAX_GROUPS]
            if self._asked.get(group.id, 0) < self._per_minute
        )
        if not wanted or len(self._pending) >= MAX_PENDING:
            return
        self._last = (self._last + 1) % _MAX_TICKET
        pair = exchange.pair
        wish = frames.Recheck(self._last, pair.route, pair.request_head, pair.request_body)
        if self._send(frames.pack_recheck(wish)):
            for fingerprint in wanted:
                self._asked[fingerprint] = self._asked.get(fingerprint, 0) + 1
            ends_s = now_s + self._patience_s
            self._pending[self._last] = _Ticket(exchange.legacy, endpoint, wanted, ends_s)

    def answered(self, rechecked: frames.Rechecked, rules: Rules) -> None:
        """Counts what both sides said with the findings that were asked for."""
        ticket = self._pending.pop(rechecked.ticket, None)
        if ticket is None or rechecked.again is None:
            return
        legacy, candidate = map(observation_of, rechecked.again)
        if legacy.failure is not None:
            return  # of a legacy that did not answer nothing can be said
        own = compare(ticket.legacy, legacy, rules, ticket.endpoint)
        again = compare(legacy, candidate, rules, ticket.endpoint)
        flaky = {(each.path, each.kind) for each in locate(own, self._recorder.redactor)}
        statuses = legacy.status, candidate.status
        shown = self._recorder.group_ids(ticket.endpoint, statuses, again.differences)
        for fingerprint in ticket.groups:
            group = self._recorder.groups.get(fingerprint)
            if group is None:
                continue
            if (group.path, group.kind) in flaky:
                group.recheck(Recheck.LEGACY_FLAKY)
            elif fingerprint in shown or again.verdict is Verdict.CANDIDATE_FAILED:
                group.recheck(Recheck.STILL)
            else:
                group.recheck(Recheck.GONE)

    def forget_late(self, now_s: float) -> None:
        """Gives up what was not answered in time: shadow was restarted."""
        for number in [n for n, ticket in self._pending.items() if now_s >= ticket.ends_s]:
            del self._pending[number]
