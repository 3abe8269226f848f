"""nginx and HAProxy in front of the proxy, configured by the examples in deploy/."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from shadowproxy.demo.waiting import ticks
from tests.peers.asked import Asked, Seen, ask
from tests.peers.node import node_proxied
from tests.peers.programs import find_program, free_port, running
from tests.peers.proxied import Proxied
from tests.support.messages import read_answer
from tests.support.waiting import DEADLINE_S, POLL_S
from tests.support.wire import Wire

pytestmark = pytest.mark.slow

DEPLOY = Path(__file__).parents[2] / "deploy"


@dataclass(frozen=True)
class Front:
    """A front that listens on `port` and asks `proxied`."""

    port: int
    proxied: Proxied


def _rewritten(text: str, front: int, proxied: Proxied) -> str:
    """The example, with this test's ports instead of its own, and few descriptors."""
    for pattern, replacement in (
        (r"127\.0\.0\.1:8080", f"127.0.0.1:{proxied.port}"),
        (r"127\.0\.0\.1:9001", f"127.0.0.1:{proxied.legacy}"),
        (r"127\.0\.0\.1:9900", f"127.0.0.1:{proxied.admin}"),
        (r"port 9900", f"port {proxied.admin}"),
        (r"listen 80;", f"listen 127.0.0.1:{front};"),
        (r"bind :80\b", f"bind 127.0.0.1:{front}"),
        (r"maxconn \d+", "maxconn 100"),
    ):
        text = re.sub(pattern, replacement, text)
    return text


@contextmanager
def _nginx(folder: Path, proxied: Proxied) -> Iterator[Front]:
    front = free_port()
    example = (DEPLOY / "nginx" / "shadowproxy.conf").read_text()
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log stderr;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}"
        f"{_rewritten(example, front, proxied)}}}\n"
    )
    command = [find_program("nginx"), "-p", str(folder), "-c", str(file), "-e", "stderr"]
    with running(command, folder, [front], "front"):
        yield Front(front, proxied)


@contextmanager
def _haproxy(folder: Path, proxied: Proxied) -> Iterator[Front]:
    front = free_port()
    example = (DEPLOY / "haproxy" / "shadowproxy.cfg").read_text()
    file = folder / "haproxy.cfg"
    file.write_text(_rewritten(example, front, proxied))
    with running([find_program("haproxy"), "-db", "-f", str(file)], folder, [front], "front"):
        yield Front(front, proxied)


FRONTS = {"nginx": _nginx, "haproxy": _haproxy}


@pytest.fixture(scope="module", params=list(FRONTS))
def front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    start = FRONTS[request.param]
    find_program(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    with node_proxied(folder) as proxied, start(folder, proxied) as front:
        yield front


def _apart_from_the_front(seen: Seen) -> tuple[object, ...]:
    """A front names itself in Server and may change the phrase and the spelling of names."""
    fields = [(name.lower(), value) for name, value in seen.fields if name.lower() != "server"]
    return seen.status, sorted(fields), seen.body


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("target", ["/cookies", "/closing", "/none"])
async def test_users_of_the_front_get_nodes_answer(front: Front, target: str, method: str) -> None:
    """Through two proxies the answer is still legacy's."""
    asked = Asked(target, method)
    direct = await ask(front.proxied.legacy, asked)
    through = await ask(front.port, asked)
    assert _apart_from_the_front(through) == _apart_from_the_front(direct)


async def _fields_behind(front: Front) -> dict[str, str]:
    """What legacy was asked through front and proxy.

    On a busy machine a front may find the proxy slow for a moment and go past it; X-Forwarded-Host
    is the proxy's alone.
    """
    async for _ in ticks(asyncio.Event(), POLL_S, DEADLINE_S):
        said = json.loads((await ask(front.port, Asked("/asked"))).body)["fields"]
        fields = {name.lower(): value for name, value in zip(said[::2], said[1::2], strict=True)}
        if "x-forwarded-host" in fields:
            return fields
    pytest.fail("the front never asked the proxy")


async def test_the_chain_of_addresses_grows(front: Front) -> None:
    """X-Forwarded-For names the user first and then the front; Host and Proto are the user's."""
    fields = await _fields_behind(front)
    assert fields["x-forwarded-for"] == "127.0.0.1, 127.0.0.1"
    assert fields["x-forwarded-proto"] == "http"
    assert fields["host"] == "shop.test"


async def test_websockets_pass_both(front: Front) -> None:
    """The handshake and the echo go through front, proxy and back."""
    wire = await Wire.connect(("127.0.0.1", front.port))
    await wire.send(
        b"GET /echo HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert (await read_answer(wire)).status == 101
    await wire.send(b"\x81\x05hello")
    assert await wire.read_exactly(7) == b"\x81\x05hello"
    wire.close()


async def test_the_copies_are_made_behind_a_front(front: Front) -> None:
    """The proxy compares what a front sends it, like any user's request."""
    await front.proxied.comparing()
    before = (await front.proxied.at_rest()).sums.recorded
    async for _ in ticks(asyncio.Event(), POLL_S, DEADLINE_S):
        await ask(front.port, Asked("/cookies"))  # see _fields_behind
        if (await front.proxied.at_rest()).sums.recorded > before:
            return
    pytest.fail("nothing was compared")


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
@pytest.mark.parametrize("name", FRONTS)
def test_users_survive_the_end_of_the_proxy(
    name: str, kill: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """When the proxy is gone, the front asks the service itself, from the next request on."""
    find_program(name)
    folder = tmp_path_factory.mktemp(name)
    with node_proxied(folder) as proxied, FRONTS[name](folder, proxied) as front:
        assert _bodies(front, count=3) == {b"ok"}
        family = psutil.Process(proxied.process.pid).children(recursive=True)
        if kill:
            proxied.process.kill()
            for process in family:
                process.kill()
        proxied.process.terminate()
        proxied.process.wait(10)
        psutil.wait_procs(family, timeout=10)
        assert _bodies(front, count=20) == {b"ok"}


def _bodies(front: Front, count: int) -> set[bytes]:
    async def ask_often() -> set[bytes]:
        return {(await ask(front.port, Asked("/cookies"))).body for _ in range(count)}

    return asyncio.run(ask_often())
