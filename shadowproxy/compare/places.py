"""The generalised place of a difference: one place in a shape, whichever element shows it.

Law: stateless. The same steps give the same place after a restart and in every fleet, so that
fingerprints, learned noise and what a person decided about a finding hold on to it.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from shadowproxy.compare.segments import class_of_segment, without_identifiers

ANY: Final = "*"
"""Stands for each index and each name that is data."""

MAX_NAME: Final = 128
"""Characters. The longest names in published APIs have about 80; a longer one is data."""

_MARKS: Final = ("$", "@", "#", "{")
"""`$ref`, `@attribute`, `#text`, `{namespace}local`: names by construction, never keys of a map."""

_MAX_REMEMBERED: Final = 4096
"""Names of MAX_NAME characters: at most 1 MiB. One answer has 10 to 500 different ones."""


def general_steps(steps: Sequence[str | int]) -> tuple[str, ...]:
    """The steps with `*` for each index and for each member name that looks like a variable.

    Such names (an identifier, date, address, token: compare.segments) are keys of a map. Ordinary
    words stay, whatever siblings they have. 0.2 µs a step that is remembered.
    """
    return tuple(
        [
            ANY if isinstance(step, int) or len(step) > MAX_NAME or is_map_key(step) else step
            for step in steps
        ]
    )


@lru_cache(_MAX_REMEMBERED)
def is_map_key(name: str) -> bool:
    """Whether a member name is data rather than part of a shape."""
    if name.startswith(_MARKS):
        return False
    return class_of_segment(name) is not None or without_identifiers(name) != name
