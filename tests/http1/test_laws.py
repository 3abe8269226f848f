"""Laws of heads: what passes is read alike by everyone, and nothing of it is changed.

Judges are the strict reader of the tests, written from the RFC, and llhttp over the whole head.
"""

import contextlib

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shadowproxy.http1.answers import parse_response_head
from shadowproxy.http1.forwarding import forward_request, forward_response
from shadowproxy.http1.heads import AnswerError, HeadError, RequestHead
from shadowproxy.http1.requests import parse_request_head
from tests.http1.heads import Head, heads
from tests.support.corpora import answer_cases, request_cases
from tests.support.messages import answer_of, request_of
from tests.support.mutating import mutated, small_answers, small_requests

MAX_FIELDS = 200
HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te"}


def _parsed(data: bytes) -> RequestHead | None:
    """The head at the front of the bytes, as the edge would cut it out; None when refused."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    with contextlib.suppress(HeadError):
        return parse_request_head(data[: end + 4], MAX_FIELDS)
    return None


@given(heads())
def test_a_right_head_is_read_as_it_was_written(sent: Head) -> None:
    """Method, target and all fields in order, values without the space around them."""
    if (head := _parsed(sent.raw)) is None:
        pytest.fail(f"refused: {sent.raw!r}")
    assert (head.method, head.target) == (sent.method, sent.target)
    assert [(name, value.strip(b" \t")) for name, value in head.fields] == list(sent.fields)


@given(heads())
def test_no_hop_by_hop_field_survives_and_the_rest_keeps_order_and_repetition(sent: Head) -> None:
    """What goes on is what RFC 9110 7.6.1 leaves, in the order and spelling of the sender."""
    head = _parsed(sent.raw)
    assert head is not None
    went_on = request_of(forward_request(head, None, b"legacy.test"))
    upgrade = {b"connection", b"upgrade"} if head.has_upgrade else set()
    fields = [(name, value) for name, value in went_on.fields if name.lower() not in upgrade]
    assert fields == list(sent.forwarded)


@given(heads())
def test_forwarding_what_was_forwarded_changes_nothing(sent: Head) -> None:
    """A second proxy has nothing left to take away."""
    head = _parsed(sent.raw)
    assert head is not None
    once = forward_request(head, None, b"legacy.test")
    again = _parsed(once)
    assert again is not None
    assert forward_request(again, None, b"legacy.test") == once


@given(heads(), st.sampled_from([b"192.0.2.7", b"2001:db8::1"]))
def test_forwarded_fields_are_added_and_nothing_else_is(sent: Head, peer: bytes) -> None:
    """With `append` the fields that differ are X-Forwarded-*, and the peer is the last address."""
    head = _parsed(sent.raw)
    assert head is not None
    plain = request_of(forward_request(head, None, b"legacy.test"))
    added = request_of(forward_request(head, (peer, b"https"), b"legacy.test"))

    def without(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        return [field for field in fields if not field[0].lower().startswith(b"x-forwarded-")]

    assert without(added.fields) == without(plain.fields)
    assert b",".join(added.values("x-forwarded-for")).rpartition(b",")[2].strip() == peer


@given(mutated(small_requests()))
def test_what_is_forwarded_is_read_alike_by_everyone(data: bytes) -> None:
    """Nearly right heads are refused, or what goes on is a request to the strictest reader."""
    if (head := _parsed(data)) is None:
        return
    went_on = request_of(forward_request(head, None, b"legacy.test"))
    assert went_on.method == head.method
    if not head.has_upgrade:
        assert not HOP_BY_HOP & {name.lower() for name, _ in went_on.fields}
    assert (went_on.values("transfer-encoding") != []) == head.chunked
    assert (went_on.values("content-length") != []) == (head.length is not None)


class _Heard:
    """What llhttp makes of a head."""

    def __init__(self) -> None:
        self.url = b""
        self.fields: list[tuple[bytes, bytes]] = []

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))


@example(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
@given(mutated(small_requests()))
def test_llhttp_accepts_whatever_we_accept_and_reads_the_same(data: bytes) -> None:
    """Its set is the larger one (for methods that it knows), and where both accept, fields agree."""
    if (head := _parsed(data)) is None or head.method not in _KNOWN_TO_LLHTTP:
        return
    heard = _Heard()
    parser = httptools.HttpRequestParser(heard)
    with contextlib.suppress(httptools.HttpParserUpgrade):
        parser.feed_data(head.raw)
    assert parser.get_method() == head.method
    assert parser.get_http_version() == f"1.{head.minor}"
    assert [(name, value.strip()) for name, value in heard.fields] == [
        (name, value.strip()) for name, value in head.fields
    ]


_KNOWN_TO_LLHTTP = {b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"HEAD", b"PATCH"}


@given(mutated(small_answers()))
def test_an_answer_that_passes_is_read_alike_by_everyone(data: bytes) -> None:
    """Nearly right answers are refused, or what goes on is an answer to the strictest reader."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return
    try:
        head = parse_response_head(data[: end + 4])
    except AnswerError:
        return
    if head.status < 200:
        return
    bodiless = head.status in (204, 304)
    went_on = answer_of(
        forward_response(
            head,
            chunked=head.chunked and not bodiless,
            without_length=head.status == 204,
            connection=b"",
        )
    )
    assert (went_on.status, went_on.reason) == (head.status, head.reason)
    assert not HOP_BY_HOP & {name.lower() for name, _ in went_on.fields}


@given(st.binary(max_size=200))
def test_any_bytes_are_a_head_or_refused(data: bytes) -> None:
    """No other exception, whatever stands before the empty line."""
    _parsed(data + b"\r\n\r\n")
    with contextlib.suppress(AnswerError):
        parse_response_head(data.replace(b"\r\n\r\n", b"") + b"\r\n\r\n")


def test_the_corpora_feed_these_laws() -> None:
    """There is enough to mutate."""
    assert len(request_cases()) > 700
    assert len(answer_cases()) > 300
