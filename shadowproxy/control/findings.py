"""Findings as the judge last wrote them; there are none until it has."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final


def read_findings(runtime_dir: Path) -> dict[str, Any]:
    """{"groups": [...], "causes": [...], "evicted": n, "evicted_groups": n}.

    Blocks for one read, so not for the loop's own thread.
    """
    found = _read(runtime_dir / "findings.json")
    return {
        "groups": _list(found, "groups"),
        "causes": _list(found, "causes"),
        "evicted": found.get("evicted", 0),
        "evicted_groups": found.get("evicted_groups", 0),
    }


def read_learned(runtime_dir: Path) -> dict[str, Any]:
    """{"noise": [...], "evicted": n, "expired": n, "latencies": [...], "rules": [...]}."""
    found = _read(runtime_dir / "learned.json")
    return {
        "noise": _list(found, "noise"),
        "evicted": found.get("noise_evicted", 0),
        "expired": found.get("noise_expired", 0),
        "latencies": _list(found, "latencies"),
        "rules": _list(found, "rules"),
    }


def _read(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads(path.read_bytes())
        if isinstance(found, dict):
            return found
    return {}


def _list(found: Mapping[str, Any], name: str) -> list[Any]:
    value = found.get(name)
    return value if isinstance(value, list) else []


def select(findings: Mapping[str, Any], endpoint: str | None) -> list[dict[str, Any]]:
    """The groups, most frequent first, of one endpoint if it is given; without their examples."""
    groups = [
        {name: value for name, value in group.items() if name not in _EXAMPLES}
        for group in findings["groups"]
        if endpoint is None or group.get("endpoint") == endpoint
    ]
    return sorted(groups, key=lambda group: (-group.get("count", 0), group.get("id", "")))


_EXAMPLES: Final = ("sample", "samples", "reproducer")
"""Up to 20 KiB of one group: asked for one by one."""


def find(findings: Mapping[str, Any], group_id: str) -> dict[str, Any] | None:
    """One group with its examples, None when there is none of this id."""
    for group in findings["groups"]:
        if group.get("id") == group_id:
            found: dict[str, Any] = group
            return found
    return None
