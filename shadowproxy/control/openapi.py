"""The OpenAPI document of the admin server, made from its route table."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import shadowproxy
from shadowproxy.control.admission import Access
from shadowproxy.control.routes import JSON, Route


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """An OpenAPI 3.1 document."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "shadowproxy admin API", "version": shadowproxy.__version__},
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Problem": _PROBLEM},
        },
    }


_PROBLEM = {
    "description": "RFC 9457",
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}


def _operation(route: Route) -> dict[str, Any]:
    guarded = route.access is not Access.PUBLIC
    failures = [*route.failures, *((401, 403) if guarded else ())]
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": (route.handler.__doc__ or "").partition("\n")[0],
        "responses": {
            str(route.success): {
                "description": HTTPStatus(route.success).phrase,
                "content": {route.media_type: _content(route)},
            },
            **{str(status): _failure(status) for status in sorted(failures)},
        },
    }
    if parameters := _parameters(route):
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": route.body}}}
    if guarded:
        operation["security"] = [{"token": []}, {}]
    return operation


def _content(route: Route) -> dict[str, Any]:
    return {"schema": {"type": "object" if route.media_type == JSON else "string"}}


def _failure(status: int) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": HTTPStatus(status).phrase, "content": content}


def _parameters(route: Route) -> list[dict[str, Any]]:
    in_path = re.findall(r"{(\w+)}", route.path)
    return [
        *({"name": name, "in": "path", "required": True, **_TEXT} for name in in_path),
        *({"name": name, "in": "query", "required": False, **_TEXT} for name in route.query),
    ]


_TEXT: dict[str, Any] = {"schema": {"type": "string"}}
