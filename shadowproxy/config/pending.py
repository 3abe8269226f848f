"""Settings that are valid and that this release does not act on yet.

They are accepted so that one file serves this release and the next, and named in the start-up
log and by `check`, so that nothing is ever silently without effect.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from shadowproxy.config.loaded import Value
from shadowproxy.config.nodes import DEFAULT

NOT_IN_FORCE: Final = {
    "report.store": "findings are kept in memory",
    "report.retention": "findings are kept in memory",
}


def pending_warnings(values: Iterable[Value]) -> Iterator[str]:
    """A sentence for each part of the file that was written and is not in force."""
    told: set[str] = set()
    for value in values:
        for key, instead in NOT_IN_FORCE.items():
            is_part = value.key == key or value.key.startswith(f"{key}.")
            if is_part and value.origin != DEFAULT and key not in told:
                told.add(key)
                yield f"{value.origin}: {key} is accepted but not yet in force: {instead}"
