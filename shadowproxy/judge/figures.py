"""The proxy's tallies as figures of the report: all of its processes added up.

Read in the order judge, shadow, edges: who takes before who gives.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from shadowproxy.core.cells import (
    GLOBAL,
    MAX_ROUTES,
    METHODS,
    OVERHEAD_BOUNDS_S,
    ROUTE,
    STATUS_CLASSES,
    route_base,
)
from shadowproxy.core.lifecycle import REASONS
from shadowproxy.core.words import Backend, FailureKind, Kind, Refusal, Verdict
from shadowproxy.ipc.tallies import read_cells

_GLOBAL: Final = {
    "received": [GLOBAL["received"]],
    **{
        f"{state}/{reason}": [GLOBAL[f"{state}/{reason}"]]
        for state, reasons in REASONS.items()
        for reason in reasons
    },
    **{f"refused/{refusal}": [GLOBAL[f"refused/{refusal}"]] for refusal in Refusal},
    **{
        f"legacy_failed/{kind}": [GLOBAL[f"backend_requests/{Backend.LEGACY}/{kind}"]]
        for kind in FailureKind
    },
    **{
        f"overhead/{bound}": [GLOBAL[f"overhead/{bound}"]] for bound in (*OVERHEAD_BOUNDS_S, "+Inf")
    },
}
_OF_ROUTES: Final = {
    **{f"verdict/{verdict}": [ROUTE[f"verdict/{verdict}"]] for verdict in Verdict},
    **{f"difference/{kind}": [ROUTE[f"difference/{kind}"]] for kind in Kind},
    **{
        f"requests/{status}": [ROUTE[f"requests/{method}/{status}"] for method in METHODS]
        for status in STATUS_CLASSES
    },
}
_BASES: Final = [route_base(slot) for slot in range(MAX_ROUTES)]


def figures_of(runtime_dir: Path) -> Counter[str]:
    """All that are not zero. 5 ms; for the thread that writes the store."""
    found: Counter[str] = Counter()
    for name in _page_names(runtime_dir):
        page = read_cells(runtime_dir, name)
        for figure, cells in _GLOBAL.items():
            found[figure] += sum(page[cell] for cell in cells)
        for figure, offsets in _OF_ROUTES.items():
            found[figure] += sum(page[base + offset] for offset in offsets for base in _BASES)
    return +found


def _page_names(runtime_dir: Path) -> Iterable[str]:
    return ["judge", "shadow", *sorted(path.stem for path in runtime_dir.glob("edge-*.tally"))]
