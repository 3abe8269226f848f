"""`shadowproxy status`: whether it serves, how the dials stand, whether the sums hold."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from shadowproxy.cli.admin import Admin
from shadowproxy.config.escaping import printable
from shadowproxy.config.quantities import approximate_duration, approximate_size, print_share

WIDTH: Final = 80
_STATES: Final = ("skipped", "dropped", "failed", "recorded", "in_flight")
_COLUMNS: Final = {
    "name": "process", "pid": "pid", "up": "up", "restarts": "restarts",
    "heartbeat_age_ms": "heartbeat ms ago", "loop_lag_ms": "loop lag ms", "generation": "generation",
}  # fmt: skip


def show_status(admin: Admin, form: str) -> int:
    """Prints the running proxy's state; 1 when it takes no requests or its sums do not hold."""
    status = admin.ask("GET", "/api/v1/status")
    if form == "json":
        click.echo(json.dumps(status, indent=2))
    else:
        _print(status)
    exchanges = _mapping(status, "exchanges")
    return 0 if status.get("ready") and exchanges.get("balanced", True) else 1


def _print(status: Mapping[str, Any]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    for line in status_lines(status):
        console.print(Text(line))
    processes = status.get("processes")
    if isinstance(processes, list) and processes:
        console.print(_table([entry for entry in processes if isinstance(entry, dict)]))


def status_lines(status: Mapping[str, Any]) -> Iterator[str]:
    """Everything but the processes, one fact a line."""
    yield _standing(status)
    for name, dial in _mapping(status, "dials").items():
        yield f"{printable(name):<14} {_dial(name, dial)}"
    exchanges = _mapping(status, "exchanges")
    if exchanges:
        yield ""
        yield from _sums(exchanges, _mapping(status, "reasons"))
    shadow = _mapping(status, "shadow")
    if shadow:
        yield ""
        yield f"shadow now     {', '.join(_facts(shadow))}"
    yield from _store(_mapping(status, "store"))
    yield from _reload(_mapping(status, "config"))
    yield ""


def _standing(status: Mapping[str, Any]) -> str:
    state = "ready" if status.get("ready") else "NOT READY"
    if status.get("draining"):
        state = "draining"
    uptime_s = status.get("uptime_s")
    parts = [state]
    if isinstance(uptime_s, int | float):
        parts.append(f"up {approximate_duration(uptime_s)}")
    parts += [
        f"{_word(name)} {_plain(value)}" for name, value in _mapping(status, "versions").items()
    ]
    if status.get("supervised") is False:
        parts.append("without its supervisor")
    return ", ".join(parts)


def _dial(name: str, dial: Any) -> str:
    if not isinstance(dial, dict):
        return _plain(dial)
    text = _value(dial.get("value"))
    if dial.get("source") != "config":
        text += f" (configured: {_value(dial.get('configured'))})"
        if isinstance(dial.get("ttl_s"), int | float):
            text += f", for {approximate_duration(dial['ttl_s'])} more"
        if dial.get("reason"):
            text += f", {_plain(dial['reason'])}"
    return text


def _value(value: Any) -> str:
    is_share = isinstance(value, float) and 0 <= value <= 1
    return print_share(value) if is_share else _plain(value)


def _sums(exchanges: Mapping[str, Any], reasons: Mapping[str, Any]) -> Iterator[str]:
    holds = "" if exchanges.get("balanced", True) else "   DOES NOT HOLD"
    parts = " + ".join(f"{_word(state)} {_count(exchanges.get(state, 0))}" for state in _STATES)
    yield f"received {_count(exchanges.get('received', 0))} ="
    yield f"    {parts}{holds}"
    for state, counts in reasons.items():
        told = [
            f"{_word(reason)} {_count(count)}"
            for reason, count in (counts.items() if isinstance(counts, dict) else ())
            if count
        ]
        if told:
            yield f"  {_word(state):<12} {', '.join(told)}"


def _facts(members: Mapping[str, Any]) -> Iterator[str]:
    """Numbers, and of the rest what is the case."""
    for name, value in members.items():
        if isinstance(value, bool) or value is None:
            if value:
                yield _word(name).upper()
        elif name.endswith("_bytes") and isinstance(value, int):
            yield f"{_word(name.removesuffix('_bytes'))} {approximate_size(value)}"
        else:
            yield f"{_word(name)} {_count(value)}"


def _store(store: Mapping[str, Any]) -> Iterator[str]:
    """One line: a store that takes nothing is worth knowing."""
    state = store.get("state")
    if state in (None, "", "ok"):
        return
    error = f": {_plain(store['error'])}" if store.get("error") else ""
    yield f"store          {_plain(state).upper()}{error}"


def _reload(config: Mapping[str, Any]) -> Iterator[str]:
    last = config.get("last_reload")
    if isinstance(last, dict) and not last.get("ok", True):
        yield "the last reload was REFUSED, the configuration before it is in force:"
        for problem in last.get("problems") or ():
            yield f"  {_plain(problem)}"
    if waiting := config.get("restart_needed"):
        yield f"waiting for a restart: {', '.join(map(_plain, waiting))}"


def _table(processes: list[dict[str, Any]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name, title in _COLUMNS.items():
        table.add_column(Text(title), justify="left" if name == "name" else "right")
    for process in processes:
        table.add_row(*(Text(_plain(process.get(name))) for name in _COLUMNS))
    return table


def _mapping(status: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = status.get(name)
    return value if isinstance(value, dict) else {}


def _word(name: Any) -> str:
    return printable(str(name)).replace("_", " ")


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else printable(str(value), 500)
