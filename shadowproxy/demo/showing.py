"""What the demo shows in the terminal; all of it fits 80 columns.

Text that came from the proxy or a backend is put in as `Text`, never as markup.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from shadowproxy.demo import observed as seen_by_proxy
from shadowproxy.demo.configuration import Addresses
from shadowproxy.demo.observed import Observed, Pace, Sums
from shadowproxy.demo.outcome import Lesson, Outcome, Sighting
from shadowproxy.demo.traffic import Experience

WIDTH = 80
EXAMPLE_LINES = 24
LIVE_GROUPS = 10


def make_console() -> Console:
    """The terminal, no wider than 80 columns; a pipe gets 80 columns without colours."""
    width = min(WIDTH, Console().width) if Console().is_terminal else WIDTH
    return Console(width=width, highlight=False)


def milliseconds(duration_s: float | None) -> str:
    """A duration for people."""
    if duration_s is None:
        return "-"
    in_ms = duration_s * 1000
    return f"{in_ms:.0f} ms" if in_ms >= 10 else f"{in_ms:.2f} ms"


def progress_line(elapsed_s: float, seen: Experience, observed: Observed) -> str:
    """One line for a log or a pipe."""
    verdicts = " ".join(f"{verdict} {count}" for verdict, count in _positive(observed.verdicts))
    return (
        f"{elapsed_s:5.0f} s  {seen.requests} requests  {seen.error_count} errors  "
        f"{verdicts or 'nothing compared yet'}  {len(observed.groups)} findings"
    )


def live(elapsed_s: float, seen: Experience, observed: Observed) -> RenderableType:
    """The moving picture while the demo runs."""
    findings = _plain_table()
    for group in sorted(observed.groups, key=lambda group: -group.count)[:LIVE_GROUPS]:
        findings.add_row(f"{group.count:,}", Text(_where(group)))
    return Group(Rule(f"{elapsed_s:.0f} s"), _facts(seen, observed), Rule("findings"), findings)


def summary(
    elapsed_s: float, seen: Experience, observed: Observed, outcome: Outcome
) -> RenderableType:
    """Everything at the end."""
    parts: list[RenderableType] = [
        Rule(f"shadowproxy demo: {elapsed_s:.0f} s"),
        _facts(seen, observed),
        Text("\nPlanted bugs in the candidate", style="bold"),
        _sightings(outcome.sightings),
    ]
    if outcome.unplanted:
        parts += [
            Text("\nFindings that nobody planted", style="bold"),
            _groups(outcome.unplanted),
        ]
    if observed.causes:
        parts += [Text("\nProbably one cause each", style="bold"), _lines(observed.causes)]
    parts += [
        Text("\nPlanted noise, learned by asking legacy twice", style="bold"),
        _lessons(outcome.lessons),
    ]
    parts += [
        Text("\nSpeed of both sides (medians)", style="bold"),
        _speeds(observed.paces),
    ]
    return Group(*parts)


def places(addresses: Addresses, log: Path) -> RenderableType:
    """Where to look while it runs."""
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    admin = f"http://{addresses.admin}"
    table.add_row("Users", f"http://{addresses.listen}/items")
    table.add_row("Report", f"{admin}/")
    table.add_row("Findings", f"{admin}/findings")
    table.add_row("API", f"{admin}/api/v1/openapi.json")
    table.add_row("Metrics", f"{admin}/metrics")
    table.add_row("Log", Text(str(log)))
    return table


def log_lines(log: Path) -> RenderableType:
    """How many mismatches the proxy logged, where, and the last, for the first may be noise."""
    try:
        with log.open(encoding="utf-8", errors="replace") as file:
            lines = [line for line in file if '"shadow_mismatch"' in line]
    except OSError as error:
        return Text(f"\nThe log cannot be read: {error.strerror}", style="red")
    if not lines:
        return Text("\nNo shadow_mismatch line in the log")
    told = f"\nThe last of {len(lines)} shadow_mismatch lines in the log (--keep leaves it behind)"
    return Group(Text(told, style="bold"), example(lines[-1]))


def ending(outcome: Outcome) -> RenderableType:
    """Fine, or what is not."""
    if outcome.complaints:
        complaints = "\n".join(f"  {complaint}" for complaint in outcome.complaints)
        return Text(f"\nNot fine:\n{complaints}", style="bold red")
    if outcome.is_open:
        fine = (
            "Fine so far: no user saw an error, and only what was planted was found."
            "\nFor the rest there is not enough evidence yet: 20 s of the usual rate have it."
        )
    else:
        fine = (
            "Fine: no user saw an error, every planted bug was found, all planted noise\n"
            "was learned, and nothing else was found."
        )
    return Text(f"\n{fine}", style="green")


def example(line: str) -> RenderableType:
    """A log line, indented for people and cut to what fits."""
    document = json.loads(line)
    document = {"event": document.get("event"), **document}  # what it is comes first
    shown = json.dumps(document, indent=2).splitlines()
    cut = [text if len(text) < WIDTH - 2 else f"{text[: WIDTH - 3]}…" for text in shown]
    if len(cut) > EXAMPLE_LINES:
        cut = [*cut[:EXAMPLE_LINES], "  …"]
    return Text("\n".join(cut), style="dim", no_wrap=True)


def _plain_table() -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1), expand=False)
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    return table


def _facts(seen: Experience, observed: Observed) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("Users", _users(seen))
    added = f"p50 {milliseconds(observed.added_p50_s)}, p99 {milliseconds(observed.added_p99_s)}"
    table.add_row("Added", f"{added} by the proxy itself")
    table.add_row("Exchanges", _sums(observed.sums))
    for state in ("skipped", "dropped", "failed"):
        reasons = {why: n for (where, why), n in observed.reasons.items() if where == state}
        if shown := ", ".join(f"{why} {count:,}" for why, count in _positive(reasons)):
            table.add_row("", f"{state}: {shown}")
    verdicts = ", ".join(f"{name} {count:,}" for name, count in _positive(observed.verdicts))
    table.add_row("Verdicts", verdicts or "none yet")
    return table


def _users(seen: Experience) -> Text:
    quick = milliseconds(seen.latencies.quantile_s(0.5))
    slow = milliseconds(seen.latencies.quantile_s(0.99))
    style = "red" if seen.error_count else "green"
    return Text.assemble(
        f"{seen.requests:,} requests, ",
        (f"{seen.error_count:,} errors", style),
        f", p50 {quick}, p99 {slow}",
    )


def _sums(sums: Sums) -> Text:
    text = Text(sums.equation)
    return text if sums.hold else text.append("  (does not add up)", style="red")


def _sightings(sightings: Iterable[Sighting]) -> Table:
    table = _plain_table()
    for sighting in sightings:
        mark = _mark("found", "NOT FOUND", sighting.is_found, sighting.is_open)
        table.add_row(mark, Text(sighting.bug.what, style="bold"))
        for group in sighting.groups:
            table.add_row(f"{group.count:,} x", Text(_where(group)))
            table.add_row("", Text(group.sentence, style="dim"))
        if sighting.bug.kind is None:
            table.add_row("", Text(_claim(sighting.pace), style="dim"))
        elif sighting.is_open:
            table.add_row("", Text("not enough evidence yet: too few exchanges", style="dim"))
    return table


def _mark(done: str, missed: str, is_done: bool, is_open: bool) -> Text:
    if is_done:
        return Text(done, "green")
    return Text("not yet", "yellow") if is_open else Text(missed, "bold red")


def _claim(pace: Pace | None) -> str:
    if pace is None:
        return "both sides' times were not compared"
    blocks = f"{pace.slower_blocks} of {pace.blocks} blocks of a second"
    return pace.sentence or (
        f"not enough evidence yet: {pace.endpoint} was slower in {blocks}, and about eleven in a"
        " row make a claim"
    )


def _lessons(lessons: Iterable[Lesson]) -> Table:
    table = _plain_table()
    for lesson in lessons:
        mark = _mark("learned", "NOT LEARNED", lesson.is_learned, lesson.is_open)
        place = lesson.noise.place
        table.add_row(mark, Text(f"{lesson.noise.what}: {place.endpoint}  {place.path}"))
        table.add_row("", Text(_lesson(lesson), style="dim"))
    return table


def _lesson(lesson: Lesson) -> str:
    learned, group = lesson.learned, lesson.group
    if learned is None:
        return "no difference was seen there"
    said = f"legacy disagreed with itself in {learned.b:,} of {learned.aa_samples:,} checks"
    if group is not None:
        said += f"; that explains {group.explained:,} differences"
        said += f", {group.count:,} were reported before it was known" if group.count else ""
    return said


def _lines(texts: Iterable[str]) -> Table:
    table = _plain_table()
    for text in texts:
        table.add_row("", Text(text))
    return table


def _groups(groups: Iterable[seen_by_proxy.Group]) -> Table:
    table = _plain_table()
    for group in groups:
        table.add_row(f"{group.count:,} x", Text(_where(group)))
    return table


def _speeds(paces: Iterable[Pace]) -> Table:
    table = Table(box=None, padding=(0, 1))
    table.add_column("endpoint", overflow="fold")
    for name in ("legacy", "candidate", "ratio"):
        table.add_column(name, justify="right")
    for pace in paces:
        legacy_s, candidate_s = (side["p50"] / 1e6 for side in (pace.legacy_us, pace.candidate_us))
        table.add_row(
            Text(pace.endpoint),
            milliseconds(legacy_s),
            milliseconds(candidate_s),
            f"{candidate_s / legacy_s:.1f}" if legacy_s else "-",
        )
    return table


def _where(group: seen_by_proxy.Group) -> str:
    return f"{group.endpoint}  {group.path or '(whole body)'}  {group.kind}"


def _positive(counts: Mapping[Any, int]) -> list[tuple[Any, int]]:
    return sorted((pair for pair in counts.items() if pair[1]), key=lambda pair: -pair[1])
