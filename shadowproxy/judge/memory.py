"""What judge needs of its predecessor: what that one learned, and the key of its hashes.

    judge.json   what was learned        judge.key   keys the hashes of values, and names the writer

Law: what cannot be read back is left behind, never an error.
"""

import contextlib
import os
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import orjson

from shadowproxy.ipc.process import write_atomically

STATE: Final = "judge.json"
KEY: Final = "judge.key"
KEY_BYTES: Final = 32


def read_state(runtime_dir: Path) -> dict[str, Any]:
    """What a predecessor of this run had learned; empty if there was none."""
    try:
        document = orjson.loads((runtime_dir / STATE).read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def key_in(runtime_dir: Path) -> bytes:
    """The key of this run, made by its first judge, so that what was learned of hashes holds."""
    path = runtime_dir / KEY
    try:
        key = path.read_bytes()
    except OSError:
        key = b""
    if len(key) != KEY_BYTES:
        key = os.urandom(KEY_BYTES)
        with contextlib.suppress(OSError):
            write_atomically(path, key)
    return key


def writer_of(key: bytes) -> str:
    """What this run is called in the store: the same for all its judges, and for no other run."""
    return blake2b(b"writer", key=key, digest_size=8).hexdigest()
