"""Deltas of reproducers, rendered in a child process that ends when its time is up.

Law: whatever a stored example holds, control answers: after `timeout_s` the child is killed, and
its output is read no further than a cap.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from typing import Any, Final

import orjson

TIMEOUT_S: Final = 2.0
"""Starting Python and importing DeepDiff take 0.4 s, the largest tree that is rendered 0.1 s."""
MAX_INPUT_BYTES: Final = 1 << 20
MAX_OUTPUT_BYTES: Final = 256 << 10
"""A hundred lines of 400 characters of four bytes, and as much again."""

NOT_RENDERED: Final = "the delta could not be rendered"
TOO_SLOW: Final = "the delta took too long to render"
TOO_LARGE: Final = "too large to be shown as a delta"


async def rendered(legacy: Any, candidate: Any, timeout_s: float = TIMEOUT_S) -> list[str]:
    """The lines for people; one line that says why when there are none to be had."""
    try:
        asked = orjson.dumps({"legacy": legacy, "candidate": candidate})
    except TypeError:
        return [NOT_RENDERED]
    if len(asked) > MAX_INPUT_BYTES:
        return [TOO_LARGE]
    try:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "shadowproxy.findings.deltas",
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL,
        )  # fmt: skip
    except OSError:  # no more processes, or no more memory
        return [NOT_RENDERED]
    try:
        async with asyncio.timeout(timeout_s):
            return _read(await _exchange(child, asked))
    except TimeoutError:
        return [TOO_SLOW]
    finally:
        await _end(child)


async def _exchange(child: Process, asked: bytes) -> bytes:
    """Writes the question, then reads the answer; the child reads all before it writes."""
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(asked)
        await child.stdin.drain()
        child.stdin.close()
        said = bytearray()
        while (more := await child.stdout.read(1 << 16)) and len(said) <= MAX_OUTPUT_BYTES:
            said += more
    except ConnectionError:  # it died before it had read everything
        return b""
    return bytes(said)


def _read(said: bytes) -> list[str]:
    try:
        lines = orjson.loads(said)
    except orjson.JSONDecodeError:
        return [NOT_RENDERED]
    return list(map(str, lines)) if isinstance(lines, list) else [NOT_RENDERED]


async def _end(child: Process) -> None:
    """Kills it if it still runs, and reads what is left in the pipe, or that would never close."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
    await child.communicate()
