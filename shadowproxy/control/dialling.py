"""The dials: values that an operator turns while the proxy runs, each with an optional end.

    configured ──PUT──► turned ──DELETE, or its time is up──► configured

Law: the page of words is what counts for the edges and is written first; dials.json only lets a
restarted control know what was turned, why, and until when.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from shadowproxy import logs
from shadowproxy.core.settings import Settings
from shadowproxy.ipc.process import Process, write_atomically

SHADOW: Final = "shadow"
SAMPLE: Final = "shadow.sample"
NAMES: Final = (SHADOW, SAMPLE)

UNIX_PEER: Final = "unix socket"
"""Who changed something, if it came by one."""

MAX_TTL_S: Final = 30 * 86_400.0
"""A month: what is meant to last longer belongs into the configuration."""

Value = bool | float

Note = Callable[[str, str, str, str, str, str], None]
"""Takes a line of the audit: actor, action, subject, before, after, reason."""


def unheard(*line: str) -> None:
    """Where there is no audit, the log alone has the changes."""


@dataclass(frozen=True, slots=True)
class Turned:
    """One dial away from its configured value; times are ISO 8601 in UTC."""

    value: Value
    since: str
    until: str | None
    ttl_s: float | None
    reason: str
    peer: str


@dataclass(frozen=True, slots=True)
class Change:
    """What an operator asks for."""

    name: str
    value: Value
    ttl_s: float | None
    reason: str
    peer: str


class Dialling:
    """All dials of one proxy; control alone has one of these."""

    def __init__(self, process: Process, now: datetime, note: Note = unheard) -> None:
        """Takes up what an earlier control process knew, and what the page alone knows."""
        self._note = note
        self._process = process
        self._path = process.runtime_dir / "dials.json"
        self._turned = _read(self._path)
        self._log = logs.get("control")
        if SHADOW not in self._turned and not process.dials.shadow_on:
            self._adopt_kill_switch(now)
        self.expire(now)
        self.apply()

    def turn(self, change: Change, now: datetime) -> None:
        """Sets a dial; every edge sees it on its next request."""
        previous = self.value_of(change.name)
        until = None if change.ttl_s is None else now + timedelta(seconds=change.ttl_s)
        self._turned[change.name] = Turned(
            change.value,
            now.isoformat(),
            None if until is None else until.isoformat(),
            change.ttl_s,
            change.reason,
            change.peer,
        )
        self._changed(change.name, previous, change.ttl_s, change.reason, change.peer, "operator")

    def turn_back(self, name: str, reason: str, peer: str) -> bool:
        """Returns a dial to its configured value; False when it already was there."""
        if name not in self._turned:
            return False
        previous = self.value_of(name)
        del self._turned[name]
        self._changed(name, previous, None, reason, peer, "operator")
        return True

    def expire(self, now: datetime) -> None:
        """Returns the dials whose time is up."""
        over = [name for name, turned in self._turned.items() if _left_s(turned, now) == 0]
        for name in over:
            previous = self.value_of(name)
            reason = self._turned.pop(name).reason
            self._changed(name, previous, None, reason, "", "ttl")

    def apply(self) -> None:
        """Writes the page: what is turned, else what is configured."""
        self._process.dials.turn(shadow_on=bool(self.value_of(SHADOW)))
        if SAMPLE in self._turned:
            self._process.dials.turn(sample=float(self.value_of(SAMPLE)))
        else:
            self._process.dials.clear_sample()

    def value_of(self, name: str) -> Value:
        """The value in force."""
        if name in self._turned:
            return self._turned[name].value
        return configured(self._process.settings, name)

    def numbers(self) -> dict[str, float]:
        """Every dial as the metric shows it."""
        return {name: float(self.value_of(name)) for name in NAMES}

    def describe(self, name: str, now: datetime) -> dict[str, Any]:
        """One dial as the API shows it."""
        shown: dict[str, Any] = {"value": show(name, self.value_of(name)), "source": "config"}
        shown["configured"] = show(name, configured(self._process.settings, name))
        if (turned := self._turned.get(name)) is not None:
            left_s = _left_s(turned, now)
            ttl_s = None if left_s is None else round(left_s, 1)
            shown |= {"source": "dial", "ttl_s": ttl_s, "reason": turned.reason}
            shown |= {"since": turned.since, "until": turned.until, "peer": turned.peer}
        return shown

    def _adopt_kill_switch(self, now: datetime) -> None:
        """The page says off, the configuration on and no one wrote why: off is the safe reading.

        It happens when control is killed between the page and the file.
        """
        if self._process.settings.shadow.enabled:
            reason = "found turned off when control started"
            self._turned[SHADOW] = Turned(False, now.isoformat(), None, None, reason, "")
            self._save()

    def _changed(
        self, name: str, previous: Value, ttl_s: float | None, reason: str, peer: str, source: str
    ) -> None:
        self.apply()
        self._save()
        self._log.warning(
            "dial_changed",
            dial=name,
            value=show(name, self.value_of(name)),
            previous=show(name, previous),
            ttl_s=ttl_s,
            reason=reason,
            peer=peer,
            source=source,
        )
        after = say(name, self.value_of(name)) + (
            "" if ttl_s is None else f" for {_lasting(ttl_s)}"
        )
        actor = peer or (UNIX_PEER if source == "operator" else "shadowproxy")
        why = f"its time is up: {reason}".rstrip(": ") if source == "ttl" else reason
        self._note(actor, "dial", name, say(name, previous), after, why)

    def _save(self) -> None:
        document = {name: asdict(turned) for name, turned in self._turned.items()}
        try:
            write_atomically(self._path, json.dumps(document).encode())
        except OSError as error:
            self._log.error("cannot_write", file=self._path.name, error=error.strerror)


def configured(settings: Settings, name: str) -> Value:
    """The value that the configuration gives a dial."""
    return settings.shadow.enabled if name == SHADOW else settings.shadow.sample


def show(name: str, value: Value) -> str | float:
    """`on` or `off`, or the share."""
    if name == SHADOW:
        return "on" if value else "off"
    return float(value)


def say(name: str, value: Value) -> str:
    """The same as a text, a share as people write it."""
    return str(show(name, value)) if name == SHADOW else f"{100 * float(value):g}%"


def _lasting(ttl_s: float) -> str:
    """As an operator writes it: 90s, 30m, 2h."""
    units = (("h", 3600), ("m", 60))
    unit, size_s = next((each for each in units if not ttl_s % each[1]), ("s", 1))
    return f"{ttl_s / size_s:g}{unit}"


def _left_s(turned: Turned, now: datetime) -> float | None:
    """Seconds until the end, None without one; never more than what was asked for.

    The last keeps a clock that was set back from prolonging it.
    """
    if turned.until is None or turned.ttl_s is None:
        return None
    left_s = (datetime.fromisoformat(turned.until) - now).total_seconds()
    return min(max(0.0, left_s), turned.ttl_s)


def _read(path: Path) -> dict[str, Turned]:
    turned: dict[str, Turned] = {}
    with suppress(OSError, ValueError, TypeError, AttributeError):
        document: dict[str, Any] = json.loads(path.read_bytes())
        for name in NAMES:
            if name in document:
                turned[name] = Turned(**document[name])
    return turned


def now_utc() -> datetime:
    """The wall clock: ends of dials outlive this process."""
    return datetime.now(UTC)
