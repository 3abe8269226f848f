"""Where the report is kept: the spelling of `report.store`. Nothing is opened here."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote_plus, urlsplit

from shadowproxy.config.escaping import MASK

PATTERN: Final = r"sqlite:///[^\x00-\x1f\x7f?#]+|postgres(?:ql)?://[^\x00-\x20\x7f#]+"
EXPECTED: Final = "expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"

SQLITE: Final = "sqlite:///"
POSTGRESQL: Final = "postgresql://"
_SHORT: Final = "postgres://"

_HARMLESS: Final = frozenset(
    ("host", "hostaddr", "port", "dbname", "user", "sslmode", "application_name", "connect_timeout")
)
"""Parameters that are shown with their values."""
_NAMED: Final = _HARMLESS | {
    "password", "passfile", "sslpassword", "sslcert", "sslkey", "sslrootcert", "service", "options",
}  # fmt: skip
"""Those that are shown at all: a `&` in a password makes its rest look like a name."""


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
    if text.partition("?")[0].count("@") > 1:  # half of the password would be taken for the host
        raise ValueError(f"{EXPECTED}; @ in a user or password is written %40")


def absolute(store: str, folder: Path) -> str:
    """The same, a file's path made absolute; a relative one starts at `folder`."""
    if not store.startswith(SQLITE):
        return store
    return SQLITE + str(folder / store.removeprefix(SQLITE))


def mask(store: str) -> str:
    """As it may be shown: the user, the server, the database, and of the parameters the harmless ones.

    Readers of URLs disagree where a password ends that has `/`, `@` or `?` in it (for SQLAlchemy it goes
    up to the first `@`), so what is one for any of them is hidden.
    """
    scheme, mark, rest = store.partition("://")
    if not mark or store.startswith(SQLITE):
        return store
    place, asks, query = rest.partition("?")
    if "@" in query and (":" in place or "@" in place or "/" not in place):
        return f"{scheme}://{re.split('[:/?@]', rest)[0]}:{MASK}"  # the `?` may be the password's
    user, _, secret = place.partition(":")
    if "@" in secret:
        place = f"{user}:{MASK}@{secret.rpartition('@')[2]}"
    return f"{scheme}://{place}{asks}{'&'.join(map(_masked, query.split('&')))}"


def _masked(parameter: str) -> str:
    name, mark, value = parameter.partition("=")
    plain = unquote_plus(name)
    if not parameter or (mark and plain in _HARMLESS and "@" not in unquote_plus(value)):
        return parameter
    return f"{plain}={MASK}" if mark and plain in _NAMED else MASK
