"""Both sides asked once more for the judge: whole answers, or a refusal, and never an exchange."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from shadowproxy.core.cells import unsettled
from shadowproxy.core.settings import (
    NoiseSettings,
    RecheckSettings,
    RouteSettings,
    ShadowSettings,
)
from shadowproxy.core.words import FailureKind
from shadowproxy.ipc import frames
from shadowproxy.shadow.breaker import MIN_COPIES
from shadowproxy.shadow.recheck import MAX_RECHECKS
from tests.shadow.playing import FAILURES, HEAD, ROUTE_SLOT, Played, ok, shadowed
from tests.support.backends import Backend, backend, refusing, unreachable
from tests.support.edges import backend_settings
from tests.support.waiting import until

HANG: list[dict[str, Any]] = [{"signal": "asked"}, {"hang": True}]
REFUSED = frames.Rechecked(7, None)
OFF = NoiseSettings(source="off")


@asynccontextmanager
async def rechecking(**changes: Any) -> AsyncIterator[tuple[Played, Backend, Backend]]:
    """Shadow with a judge that may wish; gives shadow, candidate and legacy."""
    async with (
        backend() as candidate,
        backend() as legacy,
        shadowed(candidate.address, legacy=legacy.address, **changes) as played,
    ):
        candidate.answer = lambda request: ok(b"new").head + b"new"
        legacy.answer = lambda request: ok(b"old").head + b"old"
        yield played, candidate, legacy


def counted(played: Played) -> tuple[int, int]:
    return played.cell("rechecks/asked"), played.cell("rechecks/refused")


async def until_quiet(played: Played) -> None:
    """No recheck is under way, and none has left anything behind, by gauges of this instant."""
    now_ms = time.monotonic_ns() // 1_000_000
    await until(lambda: played.cell("heartbeat_ms") > now_ms, "the gauges are set")
    await until(
        lambda: not played.cell("shadow_in_flight") and not played.cell("shadow_memory_bytes"),
        "nothing is held",
    )


async def test_both_sides_are_asked_and_told() -> None:
    """Each gets the request with its own mark, once; the answers come back under the ticket."""
    async with rechecking() as (played, candidate, legacy):
        rechecked = await played.judge.recheck()
        assert rechecked.ticket == 7
        assert rechecked.again is not None
        assert [side.body for side in rechecked.again] == [b"old", b"new"]
        assert [side.status for side in rechecked.again] == [200, 200]
        assert [request.values("x-shadow") for request in legacy.requests] == [[b"legacy"]]
        assert [request.values("x-shadow") for request in candidate.requests] == [[b"candidate"]]
        assert legacy.requests[0].values("baggage") == [b"shadow=legacy"]
        assert counted(played) == (1, 0)
        await until_quiet(played)


async def test_a_recheck_is_no_exchange() -> None:
    """Outcomes are counted; no sum, no verdict and no latency knows of it."""
    async with rechecking() as (played, _, _):
        await played.judge.recheck()
        assert (played.outcome("2xx"), played.outcome("2xx", "secondary")) == (1, 1)
        cells = played.cells()
        assert played.cell("accepted_from/0") == unsettled(cells) == 0
        assert played.cell("handed_over") == 0
        for backend_name in ("candidate", "secondary", "legacy"):
            assert played.route_cell(f"backend_duration/{backend_name}/sum_us") == 0


async def test_the_policy_is_done_to_the_candidates_request_alone() -> None:
    """What legacy is asked again is what it was asked."""
    policy = ShadowSettings(remove_headers=("authorization",))
    async with rechecking(shadow=policy) as (played, candidate, legacy):
        await played.judge.recheck(HEAD[:-2] + b"Authorization: secret\r\n\r\n")
        assert candidate.requests[0].values("authorization") == []
        assert legacy.requests[0].values("authorization") == [b"secret"]


async def test_a_pairs_chunked_request_is_sent_with_its_length() -> None:
    """A pair's head is as legacy got it, its body without the coding; trace and baggage are ours."""
    async with rechecking() as (played, candidate, legacy):
        trace = b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
        coded = HEAD[:-2] + b"Transfer-Encoding: chunked\r\n" + trace + b"\r\n"
        await played.judge.recheck(coded, b"hello")
        for request in (candidate.requests[0], legacy.requests[0]):
            assert request.body == b"hello"
            assert request.values("content-length") == [b"5"]
            assert request.values("transfer-encoding") == []
            assert request.values("x-shadow-of") == [b"0af7651916cd43dd8448eb211c80319c"]


@pytest.mark.parametrize("noise", [OFF, NoiseSettings(source="legacy")])
async def test_legacy_is_asked_whatever_noise_says(noise: NoiseSettings) -> None:
    """A recheck is about both sides; noise.source off is about learning."""
    async with rechecking(noise=noise) as (played, _, legacy):
        assert (await played.judge.recheck()).again is not None
        assert len(legacy.requests) == 1


async def test_secondary_is_asked_in_legacys_place() -> None:
    """Where noise comes from secondary, legacy is left alone here too."""
    async with backend() as second:
        second.answer = lambda request: ok(b"2nd").head + b"2nd"
        noise = NoiseSettings(source="secondary", sample=0.0)
        secondary = backend_settings(second.address)
        async with rechecking(noise=noise, secondary=secondary) as (played, _, legacy):
            rechecked = await played.judge.recheck()
            assert rechecked.again is not None
            assert rechecked.again[0].body == b"2nd"
            assert second.requests[0].values("x-shadow") == [b"secondary"]
            assert legacy.requests == []


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"PATCH", b"get"])
async def test_what_is_not_safe_is_refused(method: bytes) -> None:
    """Whoever pays is never charged again, whatever judge wishes."""
    async with rechecking() as (played, candidate, legacy):
        assert await played.judge.recheck(HEAD.replace(b"GET", method)) == REFUSED
        assert (candidate.requests, legacy.requests) == ([], [])
        assert counted(played) == (0, 1)


NEVER = RouteSettings("item", ROUTE_SLOT, "/item", shadow=False)


@pytest.mark.parametrize(
    "change",
    [
        {"recheck": RecheckSettings(0)},
        {"candidate": None},
        {"routes": (NEVER,)},
        {"shadow": ShadowSettings(max_memory_bytes=4000)},
    ],
    ids=["never", "no candidate", "route is never shadowed", "no memory"],
)
async def test_settings_that_speak_against_it_are_taken_up(change: dict[str, Any]) -> None:
    """A reload refuses the next recheck, another one allows it again."""
    async with rechecking() as (played, candidate, legacy):
        before = {name: getattr(played.running.settings, name) for name in change}
        played.running.reload(**change)
        await until(lambda: played.cell("generation") == 2, "the settings are taken up")
        assert await played.judge.recheck() == REFUSED
        assert (candidate.requests, legacy.requests) == ([], [])
        played.running.reload(**before)
        await until(lambda: played.cell("generation") == 3, "the settings are taken up")
        assert (await played.judge.recheck()).again is not None
        assert counted(played) == (1, 1)


async def test_off_is_off_for_rechecks() -> None:
    """The dial acts on the very next one."""
    async with rechecking() as (played, candidate, legacy):
        played.running.dials.turn(shadow_on=False)
        assert await played.judge.recheck() == REFUSED
        played.running.dials.turn(shadow_on=True)
        assert (await played.judge.recheck()).again is not None
        assert (len(candidate.requests), len(legacy.requests)) == (1, 1)


async def test_rechecks_in_flight_are_limited() -> None:
    """Beyond the limit they are refused; when one has ended there is room again."""
    async with rechecking() as (played, candidate, legacy):
        candidate.scripts[b"/item"] = [{"await": "go"}, {"close": True}]
        for ticket in range(MAX_RECHECKS + 2):
            played.judge.recheck_soon(ticket=ticket)
        await until(lambda: len(played.judge.rechecked) == 2, "two are refused")
        assert [again for _, again in played.judge.rechecked] == [None, None]
        assert counted(played) == (MAX_RECHECKS, 2)
        await until(lambda: played.cell("shadow_in_flight") == MAX_RECHECKS, "the gauge moves")
        candidate.events["go"].set()
        await until(lambda: len(played.judge.rechecked) == MAX_RECHECKS + 2, "the others end")
        assert {each.ticket for each in played.judge.rechecked} == set(range(MAX_RECHECKS + 2))
        candidate.scripts.clear()
        assert (await played.judge.recheck()).again is not None
        assert len(legacy.requests) == MAX_RECHECKS + 1
        await until_quiet(played)


async def test_the_candidates_rate_is_kept() -> None:
    """Copies take of max_rps first; a recheck that finds nothing left is refused."""
    async with rechecking(shadow=ShadowSettings(max_rps=0.01)) as (played, candidate, _):
        assert (await played.judge.recheck()).again is not None
        assert await played.judge.recheck() == REFUSED
        played.running.reload(shadow=ShadowSettings(max_rps=0.02))
        await until(lambda: played.cell("generation") == 2, "the settings are taken up")
        played.answer(played.ask(), ok(b"new"))
        await played.until_settled()
        assert await played.judge.recheck() == REFUSED
        assert len(candidate.requests) == 2


@pytest.mark.usefixtures("long_pauses")
@pytest.mark.parametrize("suffering", ["candidate", "legacy"])
async def test_open_breakers_are_respected(suffering: str) -> None:
    """Whoever is left alone by copies or witnesses is left alone by rechecks."""
    failed = frames.Side(FAILURES[FailureKind.RESET], 0, 0, 0, 5, 0, b"", b"")
    async with rechecking() as (played, candidate, legacy):
        if suffering == "candidate":
            candidate.scripts[b"/item"] = [{"reset": True}]
        for _ in range(MIN_COPIES):
            played.answer(played.ask(), failed if suffering == "legacy" else ok())
        await played.until_settled()
        assert await played.judge.recheck() == REFUSED
        assert legacy.requests == []
        assert counted(played) == (0, 1)


SILENT = ("hangs", "takes no connection")
FATES = ["resets", "refuses", *(pytest.param(fate, marks=pytest.mark.slow) for fate in SILENT)]


@pytest.mark.parametrize("side", [0, 1], ids=["legacy", "candidate"])
@pytest.mark.parametrize("fate", FATES)
async def test_a_side_that_fails_is_told_as_that(side: int, fate: str) -> None:
    """Within the deadline; the other side's answer is told all the same."""
    kinds = {
        "resets": FailureKind.RESET, "refuses": FailureKind.CONNECT_REFUSED,
        "hangs": FailureKind.TIMEOUT, "takes no connection": FailureKind.CONNECT_TIMEOUT,
    }  # fmt: skip
    async with refusing() as dead, unreachable() as nowhere, backend() as bad, backend() as good:
        bad.scripts[b"/item"] = HANG if fate == "hangs" else [{"reset": True}]
        address = {"refuses": dead, "takes no connection": nowhere}.get(fate, bad.address)
        legacy, candidate = (good.address, address) if side else (address, good.address)
        async with shadowed(candidate, legacy=legacy) as played:
            played.judge.recheck_soon()
            await until(
                lambda: played.outcome("2xx", "secondary" if side else "candidate"),
                "the other side has answered",
            )
            if fate == "hangs":
                await bad.events["asked"].wait()
            if fate in SILENT:
                await played.pass_deadline()
            await until(lambda: played.judge.rechecked, "the recheck is answered")
            (rechecked,) = played.judge.rechecked
            assert rechecked.again is not None
            assert rechecked.again[side].failure == FAILURES[kinds[fate]]
            assert (rechecked.again[1 - side].failure, rechecked.again[1 - side].status) == (0, 200)
            assert counted(played) == (1, 0)
            await until_quiet(played)


async def test_an_answer_that_finds_no_memory_ends_the_recheck() -> None:
    """Nothing is said about the sides, because we did not look."""
    async with rechecking(shadow=ShadowSettings(max_memory_bytes=50_000)) as (played, candidate, _):
        candidate.answer = lambda request: ok(b"x" * 30_000).head + b"x" * 30_000
        assert await played.judge.recheck() == REFUSED
        assert counted(played) == (1, 0)
        await until_quiet(played)


async def test_what_a_recheck_holds_counts_as_memory() -> None:
    """Request and answers are in the gauge while it is under way, and given back."""
    async with rechecking() as (played, candidate, legacy):
        candidate.scripts[b"/item"] = [{"signal": "asked"}, {"await": "go"}, {"close": True}]
        legacy.answer = lambda request: ok(b"x" * 30_000).head + b"x" * 30_000
        head = HEAD[:-2] + b"Content-Length: 20000\r\n\r\n"
        played.judge.recheck_soon(head, b"b" * 20_000)
        await candidate.events["asked"].wait()
        await until(lambda: played.cell("shadow_memory_bytes") > 50_000, "the gauge moves")
        candidate.events["go"].set()
        await until(lambda: played.judge.rechecked, "it ends")
        await until_quiet(played)


async def test_a_judge_that_has_gone_is_no_trouble() -> None:
    """The answer has nowhere to go and is forgotten; shadow works on."""
    async with rechecking() as (played, candidate, _):
        candidate.scripts[b"/item"] = [
            {"signal": "asked"}, {"await": "go"}, {"send": "HTTP/1.1 204 No Content\r\n\r\n"},
        ]  # fmt: skip
        played.judge.recheck_soon()
        await candidate.events["asked"].wait()
        receiver = played.judge.receiver
        assert receiver is not None
        lost = receiver._current[0]
        transport = lost._transport
        assert transport is not None
        transport.abort()
        candidate.events["go"].set()
        await until(lambda: played.outcome("2xx"), "the candidate has answered")
        await until_quiet(played)
        candidate.scripts.clear()
        await until(lambda: receiver._current.get(0) not in (None, lost), "shadow has come again")
        assert (await played.judge.recheck()).again is not None
        assert counted(played) == (2, 0)


async def test_a_reload_of_the_candidate_asks_the_new_one() -> None:
    """The next recheck goes where copies go."""
    async with backend() as other, rechecking() as (played, candidate, _):
        other.answer = lambda request: ok(b"newer").head + b"newer"
        settings = played.running.settings.candidate
        assert settings is not None
        played.running.reload(candidate=replace(settings, port=other.address[1]))
        await until(lambda: played.cell("generation") == 2, "the settings are taken up")
        rechecked = await played.judge.recheck()
        assert rechecked.again is not None
        assert rechecked.again[1].body == b"newer"
        assert candidate.requests == []
