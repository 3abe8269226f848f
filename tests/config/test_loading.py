"""A whole file: what it comes to, and that every mistake is told at once."""

from dataclasses import asdict, fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowproxy.config import ConfigError, content_hash
from shadowproxy.config.loading import load
from shadowproxy.core.settings import ListenSettings, Settings
from shadowproxy.ipc.process import read_settings, write_settings
from tests.config.files import BOTH, LEGACY, load_text, mistakes

CONTRACT = """\
listen: 0.0.0.0:8080              # host:port, [v6]:port or unix:/path; a list is allowed
admin: {listen: 127.0.0.1:9900, token: ${ADMIN_TOKEN:-}}
workers: auto                     # edges; auto = cores
legacy:    {url: http://127.0.0.1:9001, connect_timeout: 2s, response_timeout: 60s, max_connections: 1024}
candidate: {url: http://127.0.0.1:9002}
secondary: {url: http://127.0.0.1:9003}        # optional
shadow:
  sample: 100%                    # of what is eligible
  key: [header:X-User-Id, cookie:session, client_ip]   # sticky: same key, same answer; [] = random
  methods: [GET, HEAD, OPTIONS]   # others are never copied unless a route says so
  max_rps: null                   # cap towards the candidate
  max_in_flight: 256
  max_body: 1MiB
  max_memory: 256MiB              # all captures together
  timeout: 10s
  headers: {remove: [], set: {}}
routes:                           # first match wins
  - {name: search, path: /search, methods: [GET], sample: 10%}
  - {name: user, path: /users/{id}}
  - {name: quote, path: /quote, methods: [POST], shadow_methods: [POST], reason: computes only}
  - {name: pay, path: /payments/**, shadow: never}
compare:
  defaults: {numbers: value, arrays: auto}
  headers: {ignore: [X-Served-By], lists_unordered: [vary, allow]}
  rules:
    - {path: "$..updated_at", class: timestamp, reason: "clock of the answering host"}
  endpoints:
    "GET /api/users/{id}":
      - {path: "$.items", array: {by: key, key: id}}
      - {path: "$.price", numbers: {abs: 0.01}}
      - {path: "$.token", ignore: true, reason: "JIRA-12", expires: 2027-01-01}
noise: {sample: 2%, source: legacy}
redact: {headers: [X-Internal], members: [birthday], values: hash}
report: {store: sqlite:///shadowproxy.db, retention: 14d, max_samples_per_group: 10}
limits: {max_head: 64KiB, max_headers: 200, header_timeout: 10s, idle_timeout: 75s, drain_delay: 5s, drain_timeout: 20s}
log: {level: info, format: auto}
"""


def test_the_contracts_example_is_valid_as_it_is_printed(tmp_path: Path) -> None:
    """Braces in flow mappings included."""
    loaded = load_text(tmp_path, CONTRACT)
    settings = loaded.settings
    assert settings.listen == (ListenSettings("0.0.0.0", 8080),)
    assert [route.path for route in settings.routes] == [
        "/search", "/users/{id}", "/quote", "/payments/**",
    ]  # fmt: skip
    assert [route.shadow for route in settings.routes] == [True, True, True, False]
    assert settings.routes[2].shadow_methods == ("POST",)
    assert settings.shadow.key == ("header:X-User-Id", "cookie:session", "client_ip")
    assert settings.compare.ignore_headers == ("x-served-by",)
    assert settings.redact.headers == ("x-internal",)
    assert settings.admin.token == ""


def test_the_contracts_values_are_the_defaults(tmp_path: Path) -> None:
    """What the contract prints as a value is what holds when nothing is written."""
    written, bare = load_text(tmp_path, CONTRACT).settings, load_text(tmp_path, BOTH).settings
    for name in ("listen", "admin", "workers", "legacy", "candidate", "limits", "log", "forwarded"):
        assert getattr(written, name) == getattr(bare, name), name
    for field in fields(written.shadow):
        if field.name != "key":
            assert getattr(written.shadow, field.name) == getattr(bare.shadow, field.name)


def test_defaults_are_those_of_the_settings(tmp_path: Path) -> None:
    """The model and core.settings agree, so a process never runs on another default."""
    loaded = load_text(tmp_path, BOTH).settings
    bare = Settings(listen=loaded.listen, legacy=loaded.legacy, candidate=loaded.candidate)
    for name in ("shadow", "guard", "limits", "compare", "redact", "admin", "log", "forwarded"):
        assert getattr(loaded, name) == getattr(bare, name), name


def test_settings_survive_the_settings_file(tmp_path: Path) -> None:
    """What every process reads is what was loaded, to the last field."""
    settings = load_text(tmp_path, CONTRACT).settings
    write_settings(tmp_path, settings)
    assert read_settings(tmp_path) == settings
    assert asdict(settings)["routes"][1]["path"] == "/users/{id}"


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """With line, column and key; unknown keys with what was probably meant."""
    text = """\
listn: 1
listen: [127.0.0.1:9900, x]
workers: 99
legacy: {url: "http://u:s3cret@h", connect_timout: 2s, response_timeout: 10}
candidate: http://x
shadow:
  sample: 150%
  methods: [POST]
  max_body: 1M
  enabled: yes
  max_in_flight: "12"
  headers: {set: {"Bad Name": x, X-A: "a\\nb"}}
routes:
  - {name: a, path: a}
  - {name: a, path: /x/{id}.json, shadow: maybe}
  - {name: b, path: /x, nmae: c}
  - {name: b, path: /y, shadow_methods: [POST]}
  - {path: /z}
  - 7
tls: {cert: nope.pem}
limits: {idle_timeout: 1:30, max_headers: -1}
log: {level: loud, access: on}
admin: {listen: 0.0.0.0:9900}
sample: 5%
shadow: 1
"""
    assert mistakes(tmp_path, text) == [
        "1:1: listn: unknown key; did you mean listen?",
        "2:26: listen.1: expected host:port, [v6]:port or unix:/path, got 'x'",
        "3:10: workers: expected auto or a number from 1 to 64, got '99'",
        "4:15: legacy.url: expected a URL without user and password, got 'http://********@h'",
        "4:36: legacy.connect_timout: unknown key; did you mean connect_timeout?",
        "4:74: legacy.response_timeout: expected a duration such as 250ms, 10s, 5m or 1h, got '10'",
        "5:12: candidate: expected a mapping, such as {url: http://127.0.0.1:9001}",
        "7:11: shadow.sample: expected a share from 0% to 100% (0 to 1), got '150%'",
        "8:13: shadow.methods.0: copying POST may act twice; a route may ask for it: "
        "shadow_methods: [POST] with a reason",
        "9:13: shadow.max_body: expected a size with the unit spelled out: "
        "MiB (steps of 1024) or MB (steps of 1000), got '1M'",
        "10:12: shadow.enabled: expected true or false, got 'yes'",
        "11:18: shadow.max_in_flight: expected a whole number from 1 to 65536, without quotes, got '12'",
        "12:19: shadow.headers.set.Bad Name: expected a header name such as X-User-Id, got 'Bad Name'",
        "12:39: shadow.headers.set.X-A: "
        "expected a header value without control and non-Latin-1 characters",
        "14:21: routes.0.path: expected a path that starts with /, got 'a'",
        "15:12: routes.1.name: is already the name of routes.0",
        "15:21: routes.1.path: expected {name}, * or ** to fill a whole segment, got '/x/{id}.json'",
        "15:43: routes.1.shadow: expected sampled or never, got 'maybe'",
        "16:25: routes.2.nmae: unknown key; did you mean name?",
        "17:12: routes.3.name: is already the name of routes.2",
        "17:41: routes.3.shadow_methods: "
        "copying POST may act twice: say in `reason` why that is harmless",
        "18:5: routes.4.name: is required",
        "19:5: routes.5: expected a mapping (key: value)",
        "20:6: tls.key: is required",
        "21:24: limits.idle_timeout: expected a duration such as 250ms, 10s, 5m or 1h, got '1:30'",
        "21:43: limits.max_headers: expected a whole number from 1 to 10000, got '-1'",
        "22:14: log.level: expected debug or info or warning or error, got 'loud'",
        "22:28: log.access: expected true or false, got 'on'",
        "23:17: admin.listen: needs admin.token: others than this machine can reach it",
        "24:1: sample: unknown key here; did you mean shadow.sample?",
        "25:1: shadow: is already set in line 6",
    ]


def test_nothing_written_behind_a_key_is_the_default(tmp_path: Path) -> None:
    """As when everything below it is commented out."""
    text = BOTH + "shadow:\nroutes:\nlimits:\n  max_head:\nsecondary: null\nlog: ~\n"
    assert load_text(tmp_path, text).settings == load_text(tmp_path, BOTH).settings


@pytest.mark.parametrize(
    "text", ["legacy:\n", "legacy: {}\n", "{}\n", "candidate: {url: 'http://a'}\n"]
)
def test_legacy_is_required(tmp_path: Path, text: str) -> None:
    """And nothing else is."""
    found = mistakes(tmp_path, text)
    assert len(found) == 1
    assert "legacy.url: is required" in found[0]


def test_numbers_are_texts_where_texts_are_wanted(tmp_path: Path) -> None:
    """As they were written: a route called 404, a server name 1.10; but not true or null."""
    text = LEGACY + "routes: [{name: 0404, path: /a, reason: 1.10}]\n"
    assert load_text(tmp_path, text).settings.routes[0].name == "0404"
    assert mistakes(tmp_path, LEGACY + "routes: [{name: true, path: /a}]\n") == [
        "2:17: routes.0.name: expected a name of at most 64 letters, digits and _ . - "
        "(in quotes, if it is meant as a text), got 'true'"
    ]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Missing, a folder, not text, too large, or no file name at all."""
    (tmp_path / "bytes").write_bytes(b"a: 1\n\xff")
    (tmp_path / "large").write_bytes(b"#" * (1 << 21))
    for name, reason in [
        ("gone", "cannot read the file: No such file or directory"),
        (".", "cannot read the file: Is a directory"),
        ("bytes", "not UTF-8 text"),
        ("large", "larger than 1 MiB"),
        ("a\0b", "cannot read the file: not a file name"),
    ]:
        with pytest.raises(ConfigError) as caught:
            load(str(tmp_path / name), (), {})
        assert [problem.message for problem in caught.value.problems] == [reason]
    with pytest.raises(ConfigError, match=r"bytes:2:1: not UTF-8"):
        load(str(tmp_path / "bytes"), (), {})


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    """Editors that write one are forgiven."""
    assert load_text(tmp_path, "\ufeff" + LEGACY).settings.legacy.port == 9001


def test_the_digest_is_of_what_was_read(tmp_path: Path) -> None:
    """It changes with the file and with every file that it names, and only then."""
    (tmp_path / "token").write_text("a")
    loaded = load_text(tmp_path, LEGACY + "admin: {token: '${file:token}'}\n")
    assert content_hash(loaded.sources) == loaded.content_hash
    (tmp_path / "token").write_text("b")
    assert content_hash(loaded.sources) != loaded.content_hash
    (tmp_path / "token").unlink()
    assert content_hash(loaded.sources) != loaded.content_hash


def test_a_refused_file_has_its_digest_too(tmp_path: Path) -> None:
    """So that it is refused once and not every second."""
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, "legacy: 1")
    assert content_hash(caught.value.sources) == caught.value.content_hash


_WORDS = st.sampled_from([
    "legacy", "candidate", "url", "shadow", "sample", "routes", "name", "path", "methods", "tls", "cert",
    "key", "headers", "set", "compare", "rules", "endpoints", "listen", "admin", "token", "limits",
    "numbers", "array", "by", "http://127.0.0.1:1", "/users/{id}", "10%", "1MiB", "10s", "GET", "true",
    "null", "${X}", "${file:x}", "0x1f", "1e999", "9" * 400, "-", "", "\x85", "\u202e", "é", "[::1]:80",
])  # fmt: skip
_TREES = st.recursive(
    _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(_WORDS, _TREES, max_size=6), st.lists(st.tuples(_WORDS, _WORDS), max_size=3))
def test_any_tree_is_a_configuration_or_refused(
    tmp_path: Path, tree: dict[str, object], sets: list[tuple[str, str]]
) -> None:
    """Whatever stands where: settings, or mistakes with their places; never an exception of ours."""
    overrides = [f"{key}.{value}={value}" for key, value in sets]
    for mistake in mistakes(tmp_path, repr_yaml(tree), *overrides):
        assert mistake.isprintable()
        assert ": " in mistake


def repr_yaml(value: object) -> str:
    """YAML's flow style, texts in double quotes half of the time."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{repr_yaml(k)}: {repr_yaml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(repr_yaml, value)) + "]"
    text = str(value)
    if len(text) % 2 and text.isascii() and "[" not in text:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\x85", "\\N") + '"'


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
)
def test_any_bytes_are_a_configuration_or_refused(tmp_path: Path, content: bytes) -> None:
    """A file may hold anything."""
    file = tmp_path / "any.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigError):
        load(str(file), (), {})


def test_only_the_first_thousand_mistakes_are_told(tmp_path: Path) -> None:
    """And that there are more."""
    found = mistakes(tmp_path, LEGACY + "".join(f"k{number}: 1\n" for number in range(1500)))
    assert len(found) == 1001
    assert found[0].startswith("2:1: k0: unknown key")
    assert found[-1] == "configuration: more than 1000 mistakes; these come first"
