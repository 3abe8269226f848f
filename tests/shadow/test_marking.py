"""What the head of a copy says."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.core.settings import ShadowSettings
from shadowproxy.core.words import Backend
from shadowproxy.ipc.frames import FLAG_CHUNKED, FLAG_TRACED
from shadowproxy.shadow.marking import Marking, flags_of

PLAIN = Marking(ShadowSettings())
ENTROPY = bytes(range(24))
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


def head(*fields: str, line: str = "GET /a?b HTTP/1.1") -> bytes:
    return "\r\n".join([line, "Host: shop.test", *fields, "", ""]).encode("latin-1")


def copied(
    *fields: str, flags: int = 0, body_bytes: int = 0, marking: Marking = PLAIN
) -> list[str]:
    """The lines of the copy's head, without the empty ones."""
    copy = marking.head_of_copy(head(*fields), flags, body_bytes, ENTROPY).decode("latin-1")
    assert copy.endswith("\r\n\r\n")
    return copy[:-4].split("\r\n")


MARK = ["X-Shadow: candidate", "baggage: shadow=candidate"]


def test_the_plain_copy_is_the_original_with_the_mark() -> None:
    """Line, Host, order and spelling of all fields stay; the mark comes last."""
    assert copied("ACCEPT: */*", "X-A: 1", "x-a: 2") == [
        "GET /a?b HTTP/1.1", "Host: shop.test", "ACCEPT: */*", "X-A: 1", "x-a: 2", *MARK,
    ]  # fmt: skip


@pytest.mark.parametrize("backend", Backend)
def test_the_mark_names_whom_it_is_for(backend: Backend) -> None:
    """In X-Shadow and baggage alike, quick way and slow; a name that came with it is replaced."""
    marking = Marking(ShadowSettings(), backend)
    mark = [f"X-Shadow: {backend}", f"baggage: shadow={backend}"]
    assert copied(marking=marking)[2:] == mark
    fields = ("X-Shadow: other", "baggage: shadow=candidate")
    assert copied(*fields, flags=FLAG_TRACED, marking=marking)[2:] == mark


@pytest.mark.parametrize(
    ("field", "flags"),
    [
        ("Accept: */*", FLAG_TRACED),
        ("Transfer-Encoding: chunked", FLAG_TRACED | FLAG_CHUNKED),
        ("TRANSFER-ENCODING:chunked", FLAG_TRACED | FLAG_CHUNKED),
        ("X-Transfer-Encoding: chunked", FLAG_TRACED),
    ],
)
def test_flags_of_a_head_that_comes_without(field: str, flags: int) -> None:
    """A coding is seen, a trace is always looked for."""
    assert flags_of(head(field)) == flags


def test_baggage_keeps_what_it_carried() -> None:
    """Our member joins the list, all lines of it; a member of our name is replaced."""
    lines = copied("Baggage: a=1,shadow=other", "baggage:b=2;p=3", flags=FLAG_TRACED)
    assert lines[2:] == ["X-Shadow: candidate", "baggage: a=1,b=2;p=3,shadow=candidate"]


def test_a_traced_request_gets_a_trace_of_its_own() -> None:
    """The original's id moves to X-Shadow-Of, its sampling decision stays, its state goes."""
    lines = copied(f"traceparent: 00-{TRACE}-{PARENT}-01", "tracestate: v=1", flags=FLAG_TRACED)
    assert lines[2:] == [
        f"X-Shadow-Of: {TRACE}",
        f"traceparent: 00-{ENTROPY[:16].hex()}-{ENTROPY[16:].hex()}-01",
        *MARK,
    ]


@pytest.mark.parametrize(
    "fields",
    [
        ("traceparent: 00-abc-def-01",),
        (f"traceparent: ff-{TRACE}-{PARENT}-01",),
        (f"traceparent: 00-{TRACE}-{PARENT}-01", f"traceparent: 00-{TRACE}-{PARENT}-01"),
        ("X-Shadow-Of: evil", "x-shadow: other"),
    ],
)
def test_what_is_not_a_trace_is_left_out(fields: tuple[str, ...]) -> None:
    """Nothing that a client invented gets into X-Shadow-Of or passes for our mark."""
    assert copied(*fields, flags=FLAG_TRACED)[2:] == MARK


def test_a_chunked_request_is_copied_with_its_length() -> None:
    """The captured body has no transfer coding, so the copy says how long it is."""
    lines = copied("Transfer-Encoding: chunked", "Trailer: X-T", flags=FLAG_CHUNKED, body_bytes=12)
    assert lines[2:] == ["Content-Length: 12", *MARK]
    empty = copied("transfer-encoding: Chunked", flags=FLAG_CHUNKED)
    assert empty[2:] == ["Content-Length: 0", *MARK]


@pytest.mark.parametrize("line", ["Expect: 100-continue", "expect:100-continue", "eXpEcT: x"])
def test_expect_is_not_copied(line: str) -> None:
    """The copy's body is at hand; nobody waits for 100."""
    assert copied(line, "Content-Length: 3", body_bytes=3)[2:] == ["Content-Length: 3", *MARK]


def test_the_policy_removes_and_sets() -> None:
    """A removed field is gone in any spelling; a set one replaces what came."""
    marking = Marking(
        ShadowSettings(
            remove_headers=("Authorization", "cookie"),
            set_headers=(("X-Env", "shadow"), ("Accept", "a\r\nInjected: b")),
        )
    )
    lines = copied("authorization: s3cret", "COOKIE: a=b", "x-env: prod", marking=marking)
    assert lines[2:] == [*MARK, "X-Env: shadow", "Accept: a  Injected: b"]


def test_the_policy_cannot_reach_host_framing_or_mark() -> None:
    """Removing or setting them has no effect."""
    names = ("Host", "Content-Length", "Transfer-Encoding", "Connection", "X-Shadow")
    marking = Marking(
        ShadowSettings(remove_headers=names, set_headers=tuple((name, "x") for name in names))
    )
    lines = copied("Content-Length: 2", body_bytes=2, marking=marking)
    assert lines[1:] == ["Host: shop.test", "Content-Length: 2", *MARK]


def test_removing_baggage_keeps_the_mark() -> None:
    """The operator may hide the user's baggage, never that this is a shadow."""
    marking = Marking(ShadowSettings(remove_headers=("baggage",)))
    assert copied("baggage: user=1", flags=FLAG_TRACED, marking=marking)[2:] == MARK


NAMES = st.sampled_from(
    ["Accept", "baggage", "traceparent", "X-Shadow", "Expect", "Cookie", "tracestate", "X-Any"]
)
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=8), st.integers(0, 3), st.integers(0, 9))
def test_every_copy_carries_the_mark_once(
    fields: list[tuple[str, str]], flags: int, body_bytes: int
) -> None:
    """Whatever came with the request, a flagged copy has one mark and one baggage field."""
    lines = copied(
        *(f"{name}: {value}" for name, value in fields),
        flags=flags | FLAG_TRACED, body_bytes=body_bytes,
    )  # fmt: skip
    assert [line for line in lines if line.lower().startswith("x-shadow:")] == MARK[:1]
    (baggage,) = [line for line in lines if line.lower().startswith("baggage:")]
    assert re.search(r"(^|[ ,])shadow=candidate$", baggage)
    assert lines[0] == "GET /a?b HTTP/1.1"
