"""Reload: parse all, then swap. A bad configuration changes nothing and says so.

content changed ─┐
SIGHUP ──────────┼─► load (in a thread) ─► settings.json, generation + 1 ─► every process loads it
POST ────────────┘         └─ refused: log, metric, API
"""

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from shadowproxy import logs
from shadowproxy.config import (
    ConfigError,
    Invocation,
    Loaded,
    content_hash,
    next_generation,
    read_invocation,
    restart_needed,
)
from shadowproxy.control.dialling import Note, unheard
from shadowproxy.control.faults import Fault, guarded
from shadowproxy.control.standing import read_processes
from shadowproxy.core.settings import Settings
from shadowproxy.ipc.process import Process, write_atomically, write_settings
from shadowproxy.ipc.tallies import read_cell

POLL_S: Final = 1.0
SETTLED_S: Final = 0.2
"""Editors empty a file before they write it: what is loaded has been the same for so long."""

SETTLE_LOOKS: Final = 10
TAKEN_UP_S: Final = 2.0
LOOK_S: Final = 0.02
"""Twenty ticks are how long an answer waits for the other processes."""


SavedRules = tuple[tuple[str, str, dict[str, Any]], ...]
"""As `CompareSettings.saved` has them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a reload ended; `late` are the processes that had not loaded it in time."""

    at: str
    ok: bool
    source: str
    generation: int
    problems: tuple[str, ...] = ()
    restart_needed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    late: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Memory:
    """What a restarted control must know: what was looked at last, and how it went."""

    sources: tuple[str, ...]
    content_hash: str
    succeeded_at_s: float
    outcome: Outcome | None = None


class Reloading:
    """All reloads of one proxy, one at a time."""

    def __init__(
        self, process: Process, follow: Callable[[Settings], None], note: Note = unheard
    ) -> None:
        """`follow` is called with new settings once they are in force; `note` keeps the audit."""
        self._note = note
        self._process = process
        self._follow = follow
        self._path = process.runtime_dir / "reload.json"
        self._log = logs.get("control")
        self._one = asyncio.Lock()
        self._memory = self._remembered() or self._first()
        self._save()

    @property
    def last(self) -> Outcome | None:
        """How the last one ended, None before the first."""
        return self._memory.outcome

    @property
    def path(self) -> str | None:
        """The configuration file, None when flags and environment are all there is."""
        return _invocation(self._process).config_path

    @property
    def succeeded(self) -> bool:
        """False while the last attempt failed."""
        return self.last is None or self.last.ok

    @property
    def succeeded_at_s(self) -> float:
        """When the configuration in force was loaded, in seconds since the epoch."""
        return self._memory.succeeded_at_s

    async def reload(self, source: str, actor: str = "") -> Outcome:
        """Loads the configuration again; `source` is what asked: api, signal or file."""
        async with self._one:
            before = self._process.settings.generation
            outcome = await guarded(self._reload(source), "reload")
            if isinstance(outcome, Fault):
                outcome = self._refused(source, ["internal error, see the log"])
                self._remember(outcome, self._memory.sources, await self._digest())
            if outcome.ok:
                generations = f"generation {before}", f"generation {outcome.generation}"
                self._note(actor or source, "reload", self.path or "flags", *generations, "")
            return outcome

    async def poll(self) -> None:
        """Reloads whenever the content changes; until cancelled."""
        while True:
            await asyncio.sleep(POLL_S)
            if await self._digest() != self._memory.content_hash:
                await self._settle()
                await self.reload("file")

    async def obey(self, asked: asyncio.Event) -> None:
        """Reloads whenever the event is set; until cancelled."""
        while True:
            await asked.wait()
            asked.clear()
            await self.reload("signal")

    async def _reload(self, source: str) -> Outcome:
        old = self._process.settings
        try:
            loaded = await asyncio.to_thread(_load, self._process)
        except ConfigError as error:
            outcome = self._refused(source, [str(problem) for problem in error.problems])
            sources = error.sources or self._memory.sources
            self._remember(outcome, sources, error.content_hash or await self._digest())
            return outcome
        needing = tuple(restart_needed(old, loaded.settings))
        new = next_generation(old, loaded.settings)
        new = replace(new, compare=replace(new.compare, saved=old.compare.saved))
        await asyncio.to_thread(write_settings, self._process.runtime_dir, new)
        self._take_up(new)
        late = await self._laggards(new.generation)
        outcome = Outcome(
            _now(), True, source, new.generation, (), needing, tuple(loaded.warnings), late
        )
        self._remember(outcome, loaded.sources, loaded.content_hash)
        level = logs.LEVELS["warning" if needing or late else "info"]
        self._log.log(level, "config_reloaded", **_told(outcome))
        return outcome

    async def adopt(self, saved: SavedRules) -> None:
        """Puts the rules in force that people saved, in place of those that were before."""
        async with self._one:
            old = self._process.settings
            if old.compare.saved == saved:
                return
            compare = replace(old.compare, saved=saved)
            new = replace(old, generation=old.generation + 1, compare=compare)
            await asyncio.to_thread(write_settings, self._process.runtime_dir, new)
            self._take_up(new)
            await self._laggards(new.generation)
            self._log.info("rules_adopted", saved=len(saved), generation=new.generation)

    def _take_up(self, new: Settings) -> None:
        """From here on the new settings are in force; readers see them on their next tick."""
        self._process.dials.publish_generation(new.generation)
        self._process.reload()
        self._follow(new)

    def _refused(self, source: str, problems: Sequence[str]) -> Outcome:
        running = self._process.settings.generation
        outcome = Outcome(_now(), False, source, running, tuple(problems))
        self._log.error("config_rejected", **_told(outcome))
        return outcome

    async def _laggards(self, generation: int) -> tuple[str, ...]:
        for _ in range(round(TAKEN_UP_S / LOOK_S)):
            if not self._behind(generation):
                return ()
            await asyncio.sleep(LOOK_S)
        return self._behind(generation)

    def _behind(self, generation: int) -> tuple[str, ...]:
        process = self._process
        return tuple(
            str(other["name"])
            for other in read_processes(process.runtime_dir, process.settings.workers)
            if other["up"]
            and read_cell(process.runtime_dir, other["name"], "generation") != generation
        )

    async def _settle(self) -> None:
        seen = ""
        for _ in range(SETTLE_LOOKS):
            if seen == (seen := await self._digest()):
                return
            await asyncio.sleep(SETTLED_S)

    async def _digest(self) -> str:
        return await asyncio.to_thread(content_hash, self._memory.sources)

    def _remember(self, outcome: Outcome, sources: Sequence[str], digest: str) -> None:
        at_s = self.succeeded_at_s
        if outcome.ok:
            at_s = datetime.fromisoformat(outcome.at).timestamp()
        self._memory = _Memory(tuple(sources), digest, at_s, outcome)
        self._save()

    def _save(self) -> None:
        try:
            write_atomically(self._path, json.dumps(asdict(self._memory)).encode())
        except OSError as error:
            self._log.error("cannot_write", file=self._path.name, error=error.strerror)

    def _remembered(self) -> _Memory | None:
        with suppress(OSError, ValueError, TypeError, KeyError):
            document: dict[str, Any] = json.loads(self._path.read_bytes())
            outcome = document.pop("outcome")
            sources = tuple(document.pop("sources"))
            return _Memory(sources, **document, outcome=_outcome(outcome))
        return None

    def _first(self) -> _Memory:
        """At the first start: what the command line has loaded, which may have changed since."""
        started = _invocation(self._process)
        return _Memory(started.sources, started.content_hash, datetime.now(UTC).timestamp())


def _load(process: Process) -> Loaded:
    """In a thread: importing the validator takes 150 ms, and memory that an idle control saves."""
    from shadowproxy.config.loading import load_invocation

    return load_invocation(_invocation(process), os.environ, process.settings)


def _invocation(process: Process) -> Invocation:
    """How the proxy was started; by no command line of ours when there is no record."""
    try:
        return read_invocation(process.runtime_dir)
    except FileNotFoundError:
        return Invocation()


def _outcome(document: dict[str, Any] | None) -> Outcome | None:
    if document is None:
        return None
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
    }
    return Outcome(**values)


def _told(outcome: Outcome) -> dict[str, Any]:
    """The members that say something, for the log."""
    members = asdict(outcome)
    return {
        name: value for name, value in members.items() if name != "at" and value not in ((), [])
    }


def _now() -> str:
    return datetime.now(UTC).isoformat()
