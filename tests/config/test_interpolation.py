"""`${VAR}`, `${VAR:-default}`, `${file:PATH}`."""

from pathlib import Path

import pytest

from shadowproxy.config.escaping import MASK
from tests.config.files import BOTH, LEGACY, load_text, mistakes

TOKEN = "admin: {token: '%s'}\n"


@pytest.mark.parametrize(
    ("written", "environ", "token"),
    [
        ("${T}", {"T": "abc"}, "abc"),
        ("a-${T}-c", {"T": "b"}, "a-b-c"),
        ("${T:-x}", {}, "x"),
        ("${T:-x}", {"T": ""}, "x"),
        ("${T:-x}", {"T": "y"}, "y"),
        ("${T:-}", {}, ""),
        ("${T}", {"T": ""}, ""),
        ("$${T}", {"T": "y"}, "${T}"),
        ("${T}${U}", {"T": "1", "U": "${T}"}, "1${T}"),
        ("$T", {"T": "y"}, "$T"),
    ],
)
def test_variables(tmp_path: Path, written: str, environ: dict[str, str], token: str) -> None:
    """An empty variable counts as unset for its default; what was inserted is not read again."""
    loaded = load_text(tmp_path, LEGACY + TOKEN % written, environ=environ)
    assert loaded.settings.admin.token == token


@pytest.mark.parametrize("value", ["true", "null", "0123", "~", "1e3", "[a]", "{a: b}", "#x"])
def test_what_a_variable_holds_is_never_yaml(tmp_path: Path, value: str) -> None:
    """A token that looks like a number, null or a list stays the text that it is."""
    if " " in value:
        value = value.replace(" ", "")
    loaded = load_text(tmp_path, LEGACY + "admin: {token: ${T}}\n", environ={"T": value})
    assert loaded.settings.admin.token == value


def test_a_variable_is_read_as_what_its_key_needs(tmp_path: Path) -> None:
    """Numbers, booleans, durations and null come out of text."""
    text = "shadow: {max_in_flight: ${N}, enabled: ${B}, max_rps: '${R:-null}', timeout: ${D}}\n"
    environ = {"N": "12", "B": "false", "D": "3s"}
    shadow = load_text(tmp_path, BOTH + text, environ=environ).settings.shadow
    assert (shadow.max_in_flight, shadow.enabled, shadow.max_rps, shadow.timeout_s) == (
        12, False, None, 3.0,
    )  # fmt: skip


def test_a_secret_file_is_read_from_beside_the_configuration(tmp_path: Path) -> None:
    """Without its last line break, and it counts as a source of the configuration."""
    (tmp_path / "token").write_text("s3cret\n")
    loaded = load_text(tmp_path, LEGACY + TOKEN % "${file:token}")
    assert loaded.settings.admin.token == "s3cret"
    assert str(tmp_path / "token") in loaded.sources


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("${T}", "the environment variable T is not set"),
        ("${}", "expected ${VAR}, ${VAR:-default} or ${file:PATH}; a literal ${ is $${"),
        ("${1x}", "expected ${VAR}, ${VAR:-default} or ${file:PATH}; a literal ${ is $${"),
        ("${T", "${ without its }; a literal ${ is written $${"),
        ("${T:-${U}}", "${ without its }; a literal ${ is written $${"),
    ],
)
def test_what_cannot_be_inserted_is_a_mistake(tmp_path: Path, written: str, message: str) -> None:
    """Once, at its place, and without a second complaint about the value that is missing."""
    assert mistakes(tmp_path, LEGACY + TOKEN % written) == [f"2:16: admin.token: {message}"]


def test_a_secret_file_that_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    """Missing, a folder, not text, or too large."""
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    for name, reason in [
        ("gone", f"cannot read {tmp_path}/gone: No such file or directory"),
        (".", f"cannot read {tmp_path}: Is a directory"),
        ("bytes", f"{tmp_path}/bytes is not UTF-8 text"),
        ("large", f"{tmp_path}/large is larger than 64 KiB"),
    ]:
        found = mistakes(tmp_path, LEGACY + TOKEN % f"${{file:{name}}}")
        assert found == [f"2:16: admin.token: {reason}"]


def test_no_message_repeats_what_was_inserted(tmp_path: Path) -> None:
    """Wherever a secret was put by mistake, the message quotes the expression."""
    (tmp_path / "s").write_text("pl4nted")
    text = (
        "legacy: {url: '${file:s}', connect_timeout: '${file:s}', max_connections: ${S}}\n"
        "admin: {listen: ${S}, token: '${S} ${file:s}'}\n"
        "shadow: {sample: ${S}, methods: ['${file:s}!'], headers: {set: {X-A: \"${S}\\n\"}}}\n"
        "routes: [{name: '${file:s}/', path: ${S}}]\nlog: {level: ${S}}\n"
        "compare: {rules: [{path: ${S}}]}\n"
    )
    found = mistakes(tmp_path, text, environ={"S": "pl4nted"})
    assert len(found) == 12
    assert "pl4nted" not in "\n".join(found)


def test_no_value_shows_a_secret(tmp_path: Path) -> None:
    """Tokens, whatever came from a file, and header values from variables or with telling names."""
    (tmp_path / "s").write_text("pl4nted")
    (tmp_path / "url").write_text("http://pl4nted:1")
    text = (
        "legacy: {url: '${file:url}'}\nadmin: {token: pl4nted}\n"
        "shadow: {key: ['header:${file:s}'], headers: {set: {Authorization: Bearer pl4nted, "
        "X-A: ${S}, X-B: 'x ${file:s}', X-Plain: seen}}}\n"
    )
    loaded = load_text(tmp_path, text, environ={"S": "pl4nted"})
    shown = {value.key: value.text for value in loaded.values}
    assert "pl4nted" not in repr(loaded.values)
    assert shown["admin.token"] == shown["legacy.url"] == shown["shadow.key"] == MASK
    assert shown["shadow.headers.set.X-Plain"] == "seen"
    assert dict(loaded.settings.shadow.set_headers)["X-B"] == "x pl4nted"
