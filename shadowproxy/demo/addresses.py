"""Which ports the demo takes: the usual ones where they are free, any free ones otherwise."""

import re
import socket

USUAL_LISTEN = "127.0.0.1:8080"
USUAL_ADMIN = "127.0.0.1:9900"

_ADDRESS = re.compile(r"(?P<host>[^:\[\]\s]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")


class AddressError(Exception):
    """An address that the demo cannot listen at; the message says why."""


def choose_address(wanted: str, usual: str) -> str:
    """The address to listen at: `wanted`, or `usual` for an empty one; port 0 is any free port.

    Raises:
        AddressError: `wanted` is no address, or names a port that cannot be bound.
    """
    if wanted:
        return _bindable(wanted)
    try:
        return _bindable(usual)
    except AddressError:
        return _bindable(f"{usual.rpartition(':')[0]}:0")


def _bindable(address: str) -> str:
    match = _ADDRESS.fullmatch(address)
    if match is None or int(match["port"]) > 65_535:
        raise AddressError(f"{address!r}: expected host:port")
    host = match["host"]
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host.strip("[]"), int(match["port"])))
            return f"{host}:{probe.getsockname()[1]}"
    except OSError as error:
        raise AddressError(f"cannot listen at {address}: {error.strerror}") from None
