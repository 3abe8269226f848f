"""The wire format of the channels: edge to shadow, shadow to judge and back, edge to judge.

    frame = u32 length of the rest | u8 kind | fixed fields | blobs

Both ends are the same release on the same machine; the format is private and unversioned.
`unpack_*` take the frame without its length. Times are CLOCK_MONOTONIC nanoseconds, durations
microseconds, both comparable between processes of one machine.
"""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

HELLO: Final = 1
WELCOME: Final = 2
REQUEST: Final = 3
RESPONSE: Final = 4
CANCEL: Final = 5
PAIR: Final = 6
EVENT: Final = 7
ACCESS: Final = 8
MATCHES: Final = 9
RECHECK: Final = 10
RECHECKED: Final = 11

NO_EXCHANGES: Final = 255
"""The slot of a sender that only sends events: nothing to settle."""

MAX_FRAME_BYTES = 1 << 30
"""A length above this is a broken stream, not a frame: the connection is closed."""

FLAG_CHUNKED: Final = 1
"""REQUEST: the head says `Transfer-Encoding: chunked`; the copy must carry a length instead."""
FLAG_TRACED: Final = 2
"""REQUEST: the head has baggage, traceparent, tracestate or an x-shadow field to rewrite."""
FLAG_TRUNCATED: Final = 1
"""RESPONSE and PAIR sides: the body was over the cap; the blob is its 32-byte BLAKE2b digest."""
FLAG_INCOMPLETE: Final = 2
"""RESPONSE: the client left before legacy's answer was whole."""

_HELLO = struct.Struct("<IBB")
_WELCOME = struct.Struct("<IBQ")
_REQUEST = struct.Struct("<IBBHIQI")
_RESPONSE = struct.Struct("<IBBBHIIIQI")
_CANCEL = struct.Struct("<IBBI")
_PAIR = struct.Struct("<IBHQ")
_SIDE = struct.Struct("<BBHIIQII")
_ACCESS = struct.Struct("<IBdIHQHHH")
_MATCHES = struct.Struct("<IBI")
_RECHECK = struct.Struct("<IBIHI")
_RECHECKED = struct.Struct("<IBI")
_LENGTH_BYTES = 4


class Request(NamedTuple):
    """The request half of an exchange.

    `head` is what legacy was sent, from the request line to the empty line, and `body` the
    payload without transfer coding. `written_ns` is when it was written to legacy.
    """

    exchange: int
    route: int
    flags: int
    written_ns: int
    head: bytes
    body: bytes


class Side(NamedTuple):
    """One observation. `failure` is 0 or 1 + the index into FailureKind; status 0 then.

    `head` runs from the status line to the empty line as received; `body` is the payload without
    transfer coding, content coding intact, or the digest when FLAG_TRUNCATED. `first_us` is the
    time to the first byte, `total_us` to the last, both from "request written"; `wait_us` is what
    getting a connection took before that.
    """

    failure: int
    flags: int
    status: int
    first_us: int
    total_us: int
    body_bytes: int
    head: bytes
    body: bytes
    wait_us: int = 0


class Pair(NamedTuple):
    """What judge compares: the request and both observations. `started_ns` as in Request.

    `witness` is what legacy (or secondary) said when it was asked once more at the same moment;
    None for most pairs. One that is there is usable: it is no failure and was not cut.
    """

    route: int
    started_ns: int
    request_head: bytes
    request_body: bytes
    legacy: Side
    candidate: Side
    witness: Side | None = None


Match = tuple[int, int, int, bytes]
"""An exchange that ended as a match in shadow: route, legacy's and the candidate's `total_us`, and
`METHOD /path` without the query. A plain tuple, because there are 20,000 a second."""


class Recheck(NamedTuple):
    """What judge wants asked once more of both sides; the request as in Pair."""

    ticket: int
    route: int
    request_head: bytes
    request_body: bytes


class Rechecked(NamedTuple):
    """What both sides said when they were asked again, at the same moment; None: refused.

    A side that was asked and gave no usable answer is a `Side` with a failure.
    """

    ticket: int
    again: tuple[Side, Side] | None


class Access(NamedTuple):
    """One line of the access log; `time_s` is wall-clock seconds since the epoch."""

    time_s: float
    duration_us: int
    status: int
    body_bytes: int
    method: bytes
    target: bytes
    peer: bytes


MAX_US: Final = (1 << 32) - 1
"""71 minutes; longer durations travel as this."""


def pack_hello(slot: int) -> bytes:
    """The first frame of a sender: which slot it is."""
    return _HELLO.pack(2, HELLO, slot)


def unpack_hello(frame: bytes) -> int:
    """The sender's slot."""
    return frame[1]


def pack_welcome(accepted: int) -> bytes:
    """The receiver's answer: how many exchanges it ever accepted from that slot."""
    return _WELCOME.pack(9, WELCOME, accepted)


def unpack_welcome(frame: bytes) -> int:
    """The count of accepted exchanges."""
    return int.from_bytes(frame[1:9], "little")


def pack_request(
    exchange: int, route: int, flags: int, written_ns: int, head: bytes, body: bytes
) -> bytes:
    """A request half; `exchange` is unique among the sender's open ones."""
    length = _REQUEST.size - _LENGTH_BYTES + len(head) + len(body)
    fixed = _REQUEST.pack(length, REQUEST, flags, route, exchange, written_ns, len(head))
    return b"".join((fixed, head, body))


def unpack_request(frame: bytes) -> Request:
    """The request half in a frame."""
    flags, route, exchange, written_ns, head_bytes = _REQUEST_FIELDS.unpack_from(frame, 1)
    split = _REQUEST.size - _LENGTH_BYTES + head_bytes
    return Request(
        exchange,
        route,
        flags,
        written_ns,
        frame[_REQUEST.size - _LENGTH_BYTES : split],
        frame[split:],
    )


_REQUEST_FIELDS = struct.Struct("<BHIQI")


def pack_response(exchange: int, side: Side) -> bytes:
    """Legacy's half of an exchange; how long it waited for a connection stays with the edge."""
    failure, flags, status, first_us, total_us, body_bytes, head, body, _ = side
    fixed = _RESPONSE.pack(
        _RESPONSE.size - _LENGTH_BYTES + len(head) + len(body), RESPONSE, failure, flags, status,
        exchange, min(first_us, MAX_US), min(total_us, MAX_US), body_bytes, len(head),
    )  # fmt: skip
    return b"".join((fixed, head, body))


def pack_answer(
    exchange: int,
    flags: int,
    status: int,
    first_us: int,
    total_us: int,
    body_bytes: int,
    head: bytes,
    body: bytes,
) -> bytes:
    """`pack_response` of a whole answer, without a `Side` in between: once per request."""
    fixed = _RESPONSE.pack(
        _RESPONSE.size - _LENGTH_BYTES + len(head) + len(body), RESPONSE, 0, flags, status,
        exchange, min(first_us, MAX_US), min(total_us, MAX_US), body_bytes, len(head),
    )  # fmt: skip
    return b"".join((fixed, head, body))


_RESPONSE_FIELDS = struct.Struct("<BBHIIIQI")


def unpack_response(frame: bytes) -> tuple[int, Side]:
    """The exchange and legacy's observation."""
    failure, flags, status, exchange, first_us, total_us, body_bytes, head_bytes = (
        _RESPONSE_FIELDS.unpack_from(frame, 1)
    )
    start = _RESPONSE.size - _LENGTH_BYTES
    split = start + head_bytes
    return exchange, Side(
        failure, flags, status, first_us, total_us, body_bytes, frame[start:split], frame[split:]
    )


def pack_cancel(exchange: int, reason: int) -> bytes:
    """Legacy's half will not come; `reason` is an index into DropReason."""
    return _CANCEL.pack(_CANCEL.size - _LENGTH_BYTES, CANCEL, reason, exchange)


def unpack_cancel(frame: bytes) -> tuple[int, int]:
    """The exchange and the index into DropReason."""
    return int.from_bytes(frame[2:6], "little"), frame[1]


def pack_pair(pair: Pair) -> bytes:
    """A whole exchange; without a witness nothing of it is in the frame."""
    blobs: list[bytes] = [struct.pack("<II", len(pair.request_head), len(pair.request_body))]
    blobs += (pair.request_head, pair.request_body)
    blobs += _packed_side(pair.legacy)
    blobs += _packed_side(pair.candidate)
    if pair.witness is not None:
        blobs += _packed_side(pair.witness)
    length = _PAIR.size - _LENGTH_BYTES + sum(map(len, blobs))
    return b"".join((_PAIR.pack(length, PAIR, pair.route, pair.started_ns), *blobs))


def unpack_pair(frame: bytes) -> Pair:
    """The exchange in a frame."""
    route, started_ns = struct.unpack_from("<HQ", frame, 1)
    at = _PAIR.size - _LENGTH_BYTES
    head_bytes, body_bytes = struct.unpack_from("<II", frame, at)
    at += 8
    request_head = frame[at : at + head_bytes]
    at += head_bytes
    request_body = frame[at : at + body_bytes]
    at += body_bytes
    legacy, at = _unpack_side(frame, at)
    candidate, at = _unpack_side(frame, at)
    witness = _unpack_side(frame, at)[0] if at < len(frame) else None
    return Pair(route, started_ns, request_head, request_body, legacy, candidate, witness)


def _packed_side(side: Side) -> tuple[bytes, bytes, bytes, bytes]:
    fixed = _SIDE.pack(
        side.failure, side.flags, side.status, min(side.first_us, MAX_US),
        min(side.total_us, MAX_US), side.body_bytes, len(side.head), len(side.body),
    )  # fmt: skip
    return fixed, side.wait_us.to_bytes(8, "little"), side.head, side.body


def _unpack_side(frame: bytes, at: int) -> tuple[Side, int]:
    failure, flags, status, first_us, total_us, total, head_bytes, kept = _SIDE.unpack_from(
        frame, at
    )
    at += _SIDE.size
    wait_us = int.from_bytes(frame[at : at + 8], "little")
    at += 8
    end_of_head = at + head_bytes
    end = end_of_head + kept
    side = Side(
        failure, flags, status, first_us, total_us, total,
        frame[at:end_of_head], frame[end_of_head:end], wait_us,
    )  # fmt: skip
    return side, end


def pack_matches(matches: Sequence[Match]) -> bytes:
    """Exchanges that need no judge but for its statistics, by columns: 0.2 µs each, 0.4 to unpack."""
    routes, legacy_us, candidate_us, names = zip(*matches, strict=True)
    count = len(names)
    columns = struct.pack(
        _match_columns(count), *routes, *map(len, names), *legacy_us, *candidate_us
    )
    texts = b"".join(names)
    length = _MATCHES.size - _LENGTH_BYTES + len(columns) + len(texts)
    return b"".join((_MATCHES.pack(length, MATCHES, count), columns, texts))


def unpack_matches(frame: bytes) -> list[Match]:
    """The exchanges in the order in which they ended."""
    count = int.from_bytes(frame[1:5], "little")
    layout = _match_columns(count)
    columns = struct.unpack_from(layout, frame, 5)
    at = 5 + struct.calcsize(layout)
    names = []
    for size in columns[count : 2 * count]:
        names.append(frame[at : at + size])
        at += size
    legacy_us, candidate_us = columns[2 * count : 3 * count], columns[3 * count :]
    return list(zip(columns[:count], legacy_us, candidate_us, names, strict=True))


def _match_columns(count: int) -> str:
    """Routes, lengths of the names, both durations."""
    return f"<{2 * count}H{2 * count}I"


def pack_recheck(recheck: Recheck) -> bytes:
    """Judge's wish; `ticket` is judge's own, to know the answer by."""
    ticket, route, head, body = recheck
    length = _RECHECK.size - _LENGTH_BYTES + len(head) + len(body)
    return b"".join((_RECHECK.pack(length, RECHECK, ticket, route, len(head)), head, body))


def unpack_recheck(frame: bytes) -> Recheck:
    """The wish in a frame."""
    ticket, route, head_bytes = struct.unpack_from("<IHI", frame, 1)
    start = _RECHECK.size - _LENGTH_BYTES
    split = start + head_bytes
    return Recheck(ticket, route, frame[start:split], frame[split:])


def pack_rechecked(rechecked: Rechecked) -> bytes:
    """Shadow's answer to a RECHECK; a refusal is the ticket alone."""
    ticket, again = rechecked
    blobs = () if again is None else (*_packed_side(again[0]), *_packed_side(again[1]))
    length = _RECHECKED.size - _LENGTH_BYTES + sum(map(len, blobs))
    return b"".join((_RECHECKED.pack(length, RECHECKED, ticket), *blobs))


def unpack_rechecked(frame: bytes) -> Rechecked:
    """The answer in a frame."""
    ticket = int.from_bytes(frame[1:5], "little")
    at = _RECHECKED.size - _LENGTH_BYTES
    if at == len(frame):
        return Rechecked(ticket, None)
    legacy, at = _unpack_side(frame, at)
    return Rechecked(ticket, (legacy, _unpack_side(frame, at)[0]))


def pack_event(document: bytes) -> bytes:
    """A log event: one JSON object with the member `event`."""
    return (1 + len(document)).to_bytes(4, "little") + b"\x07" + document


def unpack_event(frame: bytes) -> bytes:
    """The JSON object."""
    return frame[1:]


def pack_access(access: Access) -> bytes:
    """A line for the access log; over-long fields are cut at 8 KiB."""
    method, target, peer = (field[:8192] for field in (access.method, access.target, access.peer))
    fixed = _ACCESS.pack(
        _ACCESS.size - _LENGTH_BYTES + len(method) + len(target) + len(peer),
        ACCESS,
        access.time_s,
        min(access.duration_us, MAX_US),
        access.status,
        access.body_bytes,
        len(method),
        len(target),
        len(peer),
    )
    return b"".join((fixed, method, target, peer))


_ACCESS_FIELDS = struct.Struct("<dIHQHHH")


def unpack_access(frame: bytes) -> Access:
    """The line's fields."""
    time_s, duration_us, status, body_bytes, m, t, p = _ACCESS_FIELDS.unpack_from(frame, 1)
    at = _ACCESS.size - _LENGTH_BYTES
    return Access(
        time_s, duration_us, status, body_bytes,
        frame[at : at + m], frame[at + m : at + m + t], frame[at + m + t : at + m + t + p],
    )  # fmt: skip
