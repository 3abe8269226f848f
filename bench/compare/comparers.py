"""The arms: ours from bytes to verdict, and libraries that compare documents once parsed."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

import orjson

from shadowproxy.compare import Rules, compare, response

Work = Callable[[], object]

OURS: Final = "shadowproxy"


def ours(legacy: bytes, candidate: bytes) -> Work:
    """Parsing is in it."""
    sides = [response(body, "application/json") for body in (legacy, candidate)]
    rules = Rules.of(())
    return lambda: compare(sides[0], sides[1], rules)


def parsing(legacy: bytes, candidate: bytes) -> Work:
    """What every other arm needs before it can start."""
    return lambda: (orjson.loads(legacy), orjson.loads(candidate))


def _deepdiff(library: Any, legacy: Any, candidate: Any) -> object:
    return library.DeepDiff(
        legacy,
        candidate,
        ignore_order=False,
        zip_ordered_iterables=True,
        ignore_private_variables=False,
        threshold_to_diff_deeper=0,
    )


DEEPDIFF: Final = "deepdiff"

PEERS: Final[dict[str, Callable[[Any, Any, Any], object]]] = {
    DEEPDIFF: _deepdiff,
    "dictdiffer": lambda library, legacy, candidate: list(library.diff(legacy, candidate)),
    "jsonpatch": lambda library, legacy, candidate: library.make_patch(legacy, candidate),
    "jsondiff": lambda library, legacy, candidate: library.diff(legacy, candidate),
}
"""DeepDiff in its exact configuration, by index: by default it calls 1 and True equal and hides
members whose names begin with `__`. The others as they come."""


def is_installed(name: str) -> bool:
    """Peers other than DeepDiff are requirements of the bench alone."""
    try:
        import_module(name)
    except ImportError:
        return False
    return True


def peer(name: str, legacy: bytes, candidate: bytes) -> Work:
    """A library's comparison of two documents that are parsed already."""
    library, compare_values = import_module(name), PEERS[name]
    values = orjson.loads(legacy), orjson.loads(candidate)
    return lambda: compare_values(library, *values)
