"""What all answers share: security fields, problem documents, an OpenAPI document that is true."""

import re

import pytest

from shadowproxy.control.answers import SECURITY_FIELDS
from shadowproxy.control.application import all_routes
from shadowproxy.control.openapi import describe
from shadowproxy.control.routes import Route
from tests.control.running import controlling

ANY = [
    ("GET", "/"), ("GET", "/livez"), ("GET", "/metrics"), ("GET", "/api/v1/status"),
    ("GET", "/nowhere"), ("POST", "/livez"), ("GET", "/api/v1/groups/none"),
    ("PUT", "/api/v1/dials/shadow"), ("HEAD", "/"), ("OPTIONS", "/api/v1/status"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ANY)
async def test_every_answer_carries_the_security_fields(method: str, path: str) -> None:
    """Answers, refusals, unknown paths and unknown methods alike."""
    async with controlling() as control:
        answer = await control.ask(method, path)
        assert {name: answer.headers.get(name) for name in SECURITY_FIELDS} == SECURITY_FIELDS


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("DELETE", "/api/v1/status", 405), ("GET", "/api/v1/reload", 405)],
)
async def test_what_there_is_not_is_a_problem_document(method: str, path: str, status: int) -> None:
    """RFC 9457; 405 says what is allowed."""
    async with controlling() as control:
        answer = await control.ask(method, path)
        assert answer.status == answer.json["status"] == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert ("Allow" in answer.headers) is (status == 405)


async def test_a_body_that_is_too_large_is_refused() -> None:
    """64 KiB are a hundred times what a change takes."""
    async with controlling() as control:
        answer = await control.ask("PUT", "/api/v1/dials/shadow", data=b"x" * 100_000)
        assert answer.status == 413
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_bug_is_a_problem_and_a_traceback_in_the_log() -> None:
    """The user of the API learns nothing about our insides; the log does; control lives on."""
    async with controlling() as control:
        (control.folder / "processes.json").write_text('[{"name": "edge-0"}]')
        answer = await control.get("/api/v1/status")
        assert answer.status == 500
        assert "KeyError" not in answer.text
        (event,) = control.events("control_error")
        assert "KeyError" in event["exception"]
        assert (await control.get("/livez")).status == 200


async def test_the_openapi_document_describes_every_route() -> None:
    """Same paths and methods as the server has, no more, and path parameters are declared."""
    async with controlling() as control:
        described = (await control.get("/api/v1/openapi.json")).json
        routes = {(route.method, route.path) for route in all_routes()}
        found = {
            (method.upper(), path)
            for path, operations in described["paths"].items()
            for method in operations
        }
        assert found == routes
        for path, operations in described["paths"].items():
            for operation in operations.values():
                declared = {
                    parameter["name"]
                    for parameter in operation.get("parameters", [])
                    if parameter["in"] == "path"
                }
                assert declared == set(re.findall(r"{(\w+)}", path))
                assert operation["summary"]


def documented(route: Route) -> set[str]:
    """The statuses that the document gives a route."""
    operation = describe([route])["paths"][route.path][route.method.lower()]
    return set(operation["responses"])


@pytest.mark.parametrize("route", all_routes(), ids=lambda route: f"{route.method} {route.path}")
async def test_what_a_route_answers_is_documented(route: Route) -> None:
    """Status and media type of a plain request to each route are in the document."""
    async with controlling() as control:
        path = route.path.replace("{name}", "shadow").replace("{id}", "0123456789abcdef")
        answer = await control.ask(route.method, path, json={"value": "off"})
        assert str(answer.status) in documented(route)
        if answer.status == 200:
            assert answer.headers["Content-Type"].partition(";")[0] == route.media_type


async def test_every_operation_has_its_own_id() -> None:
    """Generators of clients name functions after them."""
    operations = describe(all_routes())["paths"].values()
    ids = [operation["operationId"] for methods in operations for operation in methods.values()]
    assert len(set(ids)) == len(ids)
