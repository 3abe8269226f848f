"""Results as a Markdown page: one table per question, medians with their spread."""

from collections.abc import Callable, Sequence

from bench.arms import ARMS, Arm
from bench.harm import Harm
from bench.phases import Measurement
from bench.report import Results
from bench.summary import (
    SATURATED,
    STEADY,
    STEADY_FRESH,
    Figure,
    Round,
    Spread,
    cpu_us,
    harm_ratios,
    latency_ms,
    over_rounds,
    peak_mib,
    phase,
    requests_per_s,
    targets,
)

DISTURBED = 0.05
"""A larger share of the machine for processes that are not of the bench is named in the notes."""
ROLES = ("proxy", "edge", "shadow", "judge", "control", "supervisor")


def page(results: Results, plot: str) -> str:
    """The whole page."""
    rounds = results.rounds
    parts = [
        f"# Bench of {results.commit}",
        f"{results.started}; {results.machine}. "
        + ", ".join(f"{name} {version}" for name, version in results.versions.items())
        + ".",
        f"`{results.command}`: {len(rounds)} rounds, {results.effort.rate:g} requests/s where the "
        "rate is fixed, one worker or edge each. Medians, least to greatest in brackets.",
        f"![CPU per request and added latency]({plot})",
        "## Targets",
        *_section(_targets(rounds)),
        "## Cost",
        *_section(_cost(rounds)),
        "## Where the time goes: CPU µs per request by process",
        *_section(_roles(rounds)),
        "## Latency added to users' answers, ms, at the fixed rate",
        *_section(_latency(rounds)),
        "## Ends of exchanges",
        *_section(_fates(rounds)),
        "## A bad candidate: shadow on, relative to off",
        *_section(_harm(results.harm)),
        "## A bad candidate behind the others",
        *_section(_others(results.others)),
        *_notes(results),
    ]
    return "\n\n".join(parts) + "\n"


def _section(rows: list[list[str]]) -> list[str]:
    return [table(rows)] if len(rows) > 1 else ["Not measured in this run."]


def table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first row is the head."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join(lines)


def _targets(rounds: Sequence[Round]) -> list[list[str]]:
    words = {True: "met", False: "**missed**", None: "not measured"}
    return [
        ["what", "promise", "measured", ""],
        *(
            [each.name, each.promise, spread(each.measured, 2), words[each.is_met]]
            for each in targets(rounds)
        ),
    ]


def _cost(rounds: Sequence[Round]) -> list[list[str]]:
    figures: list[tuple[str, Figure, int]] = [
        ("requests/s, keep-alive", requests_per_s(SATURATED), 0),
        ("requests/s, fresh", requests_per_s("wrk, fresh"), 0),
        ("CPU µs/request, saturated", cpu_us(SATURATED), 1),
        ("CPU µs/request, fixed rate", cpu_us(STEADY), 1),
        ("peak MiB", peak_mib, 0),
        ("copies that reached the candidate, saturated", _copied(SATURATED), 2),
        ("at fixed rate", _copied(STEADY), 2),
    ]
    return [
        ["arm", *(name for name, _, _ in figures)],
        *_by_arm(
            rounds,
            lambda arm: [
                spread(over_rounds(rounds, arm.name, figure), digits)
                for _, figure, digits in figures
            ],
        ),
    ]


def _copied(name: str) -> Figure:
    return phase(name, lambda found: found.copied_share or None)


def _roles(rounds: Sequence[Round]) -> list[list[str]]:
    rows = [["arm", "phase", *ROLES]]
    for arm in _present(rounds):
        for name in (SATURATED, STEADY):
            found = [over_rounds(rounds, arm.name, cpu_us(name, role)) for role in ROLES]
            if any(found):
                rows.append([arm.title, name, *(spread(each, 1) for each in found)])
    return rows


def _latency(rounds: Sequence[Round]) -> list[list[str]]:
    columns = [
        (f"{label}, {kind}", name, field)
        for kind, name in (("keep-alive", STEADY), ("fresh", STEADY_FRESH))
        for label, field in (("p50", "p50_ms"), ("p99", "p99_ms"), ("p99.9", "p999_ms"))
    ]
    return [
        ["arm", *(label for label, _, _ in columns)],
        *_by_arm(
            rounds,
            lambda arm: [spread(added_ms(rounds, arm.name, name, f), 2) for _, name, f in columns],
        ),
    ]


def added_ms(rounds: Sequence[Round], arm: str, name: str, field: str) -> Spread | None:
    """A percentile less that of no proxy in the same round; for no proxy, the percentile."""
    read = latency_ms(name, field)
    found = []
    for each in rounds:
        value, direct = each.value(arm, read), each.value("direct", read)
        if value is not None and direct is not None:
            found.append(value if arm == "direct" else value - direct)
    return Spread.of(found)


def _fates(rounds: Sequence[Round]) -> list[list[str]]:
    rows = [["arm", "phase", "ends"]]
    for arm in _present(rounds):
        for name in (SATURATED, STEADY):
            counts: dict[str, int] = {}
            for each in rounds:
                measurement = each.arms.get(arm.name)
                found = measurement.phases.get(name) if measurement else None
                for fate, count in (found.fates if found else {}).items():
                    counts[fate] = counts.get(fate, 0) + count
            if counts:
                rows.append([arm.title, name, shares(counts)])
    return rows


def shares(counts: dict[str, int]) -> str:
    """Fates with their share, the commonest first."""
    total = max(1, sum(counts.values()))
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{fate} {100 * count / total:.1f} %" for fate, count in ordered)


def _harm(harm: Sequence[Harm]) -> list[list[str]]:
    columns = ["requests/s", "edge CPU/request", "p50", "p99", "peak MiB", "ends", "trouble"]
    rows = [["candidate", "connections", *columns]]
    for each in harm:
        measured = (each.requests_per_s, each.edge_cpu_us, each.p50_ms, each.p99_ms)
        rows.append(
            [
                *(each.mode, each.kind),
                *(spread(harm_ratios(found["off"], found["on"]), 2) for found in measured),
                f"{sum(each.peak_kib.values()) / 1024:.0f}",
                shares({k: v for k, v in each.fates.items() if k != "skipped/off"}),
                "; ".join(each.trouble) or "none",
            ]
        )
    return rows


def _others(others: Sequence[Measurement]) -> list[list[str]]:
    rows = [["arm", "candidate", "phase", "requests/s", "p50 ms", "p99 ms", "peak MiB", "trouble"]]
    titles = {arm.name: arm.title for arm in ARMS}
    for each in others:
        for name, found in each.phases.items():
            sent = found.sent
            rows.append(
                [
                    *(titles[each.arm], each.mode, name, f"{found.requests_per_s:,.0f}"),
                    f"{sent.p50_ms:,.2f}" if sent else "",
                    f"{sent.p99_ms:,.2f}" if sent else "",
                    f"{sum(each.peak_kib.values()) / 1024:,.0f}",
                    found.trouble or "none",
                ]
            )
    return rows


def _notes(results: Results) -> list[str]:
    notes = [f"* not measured: {each}" for each in results.missing]
    for number, each in enumerate(results.rounds, 1):
        for name, measurement in each.arms.items():
            for words, found in measurement.phases.items():
                if found.sent and found.sent.limited:
                    notes.append(f"* round {number}, {name}, {words}: {found.sent.limited}")
                if found.neighbours_share > DISTURBED:
                    notes.append(
                        f"* round {number}, {name}, {words}: other processes used "
                        f"{found.neighbours_share:.0%} of the machine"
                    )
                if found.trouble:
                    notes.append(f"* round {number}, {name}, {words}: {found.trouble}")
    return ["## Notes", "\n".join(notes)] if notes else []


def _present(rounds: Sequence[Round]) -> list[Arm]:
    return [arm for arm in ARMS if any(arm.name in each.arms for each in rounds)]


def _by_arm(rounds: Sequence[Round], cells: Callable[[Arm], list[str]]) -> list[list[str]]:
    return [[arm.title, *cells(arm)] for arm in _present(rounds)]


def spread(found: Spread | None, digits: int) -> str:
    """`12.3 (11.9 to 12.8)`, empty for nothing."""
    if found is None:
        return ""
    middle = f"{found.median:,.{digits}f}"
    if found.least == found.greatest:
        return middle
    return f"{middle} ({found.least:,.{digits}f} to {found.greatest:,.{digits}f})"
