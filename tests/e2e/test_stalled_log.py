"""A reader of the log that stalls: lines are dropped and counted, no user waits."""

import asyncio
import os
from collections.abc import Iterator

import pytest

from shadowproxy.ipc.tallies import read_cell
from tests.support.backends import Backend, backend
from tests.support.command import command
from tests.support.messages import Received
from tests.support.users import users_of
from tests.support.waiting import until

pytestmark = pytest.mark.slow

BLOCKED_S = 2.0
STALL_S = 0.5
"""A stalled edge would hold an answer back for all of BLOCKED_S; a busy machine never this long."""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe that nobody reads."""
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


def _differs(running: Backend) -> None:
    """Every answer is another one: each pair is a mismatch and wants a line in the log."""

    def answer(request: Received) -> bytes:
        body = b'{"number": %d, "padding": "%s"}' % (len(running.requests), b"p" * 500)
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % len(body)
            + body
        )

    running.answer = answer


async def test_a_blocked_log_pipe_stalls_no_user(pipe: tuple[int, int]) -> None:
    """Two seconds of access lines and mismatches into a full pipe: no failure, no long wait.

    When the reader is back the log goes on and says how many lines are missing.
    """
    reader, writer = pipe
    log = {"format": "json", "access": True}
    async with backend() as legacy, backend() as candidate:
        _differs(candidate)
        async with command(legacy.address, candidate.address, stderr=writer, log=log) as proxy:
            async with users_of(proxy, 8) as users:
                await until(
                    lambda: read_cell(proxy.folder / "run", "judge", "accepted_from/0") > 0,
                    "judge, who writes the log, is there",
                    20.0,
                )
                await users.have_been_served(200)
                _fill(writer)
                users.slowest_s = 0.0
                served = users.served
                await asyncio.sleep(BLOCKED_S)
                assert users.served - served > 100
                assert users.slowest_s < STALL_S
                assert users.failures == []
                drained = asyncio.get_running_loop().run_in_executor(None, _drain, reader)
                await users.have_been_served(200)
            assert users.failures == []
            assert users.slowest_s < STALL_S
            assert (await proxy.at_rest())["received"] == users.served
            proxy.process.terminate()
            assert await proxy.ends() == 0
            os.write(writer, b"\nend of the test\n")
            assert b'"event":"access"' in await drained


def _fill(writer: int) -> None:
    """Whatever room the pipe has left is taken at once, so the very next line finds none."""
    os.set_blocking(writer, False)
    try:
        while os.write(writer, b" " * 4096):
            pass
    except BlockingIOError:
        pass
    finally:
        os.set_blocking(writer, True)


def _drain(reader: int) -> bytes:
    """Reads to the end of the test."""
    data = b""
    while not data.endswith(b"end of the test\n"):
        data += os.read(reader, 1 << 16)
    return data
