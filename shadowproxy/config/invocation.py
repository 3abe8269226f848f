"""How the proxy was started, kept as `run.json` in the runtime folder so that a reload repeats it.

The environment is not kept: every process inherits it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from shadowproxy.ipc.process import write_atomically


@dataclass(frozen=True, slots=True)
class Invocation:
    """`config_path` is absolute; `overrides` are the `--set KEY=VALUE`s in order.

    `flags` maps the flags that stand for a key (`--legacy`, ...) to their text. `remove`: the
    folder was made for this run and goes with it. `sources` and `content_hash` are of the load
    whose settings were written: what differs from them is to be reloaded.
    """

    config_path: str | None = None
    overrides: tuple[str, ...] = ()
    flags: Mapping[str, str] = field(default_factory=dict)
    allow_same: bool = False
    remove: bool = True
    sources: tuple[str, ...] = ()
    content_hash: str = ""


def invocation_path(runtime_dir: Path) -> Path:
    """Where it is kept (mode 0600: an override may hold a token)."""
    return runtime_dir / "run.json"


def write_invocation(runtime_dir: Path, invocation: Invocation) -> None:
    """Writes `run.json`."""
    write_atomically(invocation_path(runtime_dir), json.dumps(asdict(invocation)).encode())


def read_invocation(runtime_dir: Path) -> Invocation:
    """Reads what `write_invocation` wrote; members that are missing have their defaults."""
    document = json.loads(invocation_path(runtime_dir).read_bytes())
    return Invocation(
        config_path=document.get("config_path"),
        overrides=tuple(document.get("overrides", ())),
        flags=dict(document.get("flags", {})),
        allow_same=bool(document.get("allow_same", False)),
        remove=bool(document.get("remove", True)),
        sources=tuple(document.get("sources", ())),
        content_hash=str(document.get("content_hash", "")),
    )
