"""Nothing is silently without effect."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import shadowproxy
from shadowproxy.core.settings import Settings

_SOURCES = Path(shadowproxy.__file__).parent
_READERS = (
    "edge", "shadow", "judge", "control", "report", "upstream", "compare", "noise", "redact",
    "findings", "runtime", "logs.py",
)  # fmt: skip


def _names(hint: Any) -> set[str]:
    """The names of all plain values in a settings class, at any depth."""
    if not is_dataclass(hint):
        return {name for argument in get_args(hint) for name in _names(argument)}
    hints = get_type_hints(hint)
    inner = {name: _names(hints[name.name]) for name in fields(hint)}
    return {name for names in inner.values() for name in names} | {
        field.name for field, names in inner.items() if not names
    }


def test_every_setting_is_read_by_some_process() -> None:
    """A value that nobody reads would be a promise that nobody keeps."""
    paths = [_SOURCES / name for name in _READERS]
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py"))]
    text = "\n".join(file.read_text() for file in files)
    assert {name for name in _names(Settings) if not re.search(rf"\.{name}\b", text)} == set()
