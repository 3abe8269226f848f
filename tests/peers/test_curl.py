"""curl as the user, node as legacy."""

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.peers.curl import curl
from tests.peers.node import node_proxied
from tests.peers.programs import find_program
from tests.peers.proxied import Proxied

pytestmark = pytest.mark.slow

BODY_BYTES = 2 << 20
HANDSHAKE = (
    *("-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13"),
    *("-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
)


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    find_program("curl")
    with node_proxied(tmp_path_factory.mktemp("curl")) as proxied:
        yield proxied


@dataclass(frozen=True)
class Upload:
    """A file of random bytes and their digest."""

    file: Path
    sum: str


@pytest.fixture
def upload(tmp_path: Path) -> Upload:
    content = os.urandom(BODY_BYTES)
    file = tmp_path / "upload.bin"
    file.write_bytes(content)
    return Upload(file, hashlib.sha256(content).hexdigest())


def _url(port: int, path: str) -> str:
    return f"http://127.0.0.1:{port}{path}"


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--http1.0"],
        ["--head"],
        ["--http1.0", "--head"],
        ["--compressed"],
        ["--range", "1-2"],
        ["--request", "OPTIONS"],
        ["--request", "DELETE"],
        ["--data", "x=1"],
        ["--form", "x=1;type=text/plain"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("path", ["/cookies", "/none", "/chunks", "/closing"])
async def test_curl_gets_what_it_gets_from_node(
    proxied: Proxied, options: list[str], path: str
) -> None:
    """Exit code and bytes are the same, whatever curl is asked to do."""
    direct = await curl(*options, _url(proxied.legacy, path))
    through = await curl(*options, _url(proxied.port, path))
    assert (through.code, through.code) == (0, direct.code)
    if "--head" not in options:
        assert through.output == direct.output


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("expect", [True, False], ids=["expecting", "not expecting"])
async def test_an_upload_is_whole(
    proxied: Proxied, upload: Upload, framing: str, expect: bool
) -> None:
    """2 MiB by PUT, with and without waiting for 100 Continue, arrive byte for byte."""
    options = ["--upload-file", str(upload.file)]
    options += ["--header", "Transfer-Encoding: chunked"] if framing == "chunked" else []
    options += ["--header", "Expect: 100-continue" if expect else "Expect:"]
    curled = await curl(*options, _url(proxied.port, "/upload"))
    assert curled.code == 0, curled.talk
    said = json.loads(curled.output)
    assert said["sum"] == upload.sum
    assert said["framing"] == framing
    assert ("< HTTP/1.1 100 Continue" in curled.talk) is expect


async def test_curl_uploads_with_http_1_0(proxied: Proxied, upload: Upload) -> None:
    """A length and no 100 Continue, as HTTP/1.0 wants it."""
    curled = await curl(
        "--http1.0", "--upload-file", str(upload.file), _url(proxied.port, "/upload")
    )
    assert json.loads(curled.output)["length"] == BODY_BYTES
    assert "100 Continue" not in curled.talk


async def test_one_connection_serves_several_urls(proxied: Proxied) -> None:
    """Curl keeps its connection: three requests, one connect."""
    urls = [_url(proxied.port, path) for path in ("/cookies", "/chunks", "/none")]
    curled = await curl(*urls, "--write-out", " %{num_connects}\n")
    assert curled.output == b"ok 1\none two three 0\nnone 0\n"


async def test_an_upgrade_to_http_2_is_declined(proxied: Proxied) -> None:
    """`--http2` offers h2c; the answer is HTTP/1.1."""
    options = ("--http2", "--write-out", " %{http_version}")
    curled = await curl(*options, _url(proxied.port, "/cookies"))
    assert curled.output == b"ok 1.1"
    assert "Upgrade: h2c" in curled.talk


async def test_a_websocket_handshake_succeeds(proxied: Proxied) -> None:
    """A 101 with the accept key, then what the server sends into the tunnel."""
    curled = await curl("--include", *HANDSHAKE, _url(proxied.port, "/bye"))
    head, _, rest = curled.output.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
    assert rest == b"bye"


async def test_credentials_and_odd_paths_pass_untouched(proxied: Proxied) -> None:
    """Authorization goes on; dots and double slashes in the path are not resolved."""
    path = "/asked//../a/%2e%2e/b?q=a%20b"
    options = ("--path-as-is", "--user", "me:secret")
    direct = await curl(*options, _url(proxied.legacy, path))
    assert direct.output == b"none"
    curled = await curl(*options, _url(proxied.port, "/asked?x=/../y"))
    said = json.loads(curled.output)
    fields = dict(zip(said["fields"][::2], said["fields"][1::2], strict=True))
    assert fields["Authorization"] == "Basic " + base64.b64encode(b"me:secret").decode()
    assert said["url"] == "/asked?x=/../y"
    through = await curl(*options, _url(proxied.port, path))
    assert through.output == direct.output


async def test_a_cut_answer_is_an_error_forcurl(proxied: Proxied) -> None:
    """An answer that legacy broke off does not exit 0."""
    for path in ("/cut", "/short"):
        curled = await curl(_url(proxied.port, path))
        assert curled.code in (18, 52, 56), (path, curled.code, curled.talk)
