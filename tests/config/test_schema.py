"""The JSON Schema, against what is accepted."""

import json
import re
from typing import Any

import pytest
import yaml

from shadowproxy.config.model import FileSection
from shadowproxy.config.schema import json_schema
from shadowproxy.config.starter import starter_text

SCHEMA = json_schema()
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
    "array": (list,), "object": (dict,), "null": (type(None),),
}  # fmt: skip


def accepts(schema: dict[str, Any], value: Any) -> bool:
    """JSON Schema's meaning of the few words that ours uses."""
    if "$ref" in schema:
        return accepts(SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], value)
    if "anyOf" in schema:
        return any(accepts(choice, value) for choice in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        return value in schema.get("enum", [schema.get("const")])
    return _is_of_type(schema, value) and _is_within(schema, value)


def _is_of_type(schema: dict[str, Any], value: Any) -> bool:
    kind = schema.get("type")
    if kind is None:
        return True
    return isinstance(value, _TYPES[kind]) and isinstance(value, bool) <= (kind == "boolean")


def _is_within(schema: dict[str, Any], value: Any) -> bool:
    if isinstance(value, dict):
        return _accepts_object(schema, value)
    if isinstance(value, list):
        return len(value) >= schema.get("minItems", 0) and all(
            accepts(schema.get("items", {}), item) for item in value
        )
    if isinstance(value, str):
        return re.search(schema.get("pattern", ""), value) is not None
    is_number = isinstance(value, int | float)
    return not is_number or bool(
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
    )


def _accepts_object(schema: dict[str, Any], value: dict[str, Any]) -> bool:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    return all(name in value for name in schema.get("required", [])) and all(
        accepts(properties[name], item) if name in properties
        else others is not False and (others is True or accepts(others, item))
        for name, item in value.items()
    )  # fmt: skip


GOOD = """\
listen: ["0.0.0.0:8080", "unix:/x", "[::1]:1"]
workers: 2
legacy: {url: "http://a:1", connect_timeout: 250ms, tls: {verify: true}}
candidate: {url: "https://b", max_connections: 5, version_header: X-Version}
shadow:
  sample: 5%
  max_body: 65536
  max_memory: 1MB
  max_rps: 2.5
  key: ["header:X-A", client_ip]
  headers: {remove: [X-B], set: {X-C: d}}
routes: [{name: a, path: "/a/{b}", sample: 0.5, shadow_methods: [POST], reason: fine}]
compare:
  rules:
    - {path: $.a, numbers: {abs: 0.1, rel: 1%}, strings: {case: true, trim: true}}
    - {path: $.b, numbers: strict, array: {by: key, key: id}, when: {status: 4xx}}
    - {path: "$['é'].b", replace: [a, b], url: {ignore_query: [a]}, time: {tolerance: 1s}}
    - {path: $..*, replace: [[a, b], {regex: c, with: d}], array: {by: key, key: [a, b]}}
    - {header: X-A, list: unordered}
  protobuf: {descriptor_set: a, messages: {"GET /a": b.C}}
  latency: {ratio: 1.5}
  endpoints: {"GET /a": [{path: $.c, class: uuid}]}
noise: {alpha: 1%, pinned: [{endpoint: GET /, path: "", kind: raw}]}
log: {access: true}
"""


@pytest.mark.parametrize(
    "text", [GOOD, starter_text(), "legacy: {url: '${LEGACY}'}\nshadow: null\n"]
)
def test_what_is_valid_is_accepted(text: str) -> None:
    """Durations, sizes and shares as they are written, expressions, empty sections."""
    assert accepts(SCHEMA, yaml.safe_load(text))


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("connect_timeout: 250ms", "connect_timeout: 250"),
        ("sample: 5%", "sample: 5"),
        ("max_body: 65536", "max_body: 64K"),
        ("workers: 2", "workers: many"),
        ("access: true", "access: 'yes'"),
        ("reason: fine", "raeson: fine"),
        ("path: $.a", "path: a"),
        ("class: uuid", "class: guid"),
        ("rel: 1%", "rel: one"),
        ("replace: [a, b]", "replace: a"),
        ("ignore_query: [a]", "ignore_query: a"),
        ("status: 4xx", "status: error"),
        ("kind: raw", "kind: cooked"),
        ("ratio: 1.5", "ratio: 0.5"),
        ("verify: true", "verify: maybe"),
        ('url: "http://a:1", ', ""),
    ],
)
def test_what_is_wrong_is_not(line: str, wrong: str) -> None:
    """An editor marks it before `check` does."""
    assert line in GOOD
    assert not accepts(SCHEMA, yaml.safe_load(GOOD.replace(line, wrong)))


def test_every_key_is_described_and_has_its_default() -> None:
    """The root has the file's keys, and defaults are spelled as people write them."""
    assert list(SCHEMA["properties"]) == list(FileSection.model_fields)
    shadow = SCHEMA["$defs"]["Shadow"]["properties"]
    assert shadow["max_memory"]["default"] == "256MiB"
    assert shadow["sample"]["default"] == "100%"
    assert shadow["max_in_flight"]["default"] == 256
    assert SCHEMA["properties"]["listen"]["default"] == ["0.0.0.0:8080"]
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
