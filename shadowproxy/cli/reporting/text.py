"""The report for people at a terminal: in the order in which it matters, in 80 columns.

Law: text of the document is put in as `Text`, never as markup, and is escaped before.
"""

import io
from collections.abc import Iterable, Iterator
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from shadowproxy.cli.reporting.measuring import open_findings
from shadowproxy.cli.reporting.members import (
    Document,
    count,
    items,
    mapping,
    moment,
    number,
    share,
    text,
    texts,
)
from shadowproxy.cli.reporting.wording import (
    amount,
    counted,
    duration,
    interval,
    percent,
    version_line,
)
from shadowproxy.core.words import Verdict

WIDTH: Final = 80
MIN_WIDTH: Final = 40
"""A narrower terminal breaks the lines itself."""
MAX_FINDINGS: Final = 20
"""A screen or two; json and the pages have them all."""
MAX_ENDPOINTS: Final = 15
MAX_VERSIONS: Final = 5
NARROW: Final = 64
"""Columns; tables of more than three do not fit fewer."""
ELLIPSIS: Final = "…"

_COLOURS: Final = {"go": "bold green", "no-go": "bold red"}
_STATES: Final = ("skipped", "dropped", "failed", "recorded", "in_flight")
_SHOWN_VERDICTS: Final = {Verdict.MATCH: "green", Verdict.NOISE: "green"}


def render_text(document: Document, *, width: int = WIDTH, is_coloured: bool = False) -> str:
    """All of it, ending in a line feed."""
    into = io.StringIO()
    console = Console(
        file=into, width=width, highlight=False, no_color=not is_coloured, legacy_windows=False,
        force_terminal=is_coloured, color_system="standard" if is_coloured else None,
    )  # fmt: skip
    for part in _parts(document, is_narrow=width < NARROW):
        console.print(part)
    return "".join(f"{line.rstrip()}\n" for line in into.getvalue().split("\n")[:-1])


def _parts(document: Document, *, is_narrow: bool) -> Iterator[RenderableType]:
    yield from _conclusion(mapping(document, "conclusion"))
    yield ""
    yield _facts(document)
    yield _heading("Verdicts")
    yield _verdicts(mapping(document, "verdicts"), is_narrow)
    yield from _findings(document)
    yield from _causes(document)
    yield from _not_compared(document)
    yield from _endpoints(document, is_narrow)
    yield from _slower(document)
    yield from _versions(document)


def _conclusion(conclusion: Document) -> Iterator[RenderableType]:
    word = text(conclusion, "word", 40) or "no conclusion"
    style = _COLOURS.get(word, "bold yellow")
    yield Text.assemble(("shadowproxy report: ", "bold"), (word, style))
    if sentence := text(conclusion, "sentence"):
        yield Text(sentence, overflow="fold")
    yield from _list(texts(conclusion, "reasons"))


def _facts(document: Document) -> RenderableType:
    table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in _named_facts(document):
        table.add_row(name, fact)
    return table


def _named_facts(document: Document) -> Iterator[tuple[str, Text]]:
    users = mapping(document, "users")
    yield "Users", _users(users)
    yield "Added", _added(users)
    if sentence := text(users, "sentence"):
        yield "", Text(sentence, style="dim")
    yield "Exchanges", _sums(mapping(document, "exchanges"))
    compared = mapping(document, "coverage")
    if (rate := share(compared, "rate")) is not None:
        yield "Compared", Text(f"{percent(rate)} of what was received")
    yield "Period", Text(_period(document))
    if endpoint := text(document, "endpoint"):
        yield "Endpoint", Text(f"{endpoint} alone; users and exchanges are those of all")
    yield "From", Text(_source(document))
    store = mapping(document, "store")
    if (state := text(store, "state", 20)) not in ("", "ok", "off"):
        yield "Store", Text(f"{state}: {text(store, 'error')}".rstrip(": "), style="red")


def _users(users: Document) -> Text:
    errors = count(users, "errors")
    return Text.assemble(
        f"{counted(count(users, 'requests'), 'request')}, ",
        (counted(errors, "error"), "red" if errors else "green"),
        f", {counted(count(users, 'altered'), 'answer')} not legacy's",
    )


def _added(users: Document) -> Text:
    quick, slow = (duration(number(users, f"added_{name}_s")) for name in ("p50", "p99"))
    return Text(f"p50 {quick}, p99 {slow} by the proxy itself")


def _sums(exchanges: Document) -> Text:
    parts = " + ".join(
        f"{state.replace('_', ' ')} {amount(count(exchanges, state))}" for state in _STATES
    )
    told = Text(f"received {amount(count(exchanges, 'received'))} = {parts}")
    if exchanges.get("balanced") is False:
        told.append("  DOES NOT ADD UP", style="bold red")
    return told


def _period(document: Document) -> str:
    since = moment(document, "since")
    return f"{since or 'all that is kept'}{' to ' if since else ', until '}" + (
        moment(document, "generated_at") or "now"
    )


def _source(document: Document) -> str:
    return text(document, "source", 40) or "a report"


def _verdicts(verdicts: Document, is_narrow: bool) -> RenderableType:
    more = () if is_narrow else ("95 % interval",)
    table = _table("verdict", "exchanges", "share", *more)
    for verdict in Verdict:
        entry = mapping(verdicts, verdict)
        counts = count(entry, "count")
        is_worth_a_look = counts and verdict not in _SHOWN_VERDICTS
        cells = [amount(counts), percent(share(entry, "rate"))]
        if not is_narrow:
            cells.append(interval(share(entry, "low"), share(entry, "high")))
        table.add_row(Text(verdict, style="bold" if is_worth_a_look else "", no_wrap=True), *cells)
    return table


def _findings(document: Document) -> Iterator[RenderableType]:
    total, is_open = count(document, "findings"), count(document, "open")
    yield _heading(f"Findings: {amount(is_open)} open, of {amount(total)}")
    shown = open_findings(document)[:MAX_FINDINGS]
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for group in shown:
        table.add_row(f"{amount(count(group, 'count'))} x", _label(group))
        table.add_row("", Text(text(group, "sentence"), style="dim"))
    if shown:
        yield table
    yield from _more((is_open or 0) - len(shown), "open finding")


def _label(group: Document) -> Text:
    """Which it is; the sentence below says what."""
    label = Text(text(group, "id", 40) or "a finding", style="bold")
    label.append(f"  {text(group, 'kind', 40)}", style="not bold")
    if news := text(group, "news"):
        label.append(f"  {news}", style="yellow")
    if group.get("returned") is True:
        label.append("  was marked fixed", style="red")
    return label


def _causes(document: Document) -> Iterator[RenderableType]:
    if causes := items(document, "causes"):
        yield _heading("Probably one cause each")
        yield from _list(text(cause, "sentence") for cause in causes)


def _not_compared(document: Document) -> Iterator[RenderableType]:
    entries = items(document, "not_compared")
    if not entries:
        return
    yield _heading("Not compared, and why")
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for entry in entries:
        told = f"{text(entry, 'state', 40)}: {text(entry, 'reason', 60)}"
        table.add_row(
            f"{amount(count(entry, 'count'))} x",
            Text(f"{told}, {percent(share(entry, 'share'))}", style="bold"),
        )
        if meaning := text(entry, "meaning"):
            table.add_row("", Text(meaning, style="dim"))
    yield table


def _endpoints(document: Document, is_narrow: bool) -> Iterator[RenderableType]:
    endpoints = items(document, "endpoints")
    if not endpoints:
        return
    yield _heading("Endpoints")
    sides = () if is_narrow else ("legacy", "candidate")
    more = () if is_narrow else ("fail", "legacy p99", "candidate p99")
    table = _table("endpoint", "exchanges", "differ", *more)
    for item in endpoints[:MAX_ENDPOINTS]:
        table.add_row(
            Text(text(item, "endpoint", 240) or "-", overflow="fold"),
            amount(count(item, "exchanges")),
            percent(share(mapping(item, "mismatch"), "rate")),
            *(() if is_narrow else (percent(share(mapping(item, "failed"), "rate")),)),
            *(duration(_p99(item, side)) for side in sides),
        )
    yield table
    yield from _more(len(endpoints) - MAX_ENDPOINTS, "endpoint")


def _p99(endpoint: Document, side: str) -> float | None:
    return number(mapping(mapping(endpoint, "latency"), side), "p99_s")


def _slower(document: Document) -> Iterator[RenderableType]:
    if slower := [said for each in items(document, "slower") if (said := text(each, "sentence"))]:
        yield _heading("Slower than legacy")
        yield from _list(slower)


def _versions(document: Document) -> Iterator[RenderableType]:
    if versions := items(document, "versions"):
        yield _heading("Versions of the candidate")
        yield from _list(map(version_line, versions[:MAX_VERSIONS]))


def _heading(title: str) -> Text:
    return Text(f"\n{title}", style="bold")


def _table(*titles: str) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="dim")
    for index, title in enumerate(titles):
        if index:
            table.add_column(title, justify="right", no_wrap=True)
        else:
            table.add_column(title, overflow="fold")
    return table


def _list(sentences: Iterable[str]) -> Iterator[RenderableType]:
    for sentence in sentences:
        row: Any = Table.grid(padding=(0, 1))
        row.add_column(no_wrap=True)
        row.add_column(overflow="fold")
        row.add_row(" -", Text(sentence))
        yield row


def _more(hidden: int, noun: str) -> Iterator[RenderableType]:
    if hidden > 0:
        yield Text(f"  {ELLIPSIS} and {counted(hidden, f'more {noun}')}; --format json has more")
