"""Has the configuration changed? By content: modification times lie on mounted ConfigMaps."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

MAX_SOURCE_BYTES = 1 << 20
"""Of a configuration, secret or PEM file: 250 routes take 30 KB, a chain of certificates 20 KB."""


def content_hash(sources: Iterable[str]) -> str:
    """A digest of what all source files hold now; a missing file has a digest of its own.

    Costs one read per file and parses nothing, so it may be polled.
    """
    digest = hashlib.blake2b(digest_size=16)
    for source in sources:
        content = _read(source)
        mark = b"-" if content is None else b"%d" % len(content)
        digest.update(b"%d:%b%b:%b" % (len(source.encode()), source.encode(), mark, content or b""))
    return digest.hexdigest()


def _read(source: str) -> bytes | None:
    try:
        with Path(source).open("rb") as file:
            return file.read(MAX_SOURCE_BYTES + 1)
    except OSError:
        return None
