"""One row of the page about what was learned: everything that a judgement rests on."""

from typing import Any, Final

from shadowproxy.noise.known import Known, Override, State
from shadowproxy.noise.shape import Range, Shape


def show(
    key: tuple[str, str, str], known: Known, samples: int, state: State,
    override: Override | None, expire_s: float,
) -> dict[str, Any]:  # fmt: skip
    """Plain values. Times are Unix seconds, None where legacy never disagreed with itself."""
    return {
        "endpoint": key[0],
        "path": key[1],
        "kind": str(key[2]),
        "state": str(state),
        "override": None if override is None else str(override),
        "aa_samples": samples - known.since,
        "a": known.a,
        "b": known.b,
        "both": known.both,
        "a_only": known.a_only,
        "b_only": known.b_only,
        "requests": known.requests,
        "e": known.wager.e,
        "first_aa_s": known.first_aa_s if known.b else None,
        "last_aa_s": known.last_aa_s if known.b else None,
        "expires_s": known.last_aa_s + expire_s if known.b else None,
        "is_constant": known.constancy.is_constant,
        "shape": _shape(known.shape),
    }


def _shape(shape: Shape) -> dict[str, Any]:
    """What is checked, and nothing that was not learned."""
    shown: dict[str, Any] = {"pairs": shape.pairs, "types": sorted(shape.types)}
    if shape.classes:
        shown["classes"] = sorted(name or "none" for name in shape.classes)
    if shape.signs:
        shown["signs"] = [word for sign, word in _SIGNS.items() if sign in shape.signs]
        shown["has_fraction"] = shape.has_fraction
    for name in ("texts", "numbers", "arrays"):
        lengths: Range = getattr(shape, name)
        if lengths.count:
            shown[_LENGTHS[name]] = [lengths.low, lengths.high]
    if shape.is_compared:
        shown.update(start=shape.start, end=shape.end, is_worded_alike=shape.is_worded_alike)
    if shape.distinct.is_closed:
        shown["values"] = len(shape.distinct.seen)
    return shown


_SIGNS: Final = {-1: "negative", 0: "zero", 1: "positive", 2: "nan"}

_LENGTHS: Final = {"texts": "length", "numbers": "digits", "arrays": "elements"}
