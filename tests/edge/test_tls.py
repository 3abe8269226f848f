"""TLS on both sides: every raw request and every lie again, inside it.

Half-closed connections are left out: TLS as browsers and proxies speak it has none. So are answers
before the request: a server's part of the handshake ends later than its client's, so by then the
request is on its way.
"""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from shadowproxy.core.settings import BackendSettings, TlsSettings
from tests.edge.lying import TIMEOUT_S, as_parameter, check, teach, tell
from tests.edge.playing import ask, play
from tests.support.backends import Backend, backend
from tests.support.corpora import AnswerCase, RequestCase, answer_cases, request_cases
from tests.support.edges import Edge, backend_settings, edge
from tests.support.messages import read_answer
from tests.support.scripts import begins_at_accept
from tests.support.tls import Certificate, client_context, make_certificate, server_context
from tests.support.waiting import until
from tests.support.wire import EndedError, Wire, whole

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUESTS = [case for case in request_cases() if not case.half_close]
LIES = [
    case
    for case in answer_cases()
    if case.listen == "plain"
    and not any("half_close" in step for step in case.script)
    and not begins_at_accept(list(case.script))
]


@dataclass(frozen=True)
class Scene:
    """A certificate for both sides, the proxy and an honest legacy."""

    certificate: Certificate
    proxy: Edge
    legacy: Backend


def _settings(running: Backend, certificate: Certificate) -> BackendSettings:
    return replace(
        backend_settings(
            ("localhost", running.address[1]),
            connect_timeout_s=5.0,
            response_timeout_s=TIMEOUT_S,
        ),
        scheme="https",
        ca=str(certificate.cert),
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    certificate = make_certificate(tmp_path_factory.mktemp("tls"), "loopback")
    tls = TlsSettings(str(certificate.cert), str(certificate.key))
    async with backend(server_context(certificate)) as legacy:
        async with edge(_settings(legacy, certificate), tls=tls) as proxy:
            proxy.users_tls = client_context(certificate.cert)
            yield Scene(certificate, proxy, legacy)


@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: case.id)
async def test_a_raw_request_has_the_same_outcome_inside_tls(
    case: RequestCase, scene: Scene
) -> None:
    """Refused or forwarded exactly as without TLS."""
    seen = await play(case, scene.proxy, scene.legacy, whole)
    assert any(map(seen.is_as, case.outcomes)), f"{case.id}: {case.fact}\n{seen}\n{case.outcomes}"


@pytest.mark.parametrize("case", list(map(as_parameter, LIES)), ids=lambda case: case.id)
async def test_a_lie_of_legacy_has_the_same_outcome_inside_tls(
    case: AnswerCase, scene: Scene
) -> None:
    """An answer that is cut off ends without close_notify: no user takes it for a whole one."""
    certificate = scene.certificate
    tls = TlsSettings(str(certificate.cert), str(certificate.key))
    async with backend(server_context(certificate)) as legacy:
        teach(legacy, case)
        async with edge(_settings(legacy, certificate), tls=tls) as proxy:
            proxy.users_tls = client_context(certificate.cert)
            lie, wire = await tell(proxy, case, None)
            check(lie, case)
            wire.close()
            await ask(await proxy.connect(), b"/after")
            await proxy.at_rest()


async def test_a_certificate_that_is_not_trusted_is_502(scene: Scene, tmp_path: Path) -> None:
    """Verification is on: a legacy with another certificate is not asked anything."""
    stranger = make_certificate(tmp_path, "stranger")
    async with backend(server_context(stranger)) as legacy:
        async with edge(_settings(legacy, scene.certificate)) as proxy:
            answer = await _get(await proxy.connect())
        assert answer == 502
        assert not legacy.requests


async def test_a_certificate_for_another_name_is_502(scene: Scene) -> None:
    """The name is verified too."""
    async with backend(server_context(scene.certificate)) as legacy:
        settings = replace(_settings(legacy, scene.certificate), server_name="other.test")
        async with edge(settings) as proxy:
            assert await _get(await proxy.connect()) == 502
        assert not legacy.requests


async def test_a_plain_request_to_the_tls_port_reaches_nobody(scene: Scene) -> None:
    """The connection ends; legacy is not asked."""
    before = len(scene.legacy.requests)
    assert isinstance(scene.proxy.address, tuple)
    wire = await Wire.connect(scene.proxy.address)
    await wire.send(b"GET /plain HTTP/1.1\r\nHost: a.test\r\n\r\n")
    await wire.read_to_end()
    wire.close()
    assert len(scene.legacy.requests) == before


async def test_old_versions_of_tls_are_refused(scene: Scene) -> None:
    """TLS 1.1 and before get no handshake."""
    old = client_context(scene.certificate.cert)
    for name in ("minimum_version", "maximum_version"):
        with pytest.warns(DeprecationWarning, match="deprecated"):
            setattr(old, name, ssl.TLSVersion.TLSv1_1)
    old.set_ciphers("ALL:@SECLEVEL=0")
    scene.proxy.users_tls, trusted = old, scene.proxy.users_tls
    try:
        with pytest.raises((ssl.SSLError, EndedError)):
            await scene.proxy.connect()
    finally:
        scene.proxy.users_tls = trusted


async def test_forwarded_proto_is_https(scene: Scene) -> None:
    """Legacy is told that its user came by TLS."""
    certificate = scene.certificate
    tls = TlsSettings(str(certificate.cert), str(certificate.key))
    async with backend() as legacy, edge(legacy.address, tls=tls, forwarded="append") as proxy:
        proxy.users_tls = client_context(certificate.cert)
        assert await _get(await proxy.connect()) == 200
        assert legacy.requests[0].values("x-forwarded-proto") == [b"https"]


async def test_every_exchange_inside_tls_is_in_the_sums(scene: Scene) -> None:
    """Nothing is lost: received = skipped + dropped + failed + recorded, and nothing is in flight."""
    await until(lambda: scene.proxy.conservation()["in_flight"] == 0, "nothing in flight")


async def _get(wire: Wire) -> int:
    await wire.send(b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n")
    return (await read_answer(wire)).status
