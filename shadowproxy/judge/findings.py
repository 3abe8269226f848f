"""The files that judge writes: what it found, what it learned, and what its successor needs.

    findings.json   the groups and their causes, for control and for a successor
    learned.json    noise, latencies and rules as they are shown, for control
    judge.json      what was learned, for a successor

Laws: a file is replaced whole; what cannot be read back is left behind, never an error.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from shadowproxy.compare.ruleset import Rules
from shadowproxy.core.words import Kind
from shadowproxy.findings.causes import Together, find_causes
from shadowproxy.findings.documents import from_plain, to_plain
from shadowproxy.findings.group import Evidence, Group
from shadowproxy.findings.grouping import Groups
from shadowproxy.findings.sentences import sentence
from shadowproxy.judge.knowledge import Knowledge
from shadowproxy.judge.standing import show

FINDINGS: Final = "findings.json"
LEARNED: Final = "learned.json"
STATE: Final = "judge.json"


def findings_path(runtime_dir: Path) -> Path:
    """Where the groups are."""
    return runtime_dir / FINDINGS


def render(groups: Groups, together: Together, knowledge: Knowledge, unix_s: float) -> bytes:
    """All groups, those with the most exchanges first, and what belongs together."""
    ordered = sorted(groups, key=lambda group: (-group.count, group.id))
    for group in ordered:
        standing = knowledge.noise.standing(group.endpoint, group.path, Kind(group.kind), unix_s)
        group.noise = Evidence(str(standing.state), standing.aa_samples, standing.b, standing.e)
    causes = find_causes(ordered, together)
    document = {
        "groups": [_shown(group, knowledge.exchanges) for group in ordered],
        "causes": [{"sentence": cause.sentence, "groups": cause.groups} for cause in causes],
        "evicted": groups.evicted,
        "evicted_groups": groups.evicted_groups,
    }
    return orjson.dumps(document)


def _shown(group: Group, exchanges: Mapping[str, int]) -> dict[str, Any]:
    total = exchanges.get(group.endpoint, 0)
    return {**to_plain(group), "exchanges": total, "sentence": sentence(group, total)}


def render_learned(knowledge: Knowledge, rules: Rules, unix_s: float) -> bytes:
    """What people may want to see of what was learned; endpoints and paths are redacted."""
    table = knowledge.noise.table
    document = {
        "noise": knowledge.noise.shown(unix_s),
        "noise_evicted": table.evicted,
        "noise_expired": table.expired,
        "latencies": knowledge.latencies.shown(),
        "rules": show(rules, knowledge.usage.standings(unix_s)),
    }
    return orjson.dumps(document)


def restore(runtime_dir: Path, groups: Groups) -> None:
    """Takes back what an earlier judge of this run had found."""
    document = read(runtime_dir / FINDINGS)
    found = document.get("groups")
    for plain in found if isinstance(found, list) else ():
        group = from_plain(plain, groups.max_samples)
        if group is not None:
            groups.add(group)
    groups.evicted += _count(document.get("evicted"))
    groups.evicted_groups += _count(document.get("evicted_groups"))


def read(path: Path) -> dict[str, Any]:
    """A file's document; empty if there is none."""
    try:
        document = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _count(value: Any) -> int:
    return value if type(value) is int and value > 0 else 0
