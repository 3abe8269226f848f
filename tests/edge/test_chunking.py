"""The law of segmentation: any chunking of the same bytes gives the same exchange.

The bytes are those of the corpus, mutated and joined, so most of them are wrong in ways that
nobody wrote down; the reader on legacy's side refuses whatever could be read differently.
"""

import contextlib
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings

from tests.edge.playing import as_forwarded, is_well
from tests.support.backends import Backend, backend
from tests.support.corpora import Forwarded
from tests.support.edges import Edge, edge
from tests.support.messages import Field, read_answer
from tests.support.mutating import mutated, pipelines, segmentings, small_answers
from tests.support.waiting import until
from tests.support.wire import Segmenting, one_byte_a_segment, whole

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

PATIENT = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


_REFUSAL = re.compile(rb"HTTP/1\.1 ([45]\d\d) ")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def legacy() -> AsyncIterator[Backend]:
    async with backend() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def proxy(legacy: Backend) -> AsyncIterator[Edge]:
    async with edge(legacy.address) as running:
        yield running


async def _exchange(
    proxy: Edge, legacy: Backend, data: bytes, segmenting: Segmenting
) -> tuple[bytes, list[Forwarded]]:
    """All that a client gets that sends the bytes and ends, and all that legacy got whole.

    Of a refusal, which is always the last answer, the status counts and not its words.
    """
    before = len(legacy.requests)
    wire = await proxy.connect()
    await wire.send(data, segmenting)
    with contextlib.suppress(OSError):  # the proxy has answered and gone
        wire.half_close()
    got, _ = await wire.read_to_end()
    wire.close()
    if (refusal := _REFUSAL.search(got)) is not None:
        got = got[: refusal.start()] + refusal[1]
    await until(lambda: proxy.conservation()["in_flight"] == 0, "the exchange has ended")
    return got, [as_forwarded(request) for request in legacy.requests[before:]]


@PATIENT
@given(data=pipelines(), segmenting=segmentings())
async def test_any_chunking_of_a_request_gives_the_same_exchange(
    proxy: Edge, legacy: Backend, data: bytes, segmenting: Segmenting
) -> None:
    """Whole, byte by byte or cut anywhere: the same answers, the same requests at legacy.

    Legacy never gets what is no request, and the next user is served.
    """
    as_whole = await _exchange(proxy, legacy, data, whole)
    assert await _exchange(proxy, legacy, data, segmenting) == as_whole
    assert await _exchange(proxy, legacy, data, one_byte_a_segment) == as_whole
    assert not legacy.malformed
    await is_well(proxy)


@PATIENT
@given(answer=mutated(small_answers()), segmenting=segmentings())
async def test_any_chunking_of_an_answer_gives_the_same_kind_of_end(
    proxy: Edge, legacy: Backend, answer: bytes, segmenting: Segmenting
) -> None:
    """What legacy sends arrives whole or cut in pieces: the user reads the same, or is told.

    A prefix is allowed where the answer was broken: how much of it had gone out by then is time's.
    """
    seen = [await _told(proxy, legacy, answer, parted) for parted in (whole, segmenting)]
    (first, first_is_whole), (second, second_is_whole) = seen
    if first_is_whole and second_is_whole:
        assert first == second
    await is_well(proxy)


async def _told(
    proxy: Edge, legacy: Backend, answer: bytes, segmenting: Segmenting
) -> tuple[tuple[int, list[Field], bytes], bool]:
    segments = [part.decode("latin-1") for part in segmenting(answer)]
    legacy.scripts[b"/lie"] = [*({"send": part} for part in segments), {"close": True}]
    wire = await proxy.connect()
    await wire.send(b"GET /lie HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
    while (got := await read_answer(wire)).status < 200:
        pass
    wire.close()
    is_whole = got.is_complete and not got.values("proxy-status")
    return (got.status, got.fields, got.body), is_whole
