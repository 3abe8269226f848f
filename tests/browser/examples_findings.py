"""Documents of findings and samples, as the API answers them, on top of `examples`."""

import copy
from typing import Any, Final

from tests.browser.examples import EARLIER, GROUPS, NOW, REPORT
from tests.pages.answers import differences_of

CART: Final[dict[str, Any]] = {
    "id": 7,
    "user": {"id": "u_17", "name": "Ann Example", "since": "2024-01-01"},
    "currency": "EUR",
    "note": "Deliver to the back door, ring twice and wait for the dog.",
    "updated_at": "2027-01-01T12:00:00Z",
    "flags": ["gift", "express", "insured"],
    "shop": "north", "lane": 4, "desk": 2, "floor": 0,
    "items": [
        {"id": 100 + at, "sku": f"SKU-{at:04d}", "price": 12.5 + at, "quantity": 1, "tags": ["a"]}
        for at in range(14)
    ],
    "total": 310.25,
}  # fmt: skip


def _changed() -> dict[str, Any]:
    cart = copy.deepcopy(CART)
    cart["items"][3]["price"] = "15.50"
    cart["items"].insert(6, {"id": 900, "sku": "GIFT", "price": 0, "extra": {"from": "us"}})
    del cart["items"][10]
    cart["note"] = "Deliver to the front door, ring once and wait for the dog."
    cart["flags"] = ["insured", "gift", "express"]
    cart["updated_at"] = "2027-01-01T12:00:07Z"
    cart["total"] = None
    return cart


CANDIDATE: Final = _changed()

DIFFERENCES: Final[list[dict[str, Any]]] = [
    {"path": "#status", "kind": "status", "legacy": 200, "candidate": 203, "explained": False},
    {"path": "#header/vary", "kind": "changed", "legacy": "accept, origin", "candidate": "accept",
     "explained": False},
    *(
        {**each, "explained": each["path"] == "/updated_at"}
        for each in differences_of(CART, CANDIDATE)
    ),
]  # fmt: skip


def _answer(status: int, tree: Any, vary: str, duration_ms: float) -> dict[str, Any]:
    return {
        "status": status,
        "headers": [["Content-Type", "application/json"], ["Vary", vary], ["Date", str(duration_ms)]],
        "media_type": "application/json", "format": "json", "tree": tree, "omitted": "",
        "bytes": 1834, "duration_ms": duration_ms, "first_ms": duration_ms - 0.5, "wait_ms": 0.02,
        "failure": None,
    }  # fmt: skip


SAMPLE: Final[dict[str, Any]] = {
    "id": "s1", "at": NOW, "endpoint": "GET /cart/{id}", "route": "cart", "request_id": "req-0123456789",
    "method": "GET", "target": "/cart/7?expand=items&token=[redacted]", "version": "2.2",
    "verdict": "mismatch", "groups": [f"{0xA1:016x}", f"{0xA2:016x}"],
    "request": {"headers": [["Host", "shop.example"], ["Authorization", "[redacted]"]],
                "body": {"dry": True}, "omitted": ""},
    "legacy": _answer(200, CART, "accept, origin", 12.4),
    "candidate": _answer(203, CANDIDATE, "accept", 18.4),
    "differences": DIFFERENCES,
}  # fmt: skip

_PRICES: Final = [each for each in DIFFERENCES if each["path"] == "/items/3/price"]

GROUP: Final[dict[str, Any]] = {
    **GROUPS[0],
    "samples": [
        {"id": f"s{at}", "at": NOW, "request_id": f"req-{at}", "method": "GET", "target": f"/cart/{at}",
         "version": "2.2", "legacy": {"status": 200, "duration_ms": 12.4},
         "candidate": {"status": 200, "duration_ms": 18.2}, "differences": _PRICES}
        for at in range(1, 5)
    ],
    "sample": {},
    "offered": 312,
    "reproducer": {
        "legacy": {"items": [{"price": 15.5}]},
        "candidate": {"items": [{"price": "15.50"}]},
        "curl": {
            "legacy": "curl -sS -i -H 'Accept: */*' --url 'http://127.0.0.1:9001/cart/7'",
            "candidate": "curl -sS -i -H 'Accept: */*' --url 'http://127.0.0.1:9002/cart/7'",
        },
    },
    "series": {"width_s": 300, "points": [{"start_s": 1_772_000_100 + 300 * at, "count": (7 * at) % 13}
                                          for at in range(48)]},
    "cause": {"sentence": "one cause may be behind 2 findings: they occur together in 309 exchanges",
              "groups": [{"id": each["id"], "endpoint": each["endpoint"], "sentence": each["sentence"]}
                         for each in GROUPS[:2]]},
}  # fmt: skip

LIST: Final[dict[str, Any]] = {
    "groups": GROUPS, "total": 212, "next": "1:2", "causes": REPORT["causes"], "evicted": 12,
    "evicted_groups": 2,
}  # fmt: skip

SIMULATION: Final[dict[str, Any]] = {
    "pairs": 812, "mismatches": 312, "hidden_mismatches": 300, "hidden_differences": 1310,
    "leaving_class": 0, "new_differences": 0, "are_all": True, "dangerous": False,
    "sentence": "It would hide 300 of 312 stored mismatches.",
    "examples": [{"endpoint": "GET /cart/{id}", "path": "/items/3/price", "kind": "type", "legacy": 15.5,
                  "candidate": "15.50", "leaves_class": False}],
    "groups": [f"{0xA1:016x}"],
}  # fmt: skip

__all__ = ["CANDIDATE", "CART", "DIFFERENCES", "EARLIER", "GROUP", "LIST", "SAMPLE", "SIMULATION"]
