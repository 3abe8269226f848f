"""What shadow calls the same without asking the judge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.compare.comparing import compare
from shadowproxy.compare.observations import Observation
from shadowproxy.compare.ruleset import Rules
from shadowproxy.core.words import Verdict
from shadowproxy.ipc.frames import FLAG_INCOMPLETE, FLAG_TRUNCATED, Side
from shadowproxy.shadow.sameness import Sameness

RULES = Rules(
    ignored_headers=frozenset({"x-served-by", "connection", "content-type", "etag"}),
    unordered_headers=frozenset({"vary"}),
)


def side(*lines: str, body: bytes = b"{}", status: int = 200, flags: int = 0) -> Side:
    head = "\r\n".join([f"HTTP/1.1 {status} OK", *lines, "", ""]).encode()
    return Side(0, flags, status, 1, 2, len(body), head, body)


def observed(of: Side) -> Observation:
    return Observation(
        None, of.status, of.head, of.body, of.body_bytes,
        bool(of.flags & FLAG_TRUNCATED), bool(of.flags & FLAG_INCOMPLETE),
    )  # fmt: skip


LINES = st.sampled_from(
    [
        "Date: 1", "Date: 2", "date: 3", "ETag: a", "ETag: b", "X-Request-Id: 1", "Server: a",
        "Server: b", "Content-Length: 2", "Transfer-Encoding: chunked", "Connection: close",
        "Connection: x-a", "Connection: date", "X-A: 1", "X-A: 2", "Content-Type: text/plain",
        "Content-Type: application/json", "Content-Encoding: gzip", "Content-Encoding: br",
        "Set-Cookie: a=1", "Set-Cookie: a=2", "X-Served-By: 1", "X-Served-By: 2", "Vary: a",
        "Date", ": x", "HTTP/1.1 200 OK",
    ]
)  # fmt: skip


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Side, Side]:
    """Two answers that are alike more often than not."""
    lines = draw(st.lists(LINES, max_size=6))
    others = [draw(st.sampled_from([line, line, line, draw(LINES)])) for line in lines]
    bodies = st.sampled_from([b"{}", b"{}", b"{ }", b""])
    flags = st.sampled_from([0, 0, FLAG_TRUNCATED, FLAG_INCOMPLETE])
    status = st.sampled_from([200, 200, 201, 500])
    return (
        side(*lines, body=draw(bodies), status=draw(status), flags=draw(flags)),
        side(*others, body=draw(bodies), status=draw(status), flags=draw(flags)),
    )


@given(pairs(), st.sampled_from([Rules(), RULES]))
def test_what_is_the_same_here_is_a_match_there(pair: tuple[Side, Side], rules: Rules) -> None:
    """The short way never says match where the comparer would not."""
    legacy, candidate = pair
    if Sameness(rules).holds(legacy, candidate):
        assert compare(observed(legacy), observed(candidate), rules).verdict is Verdict.MATCH


@pytest.mark.parametrize(
    ("legacy", "candidate", "expected"),
    [
        (("A: 1",), ("A: 1",), True),
        (("Date: 1", "A: 1"), ("Date: 2", "A: 1"), True),
        (("Date: 1",), ("date: 2",), True),
        (("Content-Length: 2",), ("Transfer-Encoding: chunked",), True),
        (("Date: 1",), ("Server: 2",), False),
        (("Date: 1",), (), False),
        (("A: 1",), ("A: 2",), False),
        (("A: 1", "B: 1"), ("B: 1", "A: 1"), False),
        (("Content-Encoding: gzip",), ("Content-Encoding: br",), False),
        (("Connection: a",), ("Connection: b",), False),
    ],
)
def test_heads_may_differ_in_what_never_counts(
    legacy: tuple[str, ...], candidate: tuple[str, ...], expected: bool
) -> None:
    """Dates and framing may differ line by line; the rest needs a look."""
    assert Sameness(Rules()).holds(side(*legacy), side(*candidate)) is expected


def test_an_answer_that_was_cut_off_is_never_the_same() -> None:
    """Not even as itself."""
    cut = side(flags=FLAG_INCOMPLETE)
    assert not Sameness(Rules()).holds(cut, cut)


def test_the_first_answer_of_a_version_is_left_to_the_judge() -> None:
    """And whenever it changes; the header may be the candidate's alone."""
    sameness = Sameness(Rules(ignored_headers=frozenset({"x-version"})), "X-Version")
    legacy = side("Date: 1")
    answers = [side("Date: 2", f"x-version: {version}") for version in ("1", "1", "2", "2", "1")]
    told = [sameness.holds(legacy, answer) for answer in answers]
    assert told == [False, True, False, True, False]
    assert not sameness.holds(legacy, side("Date: 2"))
    assert sameness.holds(legacy, side("Date: 2"))


def test_a_field_that_is_ignored_may_be_on_one_side_alone() -> None:
    """Any other may not."""
    sameness = Sameness(RULES)
    assert sameness.holds(side("Date: 1"), side("X-Served-By: a", "Date: 2"))
    assert not sameness.holds(side("Date: 1"), side("X-Other: a", "Date: 2"))
