"""Charts as inline SVG: pure functions from numbers to markup, readable without seeing them.

A plot's coordinates are per cent of its box, so lettering keeps its size at every width; lines are
drawn in an inner box that is stretched. Each chart has a title, a description and its numbers as a
table. Lines differ by dashes and by a label at their end; colour only repeats that.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from markupsafe import Markup

from shadowproxy.pages.documents import Document, member, members, values
from shadowproxy.pages.figures import UNKNOWN, duration, finite, percent, span, when
from shadowproxy.pages.plotting import (
    Period,
    Tick,
    apart,
    decades,
    linear,
    place_share,
    share_ticks,
)  # fmt: skip
from shadowproxy.pages.rendering import render_part

MAX_ROWS: Final = 200
"""Of a chart's table; more is the API's business."""
_MAX_DOTS: Final = 60
"""Points of a line up to which each is marked."""
_LABEL_GAP: Final = 9.0
"""In per cent of the height: a line of lettering."""


class Line(NamedTuple):
    """What is to be drawn: one value per point of the axis, None where nothing is known."""

    name: str
    tone: str
    values: Sequence[float | None]


class Drawn(NamedTuple):
    """A line as it stands in the plot."""

    name: str
    tone: str
    path: str
    dots: list[tuple[float, float]]
    label_at: float


class Chart(NamedTuple):
    """All that the template needs."""

    key: str
    title: str
    description: str
    lines: list[Drawn]
    across: list[Tick]
    up: list[Tick]
    columns: list[str]
    rows: list[list[Any]]
    left_off: int


def over_time(
    key: str, title: str, starts_s: Sequence[float], lines: Sequence[Line],
    show: Callable[[Any], str] = percent,
) -> Markup:  # fmt: skip
    """Lines over time. `key` begins the ids of its elements: one page, one chart with that key."""
    known = [value for line in lines for value in line.values if value is not None]
    if not known or not starts_s:
        return Markup()
    period, scale = Period(min(starts_s), max(starts_s)), linear(max(known))
    across = [period.place(at) for at in starts_s]
    drawn = [_draw(line, across, scale.place) for line in lines]
    rows = [
        [when(at), *(show(line.values[index]) for line in lines)]
        for index, at in enumerate(starts_s)
    ]
    return _render(
        Chart(
            key,
            title,
            _describe(lines, show),
            _labelled(drawn),
            period.ticks(),
            [Tick(scale.place(value), show(value)) for value in scale.values()],
            ["from", *(line.name for line in lines)],
            rows[-MAX_ROWS:],
            max(0, len(rows) - MAX_ROWS),
        )
    )


def percentiles(key: str, title: str, latency: Document) -> Markup:
    """The times of both sides by percentile; time is logarithmic, every further nine has its room."""
    curves = {side: _curve(latency, side) for side in ("legacy", "candidate")}
    seconds = [time_s for curve in curves.values() for time_s in curve.values()]
    if not seconds:
        return Markup()
    shares = sorted({share for curve in curves.values() for share in curve})
    scale, across = decades(seconds), [place_share(share) for share in shares]
    lines = [
        Line(side, side, [curve.get(share) for share in shares])
        for side, curve in curves.items()
        if curve
    ]
    joined = [_draw(line, across, scale.place, joins_gaps=True) for line in lines]
    rows = [
        [percent(share), *(duration(line.values[index]) for line in lines)]
        for index, share in enumerate(shares)
    ]
    return _render(
        Chart(
            key,
            title,
            _compare(latency),
            _labelled(joined),
            share_ticks(),
            [Tick(scale.place(value), duration(value)) for value in scale.values()],
            ["fastest", *(line.name for line in lines)],
            rows[:MAX_ROWS],
            max(0, len(rows) - MAX_ROWS),
        )
    )


def sparkline(values: Sequence[Any], about: str) -> Markup:
    """A small line without axes; `about` says what it shows, its words give first, last and most."""
    known = [finite(value) for value in values]
    numbers = [value for value in known if value is not None]
    if len(numbers) < 2:
        return Markup()
    scale = linear(max(numbers))
    across = [round(100 * index / (len(known) - 1), 2) for index in range(len(known))]
    drawn = _draw(Line("", "plain", known), across, scale.place)
    said = f"{about}: first {numbers[0]:,g}, last {numbers[-1]:,g}, most {max(numbers):,g}"
    return render_part("sparkline.html", path=drawn.path, said=said)


def mismatch_over_time(series: Document) -> Markup:
    """The share of compared exchanges that differ, and of those where the candidate failed."""
    points = _points(series)
    lines = [
        Line("mismatch", "mismatch", [_share(point, "mismatch") for point in points]),
        Line("failed", "failed", [_share(point, "candidate_failed") for point in points]),
    ]
    title = "Share of exchanges that differ, or where the candidate failed"
    return over_time("differing", title, [point["start_s"] for point in points], lines)


def latency_over_time(series: Document) -> Markup:
    """The slowest hundredth of both sides."""
    points = _points(series)
    lines = [
        Line(side, side, [finite(point.get(f"{side}_p99_s")) for point in points])
        for side in ("legacy", "candidate")
    ]
    title = "99 of 100 answers came within"
    return over_time("latency", title, [point["start_s"] for point in points], lines, duration)


FEWEST_POINTS: Final = 8
"""Below that a small line says nothing."""


def traffic(series: Document) -> Markup:
    """Compared exchanges by point, small."""
    every = span(series.get("width_s"))
    counts = [point.get("exchanges") for point in _points(series)]
    if len(counts) < FEWEST_POINTS:
        return Markup()
    return sparkline(counts, f"Compared exchanges, one point every {every}")


def _points(series: Document) -> list[dict[str, Any]]:
    points = [point for point in members(series, "points") if finite(point.get("start_s"))]
    return sorted(points, key=lambda point: point["start_s"])


def _share(point: Document, verdict: str) -> float | None:
    count, total = finite(point.get(verdict)), finite(point.get("exchanges"))
    return (count or 0.0) / total if total else None


def _curve(latency: Document, side: str) -> dict[float, float]:
    curve: dict[float, float] = {}
    for pair in values(latency, side, "curve"):
        share, time_s = (finite(each) for each in pair) if _is_pair(pair) else (None, None)
        if share is not None and time_s is not None and 0 <= share <= 1 and time_s > 0:
            curve[share] = time_s
    return curve


def _is_pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2


def _draw(
    line: Line, across: Sequence[float], place: Callable[[float], float], *,
    joins_gaps: bool = False,
) -> Drawn:  # fmt: skip
    path: list[str] = []
    dots: list[tuple[float, float]] = []
    pen = "M"
    for x, value in zip(across, line.values, strict=True):
        if value is None:
            pen = pen if joins_gaps else "M"
            continue
        y = round(100 - place(value), 2)
        path.append(f"{pen}{x:g} {y:g}")
        dots.append((x, y))
        pen = "L"
    shown = dots if len(dots) <= _MAX_DOTS else dots[-1:]
    return Drawn(line.name, line.tone, "".join(path), shown, dots[-1][1] if dots else 100.0)


def _labelled(lines: Sequence[Drawn]) -> list[Drawn]:
    seen = [line for line in lines if line.path]
    places = apart([line.label_at for line in seen], _LABEL_GAP)
    return [line._replace(label_at=round(at, 2)) for line, at in zip(seen, places, strict=True)]


def _describe(lines: Sequence[Line], show: Callable[[Any], str]) -> str:
    said = []
    for line in lines:
        known = [value for value in line.values if value is not None]
        last, most = (show(known[-1]), show(max(known))) if known else (UNKNOWN, UNKNOWN)
        said.append(f"{line.name}: last {last}, most {most}")
    return "; ".join(said) + "."


def _compare(latency: Document) -> str:
    said = []
    for name, quantile in (("half", "p50_s"), ("99 of 100", "p99_s")):
        legacy, candidate = (
            duration(member(latency, side).get(quantile)) for side in ("legacy", "candidate")
        )
        said.append(f"{name} within {legacy} from legacy, {candidate} from the candidate")
    return "; ".join(said).capitalize() + "."


def _render(chart: Chart) -> Markup:
    return render_part("chart.html", chart=chart)
