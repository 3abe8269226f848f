"""TLS on both sides and Unix sockets on both sides: nginx as legacy, curl as the user."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.peers.certificates import Certificate, make_certificate
from tests.peers.curl import curl
from tests.peers.nginx import Nginx, nginx_serving
from tests.peers.programs import find_program
from tests.peers.proxied import Proxied, shadowproxy_before

pytestmark = pytest.mark.slow

_BOTH_TLS = """\
listen: 127.0.0.1:{port}
tls: {{cert: "{folder}/users.crt", key: "{folder}/users.key"}}
admin: {{listen: 127.0.0.1:{admin}}}
workers: 1
legacy: {{url: "https://localhost:{legacy}", tls: {{ca: "{folder}/legacy.crt"}}}}
candidate: {{url: "https://localhost:{candidate}", tls: {{ca: "{folder}/legacy.crt"}}}}
limits: {{drain_delay: 0s, drain_timeout: 5s}}
"""
_STRANGER = """\
listen: 127.0.0.1:{port}
admin: {{listen: 127.0.0.1:{admin}}}
workers: 1
legacy: {{url: "https://localhost:{legacy}", tls: {{ca: "{folder}/users.crt"}}}}
candidate: {{url: "https://localhost:{candidate}", tls: {{verify: false}}}}
limits: {{drain_delay: 0s, drain_timeout: 5s}}
"""
_UNIX = """\
listen: ["127.0.0.1:{port}", "unix:{folder}/users.sock"]
admin: {{listen: 127.0.0.1:{admin}}}
workers: 1
legacy: {{url: "unix:{folder}/nginx.sock"}}
candidate: {{url: "https://localhost:{candidate}", tls: {{verify: false}}}}
limits: {{drain_delay: 0s, drain_timeout: 5s}}
"""


@dataclass(frozen=True)
class Scene:
    """nginx with TLS and the certificates."""

    nginx: Nginx
    users: Certificate
    legacy: Certificate
    folder: Path

    def trusting(self) -> tuple[str, ...]:
        """Options for a curl that trusts both."""
        return ("--cacert", str(self.folder / "both.crt"))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    find_program("curl")
    folder = tmp_path_factory.mktemp("tls")
    users, legacy = make_certificate(folder, "users"), make_certificate(folder, "legacy")
    (folder / "both.crt").write_text(users.cert.read_text() + legacy.cert.read_text())
    with nginx_serving(folder, legacy) as nginx:
        yield Scene(nginx, users, legacy, folder)


@pytest.fixture(scope="module")
def other(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """The candidate."""
    with nginx_serving(tmp_path_factory.mktemp("other"), scene.legacy) as nginx:
        yield nginx


@pytest.fixture(scope="module")
def encrypted(scene: Scene, other: Nginx) -> Iterator[Proxied]:
    with shadowproxy_before(scene.nginx.port, other.port, scene.folder, _BOTH_TLS) as proxied:
        yield proxied


@pytest.mark.parametrize("path", ["/plain.txt", "/large.bin", "/items.json", "/none", "/empty"])
async def test_bytes_are_the_same_behind_tls_twice(
    scene: Scene, encrypted: Proxied, path: str
) -> None:
    """TLS from the user and TLS to legacy: curl gets what it gets from nginx."""
    direct = await curl(*scene.trusting(), f"https://localhost:{encrypted.legacy}{path}")
    through = await curl(*scene.trusting(), f"https://localhost:{encrypted.port}{path}")
    assert (through.code, through.code) == (0, direct.code), through.talk
    assert through.output == direct.output


async def test_legacy_is_told_that_the_user_came_by_tls(scene: Scene, encrypted: Proxied) -> None:
    """X-Forwarded-Proto is https."""
    curled = await curl(*scene.trusting(), f"https://localhost:{encrypted.port}/proto")
    assert curled.output == b"https"


async def test_uploads_pass_tls(scene: Scene, encrypted: Proxied) -> None:
    """3 MiB up, both legs encrypted, arrive whole."""
    source = scene.nginx.www / "large.bin"
    url = f"https://localhost:{encrypted.port}/kept/tls.bin"
    curled = await curl(*scene.trusting(), "--upload-file", str(source), url)
    assert curled.code == 0, curled.talk
    again = await curl(*scene.trusting(), f"https://localhost:{encrypted.legacy}/kept/tls.bin")
    assert again.output == _read(source)


def _read(file: Path) -> bytes:
    return file.read_bytes()


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_old_tls_is_refused(scene: Scene, encrypted: Proxied, version: str) -> None:
    """Below TLS 1.2 there is no connection."""
    options = (*scene.trusting(), "--tls-max", version, "--ciphers", "ALL:@SECLEVEL=0")
    curled = await curl(*options, f"https://localhost:{encrypted.port}/plain.txt")
    assert curled.code == 35, curled.talk


async def test_plain_text_on_the_tls_port_is_no_answer(encrypted: Proxied) -> None:
    """A user who forgot the s gets nothing, and the next one is served."""
    curled = await curl(f"http://localhost:{encrypted.port}/plain.txt")
    assert curled.code != 0
    assert curled.output == b""


@pytest.fixture(scope="module")
def distrusting(scene: Scene, other: Nginx) -> Iterator[Proxied]:
    """A proxy that knows another authority than legacy's."""
    with shadowproxy_before(scene.nginx.port, other.port, scene.folder, _STRANGER) as proxied:
        yield proxied


async def test_a_legacy_with_another_certificate_is_not_believed(distrusting: Proxied) -> None:
    """An unknown authority is a 502 of the proxy's own, and legacy never sees the request."""
    curled = await curl("--include", f"http://localhost:{distrusting.port}/plain.txt")
    head = curled.output.partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"http/1.1 502 ")
    assert b"proxy-status:" in head
    assert b"tls" in head


@pytest.fixture(scope="module")
def local(scene: Scene, other: Nginx) -> Iterator[Proxied]:
    """A proxy that listens on a Unix socket too, and asks legacy by one."""
    with shadowproxy_before(scene.nginx.port, other.port, scene.folder, _UNIX) as proxied:
        yield proxied


async def test_unix_sockets_on_both_sides(scene: Scene, local: Proxied) -> None:
    """Users come by a Unix socket and legacy is asked by one; TCP works beside it."""
    socket = scene.folder / "users.sock"
    by_unix = await curl("--unix-socket", str(socket), "http://localhost/plain.txt")
    by_tcp = await curl(f"http://localhost:{local.port}/plain.txt")
    assert by_unix.code == 0, by_unix.talk
    assert by_unix.output == by_tcp.output == _read(scene.nginx.www / "plain.txt")
