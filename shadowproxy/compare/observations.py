"""What the comparer is given: one observation per backend, and the rules in force."""

from dataclasses import dataclass
from typing import NamedTuple

from shadowproxy.core.settings import CompareSettings
from shadowproxy.core.words import FailureKind


class Observation(NamedTuple):
    """What one backend did with one request: a response, or a `failure` and nothing else.

    `head` runs from the status line to the empty line. `body` has no transfer coding, but still
    its content coding; when `is_digest` it is the BLAKE2b-256 digest of `body_bytes` bytes instead,
    and when `is_cut` the deadline ended it before its last byte.
    """

    failure: FailureKind | None = None
    status: int = 0
    head: bytes = b""
    body: bytes = b""
    body_bytes: int = 0
    is_digest: bool = False
    is_cut: bool = False


DIGEST_BYTES = 32
"""Of the digest that stands for a body above the cap."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration says to treat specially; names are lower-case and exact."""

    ignored_headers: frozenset[str] = frozenset()
    unordered_headers: frozenset[str] = frozenset()


def rules_of(settings: CompareSettings) -> Rules:
    """The rules of one configuration."""
    return Rules(
        frozenset(name.lower() for name in settings.ignore_headers),
        frozenset(name.lower() for name in settings.unordered_headers),
    )
