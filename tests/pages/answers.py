"""Answers of two backends with what the comparer says of them, as a sample's document has it."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from shadowproxy.compare import MISSING, Rules, compare, response


def differences_of(
    legacy: Any, candidate: Any, rules: Iterable[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    """What differs between two bodies of JSON."""
    ours, theirs = (
        response(orjson.dumps(each), "application/json") for each in (legacy, candidate)
    )
    return [
        {"path": each.path, "kind": str(each.kind), "explained": False}
        | ({} if each.legacy is MISSING else {"legacy": each.legacy})
        | ({} if each.candidate is MISSING else {"candidate": each.candidate})
        for each in compare(ours, theirs, Rules.of(rules)).differences
    ]
