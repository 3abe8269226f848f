"""No user holds the event loop: what one of them sends is worked on in small steps.

Measured in processor time of this thread, so a busy machine does not change the figures.
"""

import asyncio
import time

import pytest

from tests.support.backends import backend
from tests.support.edges import edge
from tests.support.waiting import alongside, until

STEP_S = 0.03
"""One turn of the loop; every other user of the edge waits for that long."""

SEGMENT_BYTES = 256 << 10
"""What a transport reads at once."""


class _Turns:
    """Watches the loop."""

    def __init__(self) -> None:
        self.longest_s = 0.0

    async def watch(self) -> None:
        while True:
            start_s = time.thread_time()
            await asyncio.sleep(0)
            self.longest_s = max(self.longest_s, time.thread_time() - start_s)


@pytest.mark.slow
@pytest.mark.parametrize(
    "sent",
    [
        b"POST /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"1\r\na\r\n" * (SEGMENT_BYTES // 6),
        b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9000000\r\n\r\n"
        + bytes(SEGMENT_BYTES),
        b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n" * (SEGMENT_BYTES // 35),
        b"GET /x HTTP/1.1\r\nHost: a.test\r\nConnection: " + b"a," * 32000 + b"\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: a.test\r\nX-A: " + b" \t" * 32000 + b"\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: a.test\r\n" + b"a:\r\n" * 16000 + b"\r\n",
    ],
    ids=["one-byte-chunks", "length", "pipeline", "connection", "spaces", "fields"],
)
async def test_one_users_bytes_take_small_steps(sent: bytes) -> None:
    """A quarter of a MiB of whatever costs most does not hold the loop for 30 ms."""
    async with backend() as legacy, edge(legacy.address) as proxy:
        legacy.scripts[b"/x"] = [{"hang": True}]
        wire = await proxy.connect()
        turns = _Turns()
        async with alongside(turns.watch()):
            await wire.send(sent)
            await until(lambda: proxy.cell("received") > 0, "the request is read")
            for _ in range(50):
                await asyncio.sleep(0.002)
        assert turns.longest_s < STEP_S
