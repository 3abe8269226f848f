"""`shadowproxy check`: the effective configuration, its origins, what it can cost, who answers."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import click

from shadowproxy.config import Invocation, Value
from shadowproxy.config.escaping import printable
from shadowproxy.config.loading import STDIN, load_invocation
from shadowproxy.config.memory import Term, worst_case_memory
from shadowproxy.config.nodes import KeyPath
from shadowproxy.config.quantities import approximate_size
from shadowproxy.core.settings import Settings

ORIGIN_COLUMN: Final = 46
"""Where origins start, unless a value is longer: 80 columns hold most of both."""


def check_configuration(invocation: Invocation, connect: bool) -> int:
    """Prints everything; 1 when legacy was to be reached and cannot be.

    Raises:
        ConfigError: the configuration is not valid.
    """
    loaded = load_invocation(invocation)
    for line in configuration_lines(loaded.values, loaded.settings):
        click.echo(line)
    click.echo("\nMemory when everything is full at once")
    for line in memory_lines(worst_case_memory(loaded.settings)):
        click.echo(line)
    if loaded.warnings:
        click.echo("\nWarnings")
        for warning in loaded.warnings:
            click.echo(f"  {warning}")
    is_fine = not connect or _reaches_legacy(loaded.settings)
    click.echo(f"\n{_name(invocation.config_path)} is valid.", err=True)
    return 0 if is_fine else 1


def _name(path: str | None) -> str:
    if path is None:
        return "The configuration"
    return "<stdin>" if path == STDIN else printable(path)


def configuration_lines(values: Iterable[Value], settings: Settings) -> Iterator[str]:
    """The values laid out like the file, each with its origin behind it."""
    opened: set[KeyPath] = set()
    for value in values:
        for depth in range(1, len(value.path)):
            inner = value.path[:depth]
            if inner not in opened and isinstance(inner[-1], str):
                yield f"{_label(inner, opened)}:"
            opened.add(inner)
        text = value.text or '""'
        if value.path == ("workers",) and text == "auto":
            text = f"auto = {settings.workers}"
        line = f"{_label(value.path, opened)}: {text}"
        yield f"{line:<{ORIGIN_COLUMN}}  # {value.origin}"


def _label(path: KeyPath, opened: set[KeyPath]) -> str:
    """Indented; with a dash when it is the first of its list item."""
    indent = "  " * (len(path) - 1)
    item = (*path[:-1], "-")
    if len(path) > 1 and isinstance(path[-2], int) and item not in opened:
        opened.add(item)
        indent = f"{indent[:-2]}- "
    return f"{indent}{printable(str(path[-1]))}"


def memory_lines(terms: Sequence[Term]) -> Iterator[str]:
    """A summand a line, sums below."""
    for term in terms:
        yield f"  {term.name:<34} {approximate_size(term.size_bytes):>11}  {term.where}"
    for side in dict.fromkeys(term.side for term in terms):
        size = sum(term.size_bytes for term in terms if term.side == side)
        yield f"  {f'sum, {side}':<34} {approximate_size(size):>11}"
    total = approximate_size(sum(term.size_bytes for term in terms))
    yield f"  {'total':<34} {total:>11}"


def _reaches_legacy(settings: Settings) -> bool:
    from shadowproxy.cli.connecting import try_backends

    click.echo("\nBackends")
    attempts = try_backends(settings)
    for attempt in attempts:
        click.echo(f"  {attempt.name:<10} {attempt.url:<32} {attempt.outcome}")
    places = {attempt.name: attempt.place for attempt in attempts if attempt.place}
    if places.get("candidate") and places["candidate"] == places.get("legacy"):
        click.echo("  legacy and candidate are the same address")
    return all(attempt.is_reached for attempt in attempts if attempt.name == "legacy")
