"""findings.json: the groups that judge has found, for control and for its own successor.

Law: the file is replaced whole, at most once a second and only when something changed; what cannot
be read back is left behind, never an error.
"""

from pathlib import Path
from typing import Any, Final

import orjson

from shadowproxy.findings.documents import from_plain
from shadowproxy.findings.group import Group
from shadowproxy.findings.grouping import Groups
from shadowproxy.findings.sentences import sentence
from shadowproxy.ipc.process import write_atomically


def findings_path(runtime_dir: Path) -> Path:
    """Where the file is."""
    return runtime_dir / "findings.json"


def render(groups: Groups) -> bytes:
    """All groups, those with the most exchanges first."""
    ordered = sorted(groups, key=lambda group: (-group.count, group.id))
    document = {"groups": [_shown(group) for group in ordered], "evicted": groups.evicted}
    return orjson.dumps(document)


def write(runtime_dir: Path, groups: Groups) -> None:
    """Replaces the file.

    Raises:
        OSError: the disk is full, or the folder has gone.
    """
    write_atomically(findings_path(runtime_dir), render(groups))


def restore(runtime_dir: Path, groups: Groups) -> None:
    """Takes back what an earlier judge of this run had found."""
    try:
        document = orjson.loads(findings_path(runtime_dir).read_bytes())
        found = [from_plain(each, groups.max_samples) for each in document["groups"]]
        evicted = int(document["evicted"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    for group in filter(None, found):
        groups.add(group)
    groups.evicted += evicted


_PLAIN: Final = (
    "id", "route", "endpoint", "kind", "path", "legacy_status", "candidate_status", "count",
    "first_seen", "last_seen",
)  # fmt: skip


def _shown(group: Group) -> dict[str, Any]:
    plain = {name: getattr(group, name) for name in _PLAIN}
    return {
        **plain,
        "types": group.types,
        "sentence": sentence(group),
        "sample": group.samples.latest,
    }
