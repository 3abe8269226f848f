"""What judge says to the store, collected from exchange to exchange.

    exchange ─► counts by endpoint and time, versions ─┐
    groups ─► their counts by time, samples ───────────┼─► Batch ─ once a second ─► report.keeping
    renamed endpoints, what was learned ───────────────┘

Law: names are redacted before they come into the batch; each name is redacted once.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from random import random
from typing import Final

import orjson

from shadowproxy.compare.ruleset import Rules
from shadowproxy.core.settings import Settings
from shadowproxy.core.words import Kind, Verdict
from shadowproxy.findings.escaping import clip
from shadowproxy.findings.group import Evidence, Group
from shadowproxy.findings.tallies import MAX_NAME
from shadowproxy.ipc.frames import FLAG_INCOMPLETE
from shadowproxy.judge.decision import Decision
from shadowproxy.judge.exchange import Exchange
from shadowproxy.judge.knowledge import Knowledge
from shadowproxy.judge.recording import Recorder
from shadowproxy.judge.sampling import Sampler
from shadowproxy.judge.standing import show
from shadowproxy.redact.redaction import Redactor
from shadowproxy.report.batch import WIDTH_S, Batch, Rename

_MAX_NAMES: Final = 10_000


class Ledger:
    """The batch of this second, and what it takes to fill it."""

    def __init__(self, settings: Settings, redactor: Redactor, recorder: Recorder) -> None:
        self.batch = Batch()
        self.sampler = Sampler(redactor)
        self._recorder = recorder
        self._names: dict[str, str] = {}
        self._said = "", ""
        self._last_version = ""
        self.apply(settings, redactor)

    def apply(self, settings: Settings, redactor: Redactor) -> None:
        """Takes a generation of the settings."""
        self._redactor = self.sampler.redactor = redactor
        self._names.clear()
        candidate = settings.candidate
        said = ("", "") if candidate is None else (candidate.version, candidate.version_header)
        if said != self._said:
            self._said, self._last_version = said, ""
        self._version = self._shown_version(said[0])
        self._version_field = (
            re.compile(rb"(?im)^" + re.escape(said[1].encode()) + rb":[ \t]*(.*?)[ \t]*\r?$")
            if said[1]
            else None
        )

    def _shown_version(self, version: str) -> str:
        """As findings count by it, too."""
        return clip(self._redactor.text(version), MAX_NAME)

    def version_of(self, exchange: Exchange) -> str:
        """What the candidate says that it is, else what the configuration says."""
        if self._version_field is None:
            return self._version
        found = self._version_field.search(exchange.candidate.head)
        if found is None or not found[1]:
            return self._version
        self._last_version = self._shown_version(found[1].decode("latin-1"))
        return self._last_version

    def note(
        self, exchange: Exchange, decision: Decision, unix_s: float, seen: str, version: str
    ) -> None:
        """One exchange that was judged."""
        pair, batch = exchange.pair, self.batch
        endpoint = self.name_of(decision.endpoint)
        start_s = int(unix_s) // WIDTH_S * WIDTH_S
        route = self._recorder.route_name(pair.route)
        batch.count(start_s, endpoint, route, decision.comparison.verdict, seen)
        legacy, candidate = pair.legacy, pair.candidate
        if not (legacy.failure or candidate.failure):
            if not (legacy.flags | candidate.flags) & FLAG_INCOMPLETE:
                batch.time(start_s, endpoint, legacy.total_us, candidate.total_us)
            if version:
                batch.see_version(version, endpoint, seen)

    def note_match(
        self, endpoint: str, route: int, times: tuple[int, int], unix_s: float, seen: str
    ) -> None:
        """One that shadow called a match by itself; of the version that answered last."""
        batch = self.batch
        shown = self.name_of(endpoint)
        start_s = int(unix_s) // WIDTH_S * WIDTH_S
        batch.count(start_s, shown, self._recorder.route_name(route), Verdict.MATCH, seen)
        batch.time(start_s, shown, *times)
        if version := self._last_version or self._version:
            batch.see_version(version, shown, seen)

    def note_groups(
        self,
        exchange: Exchange,
        decision: Decision,
        rules: Rules,
        groups: Sequence[Group],
        now_s: float,
        unix_s: float,
        seen: str,
        version: str,
    ) -> None:
        """The findings that an exchange shows; it may become a sample of theirs."""
        for group in groups:
            self.batch.count_group(int(unix_s), group.id)
        if wanting := self.sampler.wanted_by(groups, now_s):
            draws = [(group, random()) for group in wanting]  # noqa: S311 - which sample is kept is no secret
            sample = self.sampler.make(exchange, decision, rules, draws, seen, version)
            if sample is not None:
                self.batch.add_sample(sample)

    def rename(self, old: str, new: str, moved: Mapping[str, str]) -> None:
        """An endpoint has become another one, and its findings have: `moved` are new ids by the old."""
        self.batch.rename(Rename(self.name_of(old), self.name_of(new), new))
        self.batch.move_counts(moved)

    def name_of(self, endpoint: str) -> str:
        """An endpoint as it may be shown."""
        name = self._names.get(endpoint)
        if name is None:
            if len(self._names) >= _MAX_NAMES:
                self._names.clear()
            name = self._names[endpoint] = self._redactor.text(endpoint)
        return name

    def take(self, knowledge: Knowledge, unix_s: float) -> Batch:
        """All of it; a new batch begins. The groups' evidence is as of now."""
        batch, self.batch = self.batch, Batch()
        for group in self._recorder.groups.take():
            standing = knowledge.noise.standing(
                group.endpoint, group.path, Kind(group.kind), unix_s
            )
            group.noise = Evidence(str(standing.state), standing.aa_samples, standing.b, standing.e)
            batch.add_group(group)
        groups = self._recorder.groups
        batch.lost, groups.lost = batch.lost + groups.lost, 0
        return batch


def learned_parts(
    knowledge: Knowledge, rules: Rules, saved: Sequence[str], unix_s: float
) -> dict[str, bytes]:
    """What people may want to see of what was learned, deflated; endpoints and paths are redacted."""
    table = knowledge.noise.table
    parts = {
        "noise": {
            "noise": knowledge.noise.shown(unix_s),
            "evicted": table.evicted,
            "expired": table.expired,
        },
        "latencies": knowledge.latencies.shown(),
        "rules": show(rules, knowledge.usage.standings(unix_s), saved),
    }
    return {name: zlib.compress(orjson.dumps(part), 1) for name, part in parts.items()}
