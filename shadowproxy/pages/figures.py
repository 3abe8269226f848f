"""Numbers, shares, durations and times as people read them; the filters of every template.

Laws: no filter raises, whatever a document holds; what is not known is shown as a dash, never as 0.
"""

import math
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup

UNKNOWN: Final = "–"

_DURATIONS: Final = ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (60.0, 1.0, "s"))
"""Below the first, times the second, in the third."""
_SPANS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_SIZES: Final = ("B", "KiB", "MiB", "GiB", "TiB")


def finite(value: Any) -> float | None:
    """The number, or None for everything that is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def number(value: Any) -> str:
    """`10,412`; fractions with three significant digits: `1,234.5`, `0.0123`."""
    known = finite(value)
    if known is None:
        return UNKNOWN
    if known == int(known):
        return f"{int(known):,}"
    return f"{known:,.1f}" if abs(known) >= 100 else f"{known:,.3g}"


def percent(value: Any) -> str:
    """A share in `0 %`, `0.012 %`, `3.1 %`, `99.95 %`, `100 %`: never rounded to none or to all."""
    share = finite(value)
    if share is None:
        return UNKNOWN
    points = 100 * share
    if points == 0 or points == 100:
        return f"{points:.0f} %"
    if 0 < points < 0.001:
        return "< 0.001 %"
    if 99.999 < points < 100:
        return "> 99.999 %"
    shown = f"{points:.{_decimals(points)}f}"
    return f"{shown.rstrip('0').rstrip('.')} %"


def _decimals(points: float) -> int:
    """Enough to tell the share from the nearer end: two digits of what is between them."""
    between = min(points, 100 - points)
    if between <= 0:
        return 1
    return min(3, max(1, 1 - math.floor(math.log10(between))))


def interval(rate: Any) -> str:
    """`0.12 % to 0.31 %`, the rate's interval; empty without one."""
    bounds = (rate.get("low"), rate.get("high")) if isinstance(rate, dict) else (None, None)
    low, high = (finite(bound) for bound in bounds)
    return "" if low is None or high is None else f"{percent(low)} to {percent(high)}"


def duration(seconds: Any) -> str:
    """A latency: `940 µs`, `1.8 ms`, `2.35 s`, `3 minutes`."""
    known = finite(seconds)
    if known is None:
        return UNKNOWN
    if known < 0:
        return f"−{duration(-known)}"
    if known == 0:
        return "0 s"
    for below, factor, unit in _DURATIONS:
        # 0.9996 ms is 1 ms, not 1e+03 µs: what rounds up to the next unit belongs there
        if float(f"{known:.3g}") < below:
            return f"{float(f'{known * factor:.3g}'):g} {unit}"
    return span(known)


def span(seconds: Any) -> str:
    """A length of time in its two largest units: `14 days`, `1 hour 5 minutes`, `12 seconds`."""
    known = finite(seconds)
    if known is None:
        return UNKNOWN
    left = max(0, round(known))
    for index, (length, unit) in enumerate(_SPANS):
        if left < length:
            continue
        said = plural(left // length, unit)
        rest = _SPANS[index + 1 : index + 2]
        lesser = (left % length) // rest[0][0] if rest else 0
        return f"{said} {plural(lesser, rest[0][1])}" if lesser else said
    return "0 seconds"


def size(count: Any) -> str:
    """Bytes: `512 B`, `1.5 MiB`."""
    known = finite(count)
    if known is None:
        return UNKNOWN
    for unit in _SIZES[:-1]:
        if abs(known) < 1024:
            return f"{known:.0f} {unit}" if unit == "B" else f"{known:.3g} {unit}"
        known /= 1024
    return f"{known:,.3g} {_SIZES[-1]}"


def moment(value: Any) -> datetime | None:
    """The time in UTC that ISO 8601 text or Unix seconds say, None for anything else."""
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        seconds = finite(value)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def when(value: Any) -> Markup | str:
    """`2026-03-01 14:05:09 UTC` as a time element; other texts as they are, to be escaped."""
    read = moment(value)
    if read is None:
        return value if isinstance(value, str) and value else UNKNOWN
    exact, shown = read.isoformat(timespec="seconds"), read.strftime("%Y-%m-%d %H:%M:%S")
    return Markup('<time datetime="{}">{} UTC</time>').format(exact, shown)


def coded(value: Any) -> Markup:
    """A sentence whose parts between backticks are code."""
    parts = str(value).split("`")
    if len(parts) % 2 == 0:  # one is left over: it begins nothing
        parts[-2:] = ["`".join(parts[-2:])]
    shown = ("<code>{}</code>" if index % 2 else "{}" for index in range(len(parts)))
    return Markup("").join(
        Markup(form).format(part)  # noqa: S704 - one of the two forms above
        for form, part in zip(shown, parts, strict=True)
    )


def plural(count: Any, name: str, many: str = "") -> str:
    """`1 answer`, `10,412 answers`."""
    return f"{number(count)} {name if count == 1 else many or name + 's'}"


def segment(value: Any) -> str:
    """A text as one segment of a path, or one value of a query."""
    return quote(str(value).encode("utf-8", "replace"), safe="")


def words(name: Any) -> str:
    """A name of the closed vocabularies as words: `candidate failed`."""
    return str(name).replace("_", " ")
