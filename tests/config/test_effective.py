"""What `check` shows of a configuration."""

from pathlib import Path

from tests.config.files import BOTH, load_text


def test_every_value_has_an_origin(tmp_path: Path) -> None:
    """The default, or the place where it is written."""
    loaded = load_text(tmp_path, BOTH + "shadow: {sample: 0.05}\n")
    shown = {value.key: (value.text, value.origin) for value in loaded.values}
    assert shown["shadow.sample"] == ("5%", f"{tmp_path}/proxy.yaml:3:18")
    assert shown["shadow.timeout"] == ("10s", "default")
    assert shown["shadow.methods"] == ("[GET, HEAD, OPTIONS]", "default")
    assert shown["secondary"] == ("null", "default")
    assert shown["limits.max_head"] == ("64KiB", "default")


def test_of_list_items_only_what_was_written_is_shown(tmp_path: Path) -> None:
    """A hundred routes with their defaults would say nothing."""
    loaded = load_text(tmp_path, BOTH + "routes: [{name: a, path: /a}]\n")
    keys = [value.key for value in loaded.values if value.key.startswith("routes")]
    assert keys == ["routes.0.name", "routes.0.path"]


def test_hostile_text_is_harmless(tmp_path: Path) -> None:
    """Escape sequences of a file do not reach the terminal."""
    text = BOTH + 'routes: [{name: a, path: /a, reason: "x\\u202ey"}]\n'
    loaded = load_text(tmp_path, text)
    assert all(value.text.isprintable() and value.origin.isprintable() for value in loaded.values)
