"""Two node servers, legacy and candidate, with the proxy before them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.programs import find_program, free_port, running
from tests.peers.proxied import Proxied, shadowproxy_before

_SCRIPT = Path(__file__).parent / "servers" / "node_legacy.js"


@contextmanager
def node_proxied(folder: Path) -> Iterator[Proxied]:
    """Runs all three until the block ends."""
    program = find_program("node")
    legacy, candidate = free_port(), free_port()
    with (
        running([program, str(_SCRIPT), str(legacy)], folder, [legacy], "legacy"),
        running([program, str(_SCRIPT), str(candidate)], folder, [candidate], "candidate"),
        shadowproxy_before(legacy, candidate, folder) as proxied,
    ):
        yield proxied
