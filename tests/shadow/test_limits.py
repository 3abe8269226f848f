"""What shadow does at its limits: it refuses, says why, counts, and recovers."""

from dataclasses import replace
from typing import Any

import pytest

from shadowproxy.core.cells import unsettled
from shadowproxy.core.lifecycle import DropReason
from shadowproxy.core.settings import BackendSettings, ShadowSettings
from shadowproxy.core.words import FailureKind, Verdict
from shadowproxy.ipc import frames
from shadowproxy.shadow import serving
from shadowproxy.shadow.asking import OVERHEAD_BYTES
from shadowproxy.shadow.breaker import MIN_COPIES
from shadowproxy.shadow.room import MEMORY_SHARE
from tests.shadow.playing import HEAD, Played, judging, ok, shadow_alone, shadowed
from tests.support.backends import backend, refusing, unreachable
from tests.support.edges import backend_settings
from tests.support.waiting import until

HANG: list[dict[str, Any]] = [{"await": "go"}, {"send": "HTTP/1.1 204 No Content\r\n\r\n"}]


def shed(played: Played) -> DropReason | None:
    return played.running.dials.shed


async def test_copies_in_flight_are_limited() -> None:
    """With 4 under way the fifth is in_flight_limit, edges are told, and told again when it ends."""
    limit = ShadowSettings(max_in_flight=4)
    async with backend() as candidate, shadowed(candidate.address, shadow=limit) as played:
        candidate.scripts[b"/item"] = HANG
        exchanges = [played.ask() for _ in range(6)]
        await played.until_cell("dropped/in_flight_limit", 2)
        assert shed(played) is DropReason.IN_FLIGHT_LIMIT
        assert len(candidate.requests) <= 4
        candidate.events["go"].set()
        await until(lambda: shed(played) is None, "the edges may go on")
        for exchange in exchanges:
            played.answer(exchange)
        await played.until_settled()
        assert played.cell("handed_over") == 4


async def test_held_bytes_are_limited() -> None:
    """Captures beyond shadow's share of max_memory are memory_limit; freed, there is room again."""
    limit = ShadowSettings(max_memory_bytes=200_000)
    async with backend() as candidate, shadowed(candidate.address, shadow=limit) as played:
        candidate.scripts[b"/item"] = HANG
        body = b"b" * 40_000
        exchanges = [played.ask(body=body) for _ in range(4)]
        await played.until_cell("dropped/memory_limit", 2)
        assert shed(played) is DropReason.MEMORY_LIMIT
        await until(lambda: played.cell("shadow_memory_bytes"), "the gauge moves")
        assert 80_000 < played.cell("shadow_memory_bytes") <= 200_000 * MEMORY_SHARE
        candidate.events["go"].set()
        for exchange in exchanges:
            played.answer(exchange)
        await played.until_settled()
        await until(lambda: shed(played) is None, "the edges may go on")


async def test_an_answer_that_finds_no_memory_ends_its_exchange() -> None:
    """The limit holds for what comes back, too."""
    limit = ShadowSettings(max_memory_bytes=50_000)
    async with backend() as candidate, shadowed(candidate.address, shadow=limit) as played:
        candidate.answer = lambda request: ok(b"x" * 30_000).head + b"x" * 30_000
        played.answer(played.ask())
        await played.until_settled()
        assert played.cell("dropped/memory_limit") == 1


@pytest.mark.usefixtures("long_pauses")
async def test_a_dead_candidate_opens_the_breaker_and_a_living_one_closes_it() -> None:
    """Twenty refusals pause the shadow; probes after the pause resume it; both are told."""
    async with refusing() as address, shadowed(address) as played:
        for _ in range(MIN_COPIES):
            played.answer(played.ask())
        await until(lambda: played.cell("breaker_open"), "the breaker opens")
        assert shed(played) is DropReason.BREAKER_OPEN
        exchange = played.ask()
        played.answer(exchange)
        await played.until_cell("dropped/breaker_open")
        await played.until_settled()
        assert played.cell("handed_over") == MIN_COPIES
        (paused,) = played.judge.events
        assert (paused["event"], paused["reason"]) == ("shadow_paused", "breaker")
        async with backend() as candidate:
            candidate.answer = lambda request: ok().head + b"ok"
            played.running.reload(candidate=replace(_settings(played), port=candidate.address[1]))
            await until(lambda: not played.cell("breaker_open"), "another candidate starts afresh")
            await until(lambda: len(played.judge.events) == 2, "and that is told")
            assert played.judge.events[1]["event"] == "shadow_resumed"
            played.answer(played.ask())
            await played.until_settled()
            assert played.route_cell("verdict/match") == 1


def _settings(played: Played) -> BackendSettings:
    candidate = played.running.settings.candidate
    assert candidate is not None
    return candidate


@pytest.mark.slow
async def test_probes_after_the_pause_close_the_breaker() -> None:
    """The same candidate back on its port: after 1 s, five good probes end the pause."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        candidate.scripts[b"/item"] = [{"reset": True}]
        for _ in range(MIN_COPIES):
            played.answer(played.ask())
        await until(lambda: played.cell("breaker_open"), "the breaker opens")
        await until(lambda: shed(played) is None, "the pause ends")
        candidate.scripts.clear()
        candidate.answer = lambda request: ok().head + b"ok"
        for _ in range(10):
            played.answer(played.ask())
        await until(lambda: not played.cell("breaker_open"), "the breaker closes")
        await played.until_settled()
        assert played.route_cell("verdict/match") >= 5


async def test_a_copy_has_a_deadline() -> None:
    """A candidate that hangs costs `timeout`, counted as that, whatever legacy does."""
    limit = ShadowSettings(timeout_s=50.0)
    async with backend() as candidate, shadowed(candidate.address, shadow=limit) as played:
        candidate.scripts[b"/item"] = [{"hang": True}]
        exchange = played.ask()
        await until(lambda: candidate.requests, "the candidate is asked")
        await played.clock.set_ahead(40)
        assert played.outcome("timeout") == 0
        await played.pass_deadline()
        assert played.outcome("timeout") == 1
        played.answer(exchange)
        await until(lambda: played.judge.pairs, "the pair arrives")
        assert played.judge.pairs[0].candidate.failure


async def test_a_candidate_that_cannot_be_reached_costs_no_more_than_the_deadline() -> None:
    """Connecting and waiting for a connection end with the copy's time, whatever their own is."""
    limit = ShadowSettings(timeout_s=0.2)
    async with unreachable() as address:
        patient = backend_settings(address, connect_timeout_s=60.0)
        async with shadowed(patient, shadow=limit) as played:
            played.answer(played.ask())
            await until(lambda: played.judge.pairs, "the pair arrives")
        kind = list(FailureKind)[played.judge.pairs[0].candidate.failure - 1]
        assert kind is FailureKind.CONNECT_TIMEOUT


async def test_a_judge_that_is_behind_costs_pairs_that_are_counted() -> None:
    """Nobody reads the channel: pairs beyond its limit are channel_full, and shadow goes on."""
    large = b"x" * (1 << 20)
    async with backend() as candidate, shadow_alone(candidate.address) as played:
        candidate.answer = lambda request: ok().head + b"ok"
        async with judging(played.running.runtime_dir, played.judge) as receiver:
            receiver.pause()
            for _ in range(20):
                played.answer(played.ask(), ok(large))
                await until(lambda: played.cell("accepted_from/0") == played.sent, "taken")
                await until(lambda: unsettled(played.cells()) == 0, "settled")
            full, over = played.cell("dropped/channel_full"), played.cell("handed_over")
            assert full > 0
            assert full + over == 20
            receiver.resume()
            await until(lambda: len(played.judge.pairs) == over, "what was handed over arrives")
            await played.until_settled()


BEGINNING = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
ENDLESS: list[dict[str, Any]] = [{"send": BEGINNING}, {"hang": True}]


async def ask_for_ever(played: Played) -> int:
    """An exchange whose candidate has begun with an endless answer, of which all is held."""
    exchange = played.ask()
    held = OVERHEAD_BYTES + len(HEAD) + len(BEGINNING)
    await until(lambda: played.cell("shadow_memory_bytes") == held, "the answer has begun")
    return exchange


async def test_an_endless_answer_of_both_is_incomparable() -> None:
    """Neither finished within its time: recorded as incomparable, and nobody is blamed."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        candidate.scripts[b"/item"] = ENDLESS
        await ask_for_ever(played)
        await played.pass_deadline()
        assert unsettled(played.cells()) == 1
        await played.pass_legacys_time()
        assert played.route_cell(f"verdict/{Verdict.INCOMPARABLE}") == 1
        await played.until_settled()
        assert played.outcome("2xx") == 1
        assert played.outcome("timeout") == 0


async def test_a_cut_answer_goes_to_the_judge_as_that() -> None:
    """Legacy finishes after the copy's deadline: the candidate's part is marked incomplete."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        candidate.scripts[b"/item"] = ENDLESS
        exchange = await ask_for_ever(played)
        await played.pass_deadline()
        assert played.outcome("2xx") == 1
        played.answer(exchange, ok(b"data: 1\n\n"))
        await until(lambda: played.judge.pairs, "the pair arrives")
        side = played.judge.pairs[0].candidate
        assert (side.failure, side.flags, side.body) == (0, frames.FLAG_INCOMPLETE, b"data: 1\n\n")


async def test_a_slower_candidate_than_legacy_is_to_blame() -> None:
    """Legacy's whole answer was there at the deadline: the candidate timed out."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        candidate.scripts[b"/item"] = ENDLESS
        played.answer(await ask_for_ever(played))
        await played.until_heard()
        await played.pass_deadline()
        await until(lambda: played.judge.pairs, "the pair arrives")
        assert played.judge.pairs[0].candidate.failure
        assert played.outcome("timeout") == 1


async def test_a_half_that_never_comes_is_a_deadline() -> None:
    """The edge's channel was full for the RESPONSE: the exchange does not wait for ever."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        candidate.answer = lambda request: ok().head + b"ok"
        played.ask()
        await until(lambda: played.outcome("2xx"), "the candidate has answered")
        await played.pass_deadline()
        assert unsettled(played.cells()) == 1
        await played.pass_legacys_time()
        assert played.cell("dropped/deadline") == 1
        await played.until_settled()


async def test_the_end_of_the_process_settles_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is under way at SIGTERM has its time, and then is dropped(shutdown)."""
    monkeypatch.setattr(serving, "FINISH_S", 0.1)
    async with backend() as candidate:
        candidate.scripts[b"/item"] = [{"signal": "asked"}, {"hang": True}]
        async with shadow_alone(candidate.address) as played:
            played.ask()
            played.answer(played.ask())
            await until(lambda: len(candidate.requests) == 2, "both are out")
        lost, ended = played.cell("dropped/process_lost"), played.cell("dropped/shutdown")
        assert (lost + ended, unsettled(played.cells())) == (2, 0)
        assert ended >= 1


async def test_pairs_that_the_judge_never_took_are_process_lost() -> None:
    """At WELCOME the difference between given and taken is counted, and the sums hold."""
    async with backend() as candidate, shadow_alone(candidate.address) as played:
        candidate.answer = lambda request: ok().head + b"ok"
        async with judging(played.running.runtime_dir, played.judge):
            played.answer(played.ask(), ok(b"no"))
            await until(lambda: played.judge.pairs, "the pair arrives")
        played.judge.pairs.clear()
        async with judging(played.running.runtime_dir, played.judge):
            await played.until_cell("dropped/process_lost")
        assert played.cell("handed_over") == 0


async def test_off_means_off_for_what_is_still_in_the_channel() -> None:
    """A request that was handed over before the dial was turned is not sent after it."""
    async with backend() as candidate, shadow_alone(candidate.address) as played:
        played.ask()
        await until(lambda: candidate.requests, "the copy before the turn has arrived")
        played.running.dials.turn(shadow_on=False)
        played.ask()
        await played.until_cell("skipped/off")
        played.running.dials.turn(shadow_on=True)
        played.ask()
        await until(lambda: len(candidate.requests) == 2, "the copy after turning it on again")


@pytest.mark.usefixtures("long_pauses")
async def test_a_flooding_candidate_opens_the_breaker() -> None:
    """Reading floods costs the machine that users share: after twenty it is left alone."""
    limit = ShadowSettings(max_body_bytes=10_000)
    async with backend() as candidate, shadowed(candidate.address, shadow=limit) as played:
        head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
        candidate.scripts[b"/item"] = [{"send": head}, {"endless": "f" * 5000}]
        for _ in range(MIN_COPIES):
            played.answer(played.ask())
        await until(lambda: played.cell("breaker_open"), "the breaker opens")
        assert played.outcome("too_large") == MIN_COPIES
        assert shed(played) is DropReason.BREAKER_OPEN
        await played.until_settled()
