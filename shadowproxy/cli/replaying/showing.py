"""What replay prints: a block for each finding and the sums, or one JSON document.

    fixed            5f1c0a9b2d3e4f60  GET /cart/{id}
        `items[*].price` type
        3 of 3 samples: legacy and candidate agree

Law: what came from a proxy, a store or a backend is escaped, whatever it is; it moves no cursor and
fakes no line.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import click

from shadowproxy.cli.replaying.outcomes import Outcome, Said
from shadowproxy.cli.replaying.stored import Finding
from shadowproxy.findings.escaping import clip
from shadowproxy.findings.places import name_place

WIDTH: Final = 80
INDENT: Final = 4
MAX_ID: Final = 40
MAX_ENDPOINT: Final = 120
MAX_WHY: Final = 400
NOTHING: Final = "nothing to replay: there is no open finding"

_COLOURS: Final = {
    Outcome.FIXED: "green",
    Outcome.STILL_DIFFERENT: "red",
    Outcome.FLAKY: "yellow",
    Outcome.STALE: "yellow",
    Outcome.NOT_ASKED: "dim",
}
_LONGEST: Final = max(len(outcome.words) for outcome in Outcome)


@dataclass(frozen=True, slots=True)
class Result:
    """One finding; `samples` by id. `trouble` says why it could not be marked."""

    finding: Finding
    said: Said
    samples: Mapping[str, Said]
    is_marked: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """All of it; `total` findings are open, or were named, and `noise` more are known to be noise."""

    results: Sequence[Result]
    total: int
    noise: int = 0
    is_interrupted: bool = False


@contextmanager
def progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on standard error if that is a terminal; gives what moves it on by one."""
    from rich.console import Console
    from rich.progress import Progress

    if not (sys.stderr and sys.stderr.isatty()):
        yield lambda: None
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("replaying", total=total)
        yield lambda: bar.advance(task)


def show(shown: Shown, form: str) -> None:
    """Everything, on standard output."""
    if form == "json":
        click.echo(_json(shown))
    elif shown.results:
        _print(shown)
    else:
        click.echo("\n".join([NOTHING, *_left_out(shown)]))


def _print(shown: Shown) -> None:
    from rich.console import Console
    from rich.text import Text

    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="backslashreplace")
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    for result in shown.results:
        first, *others = lines_of(result)
        outcome = result.said.outcome
        lead = Text(f"{outcome.words:<{_LONGEST}}  ", style=_COLOURS[outcome])
        console.print(Text.assemble(lead, first), overflow="fold")
        for line in others:
            for part in Text(line).wrap(console, console.width - INDENT, overflow="fold"):
                part.rstrip()
                console.print(Text.assemble(" " * INDENT, part), soft_wrap=True)
        console.print()
    for line in summary_lines(shown):
        console.print(Text(line), overflow="fold")


def lines_of(result: Result) -> list[str]:
    """Which finding, where in it, and why."""
    finding = result.finding
    lines = [
        f"{clip(finding.id, MAX_ID)}  {clip(finding.endpoint, MAX_ENDPOINT)}",
        f"{name_place(finding.path)} {clip(finding.kind, MAX_ID)}",
        clip(result.said.why, MAX_WHY),
    ]
    if result.trouble:
        lines.append(f"could not be marked as fixed: {clip(result.trouble, MAX_WHY)}")
    return lines


def summary_lines(shown: Shown) -> Iterator[str]:
    """How many of each, what was marked, and what was left out."""
    counts = Counter(result.said.outcome for result in shown.results)
    yield ", ".join(f"{counts[each]} {each.words}" for each in Outcome if counts[each])
    marked = sum(result.is_marked for result in shown.results)
    if marked:
        yield f"marked as fixed: {marked}"
    if shown.is_interrupted:
        yield "interrupted: nothing was marked, and what was not asked may be anything"
    yield from _left_out(shown)


def _left_out(shown: Shown) -> Iterator[str]:
    if shown.total > len(shown.results):
        yield (
            f"these are the {len(shown.results)} most frequent of {shown.total:,} open findings; "
            "--limit asks about more"
        )
    if shown.noise:
        yield f"left out as noise: {shown.noise}"


def _json(shown: Shown) -> str:
    """ASCII, so that nothing in it acts on a terminal."""
    counts = Counter(result.said.outcome for result in shown.results)
    document = {
        "findings": [_plain(result) for result in shown.results],
        "counts": {str(outcome): counts[outcome] for outcome in Outcome},
        "total": shown.total,
        "noise": shown.noise,
        "interrupted": shown.is_interrupted,
    }
    return json.dumps(document, indent=2).replace("\x7f", "\\u007f")


def _plain(result: Result) -> dict[str, Any]:
    finding = result.finding
    return {
        "id": finding.id,
        "endpoint": finding.endpoint,
        "path": finding.path,
        "kind": finding.kind,
        "outcome": str(result.said.outcome),
        "why": result.said.why,
        "samples": [
            {"id": sample, "outcome": str(said.outcome), "why": said.why}
            for sample, said in result.samples.items()
        ],
        "marked": result.is_marked,
        "trouble": result.trouble,
    }
