"""The OpenAPI document is true: every path, parameter, status and media type that it names."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from shadowproxy.control.admission import Access
from shadowproxy.control.application import all_routes
from shadowproxy.control.live import MAX_LISTENERS
from shadowproxy.control.openapi import describe
from shadowproxy.control.routes import JSON, Route
from shadowproxy.core.settings import AdminSettings
from shadowproxy.report.deciding import MAX_RULES, Actor, Writer, save_rule
from tests.control.filling import shop
from tests.control.running import CONFIG, SETTINGS, Answer, Control, controlling
from tests.support.waiting import alongside

ROUTES: Final = all_routes()
STREAM: Final = "/api/v1/events"
SIMULATE: Final = "/api/v1/rules/simulate"
RULE: Final = {"rule": {"path": "$.owner", "ignore": True}}
BODIES: Final[dict[str, Any]] = {
    "PUT /api/v1/dials/{name}": {"value": "off"},
    "POST /api/v1/groups/{id}": {"state": "fixed"},
    f"POST {SIMULATE}": RULE,
    "POST /api/v1/rules": RULE,
}
WRONG: Final = {
    "since": "soon", "endpoint": "x" * 501, "version": "x" * 501, "q": "x" * 501,
    "state": "closed", "kind": "odd", "sort": "colour", "limit": "0", "after": "-1",
}  # fmt: skip


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def documented(route: Route) -> dict[str, Any]:
    """The operation of a route."""
    operation: dict[str, Any] = describe([route])["paths"][route.path][route.method.lower()]
    return operation


def with_status(status: int) -> list[Route]:
    """The routes that may fail so."""
    return [route for route in ROUTES if str(status) in documented(route)["responses"]]


class Place:
    """A control with a filled store, and what the paths' parameters stand for in it."""

    def __init__(self, control: Control, group: str, sample: str, rule: str) -> None:
        self.control = control
        self._ids = {"groups": group, "findings": group, "samples": sample, "rules": rule}

    def path(self, route: Route) -> str:
        """The path of something that there is."""
        path = route.path.replace("{name}", "icon.svg" if "static" in route.path else "shadow")
        return path.replace("{id}", self._ids.get(path.split("/")[-2], ""))

    async def ask(self, route: Route, path: str = "", **options: Any) -> Answer:
        """A plain request to the route; of the stream its head is asked for, since it has no end."""
        method = "HEAD" if route.path == STREAM else route.method
        options.setdefault("json", BODIES.get(name_of(route)))
        return await self.control.ask(method, path or self.path(route), **options)


@asynccontextmanager
async def filled(**options: Any) -> AsyncIterator[Place]:
    async with controlling(**options) as control, alongside(control.follow()):
        filling, found = shop()
        filling.write(control.store)
        rule = (await control.ask("POST", "/api/v1/rules", json=SAVED)).json["id"]
        group = found["/items/*/price"]
        yield Place(control, group, next(iter(filling.batch.samples)), rule)


ACTOR: Final = Actor("test", datetime.now(UTC))
SAVED: Final = {"rule": {"path": "$.nothing", "ignore": True}}


async def test_the_document_has_the_routes_that_there_are() -> None:
    """Same paths and methods, no more; parameters of paths are declared; ids are unique."""
    async with controlling() as control:
        described = (await control.get("/api/v1/openapi.json")).json
    operations = {
        (method.upper(), path): operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }
    assert set(operations) == {(route.method, route.path) for route in ROUTES}
    for (_, path), operation in operations.items():
        declared = {each["name"] for each in operation.get("parameters", ()) if each["required"]}
        assert declared == set(re.findall(r"{(\w+)}", path))
        assert operation["summary"]
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(set(ids)) == len(ids)


async def test_every_route_answers_as_documented() -> None:
    """With the status of success and the media type; JSON is of the schema's type."""
    async with filled(config=CONFIG) as place:
        for route in ROUTES:
            answer = await place.ask(route)
            assert answer.status == route.success, (name_of(route), answer.text)
            (media_type,) = documented(route)["responses"][str(route.success)]["content"]
            sent = answer.headers["Content-Type"].partition(";")[0]
            assert media_type in ("*/*", sent), name_of(route)
            if media_type == JSON:
                assert isinstance(answer.json, dict), name_of(route)


async def test_reading_routes_have_a_head() -> None:
    """The same status and fields as for GET, and no body."""
    async with filled() as place:
        for route in ROUTES:
            if route.method == "GET":
                answer = await place.control.ask("HEAD", place.path(route))
                assert (answer.status, answer.body) == (200, b""), name_of(route)


async def test_other_methods_are_refused() -> None:
    """405 with what is allowed, on every path."""
    allowed: dict[str, set[str]] = {SIMULATE: {"DELETE"}}
    for route in ROUTES:
        allowed.setdefault(route.path, set()).update(
            {route.method, "HEAD"} if route.method == "GET" else {route.method}
        )
    async with filled() as place:
        for route in ROUTES:
            for method in {"GET", "PUT", "POST", "DELETE", "PATCH"} - allowed[route.path]:
                if (method, route.path) == ("DELETE", SIMULATE):
                    continue  # it is also a rule's path
                answer = await place.control.ask(method, place.path(route))
                answer.refuses(405)
                assert set(answer.headers["Allow"].split(",")) == allowed[route.path]


async def test_every_parameter_is_read() -> None:
    """A wrong one is refused by its name; two that take anything change what is shown."""
    asked = 0
    async with filled() as place:
        for route in ROUTES:
            for name in route.query:
                if (route.path, name) in FREE:
                    continue
                params = {name: WRONG[name]}
                answer = await place.ask(route, params=params)
                assert answer.refuses(400).startswith(name), (name_of(route), name)
                asked += 1
        assert asked > 30
        control = place.control
        sorted_by = [await control.get(f"/endpoints?sort={name}") for name in ("endpoint", "p99")]
        assert sorted_by[0].body != sorted_by[1].body
        finding = place.path(next(each for each in ROUTES if each.path == "/findings/{id}"))
        samples = (await control.get(f"/api/v1{finding.replace('findings', 'groups')}")).json
        first, second = (each["id"] for each in samples["samples"])
        shown = [(await control.get(f"{finding}?sample={each}")).text for each in (first, second)]
        assert shown[0] != shown[1]


FREE: Final = {("/endpoints", "sort"), ("/findings/{id}", "sample")}


async def test_a_wrong_request_is_a_problem() -> None:
    """400, wherever the document says so."""
    async with filled() as place:
        for route in with_status(400):
            if route.body is None:
                wrong = {
                    name: WRONG[name] for name in route.query if (route.path, name) not in FREE
                }
                answer = await place.ask(route, params=wrong)
            else:
                answer = await place.ask(route, json=[])
            assert "expected" in answer.refuses(400), name_of(route)


async def test_every_documented_body_is_checked_against_its_schema() -> None:
    """A member that the schema does not have is refused and named."""
    async with filled() as place:
        for route in ROUTES:
            if route.body is not None:
                assert route.body["additionalProperties"] is False
                body = {**BODIES[name_of(route)], "colour": "red"}
                assert "colour" in (await place.ask(route, json=body)).refuses(400)
                assert set(route.body["required"]) <= set(BODIES[name_of(route)])


async def test_what_there_is_not_is_a_problem() -> None:
    """404, wherever the document says so."""
    async with filled() as place:
        routes = with_status(404)
        assert len(routes) > 8
        for route in routes:
            path = re.sub(r"{\w+}", "0123456789abcdef", route.path)
            (await place.ask(route, path)).refuses(404)


async def test_without_a_store_routes_of_the_store_say_so() -> None:
    """503 with a sentence, wherever the document says so, and nowhere else."""
    elsewhere = {"/readyz", STREAM, "/api/v1/summary", "/api/v1/coverage"}
    async with filled(config=CONFIG) as place:
        place.control.lose_store()
        for route in ROUTES:
            answer = await place.ask(route)
            if route in with_status(503) and route.path not in elsewhere:
                assert "no store" in answer.refuses(503), name_of(route)
            else:
                assert answer.status == route.success, (name_of(route), answer.text)
        for path in ("/api/v1/summary", "/api/v1/coverage"):
            (await place.control.get(f"{path}?since=1h")).refuses(503)


async def test_no_edge_and_too_many_listeners_are_problems() -> None:
    """The other two ways to 503."""
    async with filled() as place, AsyncExitStack() as stack:
        control = place.control
        for name in ("edge-0", "edge-1"):
            control.others[name].tallies.set("heartbeat_ms", 1)
        assert (await control.get("/readyz")).refuses(503) == "no edge serves"
        for _ in range(MAX_LISTENERS):
            await stack.enter_async_context(control.session.get(control.url + STREAM))
        answer = await control.get(STREAM)
        assert answer.refuses(503) == f"{MAX_LISTENERS} pages listen already"
        assert answer.headers["Retry-After"] == "10"


async def test_a_configuration_that_is_refused_is_a_problem() -> None:
    """422 with every mistake."""
    async with filled(config=CONFIG) as place:
        (place.control.folder / "shadowproxy.yaml").write_text(CONFIG + "colour: red\n")
        (route,) = with_status(422)
        answer = await place.ask(route)
        answer.refuses(422)
        assert "colour" in answer.json["problems"][0]


async def test_too_many_rules_are_a_problem() -> None:
    """409 at the limit, and what to do."""
    async with filled() as place:
        writer = Writer(place.control.store)

        def fill(connection: Any) -> None:
            for number in range(MAX_RULES):
                rule = {"path": f"$.a{number}", "ignore": True}
                save_rule(connection, rule, "", "", [], ACTOR)

        writer.write(fill)
        writer.close()
        (route,) = with_status(409)
        assert "configuration file" in (await place.ask(route)).refuses(409)


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        ("s3cret", {}, 401),
        ("s3cret", {"Authorization": "Bearer s3cret", "Origin": "http://evil.example"}, 403),
        ("", {"Host": "evil.example"}, 403),
        ("", {"Origin": "http://evil.example"}, 403),
    ],
)
async def test_guarded_routes_ask_for_the_token_and_the_name(
    token: str, headers: dict[str, str], status: int
) -> None:
    """401 with a challenge and 403 with a reason on every route but the probes."""
    settings = replace(SETTINGS, admin=AdminSettings(SETTINGS.admin.listen, token))
    async with controlling(settings) as control:
        for route in ROUTES:
            await _refused(control, route, headers, status)


async def _refused(control: Control, route: Route, headers: Mapping[str, str], status: int) -> None:
    path = re.sub(r"{\w+}", "shadow", route.path)
    answer = await control.ask(route.method, path, headers=headers, json={})
    if route.access is Access.PUBLIC:
        assert answer.status == 200
        return
    answer.refuses(status)
    assert str(status) in documented(route)["responses"]
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)


def test_the_document_is_json() -> None:
    """All of it, for generators of clients."""
    assert json.loads(json.dumps(describe(ROUTES)))["openapi"] == "3.1.0"
