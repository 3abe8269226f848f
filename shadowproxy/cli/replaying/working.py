"""The whole replay: each sample once, a few at a time, and what each finding comes to.

    samples of all findings ─► MAX_IN_FLIGHT workers ─► read ─► prepare ─► pace ─► ask ─► decide

Laws: a sample that several findings share is sent once; an interruption ends the work, and what is
known until then is kept; reading never blocks the loop that keeps the deadlines.
"""

import asyncio
import signal
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from shadowproxy.cli.ending import Ending
from shadowproxy.cli.replaying.asking import MAX_IN_FLIGHT, Backends, Pace
from shadowproxy.cli.replaying.deciding import decide
from shadowproxy.cli.replaying.facts import gather
from shadowproxy.cli.replaying.outcomes import Outcome, Said
from shadowproxy.cli.replaying.preparing import Unsendable, prepare
from shadowproxy.cli.replaying.sources import Source
from shadowproxy.cli.replaying.stored import Field, Finding
from shadowproxy.compare import Rules
from shadowproxy.redact.redaction import Redactor

NOT_ASKED: Final = Said(Outcome.NOT_ASKED, "interrupted")

Sayings = dict[str, dict[str, Said]]
"""By finding and sample."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a replay is done with.

    `given` are fields of the command line, `never` the routes that are not shadowed, `authority` is
    whom a request without Host names.
    """

    source: Source
    rules: Rules
    redactor: Redactor
    authority: str
    given: Sequence[Field] = ()
    never: Collection[str] = ()
    per_s: float = 20.0
    on_progress: Callable[[], None] = field(default=lambda: None)


def samples_of(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Each sample with the findings that it shows, those of the first findings first."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        for sample in finding.samples:
            found.setdefault(sample, []).append(finding)
    return found


async def replay(work: Work, backends: Backends, findings: Sequence[Finding]) -> Sayings:
    """What each sample of each finding came to; SIGINT ends it early."""
    said: Sayings = {finding.id: dict.fromkeys(finding.samples, NOT_ASKED) for finding in findings}
    samples = iter(samples_of(findings).items())
    with ThreadPoolExecutor(1) as reader:
        async with asyncio.TaskGroup() as tasks:
            timing = tasks.create_task(backends.keep_time())
            worker = _Worker(work, backends, reader, said)
            working = tasks.create_task(_share(worker, samples))
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGINT, working.cancel)
            try:
                await asyncio.wait([working])
            finally:
                loop.remove_signal_handler(signal.SIGINT)
                timing.cancel()
    return said


async def _share(worker: "_Worker", samples: Iterator[tuple[str, list[Finding]]]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(MAX_IN_FLIGHT):
            tasks.create_task(worker.run(samples))


class _Worker:
    """Takes one sample after the other; several run at once and share the pace."""

    def __init__(
        self, work: Work, backends: Backends, reader: ThreadPoolExecutor, said: Sayings
    ) -> None:
        self._work = work
        self._backends = backends
        self._reader = reader
        self._said = said
        self._pace = Pace(work.per_s)

    async def run(self, samples: Iterator[tuple[str, list[Finding]]]) -> None:
        """Until none is left."""
        for sample_id, findings in samples:
            outcomes = await self._replay(sample_id, findings)
            for finding, outcome in zip(findings, outcomes, strict=True):
                self._said[finding.id][sample_id] = outcome
            self._work.on_progress()

    async def _replay(self, sample_id: str, findings: Sequence[Finding]) -> list[Said]:
        work = self._work
        if any(finding.route in work.never for finding in findings):
            return [Said(Outcome.STALE, "its route is never shadowed")] * len(findings)
        loop = asyncio.get_running_loop()
        try:
            sample = await loop.run_in_executor(self._reader, work.source.sample, sample_id)
        except Ending as ending:
            return [Said(Outcome.STALE, f"cannot be read: {ending.message}")] * len(findings)
        if sample is None:
            return [Said(Outcome.STALE, "is not kept any more")] * len(findings)
        prepared = prepare(sample, work.given, work.authority)
        if isinstance(prepared, Unsendable):
            return [Said(Outcome.STALE, prepared.why)] * len(findings)
        await self._pace.turn()
        legacy, candidate = await self._backends.ask(prepared)
        facts = {
            endpoint: gather(sample.legacy, legacy, candidate, work.rules, endpoint, work.redactor)
            for endpoint in {finding.endpoint for finding in findings}
        }
        return [decide(each, facts[each.endpoint], prepared.left_out) for each in findings]
