"""Strategies of hypothesis: raw requests and answers that are nearly right."""

from itertools import pairwise

from hypothesis import strategies as st

from tests.support.corpora import answer_cases, request_cases
from tests.support.notation import to_bytes
from tests.support.wire import Segmenting

SPECIAL = [
    *(bytes([byte]) for byte in b"\r\n\t \0\x0b\x7f\x80\xff:;,=\"'/?#@[]%*+-_0159aAfFxX"),
    b"\r\n",
    b"\r\n\r\n",
    b"\n\n",
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Host: a.test\r\n",
    b"Connection: close\r\n",
    b"Connection: X-A, Host\r\n",
    b"Expect: 100-continue\r\n",
    b"GET /n HTTP/1.1\r\nHost: a.test\r\n\r\n",
    b"0\r\n\r\n",
    b"5\r\nhello\r\n",
]
"""What makes parsers disagree."""

SMALL_BYTES = 1500


@st.composite
def mutated(draw: st.DrawFn, of: st.SearchStrategy[bytes], most: int = 4) -> bytes:
    """A message with a few bytes inserted, removed, replaced or repeated."""
    data = draw(of)
    for _ in range(draw(st.integers(0, most))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 12))
        piece = draw(st.sampled_from(SPECIAL) | st.just(data[at : at + length]))
        kept_from = at + draw(st.sampled_from((0, len(piece), length)))
        data = data[:at] + piece + data[kept_from:]
    return data


def small_requests() -> st.SearchStrategy[bytes]:
    """The corpus, without what is long on purpose."""
    return st.sampled_from([c.send for c in request_cases() if len(c.send) <= SMALL_BYTES])


def pipelines() -> st.SearchStrategy[bytes]:
    """One to three messages in a row, each nearly right."""
    return st.lists(mutated(small_requests()), min_size=1, max_size=3).map(b"".join)


def small_answers() -> st.SearchStrategy[bytes]:
    """What lying backends send in one piece."""
    sent = {
        to_bytes(step["send"]) for case in answer_cases() for step in case.script if "send" in step
    }
    return st.sampled_from(sorted(data for data in sent if len(data) <= SMALL_BYTES))


def segmentings() -> st.SearchStrategy[Segmenting]:
    """Any way to part a message, at places given as shares of its length."""
    return st.lists(st.floats(0, 1), max_size=8).map(_cutting)


def _cutting(shares: list[float]) -> Segmenting:
    def cut(data: bytes) -> list[bytes]:
        places = sorted({round(share * len(data)) for share in shares} | {0, len(data)})
        return [data[start:end] for start, end in pairwise(places)]

    return cut
