"""The environment and flags over the file."""

from pathlib import Path

import pytest

from shadowproxy.config import ConfigError
from shadowproxy.config.loading import load
from tests.config.files import BOTH, LEGACY, load_text, mistakes


def test_flags_beat_the_environment_which_beats_the_file_which_beats_the_default(
    tmp_path: Path,
) -> None:
    """And every value says where it is from."""
    text = BOTH + "shadow: {sample: 1%, timeout: 1s, max_body: 1KiB, max_in_flight: 1}\n"
    environ = {f"SHADOWPROXY__SHADOW__{name}": value for name, value in
               [("SAMPLE", "2%"), ("TIMEOUT", "2s"), ("MAX_BODY", "2KiB")]}  # fmt: skip
    loaded = load_text(
        tmp_path, text, "shadow.sample=3%", "shadow.timeout=3s", "shadow.sample=4%", environ=environ
    )
    shadow = loaded.settings.shadow
    assert (shadow.sample, shadow.timeout_s, shadow.max_body_bytes, shadow.max_in_flight) == (
        0.04, 3.0, 2048, 1,
    )  # fmt: skip
    origins = loaded.origins
    assert origins["shadow.sample"] == origins["shadow.timeout"] == "--set"
    assert origins["shadow.max_body"] == "env SHADOWPROXY__SHADOW__MAX_BODY"
    assert origins["shadow.max_in_flight"].endswith("proxy.yaml:3:66")
    assert origins["shadow.max_memory"] == "default"


def test_a_list_or_mapping_can_be_given(tmp_path: Path) -> None:
    """In YAML's own spelling; an IPv6 address is not mistaken for a list."""
    loaded = load_text(
        tmp_path,
        LEGACY,
        "shadow.methods=[GET, HEAD]",
        "shadow.headers.set={X-A: b}",
        "listen=[::1]:8080",
        environ={"SHADOWPROXY__CANDIDATE": "{url: 'http://127.0.0.1:1'}"},
    )
    assert loaded.settings.shadow.methods == ("GET", "HEAD")
    assert loaded.settings.shadow.set_headers == (("X-A", "b"),)
    assert loaded.settings.listen[0].host == "::1"
    assert loaded.settings.candidate is not None


def test_items_of_a_list_are_addressed_by_number(tmp_path: Path) -> None:
    """`routes.0.sample` is the first route's."""
    text = LEGACY + "routes: [{name: a, path: /a}, {name: b, path: /b}]\n"
    loaded = load_text(tmp_path, text, "routes.1.sample=5%")
    assert [route.sample for route in loaded.settings.routes] == [None, 0.05]
    assert mistakes(tmp_path, text, "routes.2.sample=5%") == [
        "--set: routes.2.sample: the list has no item 2; items are numbered from 0"
    ]


def test_null_takes_a_setting_back(tmp_path: Path) -> None:
    """The file's cap is gone, and so is its candidate."""
    text = BOTH + "shadow: {max_rps: 5}\n"
    assert load_text(tmp_path, text).settings.shadow.max_rps == 5
    changed = load_text(tmp_path, text, "shadow.max_rps=null", "candidate=null").settings
    assert (changed.shadow.max_rps, changed.candidate) == (None, None)


def test_what_an_alias_shares_is_changed_in_one_place_only(tmp_path: Path) -> None:
    """An override of legacy does not reach the candidate that repeats it."""
    text = "legacy: &b {url: 'http://a:1', connect_timeout: 1s}\ncandidate: *b\n"
    loaded = load_text(tmp_path, text, "candidate.url=http://b:2", "legacy.connect_timeout=9s")
    candidate = loaded.settings.candidate
    assert candidate is not None
    assert (loaded.settings.legacy.host, candidate.host) == ("a", "b")
    assert (loaded.settings.legacy.connect_timeout_s, candidate.connect_timeout_s) == (9.0, 1.0)


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        ("SHADOWPROXY__SHADOW__SAMPEL", "shadow.sampel: unknown key; did you mean sample?"),
        ("SHADOWPROXY__SAMPLE", "sample: unknown key here; did you mean shadow.sample?"),
        ("SHADOWPROXY__", ": a name is missing in the key"),
        ("SHADOWPROXY__SHADOW____SAMPLE", "shadow..sample: a name is missing in the key"),
        ("SHADOWPROXY__SHADOW__SAMPLE", "shadow.sample: expected a share such as 5% or 0.05, got 'x'"),
        ("SHADOWPROXY__LEGACY", "legacy: expected a mapping, such as {url: http://127.0.0.1:9001}"),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_a_mistake(tmp_path: Path, name: str, mistake: str) -> None:
    """Misspelt settings are never ignored, wherever they come from."""
    where = f"env {name}: "
    assert mistakes(tmp_path, LEGACY, environ={name: "x"}) == [
        (where + mistake).replace(": : ", ": ")
    ]


def test_other_variables_are_nobodys_settings(tmp_path: Path) -> None:
    """One underscore is not ours: Kubernetes sets such names for a service called shadowproxy."""
    environ = {"SHADOWPROXY_PORT": "tcp://10.0.0.1:80", "SHADOWPROXY_ADMIN_TOKEN": "x"}
    assert load_text(tmp_path, LEGACY, environ=environ).settings.admin.token == ""


@pytest.mark.parametrize("assignment", ["shadow.sample", "=5%", ""])
def test_an_assignment_has_two_sides(tmp_path: Path, assignment: str) -> None:
    """Without a key or `=` it is no setting."""
    assert mistakes(tmp_path, LEGACY, assignment) == ["--set: expected KEY=VALUE"]


def test_flags_alone_are_a_configuration() -> None:
    """Without a file everything else has its default, and a mistake names the flag."""
    flags = {
        "--legacy": "http://a:1",
        "--listen": '["127.0.0.1:1", "unix:/x"]',
        "--admin": "localhost:2",
    }
    settings = load(None, (), {}, flags=flags).settings
    assert (settings.legacy.port, len(settings.listen), settings.admin.listen.port) == (1, 2, 2)
    with pytest.raises(ConfigError) as caught:
        load(None, (), {}, flags={"--legacy": "a:1", "--workers": "many"})
    assert list(map(str, caught.value.problems)) == [
        "--legacy: legacy.url: expected http://host:port, https://host:port or unix:/path, got 'a:1'",
        "--workers: workers: expected auto or a number from 1 to 64, got 'many'",
    ]


def test_nothing_at_all_is_one_mistake() -> None:
    """Legacy is the only thing without a default."""
    with pytest.raises(ConfigError, match=r"^configuration: legacy.url: is required"):
        load(None, (), {})
