"""What is compared and learned, beyond single rules: files, noise, latencies, days."""

from base64 import b64decode
from datetime import date
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from shadowproxy.config import ConfigError
from shadowproxy.config.loading import load, load_comparison
from shadowproxy.core.settings import LatencySettings, NoiseSettings, RecheckSettings
from tests.config.files import BOTH, LEGACY, load_text, mistakes

SECONDARY = "secondary: {url: http://127.0.0.1:9003}\n"


def test_defaults_and_headers_and_endpoints(tmp_path: Path) -> None:
    """All of it reaches the settings; endpoints in the order of the file."""
    text = """\
compare:
  defaults: {numbers: double, arrays: lcs}
  headers: {ignore: [X-A], lists_unordered: [Vary]}
  endpoints:
    GET /b/{int}/c/{int}:
      - {path: $.x, ignore: true}
    POST /a/{name}.json:
      - {path: $.y, class: hex}
      - {path: $.z, class: jwt}
"""
    compare = load_text(tmp_path, LEGACY + text).settings.compare
    assert (compare.numbers, compare.arrays) == ("double", "lcs")
    assert (compare.ignore_headers, compare.unordered_headers) == (("x-a",), ("vary",))
    assert compare.endpoints == (
        ("GET /b/{int}/c/{int}", ({"path": "$.x", "ignore": True},)),
        ("POST /a/{name}.json", ({"path": "$.y", "class": "hex"}, {"path": "$.z", "class": "jwt"})),
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("defaults: {numbers: {abs: 1}}",
         "2:31: compare.defaults.numbers: expected value or strict or double, got a mapping"),
        ("defaults: {arrays: key}",
         "2:30: compare.defaults.arrays: expected auto or index or multiset or set or lcs, got 'key'"),
        ("headers: {ignore: [a b]}",
         "2:30: compare.headers.ignore.0: expected a header name such as X-User-Id, got 'a b'"),
        ("endpoints: {/a: []}",
         "2:23: compare.endpoints./a: expected an endpoint such as GET /users/{id}, got '/a'"),
        ("endpoints: {GET /a?b: []}",
         "2:23: compare.endpoints.GET /a?b: expected an endpoint such as GET /users/{id},"
         " got 'GET /a?b'"),
        ("endpoints: {GET /a: [{path: $}]}",
         "2:32: compare.endpoints.GET /a.0: a rule without an action,"
         " such as ignore: true or numbers: {abs: 0.01}"),
        ("latency: {ratio: 0.9}", "2:28: compare.latency.ratio: expected a number from 1 to 100, got '0.9'"),
        ("latency: {margin: 5}",
         "2:29: compare.latency.margin: expected a duration such as 250ms, 10s, 5m or 1h, got '5'"),
        ("latency: {block: 10ms}", "2:28: compare.latency.block: expected 1s to 1h, got '10ms'"),
        ("recheck: {per_minute: -1}",
         "2:33: compare.recheck.per_minute: expected a whole number from 0 to 6000, got '-1'"),
        ("openapi: gone.yaml", "2:20: compare.openapi: {}/gone.yaml:"
         " cannot read the file: No such file or directory"),
        ("protobuf: {messages: {GET /: a.B}}", "2:21: compare.protobuf.descriptor_set: is required"),
        ("protobuf: {descriptor_set: x, messages: {}}",
         "2:51: compare.protobuf.messages: expected at least one"),
        ("protobuf: {descriptor_set: x, messages: {GET /: 'a b'}}",
         "2:59: compare.protobuf.messages.GET /:"
         " expected a message's full name such as shop.v1.Order, got 'a b'"),
    ],
)  # fmt: skip
def test_mistakes_of_compare(tmp_path: Path, line: str, expected: str) -> None:
    """Are told with their place."""
    assert mistakes(tmp_path, f"{LEGACY}compare: {{{line}}}\n") == [
        expected.replace("{}", str(tmp_path), 1)
    ]


def test_latency_and_recheck(tmp_path: Path) -> None:
    """Numbers, seconds, and a whole number."""
    text = "compare: {latency: {ratio: 1.5, margin: 1ms, block: 5s}, recheck: {per_minute: 0}}\n"
    settings = load_text(tmp_path, LEGACY + text).settings
    assert settings.latency == LatencySettings(1.5, 0.001, 5.0)
    assert settings.recheck == RecheckSettings(0)
    bare = load_text(tmp_path, LEGACY).settings
    assert (bare.latency, bare.recheck) == (LatencySettings(), RecheckSettings())


def test_a_rule_holds_on_its_last_day(tmp_path: Path) -> None:
    """On the next it is said to be without effect, wherever it stands."""
    rule = "{path: $.a, ignore: true, expires: 2026-05-31}"
    text = f"{LEGACY}compare:\n  rules: [{rule}]\n  endpoints:\n    GET /a: [{rule}]\n"
    file = tmp_path / "proxy.yaml"
    file.write_text(text)

    def warnings(today: date) -> list[str]:
        loaded = load(str(file), environ={}, today=today)
        return [line.partition(".yaml:")[2] for line in loaded.warnings if "rule" in line]

    assert warnings(date(2026, 5, 31)) == []
    assert warnings(date(2026, 6, 1)) == [
        "3:46: compare.rules.0.expires: the rule has expired and is not in force",
        "5:49: compare.endpoints.GET /a.0.expires: the rule has expired and is not in force",
    ]


YAML = """\
openapi: 3.0.1
servers: [{url: 'https://api.example/v2'}]
paths:
  /users/{id}:
    parameters: &shared
      - {name: id, in: path}
    get: {summary: "with: colon", responses: {200: {description: !!str ok}}}
    delete:
      parameters: *shared
  /files/{name}.json: {post: {deprecated: 2020-01-01}}
"""
JSON = '{"swagger": "2.0", "basePath": "/v1", "paths": {"/a": {"get": {}}}}'


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (YAML, ("GET /v2/users/{id}", "DELETE /v2/users/{id}", "POST /v2/files/{name}.json")),
        (JSON, ("GET /v1/a",)),
        ("\ufeff" + JSON, ("GET /v1/a",)),
    ],
)
def test_an_api_description_names_endpoints(
    tmp_path: Path, document: str, expected: tuple[str, ...]
) -> None:
    """YAML or JSON, with what the strict reader of the configuration would refuse."""
    (tmp_path / "api").write_text(document)
    loaded = load_text(tmp_path, f"{BOTH}compare: {{openapi: api}}\n")
    assert loaded.settings.compare.templates == expected
    assert loaded.warnings == ()
    assert str(tmp_path / "api") in loaded.sources


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("", ": no OpenAPI document: expected `swagger: '2.0'` or `openapi: 3.x` at its top; "),
        ("[1]", ": no OpenAPI document: "),
        ('{"openapi": "3.0.0", "paths": {"a": {}}}', ": paths: 'a' does not start with `/`: "),
        ('{"openapi":\n "3.0.0",,}', ":2: not JSON: Expecting property name"),
        ('{"a":' * 100_000, ": not JSON: nested too deeply"),
        ('{"a": ' + "1" * 5000 + "}", ": not JSON: a number that is too large"),
        ("a: 1\nb: [\n", ":3: not YAML: "),
        ("a: 1\na: 2\n", ":2: a is there already"),
        ("a: *b\n", ":1: "),
        ("a: &a {}\nb: {<<: *a}\n", ":2: merge keys (<<) are not understood: write them out"),
        ("? [a]\n: b\n", ":1: a key must be a text"),
        ("a: 1\n--- \x01", ": not YAML: "),
        ("a: " + "[" * 100_000, ":1: nested deeper than 200 levels"),
    ],
)  # fmt: skip
def test_mistakes_in_an_api_description(tmp_path: Path, document: str, expected: str) -> None:
    """Are the operator's: where it is named, its own name and line, what to do."""
    (tmp_path / "api").write_text(document)
    (found,) = mistakes(tmp_path, f"{LEGACY}compare: {{openapi: api}}\n")
    assert found.startswith(f"2:20: compare.openapi: {tmp_path}/api{expected}")


def test_an_api_description_is_bounded(tmp_path: Path) -> None:
    """By bytes, and by values where few bytes are many; what is not text is said to be none."""
    for content, message in (
        (b"{" + b" " * (8 << 20) + b"}", "larger than 8 MiB"),
        (b"\n\xff", "2: not UTF-8 text"),
    ):
        (tmp_path / "api").write_bytes(content)
        (found,) = mistakes(tmp_path, f"{LEGACY}compare: {{openapi: api}}\n")
        assert found.endswith(message)


@pytest.mark.slow
def test_an_api_description_has_so_many_values(tmp_path: Path) -> None:
    """A megabyte of commas is none."""
    (tmp_path / "api").write_bytes(b"a: [" + b"1," * 1_000_000 + b"]")
    (found,) = mistakes(tmp_path, f"{LEGACY}compare: {{openapi: api}}\n")
    assert found.endswith("api:1: more than 1,000,000 values")


def _descriptors() -> bytes:
    files = descriptor_pb2.FileDescriptorSet()
    file = files.file.add(name="shop.proto", package="shop.v1", syntax="proto3")
    file.message_type.add(name="Cart").field.add(name="id", number=1, type=3, label=1)
    old = files.file.add(name="old.proto", package="old", syntax="proto2")
    old.message_type.add(name="Must").field.add(name="id", number=1, type=3, label=2)
    content: bytes = files.SerializeToString()
    return content


def test_protobuf_types_reach_the_settings(tmp_path: Path) -> None:
    """The descriptors as base64, a message for each endpoint; one with required fields too."""
    (tmp_path / "shop.binpb").write_bytes(_descriptors())
    text = (
        "compare:\n  protobuf:\n    descriptor_set: shop.binpb\n"
        "    messages: {'GET /cart/{id}': shop.v1.Cart, 'GET /old': old.Must}\n"
    )
    loaded = load_text(tmp_path, BOTH + text)
    compare = loaded.settings.compare
    assert b64decode(compare.descriptors) == _descriptors()
    assert compare.messages == (("GET /cart/{id}", "shop.v1.Cart"), ("GET /old", "old.Must"))
    assert str(tmp_path / "shop.binpb") in loaded.sources


@pytest.mark.parametrize("content", [b"", b"\xff\xff", b"x" * 100, None])
def test_a_message_that_is_not_there(tmp_path: Path, content: bytes | None) -> None:
    """Whether the file is another one or the name is misspelt: said at the message."""
    (tmp_path / "set").write_bytes(_descriptors() if content is None else content)
    text = "compare: {protobuf: {descriptor_set: set, messages: {GET /a: shop.Cart}}}\n"
    (found,) = mistakes(tmp_path, LEGACY + text)
    assert found.startswith(
        f"2:62: compare.protobuf.messages.GET /a: {tmp_path}/set does not hold shop.Cart and all it"
    )
    assert "protoc --include_imports --descriptor_set_out=FILE" in found


def test_a_descriptor_set_is_bounded(tmp_path: Path) -> None:
    """Every process keeps it."""
    (tmp_path / "set").write_bytes(bytes((1 << 20) + 1))
    text = "compare: {protobuf: {descriptor_set: set, messages: {GET /a: a.B}}}\n"
    assert mistakes(tmp_path, LEGACY + text) == [
        f"2:38: compare.protobuf.descriptor_set: {tmp_path}/set: larger than 1 MiB"
    ]


NOISE = """\
noise:
  sample: 5%
  source: off
  alpha: 1%
  expire: 1d
  pinned: [{endpoint: GET /now, path: /time, kind: changed}, {endpoint: GET /, path: "", kind: raw}]
  refused:
    - {endpoint: "GET /a/{id}", path: "#header/x-a", kind: added}
    - {endpoint: "GET /a/{id}", path: "/items/*/price", kind: changed}
"""


def test_noise_reaches_the_settings(tmp_path: Path) -> None:
    """Every key of it."""
    assert load_text(tmp_path, LEGACY + NOISE).settings.noise == NoiseSettings(
        sample=0.05,
        source="off",
        alpha=0.01,
        expire_s=86400.0,
        pinned=(("GET /now", "/time", "changed"), ("GET /", "", "raw")),
        refused=(
            ("GET /a/{id}", "#header/x-a", "added"),
            ("GET /a/{id}", "/items/*/price", "changed"),
        ),
    )
    assert load_text(tmp_path, LEGACY).settings.noise == NoiseSettings()


def test_whom_the_second_question_goes_to(tmp_path: Path) -> None:
    """A secondary is asked if there is one; to ask legacy in spite of it is said to be odd."""
    for noise, secondary, source, is_told in (
        ("", "", "legacy", False),
        ("", SECONDARY, "secondary", False),
        ("noise: {source: auto}\n", SECONDARY, "secondary", False),
        ("noise: {source: secondary}\n", SECONDARY, "secondary", False),
        ("noise: {source: legacy}\n", SECONDARY, "legacy", True),
        ("noise: {source: off}\n", SECONDARY, "off", True),
        ("noise: {source: off}\n", "", "off", False),
    ):
        loaded = load_text(tmp_path, BOTH + secondary + noise)
        assert loaded.settings.noise.source == source
        assert bool(loaded.warnings) is is_told
        assert all("secondary: is never asked" in line for line in loaded.warnings)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("source: secondary", "2:17: noise.source: there is none: add `secondary: {url: ...}`,"
         " or say `source: legacy`"),
        ("source: candidate",
         "2:17: noise.source: expected auto or secondary or legacy or off, got 'candidate'"),
        ("sample: 200%", "2:17: noise.sample: expected a share from 0% to 100% (0 to 1), got '200%'"),
        ("alpha: 0", "2:16: noise.alpha: expected 0.01% to 50%, got '0'"),
        ("alpha: 51%", "2:16: noise.alpha: expected 0.01% to 50%, got '51%'"),
        ("expire: 1s", "2:17: noise.expire: expected 1m to 365d, got '1s'"),
        ("pinned: [{endpoint: GET /, kind: changed}]", "2:18: noise.pinned.0.path: is required"),
        ("pinned: [{endpoint: a, path: /, kind: changed}]",
         "2:29: noise.pinned.0.endpoint: expected an endpoint such as GET /users/{id}, got 'a'"),
        ("pinned: [{endpoint: GET /, path: $.a, kind: changed}]",
         '2:42: noise.pinned.0.path: expected a path as findings have it: "/items/*/price",'
         ' "#status", "#header/age" or "", got \'$.a\''),
        ("refused: [{endpoint: GET /, path: /, kind: moved}]",
         "2:52: noise.refused.0.kind: expected changed or type or removed or added or order or"
         " duplicate_key or invalid or raw or empty or media or status, got 'moved'"),
        ("pinned: [{endpoint: GET /, path: /a, kind: raw}],"
         " refused: [{endpoint: GET /, path: /a, kind: raw}]",
         "2:69: noise.refused.0: is the same as noise.pinned.0"),
    ],
)  # fmt: skip
def test_mistakes_of_noise(tmp_path: Path, line: str, expected: str) -> None:
    """Are told with their place."""
    assert mistakes(tmp_path, f"{LEGACY}noise: {{{line}}}\n") == [expected]


def test_places_are_bounded(tmp_path: Path) -> None:
    """Nobody decides on more by hand."""
    places = ", ".join(f"{{endpoint: GET /, path: /{number}, kind: raw}}" for number in range(1001))
    assert mistakes(tmp_path, f"{LEGACY}noise: {{pinned: [{places}]}}\n") == [
        "2:17: noise.pinned: expected at most 1,000"
    ]


def test_what_is_shown_reads_back(tmp_path: Path) -> None:
    """`check` prints rules as they would be written."""
    rule = "{path: $.a, replace: [[x, y], [z, w]], numbers: {abs: 0.10, rel: 1%}, time: {tolerance: 5s}}"
    values = load_text(tmp_path, f"{LEGACY}compare: {{rules: [{rule}]}}\n").values
    shown = {value.key: value.text for value in values if value.key.startswith("compare.rules")}
    assert shown == {
        "compare.rules.0.path": "$.a",
        "compare.rules.0.numbers.abs": "0.10",
        "compare.rules.0.numbers.rel": "0.01",
        "compare.rules.0.time.tolerance": "5s",
        "compare.rules.0.replace": "[[x, y], [z, w]]",
    }


def test_the_section_alone_can_be_loaded(tmp_path: Path) -> None:
    """Without backends, and where the secrets and certificates of the rest are not."""
    file = tmp_path / "rules.yaml"
    file.write_text(
        "legacy: {url: 'https://a', tls: {ca: gone.pem}}\nadmin: {token: '${GONE}'}\n"
        "compare: {defaults: {arrays: set}, rules: [{path: $.a, ignore: true}]}\n"
    )
    settings, warnings = load_comparison(
        str(file),
        ["compare.defaults.numbers=strict"],
        ['{"path": "$.b", "ignore": true}', "{path: $.c, class: hex}"],
        {"SHADOWPROXY__COMPARE__RECHECK__PER_MINUTE": "9"},
        date(2026, 1, 1),
    )
    assert (settings.arrays, settings.numbers, warnings) == ("set", "strict", ())
    assert [rule["path"] for rule in settings.rules] == ["$.a", "$.b", "$.c"]


def test_rules_can_come_without_a_file() -> None:
    """One is enough to try it."""
    settings, _ = load_comparison(None, [], ["{path: $.a, ignore: true, expires: 2020-01-01}"], {})
    assert settings.rules == ({"path": "$.a", "ignore": True, "expires": "2020-01-01"},)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{path: $.a}", "--rule:1:1: compare.rules.0: a rule without an action, such as"),
        ('{"path": "a", "ignore": true}', "--rule:1:10: compare.rules.0.path: expected a path "),
        ("{path: $.a", "--rule:"),
        ("ignore", "--rule:1:1: expected a mapping of settings"),
    ],
)
def test_mistakes_in_a_rule_that_was_given(rule: str, expected: str) -> None:
    """Have their place in it."""
    with pytest.raises(ConfigError) as caught:
        load_comparison(None, [], [rule], {})
    assert str(caught.value).startswith(expected)


def test_a_rule_cannot_be_added_to_what_is_no_list(tmp_path: Path) -> None:
    """The mistake in the file is told."""
    file = tmp_path / "rules.yaml"
    for text in ("compare: 1\n", "compare: {rules: 1}\n"):
        file.write_text(text)
        with pytest.raises(ConfigError, match=r"rules.yaml:1:[0-9]+: compare"):
            load_comparison(str(file), [], ["{path: $.a, ignore: true}"], {})
    file.write_text("compare:\n")
    assert load_comparison(str(file), [], ["{path: $.a, ignore: true}"], {})[0].rules
