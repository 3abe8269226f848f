"""The bugs and the noise that the demo plants, as two tables.

A bug sits in the candidate alone and is what the proxy is there to find. Noise is in both backends:
it differs between any two answers, also between legacy and itself, and says nothing about the
candidate; the proxy is there to learn it. One bug sits inside a noisy field, where learned noise must
not hide it. `spoiling.py` does what the bug table says, `shop.py` what the noise table says.
"""

from dataclasses import dataclass

from shadowproxy.core.words import Kind

FAILING_ID = 13
MISSING_EVERY = 50
MISSING_REMAINDER = 37
TYPE_EVERY = 4
TOKEN_EVERY = 10
TOKEN_REMAINDER = 3
SLOW_BY_S = 0.150


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which endpoint's answers; a path as in reports (`*` for an index)."""

    endpoint: str
    path: str


@dataclass(frozen=True, slots=True)
class Bug:
    """One planted bug. `kind` is None for one that shows in latencies and not in answers."""

    name: str
    what: str
    place: Place
    kind: Kind | None


@dataclass(frozen=True, slots=True)
class Noise:
    """One field whose value, and nothing else of it, changes on every answer of either backend."""

    what: str
    place: Place


BUGS: tuple[Bug, ...] = (
    Bug(
        "price_type",
        f"price is a string, 1 item in {TYPE_EVERY}",
        Place("GET /items/{id}", "/price"),
        Kind.TYPE,
    ),
    Bug(
        "missing_field",
        f"warehouse is missing, 1 item in {MISSING_EVERY}",
        Place("GET /items/{id}", "/stock/warehouse"),
        Kind.REMOVED,
    ),
    Bug(
        "error_on_one_id",
        f"500 instead of item {FAILING_ID}",
        Place("GET /items/{id}", "#status"),
        Kind.STATUS,
    ),
    Bug(
        "reordered_list",
        "results sorted by price come reversed",
        Place("GET /search", "/results"),
        Kind.ORDER,
    ),
    Bug(
        "altered_header",
        "Cache-Control says no-store",
        Place("GET /items", "#header/cache-control"),
        Kind.CHANGED,
    ),
    Bug(
        "token_lost",
        f"csrf_token, itself noise, is null for 1 user in {TOKEN_EVERY}",
        Place("GET /cart", "/csrf_token"),
        Kind.TYPE,
    ),
    Bug(
        "slow_endpoint",
        f"{SLOW_BY_S * 1000:.0f} ms slower",
        Place("GET /cart", ""),
        None,
    ),
)

NOISE: tuple[Noise, ...] = (
    Noise("time of the answer", Place("GET /items", "/generated_at")),
    Noise("request id", Place("GET /cart", "/request_id")),
    Noise("random token", Place("GET /cart", "/csrf_token")),
)
"""X-Request-Id, Date and the values of Set-Cookie are not listed: the comparer knows them."""
