"""python -m bench.idle: what 10,000 idle keep-alive connections cost an edge.

Promised: under 15 KiB each. Measured is the edge's proportional memory before and after; the
kernel's socket buffers are not in it, and are empty while a connection is idle.
"""

import argparse
import resource
import socket
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.arms import ONE_EDGE, origins, ours
from bench.measuring import family, pss_kib
from bench.running import end_on_sigterm

PROMISED_KIB = 15
SPARE = 500
"""Descriptors for everything that is not one of the connections."""


def main() -> None:
    """Opens the connections, a request on each, and leaves them; exits with 1 over the promise."""
    end_on_sigterm()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    wanted: int = parser.parse_args().connections
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < wanted + SPARE:
        sys.exit(f"this user may have {hard} descriptors, {wanted + SPARE} are needed")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        backends = stack.enter_context(origins(Path(name)))
        place, settings = Path(name) / "ours", (*ONE_EDGE, "limits.idle_timeout=10m")
        target = ours(stack, backends.legacy, backends.candidate, place, *settings)
        for _ in range(200):  # what the first requests make the edge load is not a connection's
            _ask(target.port).close()
        before = pss_kib(family(target.process))["edge"]
        kept = [_ask(target.port) for _ in range(wanted)]
        after = pss_kib(family(target.process))["edge"]
        answered = sum(_is_served(connection) for connection in (kept[0], kept[-1]))
        for connection in kept:
            connection.close()
    each_kib = (after - before) / wanted
    print(
        f"{wanted} idle connections: edge {before / 1024:.1f} to {after / 1024:.1f} MiB, "
        f"{each_kib:.1f} KiB each; first and last still served: {answered == 2}"
    )
    sys.exit(each_kib > PROMISED_KIB or answered != 2)


def _ask(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    _is_served(connection)
    return connection


def _is_served(connection: socket.socket) -> bool:
    connection.sendall(b"GET /api/users/1 HTTP/1.1\r\nHost: bench\r\n\r\n")
    answer = b""
    while not answer.endswith(b"}") and (data := connection.recv(4096)):
        answer += data
    return answer.startswith(b"HTTP/1.1 200 ")


if __name__ == "__main__":
    main()
