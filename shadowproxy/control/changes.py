"""What an operator may ask of a dial, read from JSON: every refusal says what would be right."""

from collections.abc import Callable
from typing import Any, Final

from shadowproxy.config.quantities import read_duration, read_share
from shadowproxy.control.dialling import MAX_TTL_S, SAMPLE, SHADOW, Change, Value
from shadowproxy.control.queries import storable

MAX_REASON: Final = 500
_SWITCH: Final = {"on": True, "off": False, "true": True, "false": False}


def read_change(name: str, document: Any, peer: str) -> Change:
    """The change in a request's body: `{"value": ..., "ttl": "30m", "reason": "..."}`.

    Raises:
        ValueError: with a sentence that says what would have been right.
    """
    if not isinstance(document, dict):
        raise ValueError("expected a JSON object with the member value")
    if unknown := sorted(set(document) - {"value", "ttl", "reason"}):
        raise ValueError(f"unknown members: {', '.join(map(str, unknown))[:200]}")
    if "value" not in document:
        raise ValueError("the member value is missing")
    reason = document.get("reason")
    if reason is None:
        reason = ""
    if not isinstance(reason, str) or len(reason) > MAX_REASON:
        raise ValueError(f"reason: expected a text of at most {MAX_REASON} characters")
    reason = storable(reason)
    value = _READERS[name](document["value"])
    return Change(name, value, _ttl_s(document.get("ttl")), reason, peer)


def _read_switch(value: Any) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _SWITCH:
        return _SWITCH[value.lower()]
    raise ValueError("value: expected on or off")


def _read_sample(value: Any) -> Value:
    try:
        if isinstance(value, str):
            return read_share(value.strip())
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            return float(value)
    except ValueError as error:
        raise ValueError(f"value: {error}") from None
    raise ValueError("value: expected a share such as 5% or 0.05")


def _ttl_s(value: Any) -> float | None:
    if value is None:
        return None
    try:
        ttl_s = read_duration(value) if isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("ttl: expected a duration such as 90s, 30m or 2h") from None
    if isinstance(value, bool) or not 0 < ttl_s <= MAX_TTL_S:
        raise ValueError("ttl: expected more than 0s and at most 30d")
    return ttl_s


_READERS: Final[dict[str, Callable[[Any], Value]]] = {SHADOW: _read_switch, SAMPLE: _read_sample}
