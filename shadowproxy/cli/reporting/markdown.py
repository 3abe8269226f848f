"""The report for a pull request: the conclusion and what to look at, the rest behind a fold.

Law: at most MAX_COMMENT characters, whatever the document holds; what came from it stands in
`prose` or code alone, never inside an HTML element, where other rules hold.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from shadowproxy.cli.reporting.measuring import Outcome, is_new, open_findings
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
from shadowproxy.cli.reporting.prose import cell, code, prose
from shadowproxy.cli.reporting.wording import (
    amount,
    counted,
    duration,
    interval,
    percent,
    version_line,
)
from shadowproxy.core.words import Verdict

MAX_COMMENT: Final = 65_536
"""What GitHub takes."""
ROWS: Final = (15, 8, 4, 2)
"""Of every list, the most that fit; two of each do when every text is at its longest."""
MAX_NAME: Final = 160

_MARKS: Final = {"go": "✅", "no-go": "❌"}
_STATES: Final = ("received", "skipped", "dropped", "failed", "recorded", "in_flight")


def render_markdown(document: Document, outcomes: Sequence[Outcome] = ()) -> str:
    """All of it, ending in a line feed; with what became of the conditions, if there were any."""
    shown = ""
    for rows in ROWS:
        shown = "\n\n".join(_blocks(document, outcomes, rows)) + "\n"
        if len(shown) <= MAX_COMMENT:
            break
    return shown


def _blocks(document: Document, outcomes: Sequence[Outcome], rows: int) -> Iterator[str]:
    yield from _conclusion(mapping(document, "conclusion"), rows)
    yield from _conditions(outcomes, rows)
    yield _users(mapping(document, "users"))
    yield _verdicts(mapping(document, "verdicts"))
    yield from _findings(document, rows)
    yield from _folded("Exchanges, and what was not compared", _exchanges(document, rows))
    yield from _folded("Endpoints", _endpoints(document, rows))
    yield from _folded("Versions of the candidate", _versions(document, rows))
    yield _origin(document)


def _conclusion(conclusion: Document, rows: int) -> Iterator[str]:
    word = text(conclusion, "word", 40)
    yield f"## {_MARKS.get(word, '❔')} shadowproxy: {prose(word) or 'no conclusion'}"
    if sentence := text(conclusion, "sentence"):
        yield prose(sentence)
    if reasons := texts(conclusion, "reasons"):
        yield _list(map(prose, reasons[:rows]))


def _conditions(outcomes: Sequence[Outcome], rows: int) -> Iterator[str]:
    """Those that fail first."""
    if outcomes:
        yield "**Checked:**"
        yield _list(
            f"{'❌' if outcome.is_failed else '✅'} {prose(outcome.sentence)}"
            for outcome in sorted(outcomes, key=lambda each: not each.is_failed)[:rows]
        )


def _users(users: Document) -> str:
    quick, slow = (duration(number(users, f"added_{name}_s")) for name in ("p50", "p99"))
    told = (
        f"**Users:** {counted(count(users, 'requests'), 'request')}, "
        f"{counted(count(users, 'errors'), 'error')}, "
        f"{counted(count(users, 'altered'), 'answer')} not legacy's; the proxy added {quick} (p50), "
        f"{slow} (p99)."
    )
    sentence = text(users, "sentence")
    return f"{told} {prose(sentence)}" if sentence else told


def _verdicts(verdicts: Document) -> str:
    lines = []
    for verdict in Verdict:
        entry = mapping(verdicts, verdict)
        low, high = share(entry, "low"), share(entry, "high")
        lines.append(
            (code(verdict), amount(count(entry, "count")), percent(share(entry, "rate")), interval(low, high))
        )  # fmt: skip
    return _table(("Verdict", "Exchanges", "Share", "95 % interval"), lines)


def _findings(document: Document, rows: int) -> Iterator[str]:
    is_open, shown = count(document, "open"), open_findings(document)[:rows]
    yield f"### {counted(is_open, 'open finding')}"
    if shown:
        yield _list(map(_finding, shown))
    if (hidden := (is_open or 0) - len(shown)) > 0:
        yield f"… and {counted(hidden, 'more open finding')}."
    if causes := [said for each in items(document, "causes") if (said := text(each, "sentence"))]:
        yield "Probably one cause each:"
        yield _list(map(prose, causes[:rows]))


def _finding(group: Document) -> str:
    news = text(group, "news", MAX_NAME)
    told = [code(text(group, "id", 40)), prose(text(group, "sentence"))]
    if is_new(group):
        told.insert(0, f"**{prose(news)}**" if news else "**was marked fixed**")
    return " ".join(told)


def _exchanges(document: Document, rows: int) -> Iterator[str]:
    exchanges = mapping(document, "exchanges")
    lines = [(code(state), amount(count(exchanges, state))) for state in _STATES]
    yield _table(("State", "Exchanges"), lines)
    if exchanges.get("balanced") is False:
        yield "**The sums do not add up.**"
    if entries := items(document, "not_compared")[:rows]:
        yield _list(map(_why, entries))


def _why(entry: Document) -> str:
    which = f"{text(entry, 'state', 40)}: {text(entry, 'reason', 60)}"
    amounts = f"{amount(count(entry, 'count'))} ({percent(share(entry, 'share'))})"
    return f"{code(which)} {amounts}: {prose(text(entry, 'meaning'))}".rstrip(": ")


def _endpoints(document: Document, rows: int) -> Iterator[str]:
    if endpoints := items(document, "endpoints"):
        titles = ("Endpoint", "Exchanges", "Mismatch", "legacy p99", "candidate p99")
        yield _table(titles, map(_endpoint, endpoints[:rows]))
        if (hidden := len(endpoints) - rows) > 0:
            yield f"… and {counted(hidden, 'more endpoint')}."
    if slower := [said for each in items(document, "slower") if (said := text(each, "sentence"))]:
        yield _list(map(prose, slower[:rows]))


def _endpoint(item: Document) -> tuple[str, ...]:
    latency = mapping(item, "latency")
    return (
        cell(text(item, "endpoint", MAX_NAME)),
        amount(count(item, "exchanges")),
        percent(share(mapping(item, "mismatch"), "rate")),
        *(duration(number(mapping(latency, side), "p99_s")) for side in ("legacy", "candidate")),
    )


def _versions(document: Document, rows: int) -> Iterator[str]:
    if versions := items(document, "versions")[:rows]:
        yield _list(prose(version_line(version)) for version in versions)


def _origin(document: Document) -> str:
    since, until = moment(document, "since"), moment(document, "generated_at")
    period = f"From {prose(since)}" if since else "All that is kept"
    told = f"{period} until {prose(until) or 'now'}, {prose(text(document, 'source', 40))}"
    endpoint = text(document, "endpoint", MAX_NAME)
    if endpoint:
        told += f", {code(endpoint)} alone; users and exchanges are those of all"
    return f"{told.rstrip(', ')}."


def _folded(title: str, blocks: Iterable[str]) -> Iterator[str]:
    """The empty lines let Markdown in again inside the element."""
    if inner := list(blocks):
        yield f"<details><summary>{title}</summary>"
        yield from inner
        yield "</details>"


def _list(entries: Iterable[str]) -> str:
    return "\n".join(f"- {entry}" for entry in entries)


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column holds names, the others numbers."""
    marks = ["---", *["---:"] * (len(titles) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (titles, marks, *rows))
