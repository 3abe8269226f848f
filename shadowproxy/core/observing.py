"""What one backend did with one request, as far as more than one process needs to know it."""

from dataclasses import dataclass

from shadowproxy.core.words import FailureKind


@dataclass(frozen=True, slots=True)
class Failure:
    """An observation without a usable response.

    `phase` is where it happened: connect, send, head, body. `detail` is for people and holds
    nothing that came from a user.
    """

    kind: FailureKind
    phase: str
    detail: str
