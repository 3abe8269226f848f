"""Pairs of bodies like a shop's API: deterministic records, and what a candidate does to them."""

import json
import random
from collections.abc import Callable
from typing import Any, Final

Record = dict[str, Any]

SIZES: Final = {"1 KB": 1_000, "10 KB": 10_000, "100 KB": 100_000, "1 MB": 1_000_000}
"""Of legacy's body, met to the record."""

_SEED: Final = 20240506
_WORDS: Final = (
    "oak", "steel", "small", "large", "red", "blue", "folding", "garden", "desk", "lamp",
)  # fmt: skip


def record(number: int) -> Record:
    """One product, about 330 bytes; the same for the same number."""
    draw = random.Random(_SEED + number)
    return {
        "id": number,
        "sku": f"SKU-{number:06d}",
        "name": " ".join(draw.sample(_WORDS, 3)),
        "price": {"amount": draw.randrange(100, 99_999) / 100, "currency": "EUR", "tax": 0.19},
        "available": draw.random() < 0.8,
        "discount": None if draw.random() < 0.7 else draw.randrange(5, 50),
        "stock": [{"site": site, "count": draw.randrange(500)} for site in ("ber", "ams", "vie")],
        "rating": round(draw.uniform(1, 5), 2),
        "tags": draw.sample(_WORDS, 4),
        "updated_at": f"2024-05-{draw.randrange(1, 29):02d}T07:08:{draw.randrange(60):02d}Z",
    }


def records(size_bytes: int) -> list[Record]:
    """As many records as fill the size."""
    found: list[Record] = []
    filled = 0
    while filled < size_bytes:
        found.append(record(len(found)))
        filled += len(json.dumps(found[-1])) + 2
    return found


def _respelled(rows: list[Record]) -> list[Record]:
    return [dict(reversed(row.items())) for row in rows]


def _changed(rows: list[Record], count: int) -> list[Record]:
    """Every n-th record has another price, so that `count` values differ."""
    chosen = {number * len(rows) // count for number in range(count)}
    return [
        {**row, "price": {**row["price"], "amount": row["price"]["amount"] + 1}}
        if number in chosen
        else row
        for number, row in enumerate(rows)
    ]


def _three(rows: list[Record]) -> list[Record]:
    """Three changed values however few records there are."""
    first, last = dict(rows[0]), dict(rows[-1])
    first["rating"] = -1.0
    last |= {"available": None, "name": "other"} if len(rows) > 1 else {}
    if len(rows) == 1:
        return [{**first, "available": None, "name": "other"}]
    return [first, *rows[1:-1], last]


def _inserted(rows: list[Record]) -> list[Record]:
    return [record(1_000_000), *rows]


def _shuffled(rows: list[Record]) -> list[Record]:
    return random.Random(_SEED).sample(rows, len(rows))


def _precise(row: Record) -> Record:
    """With what most services have somewhere: all digits of a double, and 64 bits."""
    draw = random.Random(row["id"])
    return {**row, "score": draw.random(), "trace_id": draw.getrandbits(63), "weight": 0.1 + 0.2}


LONG_NUMBERS: Final = "3 changes, long numbers"

CHANGES: Final[dict[str, Callable[[list[Record]], list[Record]]]] = {
    "equal": _respelled,
    "3 changes": _three,
    "1 % changed": lambda rows: _changed(rows, max(1, len(rows) // 100)),
    "insertion at the head": _inserted,
    "shuffled": _shuffled,
    LONG_NUMBERS: _three,
}
"""What the candidate does; `equal` has the members in another order, or the bytes were equal."""


def pair(size_bytes: int, change: str) -> tuple[bytes, bytes]:
    """Legacy's body and the candidate's."""
    rows = records(size_bytes)
    if change == LONG_NUMBERS:
        rows = [_precise(row) for row in rows]
    sides = {"items": rows, "next": None}, {"items": CHANGES[change](rows), "next": None}
    legacy, candidate = (json.dumps(side).encode() for side in sides)
    return legacy, candidate
