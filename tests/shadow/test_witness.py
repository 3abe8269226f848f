"""Legacy asked once more: it teaches, and whatever it does, it never costs an exchange."""

import pytest

from shadowproxy.core.cells import unsettled
from shadowproxy.core.lifecycle import DropReason
from shadowproxy.core.settings import NoiseSettings, ShadowSettings
from shadowproxy.ipc import frames
from shadowproxy.shadow import serving
from tests.shadow.playing import HEAD, ok, shadow_alone, shadowed
from tests.shadow.test_replay import FLOOD, LIES
from tests.shadow.witnessing import ALWAYS, HANG, SECOND, exchange, saying, witnessed
from tests.support.backends import backend, unreachable
from tests.support.edges import backend_settings
from tests.support.waiting import until

PATIENT = {"connect_timeout_s": 60.0, "response_timeout_s": 60.0}
"""A backend's own limits, when a shorter one is in question."""


@pytest.mark.parametrize("said", [b"ok", b"OK"])
async def test_a_witness_goes_to_the_judge_with_its_pair(said: bytes) -> None:
    """Equal answers and different ones alike: the judge learns from both, and counts the verdict."""
    async with witnessed() as (played, _, legacy):
        legacy.answer = saying(said)
        played.answer(played.ask())
        await until(lambda: played.judge.pairs, "the pair arrives")
        await played.until_settled()
        (pair,) = played.judge.pairs
        assert pair.witness is not None
        assert (pair.legacy.body, pair.candidate.body, pair.witness.body) == (b"ok", b"ok", said)
        assert pair.witness.total_us >= pair.witness.first_us > 0
        assert (played.cell("handed_over"), played.route_cell("verdict/match")) == (1, 0)
        assert played.witnesses() == {"asked": 1, "failed": 0, "refused": 0, "used": 1}


async def test_a_witness_is_counted_as_secondary_and_in_no_latency() -> None:
    """Legacy's own outcomes are users'; the histograms know the copy alone."""
    async with witnessed() as (played, _, _):
        played.answer(played.ask())
        await until(lambda: played.judge.pairs, "the pair arrives")
        assert (played.outcome("2xx"), played.outcome("2xx", "secondary")) == (1, 1)
        assert played.outcome("2xx", "legacy") == 0
        assert played.route_cell("backend_duration/candidate/sum_us") > 0
        assert played.route_cell("backend_duration/secondary/sum_us") == 0
        assert played.route_cell("backend_duration/legacy/sum_us") == 0


async def test_a_witness_says_whom_it_is_for() -> None:
    """The mark names legacy; what the operator does to copies is not done to it."""
    policy = ShadowSettings(remove_headers=("authorization",), set_headers=(("X-Env", "shadow"),))
    async with witnessed(shadow=policy) as (played, candidate, legacy):
        head = HEAD[:-2] + b"Authorization: secret\r\nbaggage: a=1\r\n\r\n"
        played.answer(played.ask(head, flags=frames.FLAG_TRACED))
        await until(lambda: played.judge.pairs, "the pair arrives")
        (request,) = legacy.requests
        assert request.lines() == [
            "Host: shop.test", "Authorization: secret", "X-Shadow: legacy",
            "baggage: a=1,shadow=legacy",
        ]  # fmt: skip
        assert candidate.requests[0].values("x-shadow") == [b"candidate"]
        assert candidate.requests[0].values("authorization") == []


async def test_secondary_is_asked_in_legacys_place() -> None:
    """With noise.source secondary, legacy hears nothing and the mark names secondary."""
    async with backend() as second:
        second.answer = saying(b"ok")
        settings = backend_settings(second.address)
        async with witnessed(noise=SECOND, secondary=settings) as (played, _, legacy):
            played.answer(played.ask())
            await until(lambda: played.judge.pairs, "the pair arrives")
            assert played.judge.pairs[0].witness is not None
            assert second.requests[0].values("x-shadow") == [b"secondary"]
            assert second.requests[0].values("baggage") == [b"shadow=secondary"]
            assert legacy.requests == []


@pytest.mark.parametrize(
    "noise",
    [
        NoiseSettings(sample=1.0, source="off"),
        NoiseSettings(sample=1.0, source="secondary"),
        NoiseSettings(sample=0.0, source="legacy"),
    ],
    ids=["off", "no secondary", "no share"],
)
async def test_off_means_none(noise: NoiseSettings) -> None:
    """Nobody is asked, nothing is counted, and equal answers end here."""
    async with witnessed(noise=noise) as (played, candidate, legacy):
        for _ in range(10):
            played.answer(played.ask())
        await played.until_settled()
        assert (len(candidate.requests), legacy.requests) == (10, [])
        assert played.route_cell("verdict/match") == 10
        assert played.witnesses() == {"asked": 0, "failed": 0, "refused": 0, "used": 0}


@pytest.mark.slow
async def test_a_share_is_drawn_by_exchange() -> None:
    """Of 200 exchanges at one half, some have a witness and some have none."""
    async with witnessed(noise=NoiseSettings(sample=0.5, source="legacy")) as (played, _, legacy):
        await exchange(played, 200)
        asked = len(legacy.requests)
        assert 50 < asked < 150  # a fair coin leaves this once in 10^12 runs
        assert played.cell("handed_over") == asked
        assert played.route_cell("verdict/match") == 200 - asked


@pytest.mark.parametrize(
    ("method", "is_asked"),
    [(b"GET", 1), (b"HEAD", 1), (b"OPTIONS", 1), (b"POST", 0), (b"PUT", 0), (b"DELETE", 0)],
)
async def test_only_what_is_safe_is_asked_twice(method: bytes, is_asked: int) -> None:
    """A route may copy writes; legacy never gets one a second time."""
    async with witnessed() as (played, candidate, legacy):
        head = HEAD.replace(b"GET", method)
        side = ok(b"", head=ok().head) if method == b"HEAD" else ok()
        played.answer(played.ask(head), side)
        await played.until_settled()
        assert (len(candidate.requests), len(legacy.requests)) == (1, is_asked)
        assert played.cell("witnesses/asked") == is_asked
        assert played.cell("handed_over") + played.route_cell("verdict/match") == 1


@pytest.mark.parametrize(
    "lie",
    [pytest.param(lie, marks=[pytest.mark.slow] * (lie == "endless head")) for lie in LIES],
)
async def test_a_lying_legacy_teaches_nothing_and_costs_nothing(lie: str) -> None:
    """A failed witness is counted; the exchange is a match here, or a pair without a witness."""
    steps, kind = LIES[lie]
    async with witnessed() as (played, _, legacy):
        legacy.scripts[b"/item"] = steps
        played.answer(played.ask())
        played.answer(played.ask(), ok(b"no"))
        if lie == "hang":
            await until(lambda: len(legacy.requests) == 2, "legacy is asked")
            await until(lambda: played.outcome("2xx") == 2, "the candidate has answered")
            await played.pass_deadline()
        await played.until_settled()
        assert played.witnesses() == {"asked": 2, "failed": 2, "refused": 0, "used": 0}
        assert played.outcome(kind, "secondary") == 2
        assert played.route_cell("verdict/match") == 1
        assert [pair.legacy.body for pair in played.judge.pairs] == [b"no"]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["hangs", "takes no connection"])
async def test_the_copys_deadline_is_the_witnesss(way: str) -> None:
    """A legacy that is silent holds the exchange until the deadline, and no longer."""
    shadow = ShadowSettings(timeout_s=50.0)
    async with (
        unreachable() as nowhere,
        backend() as hanging,
        backend() as candidate,
    ):
        hanging.scripts[b"/item"] = HANG
        candidate.answer = saying(b"ok")
        legacy = backend_settings(hanging.address if way == "hangs" else nowhere, **PATIENT)
        async with shadowed(candidate.address, legacy=legacy, noise=ALWAYS, shadow=shadow) as it:
            it.answer(it.ask(), ok(b"no"))
            await until(lambda: it.outcome("2xx"), "the candidate has answered")
            if way == "hangs":
                await hanging.events["asked"].wait()
            await it.clock.set_ahead(40)
            assert (unsettled(it.cells()), it.cell("handed_over")) == (1, 0)
            await it.pass_deadline()
            assert (unsettled(it.cells()), it.cell("handed_over")) == (0, 1)
            await it.until_settled()
            assert it.witnesses() == {"asked": 1, "failed": 1, "refused": 0, "used": 0}
            assert it.outcome("timeout" if way == "hangs" else "connect_timeout", "secondary") == 1


@pytest.mark.slow
async def test_waiting_for_a_connection_and_dialing_share_the_deadline() -> None:
    """One connection, and it cannot be made: who waited for it has no second deadline for it."""
    async with unreachable() as nowhere, backend() as candidate:
        candidate.answer = saying(b"ok")
        legacy = backend_settings(nowhere, max_connections=1, **PATIENT)
        shadow = ShadowSettings(timeout_s=50.0)
        async with shadowed(candidate.address, legacy=legacy, noise=ALWAYS, shadow=shadow) as it:
            first, second = it.ask(), it.ask()
            it.answer(second)
            await until(lambda: it.outcome("2xx") == 2, "the candidate has answered")
            it.cancel(first, DropReason.CLIENT_GONE)
            await it.until_heard()
            assert (unsettled(it.cells()), it.route_cell("verdict/match")) == (1, 0)
            await it.pass_deadline()
            assert (unsettled(it.cells()), it.route_cell("verdict/match")) == (0, 1)
            assert it.outcome("connect_timeout", "secondary") == 1
            assert it.witnesses() == {"asked": 2, "failed": 2, "refused": 0, "used": 0}


async def test_a_flooding_witness_is_cut_at_the_candidates_measure() -> None:
    """Much larger than what the user got is no answer; it is not read on, and not held."""
    async with witnessed() as (played, _, legacy):
        legacy.scripts[b"/item"] = FLOOD
        played.answer(played.ask())
        await played.until_settled()
        assert played.outcome("too_large", "secondary") == 1
        assert played.route_cell("verdict/match") == 1
        await until(lambda: not legacy.open_connections, "the connection is closed")
        assert legacy.runs[0].sent_bytes < 16 << 20


async def test_legacys_half_shows_that_the_witness_is_a_flood() -> None:
    """The exchange ends when the size is known, not when the deadline has passed."""
    async with witnessed(shadow=ShadowSettings(max_body_bytes=1000)) as (played, candidate, legacy):
        legacy.scripts[b"/item"] = [
            {"send": "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + "x" * 9000},
            {"hang": True},
        ]
        exchange = played.ask()
        await until(lambda: played.outcome("2xx"), "the candidate has answered")
        await until(lambda: legacy.runs and legacy.runs[0].sent_bytes, "legacy has sent")
        played.answer(exchange)
        await played.until_settled()
        assert played.outcome("too_large", "secondary") == 1
        assert played.route_cell("verdict/match") == 1
        assert len(candidate.requests) == 1


async def test_a_witness_above_the_cap_comes_as_size_and_digest() -> None:
    """The same rule as for a copy's answer."""
    large = b"x" * 3000
    async with witnessed(shadow=ShadowSettings(max_body_bytes=1000)) as (played, _, legacy):
        legacy.answer = saying(large)
        played.answer(played.ask())
        await until(lambda: played.judge.pairs, "the pair arrives")
        side = played.judge.pairs[0].witness
        assert side is not None
        assert (side.flags, side.body_bytes, len(side.body)) == (frames.FLAG_TRUNCATED, 3000, 32)


async def test_an_exchange_that_is_cancelled_takes_its_witness_along() -> None:
    """Both connections are given up; the witness has taught nothing."""
    async with witnessed() as (played, candidate, legacy):
        candidate.scripts[b"/item"] = legacy.scripts[b"/item"] = HANG
        exchange = played.ask()
        await legacy.events["asked"].wait()
        await candidate.events["asked"].wait()
        played.cancel(exchange, DropReason.CLIENT_GONE)
        await played.until_settled()
        assert played.cell("dropped/client_gone") == 1
        assert played.witnesses() == {"asked": 1, "failed": 1, "refused": 0, "used": 0}
        await until(lambda: not legacy.open_connections, "legacy's connection is given up")


async def test_a_cancelled_exchange_has_no_use_for_an_answered_witness() -> None:
    """It had answered; asked is still used plus failed."""
    async with witnessed() as (played, candidate, _):
        candidate.scripts[b"/item"] = HANG
        exchange = played.ask()
        await until(lambda: played.outcome("2xx", "secondary"), "the witness has answered")
        played.cancel(exchange, DropReason.CLIENT_GONE)
        await played.until_settled()
        assert played.witnesses() == {"asked": 1, "failed": 1, "refused": 0, "used": 0}


async def test_a_half_that_never_comes_takes_the_witness_along() -> None:
    """dropped(deadline), as without one."""
    async with witnessed() as (played, _, _):
        played.ask()
        await until(lambda: played.outcome("2xx"), "the candidate has answered")
        await until(lambda: played.outcome("2xx", "secondary"), "the witness has answered")
        await played.pass_legacys_time()
        assert played.cell("dropped/deadline") == 1
        await played.until_settled()
        assert played.witnesses() == {"asked": 1, "failed": 1, "refused": 0, "used": 0}


async def test_without_a_judge_equal_answers_are_matches_all_the_same() -> None:
    """A sample that nobody takes does not cost the exchange the verdict that is known here."""
    async with backend() as candidate, backend() as legacy:
        candidate.answer = legacy.answer = saying(b"ok")
        async with shadow_alone(candidate.address, legacy=legacy.address, noise=ALWAYS) as played:
            played.answer(played.ask())
            played.answer(played.ask(), ok(b"no"))
            await played.until_settled()
            assert played.route_cell("verdict/match") == 1
            assert played.cell("dropped/channel_down") == 1
            assert played.witnesses() == {"asked": 2, "failed": 2, "refused": 0, "used": 0}


@pytest.mark.slow
async def test_a_reload_turns_witnesses_on_and_off_and_elsewhere() -> None:
    """What is under way ends as it began; the next exchange follows the new settings."""
    off = NoiseSettings(source="off")
    async with backend() as second, witnessed(noise=off) as (played, _, legacy):
        second.answer = saying(b"ok")

        async def ask(generation: int) -> tuple[int, int]:
            await until(lambda: played.cell("generation") == generation, "taken up")
            played.answer(played.ask())
            await played.until_settled()
            return len(legacy.requests), len(second.requests)

        assert await ask(1) == (0, 0)
        played.running.reload(noise=ALWAYS)
        assert await ask(2) == (1, 0)
        played.running.reload(noise=SECOND, secondary=backend_settings(second.address))
        assert await ask(3) == (1, 1)
        played.running.reload(noise=off)
        assert await ask(4) == (1, 1)
        assert played.witnesses() == {"asked": 2, "failed": 0, "refused": 0, "used": 2}


async def test_a_reload_lets_a_witness_end_as_it_began() -> None:
    """Turned off while one is under way: it is used."""
    async with witnessed() as (played, _, legacy):
        legacy.scripts[b"/item"] = [
            {"signal": "asked"}, {"await": "go"},
            {"send": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
        ]  # fmt: skip
        played.answer(played.ask())
        await legacy.events["asked"].wait()
        played.running.reload(noise=NoiseSettings(source="off"))
        await until(lambda: played.cell("generation") == 2, "the settings are taken up")
        legacy.events["go"].set()
        await played.until_settled()
        assert played.witnesses() == {"asked": 1, "failed": 0, "refused": 0, "used": 1}


async def test_the_end_of_the_process_settles_what_waits_for_a_witness(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both halves are there, legacy hangs for the witness: dropped(shutdown)."""
    monkeypatch.setattr(serving, "FINISH_S", 0.1)
    async with backend() as candidate, backend() as legacy:
        candidate.answer = saying(b"ok")
        legacy.scripts[b"/item"] = HANG
        async with shadow_alone(candidate.address, legacy=legacy.address, noise=ALWAYS) as played:
            played.answer(played.ask())
            await legacy.events["asked"].wait()
        assert (played.cell("dropped/shutdown"), unsettled(played.cells())) == (1, 0)


async def test_an_edge_that_dies_takes_its_witnesses_along() -> None:
    """Its open exchanges are process_lost, whatever their witnesses have said."""
    async with witnessed() as (played, candidate, legacy):
        candidate.scripts[b"/item"] = legacy.scripts[b"/item"] = HANG
        played.ask()
        await legacy.events["asked"].wait()
        transport = played.edges[0]._transport
        assert transport is not None
        transport.abort()
        await played.until_cell("dropped/process_lost")
        await played.until_settled()
        assert played.witnesses() == {"asked": 1, "failed": 1, "refused": 0, "used": 0}
