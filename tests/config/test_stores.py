"""`report.store`: what is accepted, what is shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.config.stores import absolute, mask, read_store
from tests.config.files import BOTH, load_text, mistakes

EXPECTED = "expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("sqlite:///a.db", "sqlite:///a.db"),
        ("sqlite:////var/lib/a b.db", "sqlite:////var/lib/a b.db"),
        ("postgresql://db/report", "postgresql://db/report"),
        ("postgres://u:p@[::1]:5433/r", "postgresql://u:p@[::1]:5433/r"),
        ("postgresql:///report?host=/run/pg", "postgresql:///report?host=/run/pg"),
    ],
)
def test_what_is_accepted(text: str, read: str) -> None:
    """A file or a PostgreSQL database, in the usual spellings."""
    assert read_store(text) == read


@pytest.mark.parametrize(
    "text",
    ["", "a.db", "sqlite://", "sqlite:///", "mysql://a/b", "postgresql://a:hunter2@h", "postgresql://h:x/d"],
)  # fmt: skip
def test_what_is_refused_is_not_repeated(tmp_path: Path, text: str) -> None:
    """The message says what would be right and nothing of what was written."""
    found = mistakes(tmp_path, BOTH + f"report: {{store: '{text}'}}\n")
    assert len(found) == 1
    assert f"report.store: {EXPECTED}" in found[0]
    assert "hunter2" not in found[0]


@pytest.mark.parametrize(
    ("store", "shown"),
    [
        ("postgresql://u:p@h/d", "postgresql://u:********@h/d"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("postgresql:///d?password=x&host=h", "postgresql:///d?password=********&host=h"),
        ("sqlite:///a.db", "sqlite:///a.db"),
        ("postgresql://u:12/34@h/d", "postgresql://u:********@h/d"),
        ("postgresql://u:a@b@h/d", "postgresql://u:********@h/d"),
        ("postgresql://h:5432/d?sslmode=require", "postgresql://h:5432/d?sslmode=require"),
        ("postgresql://u@[::1]:5433/d", "postgresql://u@[::1]:5433/d"),
        ("postgresql:///d?sslpassword=x", "postgresql:///d?sslpassword=********"),
        ("postgresql:///d?passwor%64=x&user=u", "postgresql:///d?password=********&user=u"),
        ("postgresql:///d?password=x&y=z", "postgresql:///d?password=********&********"),
        ("postgresql:///d?user=u:x@h", "postgresql:///d?user=********"),
        ("postgresql://u:1?2@h/d", "postgresql://u:********"),
        ("", ""),
    ],
)
def test_a_password_is_masked(store: str, shown: str) -> None:
    """Wherever it stands in the URL."""
    assert mask(store) == shown


PASSWORDS = st.lists(st.sampled_from(["geheim", "/", "@", "?", "&", "=", ":", "%40", "1"])).map(
    lambda parts: f"geheim{''.join(parts)}geheim"
)
PLACES = st.sampled_from(
    [
        "postgresql://u:{}@h/d",
        "postgresql://:{}@h:5432/d?sslmode=require",
        "postgresql://u:{}@[::1]/d?host=/run",
        "postgresql://u@h/d?password={}",
        "postgresql://h:5432/d?user=u&sslpassword={}",
        "postgresql:///d?passwor%64={}&host=h",
        "postgresql:///d?options={}",
        "postgresql:///d?{}",
    ]
)


@given(PLACES, PASSWORDS)
def test_a_password_is_never_shown(place: str, password: str) -> None:
    """Whatever characters it is of, encoded or not, and wherever it stands: not even a part of it."""
    assert "geheim" not in mask(place.format(password))


@given(PLACES, PASSWORDS)
def test_what_is_shown_is_masked_already(place: str, password: str) -> None:
    """Masking it once more changes nothing."""
    shown = mask(place.format(password))
    assert mask(shown) == shown


def test_a_password_is_no_part_of_the_host() -> None:
    """Two `@` are refused: the driver's message would repeat what it takes for a host."""
    with pytest.raises(ValueError, match="%40") as raised:
        read_store("postgresql://u:a@geheim@h/d")
    assert "geheim" not in str(raised.value)


def test_a_file_starts_where_the_proxy_does(tmp_path: Path) -> None:
    """Relative paths are made absolute once, so that every process opens the same file."""
    assert absolute("sqlite:///a.db", Path("/srv")) == "sqlite:////srv/a.db"
    assert absolute("sqlite:////b/a.db", Path("/srv")) == "sqlite:////b/a.db"
    assert absolute("postgresql://h/d", Path("/srv")) == "postgresql://h/d"
    store = load_text(tmp_path, BOTH).settings.report.store
    assert store == f"sqlite:///{Path.cwd()}/shadowproxy.db"
