"""Judges that hand over flushes as fast as they are taken up, until they are killed.

    python -m tests.report.killed URL TALLIES

For each line that it reads it forks one, says its id, and waits for its end; a line that is `end` is
for one that ends by itself. A judge says before each hand-over how many exchanges it has counted until
then, and how many of those were certainly written. TALLIES is a file of eight bytes that is mapped:
what a killed process counted there is kept, as in a proxy's tally pages.
"""

import mmap
import os
import struct
import sys
from collections.abc import Iterator, MutableMapping
from pathlib import Path

from tests.report.judging import END_S, Judging
from tests.support.waiting import wait_for


class Tallies(MutableMapping[str, int]):
    """`received` in a mapped file."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), 8)

    def __getitem__(self, name: str) -> int:
        return int(struct.unpack("<q", self._page[:8])[0])

    def __setitem__(self, name: str, count: int) -> None:
        self._page[:8] = struct.pack("<q", count)

    def __delitem__(self, name: str) -> None:
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(["received"])

    def __len__(self) -> int:
        return 1


def _judge(url: str, tallies: Path) -> None:
    """Counts for ever.

    That a flush was taken up says that the one before it was written.
    """
    it = Judging(url, figures=Tallies(tallies))
    handed: list[int] = [0, 0, 0]
    while True:
        wait_for(lambda: it.keeper.is_free, "the keeper takes up what it got", END_S)
        handed = [*handed[1:], it.ticks + 1]
        os.write(1, b"%d %d\n" % (handed[2], handed[0]))
        it.tick()


def main(url: str, tallies: str) -> None:
    """One after the other."""
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            if line == "end\n":
                it = Judging(url, figures=Tallies(Path(tallies)))
                it.tick()
                os._exit(not it.end())
            _judge(url, Path(tallies))
        os.write(1, b"pid %d\n" % pid)
        _, status = os.waitpid(pid, 0)
        os.write(1, b"ended %d\n" % os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(*sys.argv[1:])
