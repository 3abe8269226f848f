"""Content codings: what was coded comes back, bombs stop early, damage is said to be."""

import gzip
import random
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.decode import coding
from shadowproxy.decode.bounds import BoundError, UndecodableError
from shadowproxy.decode.coding import codings_of, undo
from tests.decode.measuring import Measure

GIB = 1 << 30


def _raw_deflate(body: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(body) + deflater.flush()


ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, mtime=0),
    "x-gzip": lambda body: gzip.compress(body, 1, mtime=0),
    "deflate": zlib.compress,
    "br": lambda body: brotli.compress(body, quality=3),
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
}
NAMES = sorted(ENCODE)


@given(st.lists(st.sampled_from(NAMES), max_size=coding.MAX_CODINGS), st.binary())
def test_what_was_coded_comes_back(codings: list[str], body: bytes) -> None:
    """Any nesting of codings up to the bound is undone in reverse order."""
    coded = body
    for name in codings:
        coded = ENCODE[name](coded)
    assert undo(coded, tuple(codings)) == body


@given(st.sampled_from(NAMES), st.binary())
def test_any_bytes_end_in_bytes_or_in_one_of_two_errors(name: str, body: bytes) -> None:
    """Nothing else is ever raised."""
    with suppress(UndecodableError, BoundError):
        undo(body, (name,))


@given(st.sampled_from(NAMES), st.binary(min_size=1, max_size=300), st.data())
def test_a_truncated_body_is_undecodable(name: str, body: bytes, data: st.DataObject) -> None:
    """Cut anywhere but before the first byte."""
    coded = ENCODE[name](body)
    cut = coded[: data.draw(st.integers(1, len(coded) - 1))]
    with pytest.raises(UndecodableError):
        undo(cut, (name,))


@pytest.mark.parametrize("name", NAMES)
def test_bytes_after_the_end_are_undecodable(name: str) -> None:
    """A coding covers the whole body."""
    with pytest.raises(UndecodableError):
        undo(ENCODE[name](b"x") + b"tail", (name,))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_coded_is_nothing(name: str) -> None:
    """An empty body has no coding to undo: answers to HEAD declare one."""
    assert undo(b"", (name,)) == b""


@pytest.mark.parametrize("name", NAMES)
def test_large_bodies_pass_through_every_step(name: str) -> None:
    """2 MiB that hardly shrink take many slices and pieces, and come back whole."""
    body = random.Random(7).randbytes(1 << 20) * 2
    assert undo(ENCODE[name](body), (name,)) == body


def test_deflate_comes_with_and_without_its_wrapping() -> None:
    """Many servers send raw deflate."""
    assert undo(_raw_deflate(b"abc"), ("deflate",)) == b"abc"


def test_members_and_frames_are_joined_up_to_their_bound() -> None:
    """Members of gzip may be padded with zeros; zstd may have frames to skip."""
    assert undo(gzip.compress(b"a") + gzip.compress(b"b") + bytes(9), ("gzip",)) == b"ab"
    skipped = struct.pack("<II", 0x184D2A50, 3) + b"xyz"
    frame = ENCODE["zstd"](b"a")
    assert undo(frame + skipped + frame, ("zstd",)) == b"aa"
    for name in ("gzip", "zstd"):
        most = ENCODE[name](b"a") * coding.MAX_MEMBERS
        assert undo(most, (name,)) == b"a" * coding.MAX_MEMBERS
        with pytest.raises(BoundError, match="members"):
            undo(most + ENCODE[name](b"a"), (name,))


@pytest.mark.parametrize(
    ("codings", "reason"),
    [
        (("gzip",) * 5, "codings"),
        (("compress",), "coding_compress"),
        (("dcz",), "coding_dcz"),
        (("surprise", "gzip"), "coding_unknown"),
    ],
)
def test_what_nobody_can_undo_is_out_of_bounds(codings: tuple[str, ...], reason: str) -> None:
    """An unknown name never reaches a label."""
    with pytest.raises(BoundError, match=f"^{reason}$"):
        undo(gzip.compress(b"x"), codings)


def test_codings_are_read_in_order() -> None:
    """From all fields, in any case, without identity."""
    fields = {"content-encoding": ["GZIP , identity", "br"]}
    assert codings_of(fields) == ("gzip", "br")
    assert codings_of({}) == ()


def _zlib_bomb(bits: int) -> bytes:
    """Flushed fully, each block of zeros stands alone: one MiB, 1,024 times."""
    deflater = zlib.compressobj(9, wbits=bits)
    head = deflater.compress(bytes(1 << 20)) + deflater.flush(zlib.Z_FULL_FLUSH)
    block = deflater.compress(bytes(1 << 20)) + deflater.flush(zlib.Z_FULL_FLUSH)
    return head + block * 1023


def _brotli_bomb() -> bytes:
    compressor = brotli.Compressor(quality=1)
    head = compressor.process(bytes(1 << 20)) + compressor.flush()
    block = compressor.process(bytes(1 << 20)) + compressor.flush()
    return bytes(head + block * 1023)


def _zstd_bomb(window: int) -> bytes:
    """4 bytes for 128 KiB: 8,192 blocks of one repeated byte."""
    blocks = [struct.pack("<I", 1 << 1 | (128 << 10) << 3)[:3] + b"\0"] * 8192
    return struct.pack("<IBB", 0xFD2FB528, 0, window << 3) + b"".join(blocks)


def _zstd_claim() -> bytes:
    """A frame that declares 2^40 bytes of content and brings none."""
    return struct.pack("<IBBQ", 0xFD2FB528, 0b11000000, 13 << 3, 1 << 40)


BOMBS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "gzip": ("gzip", lambda: _zlib_bomb(31), "inflation"),
    "deflate": ("deflate", lambda: _zlib_bomb(15), "inflation"),
    "raw-deflate": ("deflate", lambda: _zlib_bomb(-15), "inflation"),
    "br": ("br", _brotli_bomb, "inflation"),
    "zstd": ("zstd", lambda: _zstd_bomb(13), "inflation"),
    "zstd-window": ("zstd", lambda: _zstd_bomb(17), "window"),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_bomb_of_a_gibibyte_stops_early(case: str) -> None:
    """It ends within a few MiB and long before its last byte."""
    name, build, reason = BOMBS[case]
    bomb = build()
    with Measure() as measure, pytest.raises(BoundError, match=reason):
        undo(bomb, (name,))
    assert measure.cpu_s < 0.3
    assert measure.memory_bytes < 24 << 20


def test_a_bomb_in_a_bomb_stops_too() -> None:
    """A bomb in gzip is small enough on the outside, and stops inside."""
    with Measure() as measure, pytest.raises(BoundError, match="inflation"):
        undo(gzip.compress(_zlib_bomb(31)), ("gzip", "gzip"))
    assert measure.memory_bytes < 24 << 20


def test_a_declared_size_sets_no_memory_aside() -> None:
    """A frame of 14 bytes that declares a tebibyte is truncated, and cheap."""
    with Measure() as measure, pytest.raises(UndecodableError):
        undo(_zstd_claim(), ("zstd",))
    assert measure.memory_bytes < 16 << 20


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_output_is_capped_whatever_the_ratio(name: str) -> None:
    """More than 64 MiB is out of bounds even when it hardly shrank."""
    body = random.Random(7).randbytes(1 << 20) * 65
    encode: dict[str, Callable[[], bytes]] = {
        "gzip": lambda: gzip.compress(body, 0),
        "br": lambda: brotli.compress(body, quality=0, lgwin=16),
        "zstd": lambda: zstandard.ZstdCompressor(level=-50).compress(body),
    }
    coded = encode[name]()
    with pytest.raises(BoundError, match="inflation"):
        undo(coded, (name,))
