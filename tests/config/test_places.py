"""The store's file, before it is opened."""

from pathlib import Path

import pytest

from tests.config.files import BOTH, load_text


@pytest.mark.parametrize(
    ("name", "said"),
    [("nope/report.db", "its folder does not exist here"), ("", "is a folder here, not a file")],
)
def test_a_file_that_cannot_be_is_told(tmp_path: Path, name: str, said: str) -> None:
    """Before anything runs, with its place; on the machine that it is for it may be right."""
    store = f"report: {{store: 'sqlite:///{tmp_path}/{name}'}}\n"
    (warning,) = load_text(tmp_path, BOTH + store).warnings
    assert f"proxy.yaml:3:17: report.store: {said}: nothing would be kept" in warning


def test_a_file_that_is_to_be_made_is_none(tmp_path: Path) -> None:
    """Nor is one that is there, nor a database elsewhere."""
    (tmp_path / "there.db").touch()
    for store in (
        f"sqlite:///{tmp_path}/new.db",
        f"sqlite:///{tmp_path}/there.db",
        "postgresql://h/d",
    ):
        assert load_text(tmp_path, BOTH + f"report: {{store: '{store}'}}\n").warnings == ()
