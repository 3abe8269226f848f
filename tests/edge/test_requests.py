"""The corpus of raw requests: refused or forwarded exactly, however the bytes arrive."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shadowproxy.core.words import Refusal
from tests.edge.playing import Seen, play
from tests.support.backends import Backend, backend
from tests.support.corpora import RequestCase, request_cases
from tests.support.edges import Edge, edge
from tests.support.wire import head_and_body_apart, one_byte_a_segment, whole

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEGMENTINGS = (whole, head_and_body_apart, one_byte_a_segment)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def legacy() -> AsyncIterator[Backend]:
    async with backend() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def proxy(legacy: Backend) -> AsyncIterator[Edge]:
    """One edge for all cases: what one of them poisons, the next one finds."""
    async with edge(legacy.address) as running:
        yield running


def _refusals(proxy: Edge) -> int:
    return sum(proxy.cell(f"refused/{refusal}") for refusal in Refusal)


@pytest.mark.parametrize("case", request_cases(), ids=lambda case: case.id)
async def test_a_raw_request_has_its_outcome_in_every_segmentation(
    case: RequestCase, proxy: Edge, legacy: Backend
) -> None:
    """Whole, head and body apart, one byte a segment: one outcome, and it is a right one.

    Every refusal is counted, and the next request on a new connection gets its own answer.
    """
    runs: dict[str, Seen] = {}
    refused, expected = _refusals(proxy), 0
    for segmenting in SEGMENTINGS:
        seen = await play(case, proxy, legacy, segmenting)
        runs[segmenting.__name__] = seen
        expected += sum(status != 200 for status in seen.statuses)
        assert any(map(seen.is_as, case.outcomes)), (
            f"{case.id} ({segmenting.__name__}): {case.fact}, RFC {case.rfc}\n"
            f"sent {case.send[:500]!r}\nseen {seen}\nright {case.outcomes}"
        )
    outcomes = {(seen.statuses, seen.bodies, seen.closed, seen.legacy) for seen in runs.values()}
    assert len(outcomes) == 1, f"{case.id} depends on how the bytes arrive: {runs}"
    assert _refusals(proxy) - refused == expected, f"{case.id}: refusals are not counted"


async def test_every_request_of_the_corpus_is_in_the_sums(proxy: Edge) -> None:
    """Nothing is lost: received = skipped + dropped + failed + recorded."""
    terms = await proxy.at_rest()
    assert terms["received"] > len(request_cases()), terms
