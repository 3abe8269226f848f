"""Laws of the chunked coding: one outcome for the same bytes, and the one that the RFC gives."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.http1.chunked import ChunkedDecoder, ChunkError
from tests.support.corpora import request_cases
from tests.support.mutating import mutated, segmentings
from tests.support.wire import Segmenting, one_byte_a_segment, whole

CHUNK = re.compile(rb"([0-9A-Fa-f]+)(;[^\r\n]*)?\r\n")


@st.composite
def coded(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    """A chunked body, its payload, and what follows it."""
    parts = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=6))
    zeros = draw(st.sampled_from([b"", b"0", b"00"]))
    extension = draw(st.sampled_from([b"", b";a", b";a=b", b';a="b;c"']))
    body = b"".join(b"%s%x%s\r\n%s\r\n" % (zeros, len(p), extension, p) for p in parts)
    rest = draw(st.binary(max_size=10))
    return body + b"0\r\n\r\n", b"".join(parts), rest


def _decode(data: bytes, segmenting: Segmenting) -> tuple[bytes, bytes, bytes, bool] | None:
    """Payload, trailers, what follows and whether it is over; None when refused."""
    decoder = ChunkedDecoder()
    payload, rest = b"", b""
    for segment in segmenting(data):
        if decoder.is_done:
            rest += segment
            continue
        try:
            piece, rest = decoder.feed(segment)
        except ChunkError:
            return None
        payload += piece
    return payload, decoder.trailers, rest, decoder.is_done


@given(coded(), segmentings())
def test_a_right_body_is_decoded_in_any_segmentation(
    sent: tuple[bytes, bytes, bytes], segmenting: Segmenting
) -> None:
    """The payload is what was coded, and what follows the body is left alone."""
    body, payload, rest = sent
    for parted in (whole, segmenting, one_byte_a_segment):
        assert _decode(body + rest, parted) == (payload, b"", rest, True)


def _bodies() -> st.SearchStrategy[bytes]:
    chunked = [c for c in request_cases() if b"ransfer-Encoding: chunked\r\n\r\n" in c.send]
    return st.sampled_from([c.send.partition(b"\r\n\r\n")[2] for c in chunked if len(c.send) < 900])


@given(mutated(_bodies()), segmentings())
def test_any_body_has_one_outcome(data: bytes, segmenting: Segmenting) -> None:
    """Nearly right bodies are refused or decoded alike: whole, cut anywhere, byte by byte."""
    as_whole = _decode(data, whole)
    assert _decode(data, segmenting) == as_whole
    assert _decode(data, one_byte_a_segment) == as_whole


@given(mutated(_bodies()))
def test_what_is_decoded_is_what_the_grammar_says(data: bytes) -> None:
    """A body that is accepted to its end has the payload that an expression finds in it."""
    decoded = _decode(data, whole)
    if decoded is None or not decoded[3]:
        return
    payload, at = b"", 0
    while (match := CHUNK.match(data, at)) is not None and int(match[1], 16):
        end = match.end() + int(match[1], 16)
        payload += data[match.end() : end]
        assert data[end : end + 2] == b"\r\n"
        at = end + 2
    assert match is not None
    assert decoded[0] == payload


@pytest.mark.parametrize("count", [1, 100_000])
def test_one_byte_chunks_are_decoded_in_time_that_grows_with_their_number(count: int) -> None:
    """100,000 chunks of a byte, cut into segments of 7 bytes: no quadratic copying (30 s limit)."""
    data = b"1\r\na\r\n" * count + b"0\r\n\r\n"
    decoder = ChunkedDecoder()
    got = sum(len(decoder.feed(data[at : at + 7])[0]) for at in range(0, len(data), 7))
    assert got == count
