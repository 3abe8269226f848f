"""What judge hears of matches that end in shadow: all of them, in few frames, or a count."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.ipc.channel import Sender
from shadowproxy.ipc.frames import MAX_US
from shadowproxy.ipc.tallies import Tallies
from shadowproxy.shadow.summaries import MAX_BUFFERED, MAX_NAME_BYTES, Summaries, name_of
from tests.shadow.playing import ROUTE_SLOT, Judge, Played, judging, ok, shadow_alone, shadowed
from tests.support.backends import Backend, backend
from tests.support.waiting import alongside, until


def say_ok(candidate: Backend) -> None:
    candidate.answer = lambda request: ok().head + b"ok"


def head(target: bytes) -> bytes:
    return b"GET %b HTTP/1.1\r\nHost: shop.test\r\n\r\n" % target


async def match(played: Played, count: int) -> None:
    """So many matches, with room for each."""
    for number in range(count):
        played.answer(played.ask(head(b"/item/%d?q=1" % number)))
        if number % 100 == 99:
            await played.until_settled()
    await played.until_settled()


async def test_every_match_is_told_with_route_durations_and_endpoint() -> None:
    """Once each, in order, without the query; few frames for many."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        say_ok(candidate)
        await match(played, 300)
        await until(lambda: len(played.judge.matches) == 300, "all are told")
        assert len(played.judge.summaries) < 100
        assert {route for route, _, _, _ in played.judge.matches} == {ROUTE_SLOT}
        assert {legacy_us for _, legacy_us, _, _ in played.judge.matches} == {200}
        assert all(candidate_us > 0 for _, _, candidate_us, _ in played.judge.matches)
        names = {name for _, _, _, name in played.judge.matches}
        assert names == {b"GET /item/%d" % number for number in range(300)}
        assert played.route_cell("verdict/match") == 300
        assert played.cell("summaries_dropped") == 0


async def test_what_goes_to_the_judge_as_a_pair_is_in_no_summary() -> None:
    """Nothing is told twice."""
    async with backend() as candidate, shadowed(candidate.address) as played:
        say_ok(candidate)
        played.answer(played.ask(), ok(b"no"))
        played.answer(played.ask())
        await played.until_settled()
        await until(lambda: played.judge.matches, "the match is told")
        assert (len(played.judge.matches), len(played.judge.pairs)) == (1, 1)


async def test_summaries_that_nobody_takes_are_counted() -> None:
    """Without a judge the verdicts stand, and what its statistics miss is known."""
    async with backend() as candidate, shadow_alone(candidate.address) as played:
        say_ok(candidate)
        await match(played, 50)
        await played.until_cell("summaries_dropped", 50)
        assert played.route_cell("verdict/match") == 50


async def test_what_does_not_fit_is_counted(tmp_path: Path) -> None:
    """Behind a judge that does not read, all that was added is told later or was counted."""
    judge = Judge()
    sender = Sender(tmp_path / "judge.sock", 0, limit_bytes=400_000)
    tallies = Tallies(tmp_path, "shadow")
    summaries = Summaries(tallies.cells, sender)
    async with alongside(sender.run()), judging(tmp_path, judge) as receiver:
        await until(lambda: sender.is_open, "the channel is open")
        receiver.pause()
        added = 0
        while not tallies.get("summaries_dropped"):
            summaries.add(1, 2, 3, head(b"/" + b"x" * 200))
            added += 1
            await asyncio.sleep(0)
            assert len(summaries) < MAX_BUFFERED
        dropped = tallies.get("summaries_dropped")
        assert dropped == MAX_BUFFERED
        receiver.resume()
        await until(lambda: len(judge.matches) == added - dropped, "the others are told")
        assert set(judge.summaries) == {MAX_BUFFERED}


async def test_a_duration_beyond_the_frame_is_the_largest(tmp_path: Path) -> None:
    """It does not break the summary of all others."""
    judge = Judge()
    sender = Sender(tmp_path / "judge.sock", 0)
    summaries = Summaries(Tallies(tmp_path, "shadow").cells, sender)
    async with alongside(sender.run()), judging(tmp_path, judge):
        await until(lambda: sender.is_open, "the channel is open")
        summaries.add(1, 2, 1 << 40, head(b"/a"))
        summaries.flush()
        await until(lambda: judge.matches, "it is told")
    assert judge.matches == [(1, 2, MAX_US, b"GET /a")]


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (b"/", b"GET /"),
        (b"/a?b", b"GET /a"),
        (b"/a?b?c", b"GET /a"),
        (b"/" + b"x" * 300, b"GET /" + b"x" * (MAX_NAME_BYTES - 5)),
        (b"/a?" + b"x" * 300, b"GET /a"),
    ],
)
def test_names(target: bytes, name: bytes) -> None:
    """Method and path, cut where an endpoint does not reach any more."""
    assert name_of(head(target)) == name


@given(st.binary(max_size=600))
def test_any_head_has_a_short_name_without_a_query(raw: bytes) -> None:
    """Whatever an edge sends."""
    name = name_of(raw)
    assert len(name) <= MAX_NAME_BYTES
    assert b"?" not in name
    assert raw.startswith(name)
