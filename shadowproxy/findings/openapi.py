"""The endpoints that an OpenAPI document names (Swagger 2.0, OpenAPI 3.0 and 3.1).

The document comes as plain values; reading YAML or JSON is the caller's. What is not understood is
refused with what to do about it: an endpoint that silently is missing would look like a learned one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

MAX_TEMPLATES: Final = 5_000
"""Operations, each with each base path. GitHub's document has 1,000, Microsoft Graph's 12,000."""
MAX_TEMPLATE: Final = 1024
"""Characters of a path with its base path; what the routes of the configuration may have, too."""
MAX_SERVERS: Final = 20
"""Base paths of one operation."""
_MAX_REFERENCES: Final = 10
"""Of a path item to a path item to ...; more is a circle."""

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


def templates_of(document: object) -> list[str]:
    """`GET /base/path/{parameter}` for each path and method, in the document's order, each once.

    Raises:
        ValueError: this is no such document, it refers to other files, or it is too large; the text
            says what to do.
    """
    if not isinstance(document, Mapping) or not _is_known_version(document):
        raise ValueError(
            "no OpenAPI document: expected `swagger: '2.0'` or `openapi: 3.x` at its top;"
            " name the API description itself, as JSON or YAML"
        )
    paths = document.get("paths")
    if paths is None and "openapi" in document:
        paths = {}  # 3.1 allows documents of webhooks or components alone
    if not isinstance(paths, Mapping):
        raise ValueError(
            "`paths` of the OpenAPI document is no mapping: write `paths: {}` for none"
        )
    found: dict[str, None] = {}
    for template in _templates(document, paths):
        if len(found) >= MAX_TEMPLATES and template not in found:
            raise ValueError(
                f"the OpenAPI document has more than {MAX_TEMPLATES:,} operations:"
                " leave out those that do not pass here"
            )
        found[template] = None
    return list(found)


def _is_known_version(document: Mapping[Any, Any]) -> bool:
    swagger, openapi = document.get("swagger"), document.get("openapi")
    return str(swagger) == "2.0" or (openapi is not None and str(openapi).startswith("3."))


def _templates(document: Mapping[Any, Any], paths: Mapping[Any, Any]) -> Iterator[str]:
    for path, written in paths.items():
        if not isinstance(path, str) or path.startswith("x-"):
            continue
        if not path.startswith("/"):
            raise ValueError(f"paths: {_short(path)} does not start with `/`: put one before it")
        item = _item(document, path, written)
        for method in _METHODS:
            operation = item.get(method)
            if isinstance(operation, Mapping):
                for base in _bases(document, item, operation):
                    yield f"{method.upper()} {_joined(base, path)}"


def _item(document: Mapping[Any, Any], path: str, written: object) -> Mapping[Any, Any]:
    """A path item, its references followed; members beside a `$ref` count as well (3.1)."""
    item: dict[Any, Any] = {}
    for _ in range(_MAX_REFERENCES):
        if not isinstance(written, Mapping):
            raise ValueError(
                f"paths: {_short(path)} is no mapping of methods: write `{{}}` for none"
            )
        item = {**written, **item}
        reference = written.get("$ref")
        if reference is None:
            return item
        written = _resolved(document, path, reference)
    raise ValueError(f"paths: the `$ref` of {_short(path)} leads round in a circle: write it out")


def _resolved(document: Mapping[Any, Any], path: str, reference: object) -> object:
    """What an RFC 6901 pointer in a fragment points to."""
    if not isinstance(reference, str) or not reference.startswith("#/"):
        raise ValueError(
            f"paths: the `$ref` of {_short(path)} leads to another file:"
            " bundle the document into one (`redocly bundle`, `swagger-cli bundle`)"
        )
    value: object = document
    for step in unquote(reference[2:]).split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        value = value.get(name) if isinstance(value, Mapping) else None
    if value is None:
        raise ValueError(f"paths: the `$ref` of {_short(path)} leads nowhere: {_short(reference)}")
    return value


def _bases(*levels: Mapping[Any, Any]) -> list[str]:
    """Base paths: the innermost `servers` counts (3.x), or `basePath` (2.0)."""
    document = levels[0]
    if "swagger" in document:
        base = document.get("basePath")
        return [base if isinstance(base, str) else ""]
    for level in reversed(levels):
        servers = level.get("servers")
        if isinstance(servers, list) and servers:
            return list(dict.fromkeys(map(_path_of_server, servers[:MAX_SERVERS])))
    return [""]


def _path_of_server(server: object) -> str:
    url = server.get("url") if isinstance(server, Mapping) else None
    if not isinstance(server, Mapping) or not isinstance(url, str):
        return ""
    variables = server.get("variables")
    for name, variable in variables.items() if isinstance(variables, Mapping) else ():
        if isinstance(variable, Mapping):
            url = url[:MAX_TEMPLATE].replace(f"{{{name}}}", str(variable.get("default", "")))
    try:
        return urlsplit(url).path
    except ValueError:
        return ""  # such a host cannot be reached, but its paths may be


def _joined(base: str, path: str) -> str:
    path = path.partition("?")[0].partition("#")[0]
    base = base.strip("/.")
    template = f"/{base}{path}" if base else path
    if len(template) > MAX_TEMPLATE:
        raise ValueError(
            f"paths: {_short(path)} has more than {MAX_TEMPLATE:,} characters with its base path:"
            " leave it out"
        )
    return template


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}...")
