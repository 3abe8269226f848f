"""Where the report is kept: the spelling of `report.store`. Nothing is opened here."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from shadowproxy.config.escaping import MASK

PATTERN: Final = r"sqlite:///[^\x00-\x1f\x7f?#]+|postgres(?:ql)?://[^\x00-\x20\x7f#]+"
EXPECTED: Final = "expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"

SQLITE: Final = "sqlite:///"
POSTGRESQL: Final = "postgresql://"
_SHORT: Final = "postgres://"
_PASSWORD: Final = re.compile(r"(?<=//)([^/@:]*):[^/]*(?=@)|(?<=[?&]password=)[^&]*")


def read_store(text: str) -> str:
    """The URL as written; `postgres://` becomes `postgresql://`.

    Raises:
        ValueError: with a sentence that never repeats the text.
    """
    if text.startswith(_SHORT):
        text = POSTGRESQL + text.removeprefix(_SHORT)
    if not re.fullmatch(PATTERN, text):
        raise ValueError(EXPECTED)
    if text.startswith(POSTGRESQL):
        _check_parts(text)
    return text


def _check_parts(text: str) -> None:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"{EXPECTED}; host or port is not valid") from None
    if port == 0 or not parts.path.strip("/"):
        raise ValueError(f"{EXPECTED}; the database is missing" if port != 0 else EXPECTED)


def absolute(store: str, folder: Path) -> str:
    """The same, a file's path made absolute; a relative one starts at `folder`."""
    if not store.startswith(SQLITE):
        return store
    return SQLITE + str(folder / store.removeprefix(SQLITE))


def mask(store: str) -> str:
    """As it may be shown."""
    return _PASSWORD.sub(
        lambda found: f"{found[1]}:{MASK}" if found[1] is not None else MASK, store
    )
