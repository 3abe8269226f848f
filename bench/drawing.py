"""The plot: CPU per request by process, and what an answer at the 99th percentile takes longer."""

from collections.abc import Sequence
from html import escape

from bench.arms import ARMS
from bench.rendering import ROLES, added_ms
from bench.summary import STEADY, Round, cpu_us, over_rounds

COLOURS = {
    "proxy": "#8a8f98",
    "edge": "#1f6feb",
    "shadow": "#9a6fe0",
    "judge": "#d9822b",
    "control": "#2f9e73",
    "supervisor": "#c94f6d",
}
_LABELS, _BARS, _NUMBER, _ROW = 250, 330, 60, 26
_WIDTH = _LABELS + 2 * (_BARS + _NUMBER)


def plot(rounds: Sequence[Round]) -> str:
    """An SVG without scripts, fonts or addresses but the namespace."""
    arms = [arm for arm in ARMS if any(arm.name in each.arms for each in rounds)]
    height = 60 + _ROW * len(arms) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(_LABELS, 24, "CPU µs per request, fixed rate, by process"),
        _text(_LABELS + _BARS + _NUMBER, 24, "p99 added to users' answers, ms, fixed rate"),
    ]
    costs = [_cpu(rounds, arm.name) for arm in arms]
    added = [max(0.0, _added(rounds, arm.name)) for arm in arms]
    for row, arm in enumerate(arms):
        top = 40 + _ROW * row
        parts.append(_text(_LABELS - 8, top + 15, arm.title, anchor="end"))
        parts += _stack(costs[row], top, _scale([sum(each.values()) for each in costs]))
        parts += _bar(added[row], top, _scale(added))
    parts += _legend(height - 14)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _cpu(rounds: Sequence[Round], arm: str) -> dict[str, float]:
    found = {role: over_rounds(rounds, arm, cpu_us(STEADY, role)) for role in ROLES}
    return {role: each.median for role, each in found.items() if each}


def _added(rounds: Sequence[Round], arm: str) -> float:
    found = added_ms(rounds, arm, STEADY, "p99_ms") if arm != "direct" else None
    return found.median if found else 0.0


def _scale(values: Sequence[float]) -> float:
    return _BARS / (max(values, default=0.0) or 1.0)


def _stack(cost: dict[str, float], top: int, scale: float) -> list[str]:
    parts, left = [], float(_LABELS)
    for role, value in cost.items():
        parts.append(_rectangle(left, top, value * scale, COLOURS[role], f"{role} {value:.1f}"))
        left += value * scale
    return [*parts, _text(left + 5, top + 15, f"{sum(cost.values()):.0f}" if cost else "")]


def _bar(value: float, top: int, scale: float) -> list[str]:
    left = _LABELS + _BARS + _NUMBER
    return [
        _rectangle(left, top, value * scale, COLOURS["proxy"], f"{value:.2f} ms"),
        _text(left + value * scale + 5, top + 15, f"{value:.2f}" if value else ""),
    ]


def _legend(base: int) -> list[str]:
    parts = []
    for place, (role, colour) in enumerate(COLOURS.items()):
        left = _LABELS + 100 * place
        parts.append(_rectangle(left, base - 10, 10, colour, role, height=10))
        parts.append(_text(left + 15, base, role))
    return parts


def _rectangle(
    left: float, top: float, width: float, colour: str, title: str, height: int = 18
) -> str:
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height}" '
        f'fill="{colour}"><title>{escape(title)}</title></rect>'
    )


def _text(left: float, base: float, words: str, anchor: str = "start") -> str:
    return (
        f'<text x="{left:.1f}" y="{base:.1f}" fill="#24292f" text-anchor="{anchor}">'
        f"{escape(words)}</text>"
    )
