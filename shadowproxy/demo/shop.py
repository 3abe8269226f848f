"""The demo shop: one aiohttp application, built as legacy or as candidate.

Law: apart from `planted.NOISE`, `X-Request-Id` and `Date`, both variants answer every request with
the same status, headers and bytes, except where `planted.BUGS` says otherwise. Nothing is stored,
so an order that only legacy receives makes no difference later.
"""

import asyncio
import gzip
import json
import random
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from aiohttp import web

from shadowproxy.demo.catalogue import PAGE_SIZE, Item, make_export, make_items
from shadowproxy.demo.spoiling import Answer, Spoil, spoils_by_endpoint

EXPORT_PIECE_BYTES = 16 << 10


class Variant(StrEnum):
    """Which of the two backends this process is."""

    LEGACY = "legacy"
    CANDIDATE = "candidate"


class Shop:
    """The state of one backend process: its goods, its randomness and its bugs."""

    def __init__(self, variant: Variant, seed: int) -> None:
        self.items: tuple[Item, ...] = make_items()
        self.export = make_export(self.items)
        everything = json.dumps([item.detail() for item in self.items]).encode()
        self.catalogue = gzip.compress(everything, mtime=0)
        self.spoils: dict[str, list[Spoil]] = {}
        if variant is Variant.CANDIDATE:
            self.spoils = spoils_by_endpoint()
        # Seeded per variant: reproducible noise that never agrees between the two sides.
        self._draw = random.Random(f"{seed} {variant}")

    def make_token(self) -> str:
        """32 hex digits that no other answer carries."""
        return f"{self._draw.getrandbits(128):032x}"

    async def reply(self, request: web.Request, endpoint: str, answer: Answer) -> web.Response:
        """Spoils the answer as this variant does and encodes it as JSON."""
        for spoil in self.spoils.get(endpoint, ()):
            spoil(answer, {**request.query, **request.match_info})
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        headers = {"X-Request-Id": self.make_token(), **answer.headers}
        return web.json_response(answer.document, status=answer.status, headers=headers)

    async def list_items(self, request: web.Request) -> web.Response:
        page = _whole_number(request.query.get("page", "1"), at_least=1)
        first = (page - 1) * PAGE_SIZE
        shown = self.items[first : first + PAGE_SIZE]
        document: dict[str, Any] = {
            "page": page,
            "pages": len(self.items) // PAGE_SIZE,
            "generated_at": datetime.now(UTC).isoformat(timespec="microseconds"),
            "items": [item.summary() for item in shown],
        }
        headers = {"Cache-Control": "public, max-age=60"}
        return await self.reply(request, "GET /items", Answer(document, headers=headers))

    async def show_item(self, request: web.Request) -> web.Response:
        item_id = _whole_number(request.match_info["id"], at_least=0)
        if not 1 <= item_id <= len(self.items):
            answer = Answer({"error": "no such item"}, status=404)
        else:
            answer = Answer(self.items[item_id - 1].detail())
        return await self.reply(request, "GET /items/{id}", answer)

    async def search(self, request: web.Request) -> web.Response:
        wanted = request.query.get("q", "")
        found = [item for item in self.items if wanted in item.name]
        if request.query.get("sort") == "price":
            found.sort(key=lambda item: (item.price_cents, item.id))
        document: dict[str, Any] = {
            "query": wanted,
            "total": len(found),
            "results": [item.summary() for item in found[:PAGE_SIZE]],
        }
        return await self.reply(request, "GET /search", Answer(document))

    async def show_cart(self, request: web.Request) -> web.Response:
        user = request.headers.get("X-User-Id", "guest")
        draw = random.Random(user)
        lines = [{"item": item.id, "count": draw.randrange(1, 4)} for item in self._some(draw)]
        document: dict[str, Any] = {
            "user": user,
            "request_id": self.make_token(),
            "csrf_token": self.make_token(),
            "lines": lines,
        }
        return await self.reply(request, "GET /cart", Answer(document))

    async def quote(self, request: web.Request) -> web.Response:
        """Computes and changes nothing: safe to ask twice."""
        try:
            asked = await request.json()
            lines = [(int(line["item"]), int(line["count"])) for line in asked["lines"]]
            total = sum(self.items[item_id - 1].price_cents * count for item_id, count in lines)
        except (ValueError, TypeError, LookupError):
            answer = Answer({"error": "lines of {item, count} expected"}, status=400)
        else:
            shipping = 0 if total > 5_000 else 490
            answer = Answer({"goods": total / 100, "shipping": shipping / 100, "currency": "EUR"})
        return await self.reply(request, "POST /quote", answer)

    async def order(self, request: web.Request) -> web.Response:
        """Stands for a write with effects: shadowproxy must not copy it."""
        await request.read()
        answer = Answer({"order": self.make_token()}, status=202)
        return await self.reply(request, "POST /orders", answer)

    async def show_page(self, _: web.Request) -> web.Response:
        rows = "".join(f"<li>{item.name}</li>" for item in self.items[:PAGE_SIZE])
        page = f"<!doctype html><title>Shop</title><h1>Today</h1><ul>{rows}</ul>\n"
        response = web.Response(text=page, content_type="text/html")
        response.headers["X-Request-Id"] = self.make_token()
        response.set_cookie("session", self.make_token(), httponly=True, samesite="Lax")
        return response

    async def show_catalogue(self, request: web.Request) -> web.Response:
        response = web.Response(content_type="application/json")
        response.headers.update({"Vary": "Accept-Encoding", "X-Request-Id": self.make_token()})
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            response.headers["Content-Encoding"] = "gzip"
            response.body = self.catalogue
        else:
            response.body = gzip.decompress(self.catalogue)
        return response

    async def download(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"X-Request-Id": self.make_token()})
        response.content_type = "text/csv"
        await response.prepare(request)
        for start in range(0, len(self.export), EXPORT_PIECE_BYTES):
            await response.write(self.export[start : start + EXPORT_PIECE_BYTES])
        await response.write_eof()
        return response

    async def show_health(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    def _some(self, draw: random.Random) -> list[Item]:
        return draw.sample(self.items, draw.randrange(1, 6))


def _whole_number(text: str, at_least: int) -> int:
    """The number, or `at_least` where there is none: a shop forgives."""
    return max(at_least, int(text)) if text.isascii() and text.isdigit() else at_least


def build_app(variant: Variant, seed: int = 1) -> web.Application:
    """The shop as an application; `seed` sets what its random tokens look like."""
    shop = Shop(variant, seed)
    app = web.Application()
    app.add_routes(
        [
            web.get("/", shop.show_page),
            web.get("/items", shop.list_items),
            web.get("/items/{id}", shop.show_item),
            web.get("/search", shop.search),
            web.get("/cart", shop.show_cart),
            web.post("/quote", shop.quote),
            web.post("/orders", shop.order),
            web.get("/catalogue.json", shop.show_catalogue),
            web.get("/export.csv", shop.download),
            web.get("/health", shop.show_health),
        ]
    )
    return app
