"""`shadowproxy status`."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import click

from shadowproxy.cli.admin import Admin
from shadowproxy.config.escaping import printable

WIDTH = 80


def show_status(admin: Admin, form: str) -> int:
    """Prints the running proxy's state."""
    status = admin.ask("GET", "/api/v1/status")
    if form == "json":
        click.echo(json.dumps(status, indent=2))
        return 0
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    for part in _parts(status):
        console.print(part)
    return 0


def _parts(status: dict[str, Any]) -> Iterator[Any]:
    from rich.table import Table
    from rich.text import Text

    single = {name: value for name, value in status.items() if not isinstance(value, dict | list)}
    yield Text("  ".join(f"{_text(name)} {_text(value)}" for name, value in single.items()))
    for name, value in status.items():
        if name in single or not value:
            continue
        table = Table(title=Text(_text(name)), title_justify="left", box=None, pad_edge=False)
        rows = value if isinstance(value, list) else _rows(value)
        columns = dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row)
        for column in columns:
            table.add_column(Text(_text(column)), overflow="fold")
        for row in rows:
            if isinstance(row, dict):
                table.add_row(*(Text(_text(row.get(column, ""))) for column in columns))
        yield table


def _rows(members: dict[str, Any]) -> list[dict[str, Any]]:
    """One row of plain members, or a row a member when they are mappings themselves."""
    if all(isinstance(value, dict) for value in members.values()):
        return [{"name": name, **value} for name, value in members.items()]
    return [members]


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        value = json.dumps(value, separators=(",", ":"))
    return printable("-" if value is None else str(value))
