"""The wire format: what goes in comes out, for every value that fits the fields."""

from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.ipc import frames

U8, U16, U32, U64 = (st.integers(0, (1 << bits) - 1) for bits in (8, 16, 32, 64))
BLOB = st.binary(max_size=300)
SIDE = st.builds(frames.Side, U8, U8, U16, U32, U32, U64, BLOB, BLOB, U64)


def without_length(frame: bytes) -> bytes:
    assert int.from_bytes(frame[:4], "little") == len(frame) - 4
    return frame[4:]


@given(U8)
def test_hello(slot: int) -> None:
    """A HELLO carries its slot."""
    frame = without_length(frames.pack_hello(slot))
    assert (frame[0], frames.unpack_hello(frame)) == (frames.HELLO, slot)


@given(U64)
def test_welcome(accepted: int) -> None:
    """A WELCOME carries the count."""
    frame = without_length(frames.pack_welcome(accepted))
    assert (frame[0], frames.unpack_welcome(frame)) == (frames.WELCOME, accepted)


@given(st.builds(frames.Request, U32, U16, U8, U64, BLOB, BLOB))
def test_request(request: frames.Request) -> None:
    """A request half comes back whole."""
    frame = without_length(frames.pack_request(*request))
    assert (frame[0], frames.unpack_request(frame)) == (frames.REQUEST, request)


@given(U32, SIDE)
def test_response(exchange: int, side: frames.Side) -> None:
    """Legacy's half comes back whole, but for the wait that it does not carry."""
    frame = without_length(frames.pack_response(exchange, side))
    assert frame[0] == frames.RESPONSE
    assert frames.unpack_response(frame) == (exchange, side._replace(wait_us=0))


@given(U32, U8)
def test_cancel(exchange: int, reason: int) -> None:
    """A CANCEL carries exchange and reason."""
    frame = without_length(frames.pack_cancel(exchange, reason))
    assert (frame[0], frames.unpack_cancel(frame)) == (frames.CANCEL, (exchange, reason))


@given(st.builds(frames.Pair, U16, U64, BLOB, BLOB, SIDE, SIDE, st.none() | SIDE))
def test_pair(pair: frames.Pair) -> None:
    """A pair comes back whole, both sides with their waits, with its witness or without."""
    frame = without_length(frames.pack_pair(pair))
    assert (frame[0], frames.unpack_pair(frame)) == (frames.PAIR, pair)


@given(st.lists(st.tuples(U16, U32, U32, BLOB), min_size=1, max_size=20))
def test_matches(matches: list[frames.Match]) -> None:
    """Every exchange of a summary comes back, in order, whatever bytes its name has."""
    frame = without_length(frames.pack_matches(matches))
    assert (frame[0], frames.unpack_matches(frame)) == (frames.MATCHES, matches)


@given(st.builds(frames.Recheck, U32, U16, BLOB, BLOB))
def test_recheck(recheck: frames.Recheck) -> None:
    """A wish comes back with its ticket and its request."""
    frame = without_length(frames.pack_recheck(recheck))
    assert (frame[0], frames.unpack_recheck(frame)) == (frames.RECHECK, recheck)


@given(st.builds(frames.Rechecked, U32, st.none() | st.tuples(SIDE, SIDE)))
def test_rechecked(rechecked: frames.Rechecked) -> None:
    """Both sides come back under their ticket; a refusal stays a refusal."""
    frame = without_length(frames.pack_rechecked(rechecked))
    assert (frame[0], frames.unpack_rechecked(frame)) == (frames.RECHECKED, rechecked)


@given(BLOB)
def test_event(document: bytes) -> None:
    """An event's document comes back byte for byte."""
    frame = without_length(frames.pack_event(document))
    assert (frame[0], frames.unpack_event(frame)) == (frames.EVENT, document)


@given(
    st.builds(
        frames.Access, st.floats(allow_nan=False), U32, U16, U64, *[st.binary(max_size=9000)] * 3
    )
)
def test_access(access: frames.Access) -> None:
    """An access line comes back, its texts cut at 8 KiB."""
    frame = without_length(frames.pack_access(access))
    assert frame[0] == frames.ACCESS
    cut = {name: getattr(access, name)[:8192] for name in ("method", "target", "peer")}
    assert frames.unpack_access(frame) == access._replace(**cut)


@given(st.integers(1 << 32, 1 << 50))
def test_a_duration_of_more_than_an_hour_is_kept_as_the_largest(duration_us: int) -> None:
    """71 minutes and more do not break the frame."""
    side = frames.Side(0, 0, 200, duration_us, duration_us, 0, b"", b"")
    _, kept = frames.unpack_response(without_length(frames.pack_response(1, side)))
    assert (kept.first_us, kept.total_us) == ((1 << 32) - 1, (1 << 32) - 1)
