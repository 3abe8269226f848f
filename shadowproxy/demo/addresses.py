"""Which ports the demo takes: the usual ones where they are free, any free ones otherwise."""

import socket

USUAL_LISTEN = "127.0.0.1:8080"
USUAL_ADMIN = "127.0.0.1:9900"


def choose_address(wanted: str, usual: str) -> str:
    """The address to listen at: `wanted`, or `usual` for an empty one; port 0 is any free port.

    Raises:
        OSError: `wanted` names a port that cannot be bound.
    """
    if wanted:
        return _bindable(wanted)
    try:
        return _bindable(usual)
    except OSError:
        return _bindable(f"{usual.rpartition(':')[0]}:0")


def _bindable(address: str) -> str:
    host, _, port = address.rpartition(":")
    is_v6 = host.startswith("[")
    with socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host.strip("[]"), int(port)))
        return f"{host}:{probe.getsockname()[1]}"
