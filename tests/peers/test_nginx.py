"""nginx as legacy and, a second time, as candidate."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.peers.asked import HOST, Asked, ask, ask_both
from tests.peers.nginx import LARGE_BYTES, Nginx, nginx_serving
from tests.peers.proxied import Proxied, shadowproxy_before
from tests.support.messages import read_answers
from tests.support.wire import Wire

pytestmark = pytest.mark.slow

LAST_MODIFIED = "Tue, 14 Nov 2023 22:13:20 GMT"


@dataclass(frozen=True)
class Scene:
    """Both servers and the proxy."""

    legacy: Nginx
    candidate: Nginx
    proxied: Proxied


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folders = [tmp_path_factory.mktemp(name) for name in ("legacy", "candidate", "proxy")]
    with (
        nginx_serving(folders[0]) as legacy,
        nginx_serving(folders[1]) as candidate,
        shadowproxy_before(legacy.port, candidate.port, folders[2]) as proxied,
    ):
        yield Scene(legacy, candidate, proxied)


GZIP = {"Accept-Encoding": "gzip"}
CASES: dict[str, tuple[Asked, int]] = {
    "file": (Asked("/plain.txt"), 200),
    "large file": (Asked("/large.bin"), 200),
    "empty file": (Asked("/zero.txt"), 200),
    "compressed on the fly, chunked": (Asked("/items.json", headers=GZIP), 200),
    "compression not asked for": (Asked("/items.json"), 200),
    "one range": (Asked("/large.bin", headers={"Range": "bytes=1000-1999"}), 206),
    "last bytes": (Asked("/large.bin", headers={"Range": "bytes=-17"}), 206),
    "range outside": (Asked("/plain.txt", headers={"Range": "bytes=999999-"}), 416),
    "not modified": (Asked("/plain.txt", headers={"If-Modified-Since": LAST_MODIFIED}), 304),
    "not modified, HEAD": (
        Asked("/plain.txt", "HEAD", headers={"If-Modified-Since": LAST_MODIFIED}),
        304,
    ),
    "precondition": (Asked("/plain.txt", headers={"If-Match": '"other"'}), 412),
    "head": (Asked("/large.bin", "HEAD"), 200),
    "head of what would be chunked": (Asked("/items.json", "HEAD", headers=GZIP), 200),
    "head of nothing": (Asked("/none", "HEAD"), 404),
    "not found": (Asked("/none"), 404),
    "method not allowed": (Asked("/plain.txt", "POST", body=b"x=1"), 405),
    "options": (Asked("/plain.txt", "OPTIONS"), 405),
    "unknown method": (Asked("/plain.txt", "FROB"), 405),
    "redirect": (Asked("/moved"), 301),
    "redirect to a folder": (Asked("/folder"), 301),
    "folder": (Asked("/folder/"), 200),
    "no content": (Asked("/empty"), 204),
    "odd status": (Asked("/teapot"), 418),
    "repeated and odd fields": (Asked("/fields"), 200),
    "closing after the answer": (Asked("/closing/plain.txt"), 200),
    "escaped path": (Asked("/pl%61in.txt?q=%2F&q=a+b"), 200),
    "what it was asked": (
        Asked("/asked?x=%20y", headers={"X-One": "1", "Cookie": "a=1; b=2"}),
        200,
    ),
    "http 1.0": (Asked("/plain.txt", version="HTTP/1.0"), 200),
    "http 1.0, head": (Asked("/plain.txt", "HEAD", version="HTTP/1.0"), 200),
}


@pytest.mark.parametrize("name", CASES)
async def test_the_answer_is_that_of_nginx(scene: Scene, name: str) -> None:
    """Status, reason, fields in order and bytes are what nginx says itself."""
    asked, status = CASES[name]
    direct, through = await ask_both(scene.proxied, asked)
    assert direct.status == status
    assert through == direct


async def test_several_ranges_come_as_one_multipart(scene: Scene) -> None:
    """All parts arrive; the boundary, which nginx counts up, is not compared and not copied."""
    headers = {"Range": "bytes=0-3,10-20", "X-Shadow": "candidate"}
    seen = await ask_both(scene.proxied, Asked("/plain.txt", headers=headers))
    direct, through = (re.sub(rb"(?m)^--\d+", b"--", answer.body) for answer in seen)
    assert seen[1].status == 206
    assert through == direct
    assert through.count(b"Content-Range") == 2


async def test_a_compressed_answer_for_http_1_0_has_the_same_bytes(scene: Scene) -> None:
    """An HTTP/1.0 user cannot read chunks: the body ends with the connection, and is whole."""
    direct = await ask(scene.proxied.legacy, Asked("/items.json", headers=GZIP))
    asked = Asked("/items.json", headers=GZIP, version="HTTP/1.0")
    through = await ask(scene.proxied.port, asked)
    assert through.value("content-encoding") == "gzip"
    assert through == direct


async def test_an_entity_tag_revalidates(scene: Scene) -> None:
    """A tag that came through the proxy gets a 304 through the proxy."""
    first = await ask(scene.proxied.port, Asked("/plain.txt"))
    asked = Asked("/plain.txt", headers={"If-None-Match": first.value("etag")})
    direct, through = await ask_both(scene.proxied, asked)
    assert through == direct
    assert (through.status, through.body) == (304, b"")


async def test_requests_on_one_connection_are_answered_in_order(scene: Scene) -> None:
    """Four pipelined requests, one of them HEAD, one to a server that closes: four answers."""
    targets = [b"/plain.txt", b"/items.json", b"/closing/plain.txt", b"/teapot"]
    methods = [b"GET", b"HEAD", b"GET", b"GET"]
    wire = await Wire.connect(("127.0.0.1", scene.proxied.port))
    for method, target in zip(methods, targets, strict=True):
        await wire.send(b"%s %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (method, target, HOST.encode()))
    answers = await read_answers(wire, methods)
    wire.close()
    assert [answer.status for answer in answers] == [200, 200, 200, 418]
    plain = (scene.legacy.www / "plain.txt").read_bytes()
    assert [answer.body for answer in answers] == [plain, b"", plain, b"short and stout"]


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
async def test_an_upload_arrives_whole_and_only_at_legacy(scene: Scene, chunked: bool) -> None:
    """PUT stores the same bytes with legacy, whatever the framing; the candidate gets no copy."""
    name = f"kept/{chunked}.bin"
    content = (scene.legacy.www / "large.bin").read_bytes()
    head = b"PUT /%s HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n" % name.encode()
    if chunked:
        piece = 10_007
        pieces = [content[at : at + piece] for at in range(0, LARGE_BYTES, piece)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in pieces) + b"0\r\n\r\n"
        head += b"Transfer-Encoding: chunked\r\n\r\n"
    else:
        body = content
        head += b"Content-Length: %d\r\n\r\n" % LARGE_BYTES
    wire = await Wire.connect(("127.0.0.1", scene.proxied.port))
    await wire.send(head + body)
    (answer,) = await read_answers(wire, [b"PUT"])
    wire.close()
    assert answer.status == 201
    assert (scene.legacy.uploads / name).read_bytes() == content
    assert not (scene.candidate.uploads / name).exists()


async def test_a_hundred_users_at_once_get_their_own_answers(scene: Scene) -> None:
    """Ranges that differ by user never mix between connections."""
    content = (scene.legacy.www / "large.bin").read_bytes()

    async def one(user: int) -> None:
        first = user * 1000
        seen = await ask(
            scene.proxied.port,
            Asked("/large.bin", headers={"Range": f"bytes={first}-{first + 9999}"}),
        )
        assert seen.body == content[first : first + 10_000]

    async with asyncio.TaskGroup() as users:
        for user in range(100):
            users.create_task(one(user))


async def test_the_same_server_twice_is_no_finding(scene: Scene) -> None:
    """All cases are compared between two equal servers: no difference, and sums that hold."""
    await scene.proxied.comparing()
    for name, (asked, _) in CASES.items():
        assert (await ask(scene.proxied.port, asked)).status, name
    observed = await scene.proxied.at_rest()
    assert observed.sums.recorded >= 20, observed
    assert observed.sums.failed == 0, observed
    assert scene.proxied.get_json("/api/v1/groups")["groups"] == []


def test_nothing_went_wrong_inside(scene: Scene) -> None:
    """The proxy logged no error and no traceback."""
    said = scene.proxied.log.read_text()
    assert not re.search(r'"level":\s*"(error|critical)"|Traceback', said), said[-2000:]
