"""The admin server's route table; the OpenAPI document is made from it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from shadowproxy.control import handlers
from shadowproxy.control.admission import Access

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

JSON: Final = "application/json"
TEXT: Final = "text/plain"
HTML: Final = "text/html"


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path. `query` names what may be asked for, `body` is a JSON Schema."""

    method: str
    path: str
    handler: Handler
    access: Access = Access.READ
    media_type: str = JSON
    query: tuple[str, ...] = ()
    body: dict[str, Any] | None = None
    failures: tuple[int, ...] = ()


CHANGE_BODY: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["value"],
    "additionalProperties": False,
    "properties": {
        "value": {
            "description": "shadow: on or off; shadow.sample: a share, 5% or 0.05",
            "type": ["string", "number", "boolean"],
        },
        "ttl": {
            "description": "when to return to the configured value: 30m, or seconds",
            "type": ["string", "number", "null"],
        },
        "reason": {"type": ["string", "null"], "maxLength": 500},
    },
}

DIAL: Final = "/api/v1/dials/{name}"

ROUTES: Final = (
    Route("GET", "/", handlers.get_front, media_type=HTML),
    Route("GET", "/livez", handlers.livez, Access.PUBLIC, TEXT),
    Route("GET", "/readyz", handlers.readyz, Access.PUBLIC, TEXT, failures=(503,)),
    Route("GET", "/metrics", handlers.get_metrics, media_type=TEXT),
    Route("GET", "/api/v1/status", handlers.get_status),
    Route("GET", "/api/v1/summary", handlers.get_summary, failures=(501,)),
    Route("GET", "/api/v1/endpoints", handlers.get_endpoints),
    Route("GET", "/api/v1/groups", handlers.get_groups, query=("endpoint",)),
    Route("GET", "/api/v1/groups/{id}", handlers.get_group, failures=(404,)),
    Route("GET", "/api/v1/noise", handlers.get_noise),
    Route("GET", "/api/v1/latencies", handlers.get_latencies),
    Route("GET", "/api/v1/rules", handlers.get_rules),
    Route("PUT", DIAL, handlers.put_dial, Access.CHANGE, body=CHANGE_BODY, failures=(400, 404)),
    Route("DELETE", DIAL, handlers.delete_dial, Access.CHANGE, failures=(404,)),
    Route("POST", "/api/v1/reload", handlers.post_reload, Access.CHANGE, failures=(422,)),
)
