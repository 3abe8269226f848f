"""Legacy must not suffer from being asked once more: limits, its breaker, memory."""

import pytest

from shadowproxy.core.lifecycle import DropReason
from shadowproxy.core.settings import NoiseSettings, ShadowSettings
from shadowproxy.shadow.asking import OVERHEAD_BYTES
from shadowproxy.shadow.breaker import MIN_COPIES
from shadowproxy.shadow.witness import MAX_WITNESSES
from tests.shadow.playing import HEAD, shadowed
from tests.shadow.witnessing import ALWAYS, FAILED_LEGACY, HANG, SECOND, exchange, saying, witnessed
from tests.support.backends import backend, refusing
from tests.support.edges import backend_settings
from tests.support.waiting import until


async def test_witnesses_in_flight_are_limited() -> None:
    """Beyond the limit an exchange has none; legacy has no more connections than that."""
    async with witnessed() as (played, candidate, legacy):
        legacy.scripts[b"/item"] = [{"await": "go"}, {"close": True}]
        for _ in range(MAX_WITNESSES + 4):
            played.answer(played.ask())
        await played.until_cell("witnesses/refused", 4)
        await until(lambda: played.route_cell("verdict/match") == 4, "those without have ended")
        await until(lambda: len(legacy.requests) == MAX_WITNESSES, "the others are out")
        assert legacy.open_connections == MAX_WITNESSES
        legacy.events["go"].set()
        await played.until_settled()
        assert played.route_cell("verdict/match") == MAX_WITNESSES + 4
        assert len(candidate.requests) == MAX_WITNESSES + 4


@pytest.mark.usefixtures("long_pauses")
async def test_a_dead_legacy_is_left_alone() -> None:
    """After twenty refusals no witness is asked; copies go on as if nothing were."""
    async with refusing() as dead, backend() as candidate:
        candidate.answer = saying(b"ok")
        async with shadowed(candidate.address, legacy=dead, noise=ALWAYS) as played:
            await exchange(played, MIN_COPIES)
            await exchange(played, 5)
            assert played.witnesses() == {
                "asked": MIN_COPIES, "failed": MIN_COPIES, "refused": 5, "used": 0,
            }  # fmt: skip
            assert played.route_cell("verdict/match") == MIN_COPIES + 5
            assert not played.cell("breaker_open")


@pytest.mark.usefixtures("long_pauses")
async def test_what_users_suffered_counts_for_legacys_breaker() -> None:
    """Twenty failed halves without one witness: legacy is in trouble, and is not asked."""
    async with witnessed(noise=NoiseSettings(source="off")) as (played, _, legacy):
        for _ in range(MIN_COPIES):
            played.answer(played.ask(), FAILED_LEGACY)
        await until(lambda: len(played.judge.pairs) == MIN_COPIES, "the pairs arrive")
        played.running.reload(noise=ALWAYS)
        await until(lambda: played.cell("generation") == 2, "the settings are taken up")
        played.answer(played.ask())
        await played.until_cell("witnesses/refused")
        await played.until_settled()
        assert legacy.requests == []


async def test_what_users_suffered_does_not_count_for_secondarys_breaker() -> None:
    """Another backend's trouble is no reason not to learn from this one."""
    async with backend() as second:
        second.answer = saying(b"ok")
        settings = backend_settings(second.address)
        async with witnessed(noise=SECOND, secondary=settings) as (played, _, _):
            await exchange(played, MIN_COPIES, FAILED_LEGACY)
            await exchange(played, 1, FAILED_LEGACY)
            await played.until_settled()
            assert played.witnesses() == {
                "asked": MIN_COPIES + 1, "failed": 0, "refused": 0, "used": MIN_COPIES + 1,
            }  # fmt: skip


@pytest.mark.usefixtures("long_pauses")
@pytest.mark.parametrize("status", [429, 503])
async def test_an_overloaded_legacy_is_left_alone(status: int) -> None:
    """Its answers are used, and after twenty it has peace."""
    async with witnessed() as (played, _, legacy):
        legacy.answer = lambda request: b"HTTP/1.1 %d Busy\r\nContent-Length: 0\r\n\r\n" % status
        await exchange(played, MIN_COPIES)
        await exchange(played, 1)
        await played.until_settled()
        assert played.witnesses() == {
            "asked": MIN_COPIES, "failed": 0, "refused": 1, "used": MIN_COPIES,
        }  # fmt: skip


async def test_what_a_witness_holds_counts_as_memory() -> None:
    """Its bytes are in the gauge while it is under way, and given back."""
    async with witnessed() as (played, candidate, legacy):
        candidate.scripts[b"/item"] = [{"await": "go"}, {"close": True}]
        legacy.answer = saying(b"x" * 50_000)
        exchange = played.ask()
        await until(lambda: played.outcome("2xx", "secondary"), "the witness has answered")
        await until(lambda: played.cell("shadow_memory_bytes") > 50_000, "the gauge moves")
        candidate.events["go"].set()
        played.answer(exchange)
        await played.until_settled()


async def test_a_witness_that_finds_no_memory_goes_alone() -> None:
    """The exchange ends as ever: room is for users' exchanges first."""
    limit = ShadowSettings(max_memory_bytes=50_000)
    async with witnessed(shadow=limit) as (played, _, legacy):
        legacy.answer = saying(b"x" * 30_000)
        played.answer(played.ask())
        await played.until_settled()
        assert played.route_cell("verdict/match") == 1
        assert played.witnesses() == {"asked": 1, "failed": 1, "refused": 0, "used": 0}
        assert played.running.dials.shed is None


async def test_a_witness_that_would_not_fit_is_refused() -> None:
    """An exchange that fills the memory has none."""
    limit = ShadowSettings(max_memory_bytes=2 * (2 * OVERHEAD_BYTES + len(HEAD) - 1))
    async with witnessed(shadow=limit) as (played, candidate, legacy):
        candidate.scripts[b"/item"] = HANG
        exchange = played.ask()
        await played.until_cell("witnesses/refused")
        played.cancel(exchange, DropReason.CLIENT_GONE)
        await played.until_settled()
        assert legacy.requests == []
