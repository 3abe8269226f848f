"""A bounded, lossy, counted channel over a Unix socket.

    Sender  idle ─connect─► hello sent ─WELCOME─► open ─lost─► idle (again after RETRY_S)
    Receiver  one connection per slot; a slot's WELCOME waits until its old connection has ended

Laws: `send` never blocks and never queues beyond `limit_bytes`, nor does `reply`, which goes the
other way, beyond REPLY_LIMIT_BYTES; what does not fit is refused and the caller counts it. What was handed over and never accepted is told to `on_open` as a count, so
no exchange is lost without being counted.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import monotonic_ns
from typing import cast

from shadowproxy.core.overriding import override
from shadowproxy.ipc import frames

RETRY_S = 0.1
"""A restarted process listens again within 300 ms; ten tries a second cost nothing."""

LATE_S = 0.02
"""How long a frame that is not urgent may wait for company."""

QUICK_SUCCESSION_NS = 200_000
"""Above 5,000 urgent frames a second, the turns of a busy loop gather them; below, a turn of its own
would cost more than the write."""

DEFAULT_LIMIT_BYTES = 8 << 20
"""About 6,000 exchanges of 1.3 KB: a third of a second of stall at 20,000 requests/s."""


REPLY_LIMIT_BYTES = 2 << 20
"""Unsent frames in the other direction: there are a few a minute, each a request's head and body.
A reader that is further behind than one body of the default cap does not want more."""


def limit_for(max_body_bytes: int) -> int:
    """The limit of a channel whose exchanges carry such bodies: a pair has four, with a witness."""
    return max(DEFAULT_LIMIT_BYTES, 5 * max_body_bytes)


class Sender(asyncio.Protocol):
    """The giving end.

    `on_open(accepted)` runs at every WELCOME, before the channel is open, `on_frame(kind, frame)`
    for each frame that the receiver replies with.
    """

    def __init__(
        self,
        path: Path,
        slot: int,
        on_open: Callable[[int], None] | None = None,
        limit_bytes: int = DEFAULT_LIMIT_BYTES,
        on_frame: Callable[[int, bytes], None] | None = None,
    ) -> None:
        self._path = str(path)
        self._slot = slot
        self._on_open = on_open
        self._on_frame = on_frame
        self.limit_bytes = limit_bytes
        self._transport: asyncio.Transport | None = None
        self._open = False
        self._splitter = _Splitter()
        self._queue: list[bytes] = []
        self._queue_bytes = 0
        self._loop = asyncio.get_running_loop()
        self._flushed_ns = 0
        self._has_turn = False
        self._has_timer = False
        self._lost = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Frames can be sent."""
        return self._open

    @property
    def queued_bytes(self) -> int:
        """Written and not yet taken by the kernel."""
        unsent = self._transport.get_write_buffer_size() if self._transport else 0
        return unsent + self._queue_bytes

    def send(self, frame: bytes, *, urgent: bool = False) -> bool:
        """Queues one frame, or returns False: closed, or it would pass the limit.

        A frame that is not urgent leaves with the next that is, or within LATE_S. Urgent frames
        leave at once, and in one write per turn of the event loop when they come in quick
        succession: a system call and the wake-up of the other side cost more than a frame.
        """
        transport = self._transport
        if not self._open or transport is None:
            return False
        size = self._queue_bytes + len(frame)
        if transport.get_write_buffer_size() + size > self.limit_bytes:
            return False
        self._queue.append(frame)
        self._queue_bytes = size
        if urgent:
            if self._has_turn:
                return True
            if monotonic_ns() - self._flushed_ns > QUICK_SUCCESSION_NS:
                self._flush()
            else:
                self._has_turn = True
                self._loop.call_soon(self._flush)
        elif not self._has_timer:
            self._has_timer = True
            self._loop.call_later(LATE_S, self._flush_late)
        return True

    def _flush(self) -> None:
        self._has_turn = False
        self._flushed_ns = monotonic_ns()
        queue = self._queue
        if self._transport is not None and queue:
            self._transport.write(queue[0] if len(queue) == 1 else b"".join(queue))
        queue.clear()
        self._queue_bytes = 0

    def _flush_late(self) -> None:
        self._has_timer = False
        if self._queue:
            self._flush()

    async def run(self) -> None:
        """Keeps the channel connected until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                self._lost = asyncio.Event()
                await loop.create_unix_connection(lambda: self, self._path)
                await self._lost.wait()
            except OSError:
                pass
            finally:
                if self._transport is not None:
                    self._flush()
                    self._transport.close()
            await asyncio.sleep(RETRY_S)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._splitter = _Splitter()
        self._transport.write(frames.pack_hello(self._slot))

    @override
    def data_received(self, data: bytes) -> None:
        for frame in self._splitter.feed(data):
            if self._open:
                if self._on_frame is not None:
                    self._on_frame(frame[0], frame)
                continue
            if self._on_open is not None:
                self._on_open(frames.unpack_welcome(frame))
            self._open = True
        if self._splitter.is_broken and self._transport is not None:
            self._transport.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._open = False
        self._transport = None
        self._queue.clear()
        self._queue_bytes = 0
        self._lost.set()


class Receiver:
    """The taking end: accepts senders and calls `on_frame(slot, kind, frame)` for each frame.

    `accepted_from(slot)` is read for the WELCOME; `on_gone(slot)` runs when a sender's connection
    has ended and all its frames have been seen.
    """

    def __init__(
        self,
        on_frame: Callable[[int, int, bytes], None],
        accepted_from: Callable[[int], int],
        on_gone: Callable[[int], None],
    ) -> None:
        self.on_frame = on_frame
        self.accepted_from = accepted_from
        self.on_gone = on_gone
        self._current: dict[int, _Incoming] = {}
        self._waiting: dict[int, _Incoming] = {}
        self._paused = False

    async def listen(self, path: Path) -> asyncio.Server:
        """Starts listening; a socket file left by a killed predecessor is replaced."""
        path.unlink(missing_ok=True)  # noqa: ASYNC240 - one system call, once, at start
        loop = asyncio.get_running_loop()
        return await loop.create_unix_server(lambda: _Incoming(self), str(path), backlog=128)

    def pause(self) -> None:
        """Stops reading from every sender: their channels fill up and they drop and count.

        Holds for senders that come later too. While it holds, the end of a connection is not
        noticed either, so a restarted sender's WELCOME waits for `resume`.
        """
        self._paused = True
        for incoming in self._current.values():
            incoming.pause()

    def resume(self) -> None:
        """Reads on."""
        self._paused = False
        for incoming in list(self._current.values()):
            incoming.resume()

    def reply(self, slot: int, frame: bytes) -> bool:
        """Sends a frame back to the sender of a slot, or returns False: gone, or it does not read.

        Never blocks; frames that its connection still holds when it ends are lost.
        """
        incoming = self._current.get(slot)
        return incoming is not None and incoming.reply(frame)

    def introduce(self, incoming: "_Incoming") -> None:
        """A sender said HELLO: welcome it once its slot's old connection has ended."""
        slot = incoming.slot
        if slot == frames.NO_EXCHANGES:
            incoming.welcome(0)
        elif slot in self._current:
            self._waiting[slot] = incoming
        else:
            self._current[slot] = incoming
            incoming.welcome(self.accepted_from(slot))
            if self._paused:
                incoming.pause()

    def ended(self, incoming: "_Incoming") -> None:
        """A connection is over; the one that waited for it takes its place."""
        slot = incoming.slot
        if self._waiting.get(slot) is incoming:
            del self._waiting[slot]
        if self._current.get(slot) is not incoming:
            return
        del self._current[slot]
        self.on_gone(slot)
        if (successor := self._waiting.pop(slot, None)) is not None:
            self.introduce(successor)


class _Incoming(asyncio.Protocol):
    """One sender's connection."""

    def __init__(self, receiver: Receiver) -> None:
        self.slot = -1
        self._receiver = receiver
        self._splitter = _Splitter()
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def welcome(self, accepted: int) -> None:
        """Opens the channel."""
        assert self._transport is not None
        self._transport.write(frames.pack_welcome(accepted))

    def reply(self, frame: bytes) -> bool:
        """Sends a frame the other way, if there is room."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if transport.get_write_buffer_size() + len(frame) > REPLY_LIMIT_BYTES:
            return False
        transport.write(frame)
        return True

    def pause(self) -> None:
        """Stops reading."""
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Reads on."""
        if self._transport is not None and not self._transport.is_reading():
            self._transport.resume_reading()

    @override
    def data_received(self, data: bytes) -> None:
        on_frame = self._receiver.on_frame
        for frame in self._splitter.feed(data):
            kind = frame[0]
            if kind == frames.HELLO:
                self.slot = frames.unpack_hello(frame)
                self._receiver.introduce(self)
            else:
                on_frame(self.slot, kind, frame)
        if self._splitter.is_broken and self._transport is not None:
            self._transport.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._receiver.ended(self)


class _Splitter:
    """Cuts what arrives on one connection into frames, without their lengths."""

    __slots__ = ("_needed", "_rest")

    def __init__(self) -> None:
        self._rest = bytearray()
        self._needed = 5

    @property
    def is_broken(self) -> bool:
        """A length that no frame has: nothing that follows can be trusted."""
        return self._needed > frames.MAX_FRAME_BYTES

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are whole now; the rest waits for more."""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return []
            data = bytes(self._rest)
            self._rest.clear()
        found = []
        at, end = 0, len(data)
        from_bytes = int.from_bytes
        self._needed = 5
        while end - at >= 5:
            after = at + 4 + from_bytes(data[at : at + 4], "little")
            if after > end:
                self._needed = after - at
                break
            found.append(data[at + 4 : after])
            at = after
        if at < end:
            self._rest += data[at:]
        return found
