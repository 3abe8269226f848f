"""Has the configuration changed? By content: modification times lie on mounted ConfigMaps.

A load digests the very bytes that it read, so a file that changes meanwhile is never taken for
the one that was loaded.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

MAX_SOURCE_BYTES = 8 << 20
"""Of any file: what an API description may have; the others have bounds of their own. Polling costs
25 ms for that much, once a second."""


def content_hash(sources: Iterable[str]) -> str:
    """A digest of what all source files hold now; a missing file has a digest of its own.

    Costs one read per file and parses nothing, so it may be polled.
    """
    files = Sources()
    for source in sources:
        files.note(source)
    return files.digest()


class Sources:
    """The files that a load looks at, and what they held."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes | None] = {}

    def read(self, name: str) -> bytes:
        """At most MAX_SOURCE_BYTES + 1 bytes of a file.

        Raises:
            OSError, ValueError: it cannot be read, or no file can have that name.
        """
        self._contents[name] = None
        with Path(name).open("rb") as file:
            content = file.read(MAX_SOURCE_BYTES + 1)
        self._contents[name] = content
        return content

    def note(self, name: str) -> None:
        """Reads a file for its digest alone, if it can be read."""
        try:
            self.read(name)
        except (OSError, ValueError):
            return

    @property
    def names(self) -> tuple[str, ...]:
        """In the order in which they were first looked at."""
        return tuple(self._contents)

    def digest(self) -> str:
        """Of names and contents."""
        return _digest(self._contents)


def _digest(contents: Mapping[str, bytes | None]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for source, content in contents.items():
        name = os.fsencode(source)
        mark = b"-" if content is None else b"%d" % len(content)
        digest.update(b"%d:%b%b:%b" % (len(name), name, mark, content or b""))
    return digest.hexdigest()
