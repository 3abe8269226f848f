"""curl as a program: what it wrote, and its own account of the connection."""

import asyncio
from dataclasses import dataclass

from tests.peers.programs import find_program


@dataclass(frozen=True)
class Curled:
    """What curl wrote and how it ended; `talk` is its log of the connection."""

    code: int
    output: bytes
    talk: str


async def curl(*arguments: str) -> Curled:
    """Runs curl, quiet on standard output but for bodies and `--write-out`."""
    process = await asyncio.create_subprocess_exec(
        *(find_program("curl"), "--silent", "--verbose", "--max-time", "20", "--noproxy", "*"),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, talk = await process.communicate()
    assert process.returncode is not None
    return Curled(process.returncode, output, talk.decode("latin-1"))
