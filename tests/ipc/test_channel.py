"""The channel: bounded, lossy, counted, and settled when either end is replaced."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.ipc import frames
from shadowproxy.ipc.channel import REPLY_LIMIT_BYTES, Receiver, Sender, _Incoming
from tests.support.waiting import until


class Taker:
    """A receiver that keeps what it is given and counts what it accepts."""

    def __init__(self) -> None:
        self.frames: list[tuple[int, int, bytes]] = []
        self.gone: list[int] = []
        self.receiver = Receiver(self._take, self.accepted_from, self.gone.append)

    def _take(self, slot: int, kind: int, frame: bytes) -> None:
        self.frames.append((slot, kind, frame))

    def accepted_from(self, slot: int) -> int:
        return sum(taken == slot for taken, _, _ in self.frames)


@asynccontextmanager
async def running(sender: Sender) -> AsyncIterator[Sender]:
    """The sender with its `run` in a task that ends with the block."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(sender.run())
        try:
            yield sender
        finally:
            task.cancel()


@asynccontextmanager
async def listening(taker: Taker, path: Path) -> AsyncIterator[None]:
    """The receiver, as long as its process lives; its end closes all connections."""
    server = await taker.receiver.listen(path)
    try:
        yield
    finally:
        server.close()
        for incoming in list(taker.receiver._current.values()):
            assert incoming._transport is not None
            incoming._transport.abort()


async def opened(sender: Sender) -> None:
    await until(lambda: sender.is_open, "the channel is open")


EVENT = frames.pack_event(b'{"event": "x"}')


async def test_frames_arrive_in_order(tmp_path: Path) -> None:
    """What is sent is taken once and in order, with the sender's slot and without its length."""
    taker = Taker()
    async with listening(taker, tmp_path / "s"), running(Sender(tmp_path / "s", 5)) as sender:
        await opened(sender)
        sent = [frames.pack_event(b"%d" % number) for number in range(1000)]
        assert all(sender.send(frame) for frame in sent)
        await until(lambda: len(taker.frames) == 1000, "1000 frames")
        assert taker.frames == [(5, frames.EVENT, frame[4:]) for frame in sent]


async def test_a_closed_channel_refuses(tmp_path: Path) -> None:
    """Without a receiver nothing is queued, so the caller can count it at once."""
    async with running(Sender(tmp_path / "nobody", 0)) as sender:
        assert not sender.send(EVENT)
        assert sender.queued_bytes == 0


async def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    """Behind a receiver that does not read, at most the limit is queued, and send never waits."""
    taker = Taker()
    limit = 100_000
    path = tmp_path / "s"
    async with listening(taker, path), running(Sender(path, 0, limit_bytes=limit)) as sender:
        await opened(sender)
        taker.receiver.pause()
        frame = frames.pack_event(b"x" * 9_000)
        accepted = 0
        for _ in range(200):
            accepted += sender.send(frame)
            assert sender.queued_bytes <= limit
            await asyncio.sleep(0)
        assert not sender.send(frame)
        taker.receiver.resume()
        await until(lambda: len(taker.frames) == accepted, "all that was accepted")


async def test_a_sender_that_comes_while_paused_is_not_read(tmp_path: Path) -> None:
    """`pause` holds for later senders too."""
    taker = Taker()
    async with listening(taker, tmp_path / "s"):
        taker.receiver.pause()
        async with running(Sender(tmp_path / "s", 0)) as sender:
            await opened(sender)
            sender.send(EVENT)
            other = Taker()
            async with (
                listening(other, tmp_path / "t"),
                running(Sender(tmp_path / "t", 0)) as control,
            ):
                await opened(control)
                control.send(EVENT)
                await until(lambda: other.frames, "the same frame to a receiver that reads")
            assert not taker.frames
            taker.receiver.resume()
            await until(lambda: taker.frames, "the frame")


async def test_the_welcome_says_what_was_accepted_before_anything_is_sent(tmp_path: Path) -> None:
    """At every WELCOME the count of that slot is told, and only then the channel is open."""
    taker = Taker()
    told: list[tuple[int, bool]] = []
    path = tmp_path / "s"
    sender = Sender(path, 3, lambda accepted: told.append((accepted, sender.is_open)))
    async with running(sender):
        async with listening(taker, path):
            await opened(sender)
            for _ in range(7):
                sender.send(EVENT)
            await until(lambda: len(taker.frames) == 7, "7 frames")
        await until(lambda: not sender.is_open, "the channel is closed")
        async with listening(taker, path):
            await opened(sender)
    assert told == [(0, False), (7, False)]


async def test_a_slots_welcome_waits_for_its_old_connection(tmp_path: Path) -> None:
    """A restarted sender is welcomed when its predecessor's frames have all been seen and counted.

    Else frames of the predecessor that are still in the pipe would be counted twice: as lost by
    the successor and as accepted here.
    """
    taker = Taker()
    path = tmp_path / "s"
    told: list[int] = []
    async with listening(taker, path), running(Sender(path, 0)) as old:
        await opened(old)
        taker.receiver.pause()
        for _ in range(5):
            assert old.send(EVENT)
        async with running(Sender(path, 0, told.append)) as new:
            await until(lambda: taker.receiver._waiting, "the successor said HELLO")
            assert not new.is_open
            assert not told
            taker.receiver.resume()
            await until(lambda: len(taker.frames) == 5, "the predecessor's frames")
            assert not new.is_open
            assert old._transport is not None
            old._transport.close()
            await opened(new)
            assert told == [5]
            assert taker.gone == [0]


async def test_senders_of_events_only_are_never_settled(tmp_path: Path) -> None:
    """Any number of senders may use the slot without exchanges at once."""
    taker = Taker()
    path = tmp_path / "s"
    async with (
        listening(taker, path),
        running(Sender(path, frames.NO_EXCHANGES)) as one,
        running(Sender(path, frames.NO_EXCHANGES)) as two,
    ):
        await opened(one)
        await opened(two)
        assert one.send(EVENT)
        assert two.send(EVENT)
        await until(lambda: len(taker.frames) == 2, "both events")
    assert taker.gone == []


async def test_a_socket_file_left_by_a_killed_receiver_is_replaced(tmp_path: Path) -> None:
    """A restarted receiver listens although the path exists."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    async with listening(Taker(), path), running(Sender(path, 0)) as sender:
        await opened(sender)


async def test_a_length_that_no_frame_has_closes_the_connection(tmp_path: Path) -> None:
    """Garbage is not waited for: it would be kept in memory up to its alleged length."""
    taker = Taker()
    async with listening(taker, tmp_path / "s"):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
        writer.write((frames.MAX_FRAME_BYTES + 1).to_bytes(4, "little") + b"\x07" + b"x" * 100)
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()


async def test_replies_go_to_the_sender_of_the_slot_in_order(tmp_path: Path) -> None:
    """What the receiver sends back arrives once and in order, at that sender alone."""
    taker = Taker()
    path = tmp_path / "s"
    heard: dict[int, list[bytes]] = {3: [], 4: []}
    sent = [frames.pack_event(b"%d" % number) for number in range(100)]
    async with (
        listening(taker, path),
        running(Sender(path, 3, on_frame=lambda kind, frame: heard[3].append(frame))) as three,
        running(Sender(path, 4, on_frame=lambda kind, frame: heard[4].append(frame))) as four,
    ):
        await opened(three)
        await opened(four)
        assert all(taker.receiver.reply(3, frame) for frame in sent)
        assert taker.receiver.reply(4, EVENT)
        await until(lambda: len(heard[3]) == 100 and heard[4], "all replies")
    assert heard == {3: [frame[4:] for frame in sent], 4: [EVENT[4:]]}


async def test_a_reply_to_nobody_is_refused(tmp_path: Path) -> None:
    """A slot that never came, one that has gone, and one without exchanges take nothing."""
    taker = Taker()
    path = tmp_path / "s"
    async with listening(taker, path):
        assert not taker.receiver.reply(0, EVENT)
        async with running(Sender(path, frames.NO_EXCHANGES)) as eventful:
            await opened(eventful)
            assert not taker.receiver.reply(frames.NO_EXCHANGES, EVENT)
        async with running(Sender(path, 0)) as sender:
            await opened(sender)
            assert taker.receiver.reply(0, EVENT)
        await until(lambda: taker.gone == [0], "the sender has gone")
        assert not taker.receiver.reply(0, EVENT)


async def test_replies_to_a_sender_that_does_not_read_are_bounded(tmp_path: Path) -> None:
    """The limit is queued at most, the rest is refused, and what was taken arrives."""
    taker = Taker()
    path = tmp_path / "s"
    heard: list[bytes] = []
    sender = Sender(path, 0, on_frame=lambda kind, frame: heard.append(frame))
    async with listening(taker, path), running(sender):
        await opened(sender)
        assert sender._transport is not None
        sender._transport.pause_reading()
        frame = frames.pack_event(b"x" * 90_000)
        taken_back = sum(taker.receiver.reply(0, frame) for _ in range(100))
        incoming = taker.receiver._current[0]
        assert incoming._transport is not None
        queued = incoming._transport.get_write_buffer_size()
        assert REPLY_LIMIT_BYTES - len(frame) < queued <= REPLY_LIMIT_BYTES
        assert not taker.receiver.reply(0, frame)
        sender._transport.resume_reading()
        await until(lambda: len(heard) == taken_back, "all that was taken")


async def test_a_reply_with_a_length_that_no_frame_has_closes_the_connection(
    tmp_path: Path,
) -> None:
    """The sender does not gather garbage either; it connects again."""
    taker = Taker()
    path = tmp_path / "s"
    welcomed: list[int] = []
    async with listening(taker, path), running(Sender(path, 0, welcomed.append)) as sender:
        await opened(sender)
        assert taker.receiver.reply(0, b"\xff\xff\xff\xff garbage")
        await until(lambda: len(welcomed) == 2, "it has come again")


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """The data in chunks of these sizes, the rest as the last one."""
    chunks = []
    for size in sizes:
        chunks.append(data[:size])
        data = data[size:]
    return [*chunks, data]


@given(st.lists(st.binary(max_size=60), max_size=12), st.lists(st.integers(1, 40), max_size=60))
def test_any_chunking_gives_the_same_frames(documents: list[bytes], sizes: list[int]) -> None:
    """How the bytes arrive changes nothing about the frames."""
    assert taken(cut(stream(documents), sizes)) == [
        (9, frames.EVENT, b"\x07" + document) for document in documents
    ]


@given(st.lists(st.binary(max_size=60), max_size=12), st.lists(st.integers(1, 40), max_size=60))
async def test_any_chunking_gives_the_same_replies(
    documents: list[bytes], sizes: list[int]
) -> None:
    """The other way, too: the WELCOME first, then each frame whole."""
    heard: list[tuple[int, bytes]] = []
    told: list[int] = []
    sender = Sender(
        Path("nowhere"), 0, told.append, on_frame=lambda kind, frame: heard.append((kind, frame))
    )
    replies = [frames.pack_event(document) for document in documents]
    for chunk in cut(b"".join([frames.pack_welcome(7), *replies]), sizes):
        sender.data_received(chunk)
    assert told == [7]
    assert heard == [(frames.EVENT, b"\x07" + document) for document in documents]


@pytest.mark.parametrize("chunked", [lambda data: [data], lambda data: [b"%c" % b for b in data]])
def test_whole_and_byte_by_byte(chunked: Callable[[bytes], list[bytes]]) -> None:
    """The two extremes, with frames of no, little and much content."""
    documents = [b"", b"a", b"bc" * 500, b""]
    assert [frame[1:] for _, _, frame in taken(chunked(stream(documents)))] == documents


def stream(documents: list[bytes]) -> bytes:
    return frames.pack_hello(9) + b"".join(frames.pack_event(document) for document in documents)


def taken(chunks: list[bytes]) -> list[tuple[int, int, bytes]]:
    """What one connection gives out when it is fed these chunks."""
    taker = Taker()
    incoming = _Incoming(taker.receiver)
    incoming.connection_made(Deaf())
    for chunk in chunks:
        incoming.data_received(chunk)
    return taker.frames


class Deaf(asyncio.Transport):
    """A transport that takes the WELCOME and nothing else happens."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert bytes(data) == frames.pack_welcome(0)
