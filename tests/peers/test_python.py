"""Python servers as legacy: http.server in HTTP/1.0, the demo's shops on aiohttp."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.asked import Asked, ask, ask_both
from tests.peers.programs import free_port, running
from tests.peers.proxied import Proxied, shadowproxy_before
from tests.support.messages import read_answer
from tests.support.wire import Wire

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parent / "servers" / "old_server.py"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp("old")
    legacy, candidate = free_port(), free_port()
    command = [sys.executable, str(SCRIPT)]
    with (
        running([*command, str(legacy)], folder, [legacy], "legacy"),
        running([*command, str(candidate)], folder, [candidate], "candidate"),
        shadowproxy_before(legacy, candidate, folder) as proxied,
    ):
        yield proxied


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
@pytest.mark.parametrize(
    "asked",
    [Asked("/length"), Asked("/closes"), Asked("/nothing"), Asked("/", "HEAD")],
    ids=lambda asked: asked.target + asked.method,
)
async def test_the_answer_is_that_of_http_server(old: Proxied, asked: Asked, version: str) -> None:
    """Bodies with a length and bodies that end with the connection arrive whole."""
    asked = Asked(asked.target, asked.method, version=version)
    direct, through = await ask_both(old, asked)
    assert through == direct


async def test_an_answer_without_length_does_not_cost_the_connection(old: Proxied) -> None:
    """For an HTTP/1.1 user it becomes chunked, and the next request goes on the same connection."""
    wire = await Wire.connect(("127.0.0.1", old.port))
    for _ in range(3):
        await wire.send(b"GET /closes HTTP/1.1\r\nHost: a.test\r\n\r\n")
        answer = await read_answer(wire)
        assert answer.framing == "chunked"
        assert answer.is_complete
    wire.close()


async def test_an_upload_with_a_length_keeps_it(old: Proxied) -> None:
    """A body with a length reaches an HTTP/1.0 server with that length."""
    direct, through = await ask_both(old, Asked("/", "POST", body=b"x" * 100_000))
    assert through == direct
    assert through.body == b"100000 bytes"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp("shop")
    legacy, candidate = free_port(), free_port()
    script = folder / "serve.py"
    script.write_text(
        "import sys\n"
        "from aiohttp import web\n"
        "from shadowproxy.demo.shop import Variant, build_app\n"
        "web.run_app(build_app(Variant.LEGACY), host='127.0.0.1', port=int(sys.argv[1]))\n"
    )
    command = [sys.executable, str(script)]
    with (
        running([*command, str(legacy)], folder, [legacy], "legacy"),
        running([*command, str(candidate)], folder, [candidate], "candidate"),
        shadowproxy_before(legacy, candidate, folder) as proxied,
    ):
        yield proxied


async def test_quotes_are_computed_alike(shop: Proxied) -> None:
    """A POST with a JSON body through the proxy has the answer of aiohttp itself."""
    body = json.dumps({"lines": [{"item": 3, "count": 2}]}).encode()
    asked = Asked("/quote", "POST", {"Content-Type": "application/json"}, body)
    direct, through = await ask_both(shop, asked)
    assert (through.status, through.body) == (direct.status, direct.body)
    assert through.status == 200


async def test_a_download_in_chunks_is_the_same_bytes(shop: Proxied) -> None:
    """The streamed export, for a user of HTTP/1.1 and for one of HTTP/1.0."""
    for version in ("HTTP/1.1", "HTTP/1.0"):
        direct, through = await ask_both(shop, Asked("/export.csv", version=version))
        assert through.body == direct.body
        assert len(through.body) > 1_000_000


async def test_bad_requests_reach_nobody(shop: Proxied) -> None:
    """A request that two servers could read differently is refused before aiohttp sees it."""
    twice = {"Content-Length": "3", "Transfer-Encoding": "chunked"}
    seen = await ask(shop.port, Asked("/quote", "POST", twice))
    assert seen.status == 400
    assert seen.end in ("EndedError", "WasResetError")
