"""What a scripted backend does on a connection, as data.

    {"send": NOTATION}        one segment           {"close": true}    end (FIN)
    {"drip": NOTATION}        a byte a segment      {"reset": true}    end (RST)
    {"endless": NOTATION}     again and again       {"hang": true}     nothing more, until the
    {"half_close": true}      end of sending                           proxy goes
    {"read": "head"}          the next request's head, its body stays unread
    {"read": "body"}          the body of the head read last
    {"read": "request"}       both                  {"read": "end"}    until the proxy ends sending
    {"echo": COUNT}           sends back that many bytes as they come
    {"pause": SECONDS}        for what is about time itself
    {"signal": NAME}          tells the test        {"await": NAME}    waits for the test

A script runs behind the head of the request that it answers; one whose first step is
{"at": "accept"} runs as soon as the connection is accepted, before anything was read.
"""

import asyncio
from collections import defaultdict
from typing import Any

from tests.support.messages import Received, read_request_body, read_request_head
from tests.support.notation import to_bytes
from tests.support.wire import Wire, one_byte_a_segment, whole

Step = dict[str, Any]

ENDLESS_LIMIT_BYTES = 1 << 30
"""An endless answer ends here, so a proxy that swallows it fails the test instead of the machine."""


class Script:
    """One run of a script on one connection."""

    def __init__(self, steps: list[Step], events: defaultdict[str, asyncio.Event]) -> None:
        self._steps = steps
        self._events = events
        self.sent_bytes = 0
        self.request: Received | None = None
        self.is_over = False

    async def run(self, wire: Wire) -> bool:
        """All steps; True when the connection may carry the next request."""
        try:
            for step in self._steps:
                (verb, argument), *rest = step.items()
                assert not rest, f"one verb a step: {step}"
                if not await self._act(wire, verb, argument):
                    return False
            return True
        finally:
            self.is_over = True

    async def _act(self, wire: Wire, verb: str, argument: Any) -> bool:
        match verb:
            case "send" | "drip":
                data = to_bytes(argument)
                self.sent_bytes += len(data)
                return await wire.send(data, whole if verb == "send" else one_byte_a_segment)
            case "endless":
                return await self._send_endlessly(wire, to_bytes(argument))
            case "read":
                await self._read(wire, argument)
            case "echo":
                return await _echo(wire, argument)
            case "pause":
                await asyncio.sleep(argument)
            case "signal":
                self._events[argument].set()
            case "await":
                await self._events[argument].wait()
            case "at":
                assert argument == "accept"
            case _:
                await self._end(wire, verb)
                return False
        return True

    async def _end(self, wire: Wire, verb: str) -> None:
        match verb:
            case "close":
                wire.close()
            case "reset":
                wire.reset()
            case "half_close":
                wire.half_close()
                await wire.read_to_end()
            case "hang":
                await _until_the_peer_goes(wire)
            case _:
                raise AssertionError(f"no such step: {verb}")

    async def _read(self, wire: Wire, what: str) -> None:
        if what in ("head", "request"):
            self.request = await read_request_head(wire)
        if what in ("body", "request"):
            assert self.request is not None
            await read_request_body(wire, self.request)
        if what == "end":
            await wire.read_to_end()

    async def _send_endlessly(self, wire: Wire, data: bytes) -> bool:
        while await wire.send(data):
            self.sent_bytes += len(data)
            assert self.sent_bytes < ENDLESS_LIMIT_BYTES, "an endless answer was swallowed"
        return False


async def _echo(wire: Wire, count: int) -> bool:
    while count:
        data = await wire.read_some()
        count -= len(data)
        if not await wire.send(data):
            return False
    return True


async def _until_the_peer_goes(wire: Wire) -> None:
    loop = asyncio.get_running_loop()
    try:
        while await loop.sock_recv(wire.sock, 1 << 16):
            pass
    except OSError:
        pass


def begins_at_accept(steps: list[Step]) -> bool:
    """The script speaks before it is spoken to."""
    return bool(steps) and "at" in steps[0]
