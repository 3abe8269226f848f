"""Exchanges through one real shadow process: sent, paired, settled once, counted."""

from hashlib import blake2b
from typing import Any

import pytest

from shadowproxy.core.cells import unsettled
from shadowproxy.core.lifecycle import DropReason
from shadowproxy.core.settings import ShadowSettings
from shadowproxy.core.words import FailureKind
from shadowproxy.ipc import frames
from tests.shadow.playing import FAILURES, HEAD, Played, ok, shadow_alone, shadowed
from tests.support.backends import Backend, backend, refusing
from tests.support.messages import Received
from tests.support.waiting import until

OK = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


def say_ok(candidate: Backend) -> None:
    candidate.answer = lambda request: ok().head + b"ok"


async def test_the_copy_carries_the_request_and_the_mark() -> None:
    """Line, Host, fields and body reach the candidate, with X-Shadow and baggage."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        say_ok(candidate)
        head = b"POST /quote?a=1 HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 5\r\n\r\n"
        played.answer(played.ask(head, b"hello"))
        await played.until_settled()
        (request,) = candidate.requests
        assert (request.method, request.target, request.body) == (b"POST", b"/quote?a=1", b"hello")
        assert request.lines() == [
            "Host: shop.test", "Content-Length: 5",
            "X-Shadow: candidate", "baggage: shadow=candidate",
        ]  # fmt: skip


async def test_equal_answers_end_here_as_a_match() -> None:
    """Verdict, outcome and the candidate's duration are counted; nothing goes to the judge."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        say_ok(candidate)
        for _ in range(20):
            played.answer(played.ask())
        await played.until_settled()
        assert played.route_cell("verdict/match") == 20
        assert played.outcome("2xx") == 20
        assert played.route_cell("backend_duration/candidate/sum_us") > 0
        assert played.route_cell("backend_duration/legacy/sum_us") == 0
        assert played.judge.pairs == []
        assert candidate.connections <= 20


@pytest.mark.parametrize("legacy_is_first", [True, False])
async def test_different_answers_go_to_the_judge_whole(legacy_is_first: bool) -> None:
    """The pair has the request and both observations, whichever half came first."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        candidate.scripts[b"/item"] = [{"await": "go"}, {"send": OK}]
        exchange = played.ask()
        if legacy_is_first:
            played.answer(exchange, ok(b"no"))
            candidate.events["go"].set()
        else:
            candidate.events["go"].set()
            await until(lambda: played.outcome("2xx"), "the candidate has answered")
            played.answer(exchange, ok(b"no"))
        await until(lambda: played.judge.pairs, "the pair arrives")
        await played.until_settled()
        (pair,) = played.judge.pairs
        assert (pair.request_head, pair.legacy.body, pair.candidate.body) == (HEAD, b"no", b"ok")
        assert pair.candidate.head == ok().head
        assert pair.candidate.status == 200
        assert pair.candidate.total_us >= pair.candidate.first_us > 0
        assert played.cell("handed_over") == 1


async def test_a_chunked_answer_is_compared_without_its_coding() -> None:
    """Segments and chunk sizes of the candidate do not count; the payload does."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        candidate.scripts[b"/item"] = [
            {"send": "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"},
            {"drip": "Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"},
        ]
        played.answer(played.ask())
        await played.until_settled()
        assert played.route_cell("verdict/match") == 1


async def test_redirects_are_compared_and_never_followed() -> None:
    """The candidate's 302 is its answer; nobody asks its Location."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        candidate.answer = lambda request: (
            b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
        )
        played.answer(played.ask())
        await until(lambda: played.judge.pairs, "the pair arrives")
        assert [request.target for request in candidate.requests] == [b"/item"]
        assert played.judge.pairs[0].candidate.status == 302


LIES: dict[str, tuple[list[dict[str, Any]], FailureKind]] = {
    "reset": ([{"reset": True}], FailureKind.RESET),
    "close": ([{"close": True}], FailureKind.RESET),
    "short": ([{"send": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"}, {"close": True}],
              FailureKind.RESET),
    "garbage": ([{"send": "SSH-2.0-OpenSSH\r\n\r\n"}, {"hang": True}], FailureKind.PROTOCOL),
    "bad chunk": ([{"send": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
                   {"hang": True}], FailureKind.PROTOCOL),
    "endless head": ([{"send": "HTTP/1.1 200 OK\r\n"}, {"endless": "X-A: aaaaaaaaaaaaaaaa\r\n"}],
                     FailureKind.PROTOCOL),
    "101": ([{"send": "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                      "Upgrade: x\r\n\r\n"}, {"hang": True}], FailureKind.PROTOCOL),
    "hang": ([{"hang": True}], FailureKind.TIMEOUT),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
async def test_a_lying_candidate_is_an_observation(lie: str) -> None:
    """Each lie becomes its failure kind, counted and handed to the judge; the next copy works."""
    steps, kind = LIES[lie]
    async with backend() as candidate, shadowed(candidate.address) as played:
        say_ok(candidate)
        candidate.scripts[b"/item"] = steps
        played.answer(played.ask())
        if lie == "hang":
            await until(lambda: candidate.requests, "the candidate is asked")
            await played.pass_deadline()
        await until(lambda: played.judge.pairs, "the pair arrives")
        assert played.judge.pairs[0].candidate.failure == FAILURES[kind]
        assert played.outcome(kind) == 1
        played.answer(played.ask(b"GET /well HTTP/1.1\r\nHost: shop.test\r\n\r\n"))
        await played.until_settled()
        assert played.route_cell("verdict/match") == 1


async def test_a_refusing_candidate_is_an_observation() -> None:
    """Nobody listens: connect_refused, and the exchange is recorded as that."""
    async with refusing() as address, shadowed(address) as played:
        played.answer(played.ask())
        await until(lambda: played.judge.pairs, "the pair arrives")
        await played.until_settled()
        assert played.judge.pairs[0].candidate.failure == FAILURES[FailureKind.CONNECT_REFUSED]
        assert played.outcome("connect_refused") == 1


FLOOD: list[dict[str, Any]] = [
    {"send": "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"},
    {"endless": "x" * 65536},
]


async def test_a_flood_ends_when_it_is_larger_than_legacys_answer() -> None:
    """Above the cap and above legacy's size nothing more is read: too_large."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        candidate.scripts[b"/item"] = FLOOD
        played.answer(played.ask())
        await until(lambda: played.judge.pairs, "the pair arrives")
        await played.until_settled()
        assert played.judge.pairs[0].candidate.failure == FAILURES[FailureKind.TOO_LARGE]
        assert played.outcome("too_large") == 1
        await until(lambda: not candidate.open_connections, "the connection is closed")
        assert candidate.runs[0].sent_bytes < 16 << 20


async def test_a_flood_ends_at_a_hard_bound_without_legacy() -> None:
    """Before legacy has answered, 64 times the cap are read for the digest, and held are none."""
    shadow = ShadowSettings(max_body_bytes=1 << 16)
    async with backend() as candidate, shadowed(candidate.address, shadow=shadow) as played:
        candidate.scripts[b"/item"] = FLOOD
        exchange = played.ask()
        await until(lambda: played.outcome("too_large"), "the flood is over")
        assert played.cell("shadow_memory_bytes") < 1 << 16
        played.answer(exchange)
        await played.until_settled()
        assert candidate.runs[0].sent_bytes < 64 * (1 << 16) + (8 << 20)


async def test_above_the_cap_size_and_digest_travel() -> None:
    """Two equal large bodies match by digest; a different one goes to the judge as digest."""
    shadow = ShadowSettings(max_body_bytes=1000)
    large = b"x" * 5000
    async with backend() as candidate, shadowed(candidate.address, shadow=shadow) as played:
        candidate.answer = lambda request: ok(large).head + large
        digest = blake2b(large, digest_size=32).digest()
        whole = ok(large, flags=frames.FLAG_TRUNCATED, body=digest)
        played.answer(played.ask(), whole)
        await played.until_settled()
        assert played.route_cell("verdict/match") == 1
        played.answer(played.ask(), whole._replace(body=bytes(32)))
        await until(lambda: played.judge.pairs, "the pair arrives")
        candidate_side = played.judge.pairs[0].candidate
        assert (candidate_side.body, candidate_side.body_bytes) == (digest, 5000)
        assert candidate_side.flags == frames.FLAG_TRUNCATED


async def test_an_exchange_that_the_edge_cancels_ends_as_it_says() -> None:
    """CANCEL drops the exchange with its reason, and the copy's connection is given up."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        candidate.scripts[b"/item"] = [{"signal": "asked"}, {"hang": True}]
        exchange = played.ask()
        await candidate.events["asked"].wait()
        played.cancel(exchange, DropReason.CLIENT_GONE)
        await played.until_settled()
        assert played.cell("dropped/client_gone") == 1
        await until(lambda: not candidate.open_connections, "the connection is given up")


async def test_an_incomplete_half_is_client_gone() -> None:
    """A RESPONSE whose user left early is no answer to compare with."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        say_ok(candidate)
        played.answer(played.ask(), ok(flags=frames.FLAG_INCOMPLETE))
        await played.until_settled()
        assert played.cell("dropped/client_gone") == 1


async def test_a_failed_legacy_goes_to_the_judge() -> None:
    """Legacy's failure is an observation like the candidate's."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        say_ok(candidate)
        failed = frames.Side(FAILURES[FailureKind.RESET], 0, 0, 0, 5, 0, b"", b"")
        played.answer(played.ask(), failed)
        await until(lambda: played.judge.pairs, "the pair arrives")
        assert played.judge.pairs[0].legacy.failure == FAILURES[FailureKind.RESET]


async def test_an_edge_that_dies_loses_only_its_own_halves() -> None:
    """Its exchanges without legacy's half are process_lost; another edge's go on."""
    async with backend() as candidate, shadowed(candidate.address, edges=2) as played:
        candidate.scripts[b"/item"] = [{"await": "go"}, {"send": OK}]
        for slot in (0, 1, 0):
            played.ask(slot=slot)
        paired = played.ask(slot=0)
        played.answer(paired, slot=0)
        await until(lambda: len(candidate.requests) == 4, "all copies are out")
        transport = played.edges[0]._transport
        assert transport is not None
        transport.abort()
        await played.until_cell("dropped/process_lost", 2)
        candidate.events["go"].set()
        played.answer(2, slot=1)
        await played.until_settled()
        assert played.route_cell("verdict/match") == 2


async def test_without_a_judge_differences_are_dropped_and_matches_are_not() -> None:
    """channel_down is counted; shadow needs nobody for what it can tell itself."""
    async with backend() as candidate, shadow_alone(candidate.address) as played:
        say_ok(candidate)
        played.answer(played.ask(), ok(b"no"))
        played.answer(played.ask())
        await played.until_settled()
        assert played.cell("dropped/channel_down") == 1
        assert played.route_cell("verdict/match") == 1


async def test_head_answers_have_no_body() -> None:
    """A copy of HEAD ends at the head, whatever Content-Length says."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        candidate.answer = lambda request: ok(b"twelve bytes").head
        head = HEAD.replace(b"GET", b"HEAD")
        played.answer(played.ask(head), ok(b"", head=ok(b"twelve bytes").head))
        await played.until_settled()
        assert played.route_cell("verdict/match") == 1


async def test_the_trace_of_a_copy_is_its_own() -> None:
    """Two copies of traced requests have different traces, both naming their original."""
    trace = b"0af7651916cd43dd8448eb211c80319c"
    head = HEAD[:-2] + b"traceparent: 00-%b-b7ad6b7169203331-01\r\n\r\n" % trace
    async with backend() as candidate, shadowed(candidate.address) as played:
        say_ok(candidate)
        for _ in range(2):
            played.answer(played.ask(head, flags=frames.FLAG_TRACED))
        await played.until_settled()
        traces = [_only(request, "traceparent") for request in candidate.requests]
        assert len({*traces, trace}) == 3
        assert [_only(request, "x-shadow-of") for request in candidate.requests] == [trace, trace]


def _only(request: Received, name: str) -> bytes:
    (value,) = request.values(name)
    return value.split(b"-")[1] if name == "traceparent" else value


async def test_a_thousand_interleaved_exchanges_keep_the_sums() -> None:
    """Matches, mismatches, cancels and lost halves in one stream: each is counted once."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        say_ok(candidate)
        for number in range(1000):
            exchange = played.ask()
            if number % 10 == 1:
                played.cancel(exchange, DropReason.CLIENT_GONE)
            else:
                played.answer(exchange, ok(b"no") if number % 10 == 2 else ok())
            if number % 100 == 99:
                await _breathe(played)
        await played.until_settled()
        assert played.cell("dropped/client_gone") == 100
        assert played.cell("handed_over") == 100
        assert played.route_cell("verdict/match") == 800
        await until(lambda: len(played.judge.pairs) == 100, "all pairs arrive")


async def _breathe(played: Played) -> None:
    """Room for what was sent: the limits are other tests' business."""
    await until(lambda: played.cell("accepted_from/0") == played.sent, "taken")
    await until(lambda: unsettled(played.cells()) < 50, "most have ended")
