"""What the demo's users ask for: an endless, seeded sequence of requests.

Law: the same seed gives the same sequence, so the planted bugs are met at the same places of it.
Arrivals are Poisson, as those of many independent users are.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from shadowproxy.demo.catalogue import ITEM_COUNT
from shadowproxy.demo.planted import FAILING_ID, MISSING_REMAINDER

USERS = 40
FRESH_SHARE = 0.1
"""Requests on a connection of their own; the others share kept-alive ones."""

POPULAR = (4, 7, FAILING_ID, MISSING_REMAINDER, 60)
POPULAR_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Planned:
    """One request to send, and the status that legacy answers it with."""

    name: str
    method: str
    target: str
    expected_status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_fresh: bool = False


Make = Callable[[random.Random], Planned]


def _list_items(draw: random.Random) -> Planned:
    return Planned("list", "GET", f"/items?page={draw.randrange(1, 11)}")


def _show_item(draw: random.Random) -> Planned:
    popular = draw.random() < POPULAR_SHARE
    item_id = draw.choice(POPULAR) if popular else draw.randrange(1, ITEM_COUNT + 1)
    return Planned("detail", "GET", f"/items/{item_id}")


def _miss_item(draw: random.Random) -> Planned:
    item_id = draw.randrange(ITEM_COUNT + 1, 10 * ITEM_COUNT)
    return Planned("unknown item", "GET", f"/items/{item_id}", expected_status=404)


def _search(draw: random.Random) -> Planned:
    wanted = draw.choice(("pan", "scarf", "amber", "stool", "ed"))
    sort = draw.choice(("", "&sort=price"))
    return Planned("search", "GET", f"/search?q={wanted}{sort}")


def _show_cart(_: random.Random) -> Planned:
    return Planned("cart", "GET", "/cart")


def _quote(draw: random.Random) -> Planned:
    ids = draw.sample(range(1, ITEM_COUNT + 1), draw.randrange(1, 4))
    lines = [{"item": item_id, "count": draw.randrange(1, 4)} for item_id in ids]
    return _post("quote", "/quote", {"lines": lines}, expected_status=200)


def _order(draw: random.Random) -> Planned:
    return _post("order", "/orders", {"item": draw.randrange(1, ITEM_COUNT)}, expected_status=202)


def _post(name: str, target: str, document: object, expected_status: int) -> Planned:
    headers = {"Content-Type": "application/json"}
    body = json.dumps(document).encode()
    return Planned(name, "POST", target, expected_status, headers, body)


def _show_page(_: random.Random) -> Planned:
    return Planned("page", "GET", "/")


def _show_catalogue(_: random.Random) -> Planned:
    return Planned("gzip", "GET", "/catalogue.json", headers={"Accept-Encoding": "gzip"})


def _download(_: random.Random) -> Planned:
    return Planned("download", "GET", "/export.csv")


def _check_health(_: random.Random) -> Planned:
    return Planned("health", "GET", "/health")


MIX: tuple[tuple[int, Make], ...] = (
    (36, _show_item),
    (17, _list_items),
    (14, _search),
    (12, _show_cart),
    (6, _show_page),
    (5, _quote),
    (3, _order),
    (3, _show_catalogue),
    (2, _miss_item),
    (1, _download),
    (1, _check_health),
)
"""Of 100 requests, so many are of this sort."""


def plan(seed: int) -> Iterator[Planned]:
    """Yields requests for ever."""
    draw = random.Random(f"traffic {seed}")
    makers = [make for _, make in MIX]
    weights = [weight for weight, _ in MIX]
    while True:
        (make,) = draw.choices(makers, weights)
        planned = make(draw)
        user = draw.randrange(USERS)
        headers = {"X-User-Id": f"u{user}", "Cookie": f"session=s{user}; theme=dark"}
        yield Planned(
            planned.name,
            planned.method,
            planned.target,
            planned.expected_status,
            {**planned.headers, **headers},
            planned.body,
            is_fresh=draw.random() < FRESH_SHARE,
        )


def gaps_s(seed: int, rate: float) -> Iterator[float]:
    """Seconds between one arrival and the next, `rate` a second on average, for ever."""
    draw = random.Random(f"arrivals {seed}")
    while True:
        yield draw.expovariate(rate)
