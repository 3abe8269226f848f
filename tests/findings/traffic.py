"""Requests to an invented API whose true routes are known, to measure learned endpoints with.

134 routes: nested resources, usernames, slugs in several styles, file names, versions, dates, words
beside variables, one flat API of many methods. Routes are asked by Zipf's law, and so are values.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

_ROUTES: Final = """
GET /
GET /healthz
GET /metrics
GET /robots.txt
GET /favicon.ico
POST /login
POST /logout
GET /api/v1/users
POST /api/v1/users
GET /api/v1/users/me
PATCH /api/v1/users/me
GET /api/v1/users/search
GET /api/v1/users/{int}
PUT /api/v1/users/{int}
DELETE /api/v1/users/{int}
GET /api/v1/users/{int}/orders
GET /api/v1/users/{int}/orders/{uuid}
GET /api/v1/users/{int}/orders/{uuid}/items
GET /api/v1/users/{int}/orders/{uuid}/items/{int}
POST /api/v1/users/{int}/orders/{uuid}/cancel
GET /api/v1/users/{int}/addresses
GET /api/v1/users/{int}/addresses/{int}
GET /api/v1/users/{int}/avatar
PUT /api/v1/users/{int}/avatar
GET /api/v1/orders/export
GET /api/v1/orders/{order}
GET /api/v1/orders/{order}/invoice
GET /api/v1/products
GET /api/v1/products/featured
GET /api/v1/products/{slug}
GET /api/v1/products/{slug}/reviews
GET /api/v1/products/{slug}/reviews/{int}
POST /api/v1/products/{slug}/reviews
GET /api/v1/products/{slug}/variants/{sku}
GET /api/v1/categories
GET /api/v1/categories/{category}
GET /api/v1/categories/{category}/products
GET /api/v1/carts/{objectid}
POST /api/v1/carts/{objectid}/items
DELETE /api/v1/carts/{objectid}/items/{sku}
POST /api/v1/carts/{objectid}/checkout
GET /api/v1/search
GET /api/v1/suggest
GET /api/v2/users/{uuid}
GET /api/v2/users/{uuid}/feed
GET /api/v2/users/{uuid}/feed/{int}
GET /api/v2/accounts/{uuid}/balance
GET /api/v2/accounts/{uuid}/statements/{month}
GET /api/v2/accounts/{uuid}/transactions/{ulid}
POST /api/v2/transfers
GET /api/v2/transfers/{ulid}
GET /api/v2/rates/{day}
GET /api/v2/rates/latest
GET /api/v2/reports/{day}/{day}
GET /api/v2/contacts/{email}
DELETE /api/v2/contacts/{email}
GET /api/v2/hosts/{ip}
GET /api/v2/hosts/{ip}/ports/{int}
GET /api/v2/jobs/{nanoid}
GET /api/v2/jobs/{nanoid}/logs
POST /api/v2/jobs/{nanoid}/retry
GET /@/{username}
GET /@/{username}/followers
GET /@/{username}/following
GET /@/{username}/posts/{int}
GET /@/{username}/lists/{slug}
POST /@/{username}/follow
GET /blog
GET /blog/{slug}
GET /blog/{slug}/comments
GET /blog/archive/{month}
GET /blog/tags/{tag}
GET /blog/feed.xml
GET /news/{year}/{number}/{slug}
GET /docs/{docpage}
GET /docs/{docpage}/edit
GET /wiki/{title}
GET /wiki/{title}/history
GET /wiki/{title}/revisions/{int}
GET /repos/{username}/{repo}
GET /repos/{username}/{repo}/commits
GET /repos/{username}/{repo}/commits/{sha}
GET /repos/{username}/{repo}/issues
GET /repos/{username}/{repo}/issues/{int}
GET /repos/{username}/{repo}/issues/{int}/comments
GET /repos/{username}/{repo}/pulls/{int}/files
GET /repos/{username}/{repo}/releases/{semver}
GET /repos/{username}/{repo}/branches/{branch}
GET /assets/{asset}
GET /static/css/{cssfile}
GET /images/{int}/{size}.png
GET /images/{int}.jpg
GET /files/{filename}
GET /files/{filename}/versions
PUT /files/{filename}
GET /download/{uuid}/{filename}
GET /tiles/{int}/{int}/{int}.png
GET /maps/{country}
GET /maps/{country}/cities
GET /maps/{country}/cities/{city}
GET /weather/{city}
GET /weather/{city}/forecast
GET /weather/{city}/forecast/{day}
GET /currencies/{currency}
GET /i18n/{locale}/messages.json
GET /packages/{package}
GET /packages/{package}/{semver}
GET /packages/{package}/{semver}/download
GET /password/reset/{token}
POST /password/forgot
GET /invites/{token}
POST /invites/{token}/accept
GET /s/{short}
GET /events/{day}/{slug}
GET /events/upcoming
GET /rooms/{slug}/messages
GET /rooms/{slug}/messages/{snowflake}
POST /rooms/{slug}/messages
GET /rooms/{slug}/members/{username}
GET /devices/{mac}/telemetry
GET /devices/{mac}/telemetry/{timestamp}
GET /admin
GET /admin/users
GET /admin/audit
GET /admin/audit/{int}
GET /admin/flags
PUT /admin/flags/{flag}
GET /internal/cache/{cachekey}
GET /shops/{slug}/opening-hours
GET /shops/{slug}/catalog/{category}/items/{int}
GET /v1/models
POST /v1/models/{model}/predict
GET /batch/{ints}
GET /callback/{username}/{email}/{uuid}
"""
ROUTES: Final = _ROUTES.strip().splitlines()

RPC: Final = [
    f"{noun}.{verb}"
    for noun in ("chat", "files", "team", "views", "calls", "pins", "stars", "emoji", "bots", "dnd")
    for verb in ("open", "close", "fetch", "push")
]
"""Forty methods of one flat API: hand-written siblings that must not become one."""

_SYLLABLES: Final = [first + second for first in "bdfghjklmnprstvz" for second in "aeio"]
_HEX: Final = "0123456789abcdef"
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE32: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Traffic:
    """Draws requests; the same seed gives the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._values: dict[str, list[str]] = {}
        self._weights: dict[int, list[float]] = {}
        self.routes = [*ROUTES, *(f"POST /rpc/{name}" for name in RPC)]
        self._random.shuffle(self.routes)

    def requests(self, count: int) -> Iterator[tuple[str, str, str]]:
        """(true route, method, path) of each."""
        weights = self._zipf(len(self.routes), 0.8)
        for route in self._random.choices(self.routes, weights, k=count):
            method, _, template = route.partition(" ")
            yield route, method, re.sub(r"\{(\w+)\}", self._value, template)

    def _value(self, found: re.Match[str]) -> str:
        kind = found[1]
        values = self._values.get(kind)
        if values is None:
            make, size = _KINDS[kind]
            values = self._values[kind] = [make(self._random) for _ in range(size)]
        return self._random.choices(values, cum_weights=self._cumulated(len(values)))[0]

    def _cumulated(self, size: int) -> list[float]:
        if size not in self._weights:
            total, sums = 0.0, []
            for weight in self._zipf(size, 0.9):
                total += weight
                sums.append(total)
            self._weights[size] = sums
        return self._weights[size]

    def _zipf(self, size: int, exponent: float) -> list[float]:
        return [1 / rank**exponent for rank in range(1, size + 1)]


def _letters(alphabet: str, size: int) -> Callable[[random.Random], str]:
    return lambda draw: "".join(draw.choices(alphabet, k=size))


def _word(draw: random.Random) -> str:
    return "".join(draw.choices(_SYLLABLES, k=draw.randint(2, 4)))


def _words(draw: random.Random, mark: str = "-") -> str:
    return mark.join(_word(draw) for _ in range(draw.randint(2, 4)))


def _slug(draw: random.Random) -> str:
    return _words(draw) + draw.choice(["", "", "", f"-{draw.randint(2, 2030)}"])


def _username(draw: random.Random) -> str:
    name = _word(draw)
    return draw.choice([name, name, name.title(), f"{name}{draw.randint(1, 99)}", f"{name}_{_word(draw)}",
                        f"{name}.{_word(draw)}", f"{name}{draw.randint(1950, 2010)}"])  # fmt: skip


def _filename(draw: random.Random) -> str:
    end = draw.choice(["pdf", "png", "docx", "csv", "tar.gz"])
    stem = draw.choice([_slug(draw), _words(draw, "_"), f"IMG_{draw.randint(1000, 9999)}",
                        f"scan%20{draw.randint(1, 400)}", f"{draw.randint(1, 9999)}"])  # fmt: skip
    return f"{stem}.{end}"


def _title(draw: random.Random) -> str:
    return draw.choice([_words(draw, "_").title(), _word(draw).title(), f"{_word(draw).title()}_(film)",
                        "%C3%89" + _word(draw), str(draw.randint(1500, 2024))])  # fmt: skip


def _day(draw: random.Random) -> str:
    return f"20{draw.randint(10, 26)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"


def _uuid(draw: random.Random) -> str:
    return "-".join(_letters(_HEX, size)(draw) for size in (8, 4, 4, 4, 12))


_KINDS: Final[dict[str, tuple[Callable[[random.Random], str], int]]] = {
    "int": (lambda draw: str(draw.randint(1, 10**6)), 3000),
    "ints": (lambda draw: ",".join(str(draw.randint(1, 999)) for _ in range(3)), 500),
    "number": (lambda draw: f"{draw.randint(1, 12):02}", 12),
    "year": (lambda draw: str(draw.randint(2000, 2026)), 26),
    "month": (lambda draw: _day(draw)[:7], 150),
    "day": (_day, 500),
    "timestamp": (lambda draw: f"{_day(draw)}T{draw.randint(10, 23)}:05:09Z", 1000),
    "uuid": (_uuid, 3000),
    "objectid": (_letters(_HEX, 24), 1000),
    "sha": (_letters(_HEX, 40), 1000),
    "ulid": (_letters(_BASE32, 26), 1000),
    "nanoid": (_letters(_BASE62 + "_-", 21), 1000),
    "token": (_letters(_BASE62, 32), 1000),
    "short": (_letters(_BASE62, 7), 1000),
    "snowflake": (_letters("123456789", 18), 1000),
    "mac": (lambda draw: ":".join(_letters(_HEX, 2)(draw) for _ in range(6)), 400),
    "ip": (lambda draw: ".".join(str(draw.randint(1, 254)) for _ in range(4)), 400),
    "email": (lambda draw: f"{_username(draw)}@{_word(draw)}.test", 1000),
    "order": (lambda draw: f"ORD-{draw.randint(10000, 99999)}", 2000),
    "sku": (lambda draw: f"{_letters('ABCDEFGH', 2)(draw)}-{draw.randint(100, 999)}-{draw.choice('SML')}", 1000),
    "slug": (_slug, 2000),
    "username": (_username, 2000),
    "repo": (lambda draw: _words(draw).removesuffix("-"), 1000),
    "branch": (lambda draw: f"{draw.choice(['fix', 'feat'])}-{_word(draw)}", 300),
    "semver": (lambda draw: f"{draw.randint(0, 9)}.{draw.randint(0, 20)}.{draw.randint(0, 30)}", 300),
    "tag": (_word, 200),
    "flag": (_words, 60),
    "title": (_title, 2000),
    "docpage": (_words, 150),
    "city": (_word, 300),
    "country": (_letters("abcdefghijklmnopqrstuvwxyz", 2), 120),
    "currency": (_letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 3), 120),
    "locale": (lambda draw: f"{_letters('abcdefgh', 2)(draw)}-{_letters('ABCDEFGH', 2)(draw)}", 60),
    "category": (_words, 80),
    "package": (_words, 800),
    "model": (lambda draw: f"{_word(draw)}-{draw.randint(1, 90)}b", 60),
    "asset": (lambda draw: f"{_word(draw)}.{_letters(_HEX, 8)(draw)}.js", 300),
    "cssfile": (lambda draw: f"{_word(draw)}.css", 100),
    "filename": (_filename, 1000),
    "size": (lambda draw: draw.choice(["small", "medium", "large"]), 3),
    "cachekey": (lambda draw: f"user:{draw.randint(1, 10**6)}:{_word(draw)}", 500),
}  # fmt: skip


def purity_and_completeness(pairs: list[tuple[str, str]]) -> tuple[float, float]:
    """Of (true route, endpoint) of each request.

    Purity: the share of requests that are of their endpoint's commonest route (1: no endpoint mixes
    routes). Completeness: the share that have their route's commonest endpoint (1: no route is
    split).
    """
    counts = Counter(pairs)
    best_of_endpoint: Counter[str] = Counter()
    best_of_route: Counter[str] = Counter()
    for (route, endpoint), count in counts.items():
        best_of_endpoint[endpoint] = max(best_of_endpoint[endpoint], count)
        best_of_route[route] = max(best_of_route[route], count)
    return best_of_endpoint.total() / len(pairs), best_of_route.total() / len(pairs)
