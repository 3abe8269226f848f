"""The two shops, asked the same."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, DummyCookieJar
from aiohttp.test_utils import TestServer

from shadowproxy.demo import planted
from shadowproxy.demo.catalogue import EXPORT_BYTES, ITEM_COUNT
from shadowproxy.demo.mix import plan
from shadowproxy.demo.shop import Variant, build_app

ALWAYS_NOISY = {"date", "x-request-id"}
NOISY_HEADERS = {"GET /": {"set-cookie"}}
NOISY_MEMBERS = {"GET /items": {"generated_at"}, "GET /cart": {"request_id", "csrf_token"}}
SORTED = "/search?q=pan&sort=price"

Seen = tuple[int, list[tuple[str, str]], Any]


class Shops:
    """Both variants behind real sockets."""

    def __init__(self, session: ClientSession, urls: dict[Variant, str]) -> None:
        self._session = session
        self._urls = urls

    async def ask(
        self, variant: Variant, target: str, method: str = "GET", **more: Any
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        url = self._urls[variant] + target
        async with self._session.request(method, url, **more) as response:
            headers = [(name.lower(), value) for name, value in response.headers.items()]
            return response.status, headers, await response.read()

    async def ask_both(self, target: str, method: str = "GET", **more: Any) -> tuple[Seen, Seen]:
        """Both answers to one request, without what is noise by the table."""
        endpoint = f"{method} {_template(target)}"
        legacy = await self.ask(Variant.LEGACY, target, method, **more)
        candidate = await self.ask(Variant.CANDIDATE, target, method, **more)
        return _without_noise(endpoint, *legacy), _without_noise(endpoint, *candidate)


def _template(target: str) -> str:
    path = target.partition("?")[0]
    return "/items/{id}" if path.startswith("/items/") else path


def _without_noise(endpoint: str, status: int, headers: list[tuple[str, str]], body: bytes) -> Seen:
    noisy = ALWAYS_NOISY | NOISY_HEADERS.get(endpoint, set())
    kept = [(name, "" if name in noisy else value) for name, value in headers]
    members = NOISY_MEMBERS.get(endpoint)
    if not members:
        return status, kept, body
    return status, kept, [pair for pair in json.loads(body).items() if pair[0] not in members]


@pytest.fixture
async def shops() -> AsyncIterator[Shops]:
    servers = {variant: TestServer(build_app(variant)) for variant in Variant}
    for server in servers.values():
        await server.start_server()
    urls = {variant: f"http://{server.host}:{server.port}" for variant, server in servers.items()}
    async with ClientSession(cookie_jar=DummyCookieJar(), auto_decompress=False) as session:
        yield Shops(session, urls)
    for server in servers.values():
        await server.close()


def _spoiled_ids() -> set[int]:
    ids = range(1, ITEM_COUNT + 1)
    wrong_type = {item_id for item_id in ids if item_id % planted.TYPE_EVERY == 0}
    missing = {
        item_id for item_id in ids if item_id % planted.MISSING_EVERY == planted.MISSING_REMAINDER
    }
    return wrong_type | missing | {planted.FAILING_ID}


async def test_details_differ_exactly_on_the_planted_ids(shops: Shops) -> None:
    """Of all items, those that the tables name differ between the variants, and no other."""
    differing = set()
    for item_id in range(ITEM_COUNT + 2):
        legacy, candidate = await shops.ask_both(f"/items/{item_id}")
        if legacy != candidate:
            differing.add(item_id)
    assert differing == _spoiled_ids()


async def test_the_mix_meets_no_difference_that_was_not_planted(shops: Shops) -> None:
    """Over 400 requests of the real mix, both variants agree wherever no bug is planted."""
    spoiled = {f"/items/{item_id}" for item_id in _spoiled_ids()}
    for planned, _ in zip(plan(seed=7), range(400), strict=False):
        if planned.target in spoiled or planned.target.endswith("sort=price"):
            continue
        if planned.name in {"order", "list", "cart"}:
            continue
        legacy, candidate = await shops.ask_both(
            planned.target, planned.method, headers=planned.headers, data=planned.body or None
        )
        assert legacy == candidate, planned
        assert legacy[0] == planned.expected_status, planned


async def test_price_becomes_a_string(shops: Shops) -> None:
    """The wrong type is the same number, written as a string, and nothing else."""
    (_, _, legacy), (_, _, candidate) = await shops.ask_both(f"/items/{planted.TYPE_EVERY}")
    right, wrong = json.loads(legacy), json.loads(candidate)
    assert isinstance(right["price"], float)
    assert wrong.pop("price") == str(right.pop("price"))
    assert wrong == right


async def test_warehouse_is_missing(shops: Shops) -> None:
    """The missing field is the warehouse, and nothing else."""
    target = f"/items/{planted.MISSING_REMAINDER}"
    (_, _, legacy), (_, _, candidate) = await shops.ask_both(target)
    right, wrong = json.loads(legacy), json.loads(candidate)
    assert right["stock"].pop("warehouse")
    assert wrong == right


async def test_one_id_fails(shops: Shops) -> None:
    """One item is a 500 from the candidate alone."""
    legacy, candidate = await shops.ask_both(f"/items/{planted.FAILING_ID}")
    assert (legacy[0], candidate[0]) == (200, 500)


async def test_results_come_reversed(shops: Shops) -> None:
    """A search sorted by price has the same results in the opposite order."""
    (_, _, legacy), (_, _, candidate) = await shops.ask_both(SORTED)
    right, wrong = json.loads(legacy)["results"], json.loads(candidate)["results"]
    assert len(right) > 1
    assert wrong == right[::-1]
    assert wrong != right


async def test_list_has_another_cache_control_and_nothing_else(shops: Shops) -> None:
    """The altered header is the only difference of a list page."""
    legacy, candidate = await shops.ask_both("/items?page=2")
    assert dict(legacy[1])["cache-control"] == "public, max-age=60"
    assert dict(candidate[1])["cache-control"] == "no-store"
    assert legacy[2] == candidate[2]


@pytest.mark.slow
async def test_cart_is_right_but_late(shops: Shops) -> None:
    """The slow endpoint answers the same, later by what the table says."""
    headers = {"X-User-Id": "u1"}
    legacy, candidate = await shops.ask_both("/cart", headers=headers)
    assert legacy == candidate
    loop = asyncio.get_running_loop()
    asked_s = loop.time()
    await shops.ask(Variant.CANDIDATE, "/cart", headers=headers)
    assert loop.time() - asked_s >= planted.SLOW_BY_S


@pytest.mark.parametrize(
    ("target", "place"),
    [("/items", "/generated_at"), ("/cart", "/request_id"), ("/cart", "/csrf_token")],
)
async def test_noise_differs_between_two_answers_of_legacy(
    shops: Shops, target: str, place: str
) -> None:
    """Planted noise is not the candidate's doing: legacy disagrees with itself."""
    assert planted.Place(f"GET {target}", place) in [noise.place for noise in planted.NOISE]
    first = json.loads((await shops.ask(Variant.LEGACY, target))[2])
    second = json.loads((await shops.ask(Variant.LEGACY, target))[2])
    assert first[place[1:]] != second[place[1:]]


async def test_noise_differs_between_the_sides(shops: Shops) -> None:
    """The two variants never draw the same token."""
    legacy = dict((await shops.ask(Variant.LEGACY, "/"))[1])
    candidate = dict((await shops.ask(Variant.CANDIDATE, "/"))[1])
    assert legacy["x-request-id"] != candidate["x-request-id"]
    assert legacy["set-cookie"] != candidate["set-cookie"]


async def test_download_is_chunked_and_whole(shops: Shops) -> None:
    """The download comes without a length and has the size that the catalogue states."""
    _, headers, body = await shops.ask(Variant.LEGACY, "/export.csv")
    assert dict(headers)["transfer-encoding"] == "chunked"
    assert len(body) == EXPORT_BYTES


async def test_gzip_only_for_who_accepts_it(shops: Shops) -> None:
    """The same catalogue, compressed for those who say so."""
    packed = await shops.ask(Variant.LEGACY, "/catalogue.json", headers={"Accept-Encoding": "gzip"})
    plain = await shops.ask(
        Variant.LEGACY, "/catalogue.json", headers={"Accept-Encoding": "identity"}
    )
    assert dict(packed[1])["content-encoding"] == "gzip"
    assert gzip.decompress(packed[2]) == plain[2]
    assert len(json.loads(plain[2])) == ITEM_COUNT


@pytest.mark.parametrize(
    "body",
    [b"", b"[", b"[]", b"{}", b'{"lines": 3}', b'{"lines": [{"item": 9999, "count": 1}]}'],
)
async def test_a_quote_of_nonsense_is_refused(shops: Shops, body: bytes) -> None:
    """What is no list of lines gets a 400 from both variants, never a 500."""
    legacy, candidate = await shops.ask_both("/quote", "POST", data=body)
    assert legacy[0] == 400
    assert legacy == candidate
