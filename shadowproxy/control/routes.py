"""The admin server's route table; the OpenAPI document is made from it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from shadowproxy.control import deciding, handlers, pages, streaming
from shadowproxy.control.admission import Access

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

JSON: Final = "application/json"
TEXT: Final = "text/plain"
HTML: Final = "text/html"
EVENTS: Final = "text/event-stream"


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
    success: int = 200


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

STATE_BODY: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["state"],
    "additionalProperties": False,
    "properties": {
        "state": {"enum": ["open", "expected", "fixed"]},
        "note": {"type": ["string", "null"], "maxLength": 1000},
    },
}

_RULE_MEMBERS: Final[dict[str, Any]] = {
    "rule": {"description": "as in compare.rules of the configuration", "type": "object"},
    "endpoint": {"description": "GET /users/{id}; empty: all", "type": ["string", "null"]},
    "group": {"description": "the finding that it is written for", "type": ["string", "null"]},
}
SIMULATE_BODY: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["rule"],
    "additionalProperties": False,
    "properties": _RULE_MEMBERS,
}
RULE_BODY: Final[dict[str, Any]] = {
    **SIMULATE_BODY,
    "properties": {**_RULE_MEMBERS, "reason": {"type": ["string", "null"], "maxLength": 1000}},
}

DIAL: Final = "/api/v1/dials/{name}"
GROUP: Final = "/api/v1/groups/{id}"

_LISTED: Final = (
    "endpoint", "state", "kind", "version", "q", "sort", "since", "limit", "after",
)  # fmt: skip

_PAGES: Final = (
    Route(
        "GET", "/", pages.get_overview, media_type=HTML, query=("since", "endpoint"),
        failures=(400,),
    ),
    Route("GET", "/findings", pages.get_findings, media_type=HTML, query=_LISTED, failures=(400,)),
    Route(
        "GET", "/findings/{id}", pages.get_finding, media_type=HTML, query=("sample",),
        failures=(404, 503),
    ),
    Route("GET", "/samples/{id}", pages.get_sample_page, media_type=HTML, failures=(404, 503)),
    Route(
        "GET", "/endpoints", pages.get_endpoints_page, media_type=HTML,
        query=("sort", "since", "endpoint"), failures=(400,),
    ),
    Route("GET", "/noise", pages.get_noise_page, media_type=HTML),
    Route(
        "GET", "/coverage", pages.get_coverage_page, media_type=HTML, query=("since",),
        failures=(400,),
    ),
    Route(
        "GET", "/controls", pages.get_controls, media_type=HTML, query=("limit", "after"),
        failures=(400,),
    ),
    Route("GET", "/status", pages.get_status_page, media_type=HTML),
    Route("GET", "/static/{name}", pages.get_asset, media_type="*/*", failures=(404,)),
)  # fmt: skip

_API: Final = (
    Route("GET", "/api/v1/status", handlers.get_status),
    Route(
        "GET", "/api/v1/summary", handlers.get_summary, query=("since", "endpoint"),
        failures=(400, 503),
    ),
    Route(
        "GET", "/api/v1/report", handlers.get_report, query=("since", "endpoint"),
        failures=(400, 503),
    ),
    Route(
        "GET", "/api/v1/series", handlers.get_series, query=("since", "endpoint"),
        failures=(400, 503),
    ),
    Route(
        "GET", "/api/v1/endpoints", handlers.get_endpoints, query=("since", "endpoint"),
        failures=(400,),
    ),
    Route("GET", "/api/v1/groups", handlers.get_groups, query=_LISTED, failures=(400, 503)),
    Route("GET", GROUP, handlers.get_group, failures=(404, 503)),
    Route(
        "POST", GROUP, deciding.post_group, Access.CHANGE, body=STATE_BODY,
        failures=(400, 404, 503),
    ),
    Route("GET", "/api/v1/samples/{id}", handlers.get_sample, failures=(404, 503)),
    Route("GET", "/api/v1/noise", handlers.get_noise, failures=(503,)),
    Route("GET", "/api/v1/latencies", handlers.get_latencies, failures=(503,)),
    Route("GET", "/api/v1/rules", handlers.get_rules, failures=(503,)),
    Route(
        "POST", "/api/v1/rules/simulate", deciding.post_simulation, Access.CHANGE,
        body=SIMULATE_BODY, failures=(400, 503),
    ),
    Route(
        "POST", "/api/v1/rules", deciding.post_rule, Access.CHANGE, body=RULE_BODY,
        failures=(400, 409, 503), success=201,
    ),
    Route(
        "DELETE", "/api/v1/rules/{id}", deciding.delete_saved_rule, Access.CHANGE,
        failures=(404, 503),
    ),
    Route("GET", "/api/v1/coverage", handlers.get_coverage, query=("since",), failures=(400, 503)),
    Route("GET", "/api/v1/versions", handlers.get_versions, failures=(503,)),
    Route("GET", "/api/v1/audit", handlers.get_audit, query=("limit", "after"), failures=(400, 503)),
    Route("GET", "/api/v1/events", streaming.get_events, media_type=EVENTS, failures=(503,)),
    Route("PUT", DIAL, handlers.put_dial, Access.CHANGE, body=CHANGE_BODY, failures=(400, 404)),
    Route("DELETE", DIAL, handlers.delete_dial, Access.CHANGE, failures=(404,)),
    Route("POST", "/api/v1/reload", handlers.post_reload, Access.CHANGE, failures=(422,)),
)  # fmt: skip

ROUTES: Final = (
    Route("GET", "/livez", handlers.livez, Access.PUBLIC, TEXT),
    Route("GET", "/readyz", handlers.readyz, Access.PUBLIC, TEXT, failures=(503,)),
    Route("GET", "/metrics", handlers.get_metrics, media_type=TEXT),
    *_PAGES,
    *_API,
)
