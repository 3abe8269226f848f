"""`shadowproxy report`: reads a report, judges it by conditions, writes it.

The report is written whether or not a condition fails it: who fails a build wants to see why.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import click

from shadowproxy.cli.ending import Ending
from shadowproxy.cli.outputs import STDOUT, write
from shadowproxy.cli.reporting.conditions import Condition, read_condition
from shadowproxy.cli.reporting.measuring import Outcome, check, failed, store_trouble
from shadowproxy.cli.reporting.sources import Places, Selection, read_document
from shadowproxy.config.escaping import printable
from shadowproxy.config.nodes import Origin, Scalar
from shadowproxy.config.quantities import read_duration
from shadowproxy.config.rule_values import ENDPOINT
from shadowproxy.config.stores import read_store

T = TypeVar("T")

MAX_CONDITIONS: Final = 100
"""More than a person reads; each is checked and told."""
_SECRET: Final = ("--store",)
"""May have a password, and is not repeated."""


@dataclass(frozen=True, slots=True)
class Question:
    """Everything as it was written."""

    form: str = "text"
    since: str | None = None
    endpoint: str | None = None
    conditions: tuple[str, ...] = ()
    output: str | None = None
    path: str | None = None
    admin: str | None = None
    token: str | None = None
    store: str | None = None


def report(question: Question) -> int:
    """Writes the report; 1 when a condition fails it, with each reason on standard error.

    A store that takes nothing is told there, too, and then no condition holds.

    Raises:
        ConfigError, Ending, ClickException: it cannot be had or written, or the question is wrong.
    """
    places, selection, conditions = _read(question)
    document = read_document(places, selection)
    outcomes = [check(condition, document) for condition in conditions]
    write(_render(question, document, outcomes), question.output)
    reasons = [outcome.sentence for outcome in failed(outcomes)]
    trouble = store_trouble(document)
    if trouble:
        click.echo(trouble, err=True)
    for reason in reasons:
        click.echo(reason, err=True)
    return 1 if reasons or (trouble and conditions) else 0


def _read(question: Question) -> tuple[Places, Selection, list[Condition]]:
    """Every mistake is told, not the first alone."""
    mistakes: list[str] = []

    def read(option: str, reader: Callable[[str], T], text: str | None) -> T | None:
        if text is None:
            return None
        try:
            return reader(text)
        except ValueError as error:
            shown = "" if option in _SECRET else f" '{printable(text)}'"
            mistakes.append(f"{option}{shown}: {error}")
            return None

    since_s = read("--since", _read_since, question.since)
    endpoint = read("--endpoint", _read_endpoint, question.endpoint)
    store = read("--store", read_store, question.store)
    if question.store is not None and question.admin is not None:
        mistakes.append("--store and --admin: the report comes from one of them")
    conditions = [read("--fail-on", read_condition, text) for text in question.conditions]
    if len(conditions) > MAX_CONDITIONS:
        mistakes.append(f"--fail-on: expected at most {MAX_CONDITIONS} conditions")
    if mistakes:
        raise Ending("\n".join(mistakes), 2)
    return (
        Places(question.path, question.admin, question.token, store),
        Selection(question.since, since_s, endpoint),
        [condition for condition in conditions if condition is not None],
    )


def _read_since(text: str) -> float:
    seconds = read_duration(text)
    if not seconds:
        raise ValueError("expected more than no time")
    return seconds


def _read_endpoint(text: str) -> str:
    endpoint: str = ENDPOINT.read(Scalar(text, Origin("--endpoint"), plain=False))
    return endpoint


def _render(question: Question, document: dict[str, Any], outcomes: Sequence[Outcome]) -> str:
    if question.form == "json":
        return _json(document)
    if question.form == "markdown":
        from shadowproxy.cli.reporting.markdown import render_markdown

        return render_markdown(document, outcomes)
    if question.form == "junit":
        from shadowproxy.cli.reporting.junit import render_junit

        return render_junit(document, outcomes)
    if question.form == "html":
        from shadowproxy.pages.mail import self_contained

        return self_contained(document)
    return _text(document, is_for_file=question.output not in (None, STDOUT))


def _json(document: dict[str, Any]) -> str:
    """In ASCII, so that nothing in it acts on a terminal; DEL is ASCII, and acts."""
    try:
        shown = json.dumps(document, indent=2, allow_nan=False)
    except (ValueError, RecursionError):
        raise Ending("the report has numbers or depths that JSON has not") from None
    return shown.replace("\x7f", "\\u007f") + "\n"


def _text(document: dict[str, Any], *, is_for_file: bool) -> str:
    from rich.console import Console

    from shadowproxy.cli.reporting.text import MIN_WIDTH, WIDTH, render_text

    console = Console()
    if is_for_file or not console.is_terminal:
        return render_text(document)
    is_coloured = console.color_system is not None and not console.no_color
    width = min(WIDTH, max(MIN_WIDTH, console.width))
    return render_text(document, width=width, is_coloured=is_coloured)
