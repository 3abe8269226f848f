"""What a judge finds of its predecessor, and what it makes if there was none."""

import stat
from pathlib import Path

import pytest

from shadowproxy.ipc.process import write_atomically
from shadowproxy.judge.memory import KEY, KEY_BYTES, STATE, key_in, read_state, writer_of


def test_a_run_has_one_key(tmp_path: Path) -> None:
    """The first judge makes it, its successors read it, nobody else can; another run has another."""
    key = key_in(tmp_path)
    assert len(key) == KEY_BYTES
    assert key_in(tmp_path) == key
    assert (tmp_path / KEY).read_bytes() == key
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600
    other = tmp_path / "other"
    other.mkdir()
    assert key_in(other) != key


@pytest.mark.parametrize("content", [b"", b"short", b"x" * (KEY_BYTES + 1)])
def test_half_a_key_is_replaced(tmp_path: Path, content: bytes) -> None:
    """A key of another length is none: hashes under it could be guessed."""
    (tmp_path / KEY).write_bytes(content)
    key = key_in(tmp_path)
    assert len(key) == KEY_BYTES
    assert key_in(tmp_path) == key


def test_a_judge_without_a_folder_has_a_key_all_the_same(tmp_path: Path) -> None:
    """It is kept in memory alone; nothing raises."""
    gone = tmp_path / "gone"
    keys = {key_in(gone) for _ in range(3)}
    assert {len(key) for key in keys} == {KEY_BYTES}
    assert len(keys) == 3


def test_a_writer_is_named_after_its_key() -> None:
    """The same name for the same key, another for another; the key cannot be read from it."""
    key = bytes(range(KEY_BYTES))
    name = writer_of(key)
    assert name == writer_of(key)
    assert len(name) == 16
    assert int(name, 16) >= 0
    assert name != writer_of(key[:-1] + b"x")
    assert name not in key.hex()


def test_what_was_learned_is_read_back(tmp_path: Path) -> None:
    """As it was written."""
    write_atomically(tmp_path / STATE, b'{"exchanges": {"GET /": 3}}')
    assert read_state(tmp_path) == {"exchanges": {"GET /": 3}}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"1", b"\xff", b'"a"'])
def test_what_cannot_be_read_is_left_behind(tmp_path: Path, content: bytes) -> None:
    """Half a file or another document is as good as none."""
    (tmp_path / STATE).write_bytes(content)
    assert read_state(tmp_path) == {}


def test_the_first_judge_has_nothing_to_read(tmp_path: Path) -> None:
    """Neither without the file nor without the folder."""
    assert read_state(tmp_path) == {}
    assert read_state(tmp_path / "gone") == {}
    (tmp_path / STATE).mkdir()
    assert read_state(tmp_path) == {}
