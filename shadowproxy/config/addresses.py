"""Where to listen and where backends live: spelling, and which addresses are one and the same.

Readers raise ValueError with a sentence that never repeats the text: a URL may hold a password.
"""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from shadowproxy.core.settings import BackendSettings, ListenSettings

LISTEN_PATTERN: Final = r"([^:\[\]\s]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}|unix:.+"
URL_PATTERN: Final = r"https?://[^/?#@\s]+/?|unix:.+"
MAX_UNIX_BYTES: Final = 107
"""sockaddr_un holds 108 bytes, the last one is NUL."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_EXPECTED_LISTEN = "expected host:port, [v6]:port or unix:/path"
_EXPECTED_URL = "expected http://host:port, https://host:port or unix:/path"


@dataclass(frozen=True, slots=True)
class BackendUrl:
    """The parts of a backend's address that its URL says."""

    scheme: str
    host: str
    port: int
    unix: str = ""


def read_listen(text: str, base: str = "") -> ListenSettings:
    """A listening address; a relative socket path starts at `base`. Port 0: the kernel chooses."""
    if text.startswith("unix:"):
        return ListenSettings(unix=_unix_path(text, base))
    host, separator, port = text.rpartition(":")
    if not separator or not host:
        raise ValueError(_EXPECTED_LISTEN)
    if host == "*":
        raise ValueError("expected 0.0.0.0 (IPv4) or [::] (IPv6) for every interface")
    return ListenSettings(_host(host, _EXPECTED_LISTEN), _port(port, lowest=0))


def read_url(text: str, base: str = "") -> BackendUrl:
    """A backend's address."""
    if text.startswith("unix:"):
        return BackendUrl("http", "localhost", 80, _unix_path(text, base))
    try:
        parts = urlsplit(text)
        scheme, netloc = parts.scheme.lower(), parts.netloc
    except ValueError:
        raise ValueError(_EXPECTED_URL) from None
    if scheme not in _DEFAULT_PORTS or not netloc or re.search(r"[\s\x00-\x1f\\]", text):
        raise ValueError(_EXPECTED_URL)
    if "@" in netloc:
        raise ValueError("expected a URL without user and password")
    if parts.path not in ("", "/") or "?" in text or "#" in text:
        raise ValueError("expected a URL without a path: every request keeps its own")
    host, port = netloc, ""
    if not netloc.endswith("]"):
        name, separator, number = netloc.rpartition(":")
        if separator:
            host, port = name, number
            if not port:
                raise ValueError(_EXPECTED_URL)
    return BackendUrl(
        scheme, _host(host, _EXPECTED_URL), _port(port) if port else _DEFAULT_PORTS[scheme]
    )


def print_listen(address: ListenSettings) -> str:
    """As `read_listen` reads it."""
    return f"unix:{address.unix}" if address.unix else _authority(address.host, address.port)


def print_url(url: BackendUrl | BackendSettings) -> str:
    """As `read_url` reads it, the port always written."""
    if url.unix:
        return f"unix:{url.unix}"
    return f"{url.scheme}://{_authority(url.host, url.port)}"


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _host(text: str, expected: str) -> str:
    if text.startswith("[") and text.endswith("]"):
        try:
            return str(ipaddress.IPv6Address(text[1:-1]))
        except ValueError:
            raise ValueError(f"{expected}; what stands in [ ] is no IPv6 address") from None
    if ":" in text:
        raise ValueError(f"{expected}; an IPv6 address stands in [ ]")
    if len(text) > 253 or not _NAME.fullmatch(text):
        raise ValueError(f"{expected}; the host is not valid")
    last = text.rstrip(".").rpartition(".")[2]
    if last.isdigit():
        try:
            ipaddress.IPv4Address(text)
        except ValueError:
            raise ValueError(f"{expected}; the IPv4 address is not valid") from None
    return text.lower()


def _port(text: str, lowest: int = 1) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not lowest <= int(text) <= 65535:
        raise ValueError(f"expected a port from {lowest} to 65535")
    return int(text)


def _unix_path(text: str, base: str) -> str:
    path = text.removeprefix("unix:")
    if path.startswith("//"):
        path = "/" + path.lstrip("/")
    if not path or "\0" in path:
        raise ValueError("expected a path after unix:")
    full = str(Path(base) / path)
    if len(full.encode(errors="surrogateescape")) > MAX_UNIX_BYTES:
        raise ValueError(f"expected a socket path of at most {MAX_UNIX_BYTES} bytes")
    return full


def place(backend: BackendUrl) -> tuple[str, int]:
    """Equal for two backends that reach the same socket, as far as what is written tells.

    No name is resolved: the usual spellings of loopback are one, and so are `0.0.0.0` and `::`,
    which as a destination mean loopback. The scheme does not count.
    """
    if backend.unix:
        return backend.unix, 0
    host = _canonical(backend.host)
    if host in ("127.0.0.1", "::1") or is_wildcard(host):
        host = "loopback"
    return host, backend.port


def is_loopback(address: ListenSettings) -> bool:
    """Nobody outside this machine can reach it."""
    return bool(address.unix) or _ip_is(_canonical(address.host), "is_loopback")


def is_wildcard(host: str) -> bool:
    """Every interface."""
    return _ip_is(host, "is_unspecified")


def overlaps(one: ListenSettings, other: ListenSettings) -> bool:
    """They cannot both be listened on; `0.0.0.0` and `::` are two families and can."""
    if one.unix or other.unix:
        return one.unix == other.unix
    hosts = {_canonical(one.host), _canonical(other.host)}
    if one.port != other.port or not one.port:
        return False
    is_same_family = len({":" in host for host in hosts}) == 1
    return len(hosts) == 1 or (is_same_family and any(map(is_wildcard, hosts)))


def reaches(backend: BackendUrl, listen: ListenSettings) -> bool:
    """A connection to the backend would arrive at our own listening socket."""
    if backend.unix or listen.unix:
        return backend.unix == listen.unix
    if backend.port != listen.port:
        return False
    if place(backend) == place(BackendUrl("", listen.host, listen.port)):
        return True
    return is_wildcard(listen.host) and _ip_is(_canonical(backend.host), "is_loopback")


def _canonical(host: str) -> str:
    name = host.rstrip(".").lower()
    if name == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    return str(getattr(address, "ipv4_mapped", None) or address)


def _ip_is(host: str, what: str) -> bool:
    try:
        return bool(getattr(ipaddress.ip_address(host), what))
    except ValueError:
        return False
