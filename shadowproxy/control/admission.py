"""Who may ask what: pure rules over a few facts of a request.

    /livez, /readyz     anybody, under any name: they say nothing but yes or no
    reading             the token when one is set; without one, our own names only, so a page of
                        another site cannot read us by DNS rebinding
    changing            the token as Bearer when one is set, else a loopback peer; never for a page
                        of another origin

A browser cannot show a Bearer token, so for reading the token also counts as the password of
Basic authentication. Browsers send that along by themselves: it never counts for a change.
"""

import base64
import binascii
import hmac
import ipaddress
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from shadowproxy.control.answers import Refused
from shadowproxy.core.settings import AdminSettings

OWN_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SAME_SITE: Final = frozenset({"", "same-origin", "none"})

_CHALLENGES: Final = tuple(
    ("WWW-Authenticate", f'{scheme} realm="shadowproxy"') for scheme in ("Bearer", "Basic")
)
"""A field each: Chromium looks at the first challenge of a field alone, and asks for no password."""


class Access(Enum):
    """What a route does."""

    PUBLIC = "public"
    READ = "read"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known of a request's sender; header fields are empty when absent.

    `peer` is the address, empty for a Unix socket: whose file permissions are its guard.
    """

    peer: str
    host: str
    origin: str = ""
    fetch_site: str = ""
    authorization: str = ""

    @property
    def is_local(self) -> bool:
        """From this machine."""
        return not self.peer or ipaddress.ip_address(self.peer.partition("%")[0]).is_loopback


def admit(caller: Caller, access: Access, admin: AdminSettings) -> None:
    """Lets the request pass.

    Raises:
        Refused: it may not.
    """
    if access is Access.PUBLIC:
        return
    has_token = bool(admin.token) and _shows_token(caller.authorization, admin.token, access)
    if admin.token and not has_token:
        raise Refused(HTTPStatus.UNAUTHORIZED, "the admin token is needed", _CHALLENGES)
    if not has_token and _name_of(caller.host) not in OWN_NAMES | {admin.listen.host.lower()}:
        raise Refused(HTTPStatus.FORBIDDEN, "foreign Host: ask under this server's own name")
    if caller.origin and not _is_own_origin(caller.origin, caller.host):
        raise Refused(HTTPStatus.FORBIDDEN, "foreign Origin")
    if access is Access.CHANGE:
        _admit_change(caller, has_token)


def _admit_change(caller: Caller, has_token: bool) -> None:
    if caller.fetch_site.lower() not in _SAME_SITE:
        raise Refused(HTTPStatus.FORBIDDEN, "sent by a page of another site")
    if not has_token and not caller.is_local:
        detail = "changes need the admin token, or a connection from this machine"
        raise Refused(HTTPStatus.FORBIDDEN, detail)


def _shows_token(authorization: str, token: str, access: Access) -> bool:
    """Compared in a time that does not depend on where the texts differ."""
    scheme, _, shown = authorization.partition(" ")
    shown = shown.strip()
    if scheme.lower() == "basic" and access is Access.READ:
        try:
            shown = base64.b64decode(shown, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(
        shown.encode("utf-8", "surrogateescape"), token.encode("utf-8", "surrogateescape")
    )


def _name_of(host: str) -> str:
    """The host without its port (a forwarded port is as good as ours), lower case, no brackets."""
    try:
        return (urlsplit(f"//{host}").hostname or "") if "@" not in host else ""
    except ValueError:
        return ""


def _is_own_origin(origin: str, host: str) -> bool:
    """Whether a page of this origin was served under the name and port that is asked now."""
    scheme, separator, authority = origin.partition("://")
    return bool(separator) and scheme in ("http", "https") and authority.lower() == host.lower()
