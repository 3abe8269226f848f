"""Reading the endpoints of an OpenAPI document."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.findings import openapi
from shadowproxy.findings.documented import DocumentedTemplates
from shadowproxy.findings.openapi import templates_of

OPERATION: dict[str, Any] = {"responses": {}}


def document(paths: Any, **more: Any) -> dict[str, Any]:
    """An OpenAPI 3.1 document."""
    return {"openapi": "3.1.0", "info": {}, "paths": paths, **more}


def test_each_operation_is_an_endpoint() -> None:
    """Paths and methods in the document's order; what is no operation is none."""
    paths = {
        "/pets/{id}": {"get": OPERATION, "delete": OPERATION, "parameters": [], "summary": "x"},
        "/files/{name}.json": {"put": OPERATION, "x-more": OPERATION},
        "/{a}-{b}?c=1": {"trace": OPERATION},
        "x-extension": {"get": OPERATION},
    }
    assert templates_of(document(paths)) == [
        "GET /pets/{id}", "DELETE /pets/{id}", "PUT /files/{name}.json", "TRACE /{a}-{b}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.test/v1", "GET /v1/a"),
        ("https://api.test/v1/", "GET /v1/a"),
        ("https://api.test", "GET /a"),
        ("/", "GET /a"),
        ("/v2", "GET /v2/a"),
        ("v2", "GET /v2/a"),
        (".", "GET /a"),
        ("//api.test/v3", "GET /v3/a"),
        ("https://{host}.test:{port}/{base}", "GET /v4/a"),
        ("https://[broken/v1", "GET /a"),
        (None, "GET /a"),
    ],
)
def test_the_path_of_a_server_comes_first(url: str | None, expected: str) -> None:
    """Absolute, relative, with variables (their defaults), or none."""
    variables = {"host": {"default": "x"}, "port": {"default": 443}, "base": {"default": "v4"}}
    servers = [{"url": url, "variables": variables}]
    assert templates_of(document({"/a": {"get": OPERATION}}, servers=servers)) == [expected]


def test_the_innermost_servers_count() -> None:
    """An operation's servers replace its path's, which replace the document's; each is one base."""
    paths = {
        "/a": {
            "get": OPERATION,
            "put": {"servers": [{"url": "/op"}]},
            "servers": [{"url": "/item"}],
        },
        "/b": {"get": OPERATION},
    }
    servers = [{"url": "/v1"}, {"url": "/v2"}, {"url": "https://other.test/v2"}]
    assert templates_of(document(paths, servers=servers)) == [
        "GET /item/a", "PUT /op/a", "GET /v1/b", "GET /v2/b",
    ]  # fmt: skip


def test_swagger_has_a_base_path() -> None:
    """Swagger 2.0; `servers` is nothing there."""
    swagger = {
        "swagger": "2.0",
        "basePath": "/v1",
        "servers": [{"url": "/no"}],
        "paths": {"/a": {"get": {}}},
    }
    assert templates_of(swagger) == ["GET /v1/a"]
    assert templates_of({**swagger, "swagger": 2.0, "basePath": "/"}) == ["GET /a"]


def test_a_path_may_be_written_elsewhere_in_the_document() -> None:
    """`$ref` of a path item is followed, through pointers with escapes, and more than once."""
    paths = {
        "/a/{x}": {"get": OPERATION},
        "/b": {"$ref": "#/paths/~1a~1%7Bx%7D", "put": OPERATION},
        "/c": {"$ref": "#/components/pathItems/c"},
    }
    components = {"pathItems": {"c": {"$ref": "#/paths/~1b"}}}
    assert templates_of(document(paths, components=components)) == [
        "GET /a/{x}", "GET /b", "PUT /b", "GET /c", "PUT /c",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ([], "name the API description itself"),
        ({}, "expected `swagger: '2.0'` or `openapi: 3.x`"),
        ({"openapi": "4.0.0", "paths": {}}, "openapi: 3.x"),
        ({"swagger": "1.2", "paths": {}}, "swagger: '2.0'"),
        ({"swagger": "2.0"}, "write `paths: {}`"),
        (document([]), "write `paths: {}`"),
        (document({"a": {}}), "put one before it"),
        (document({"/a": []}), "write `{}` for none"),
        (document({"/a": {"$ref": "other.yaml"}}), "bundle the document into one"),
        (document({"/a": {"$ref": 7}}), "bundle the document into one"),
        (document({"/a": {"$ref": "#/nowhere/0"}}), "leads nowhere: '#/nowhere/0'"),
        (document({"/a": {"$ref": "#/paths/~1a"}}), "write it out"),
        (document({"/" + "a" * 2000: {"get": {}}}), "leave it out"),
    ],
)
def test_what_is_no_document_is_refused_with_advice(wrong: Any, advice: str) -> None:
    """The message says what to do, and never repeats a whole document."""
    with pytest.raises(ValueError, match=r"^(?:no OpenAPI document|`paths`|paths: )") as caught:
        templates_of(wrong)
    assert advice in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_document_of_webhooks_has_no_endpoints() -> None:
    """OpenAPI 3.1 does not need `paths`."""
    assert templates_of({"openapi": "3.1.0", "webhooks": {"x": {"post": OPERATION}}}) == []


def test_a_document_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit it is taken, above it is not; a repetition does not count."""
    monkeypatch.setattr(openapi, "MAX_TEMPLATES", 3)
    paths: dict[str, Any] = {f"/{name}": {"get": OPERATION} for name in "abc"} | {
        "/a#x": {"get": {}}
    }
    assert len(templates_of(document(paths))) == 3
    with pytest.raises(ValueError, match="more than 3 operations: leave out"):
        templates_of(document(paths | {"/d": {"get": OPERATION}}))


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6)
    | st.sampled_from(["3.0.0", "2.0", "/a", "#/paths/~1a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["paths", "servers", "url", "get", "$ref", "/a", "/{b}", "variables", "b", "default"]),
        inner, max_size=4,
    ),
    max_leaves=15,
)  # fmt: skip


@pytest.mark.slow
@given(plain, plain)
def test_any_document_is_read_or_refused(paths: Any, servers: Any) -> None:
    """Nothing but ValueError; and what is read can be matched."""
    try:
        found = templates_of(document(paths, servers=servers))
    except ValueError:
        return
    known = DocumentedTemplates(found)
    for line in found:
        method, _, template = line.partition(" ")
        assert known.match(method, template.replace("{b}", "1")) is not None
