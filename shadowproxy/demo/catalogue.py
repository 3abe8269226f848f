"""What the demo shop sells: the same items in every process, made from one seed."""

import random
from dataclasses import dataclass

ITEM_COUNT = 200
PAGE_SIZE = 20
EXPORT_BYTES = 1_100_000
"""Just over the default `shadow.max_body`, so the download shows how a large answer is compared."""

_SEED = "shadowproxy demo catalogue"
_ADJECTIVES = ("amber", "brisk", "copper", "dusky", "elder", "frosted", "gilded", "humble")
_NOUNS = ("kettle", "lantern", "notebook", "pan", "scarf", "stool", "teapot", "umbrella")
_CATEGORIES = ("garden", "home", "kitchen", "office")
_WAREHOUSES = ("north", "south", "west")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing for sale; money in cents."""

    id: int
    name: str
    category: str
    price_cents: int
    warehouse: str
    in_stock: int
    rating: float

    def summary(self) -> dict[str, object]:
        """As it appears in a list."""
        return {"id": self.id, "name": self.name, "price": self.price_cents / 100}

    def detail(self) -> dict[str, object]:
        """As it appears on its own."""
        return {
            "id": self.id,
            "sku": f"SKU-{self.id:05d}",
            "name": self.name,
            "category": self.category,
            "price": self.price_cents / 100,
            "currency": "EUR",
            "rating": self.rating,
            "stock": {"count": self.in_stock, "warehouse": self.warehouse},
            "tags": [self.category, self.name.split()[0], self.warehouse],
            "description": f"A {self.name} for the {self.category}, made to last. " * 4,
        }


def _make(item_id: int, draw: random.Random) -> Item:
    return Item(
        id=item_id,
        name=f"{draw.choice(_ADJECTIVES)} {draw.choice(_NOUNS)}",
        category=draw.choice(_CATEGORIES),
        price_cents=draw.randrange(199, 19_999),
        warehouse=draw.choice(_WAREHOUSES),
        in_stock=draw.randrange(100),
        rating=draw.randrange(10, 51) / 10,
    )


def make_items() -> tuple[Item, ...]:
    """All items, ids 1 to `ITEM_COUNT`; the same on every call and machine."""
    draw = random.Random(_SEED)
    return tuple(_make(item_id, draw) for item_id in range(1, ITEM_COUNT + 1))


def make_export(items: tuple[Item, ...]) -> bytes:
    """A CSV of exactly `EXPORT_BYTES`: the catalogue, repeated as daily stock lines."""
    rows = [f"{item.id},{item.name},{item.price_cents},{item.in_stock}\n" for item in items]
    once = "".join(rows).encode()
    header = b"id,name,price_cents,in_stock\n"
    return (header + once * (EXPORT_BYTES // len(once) + 1))[:EXPORT_BYTES]
