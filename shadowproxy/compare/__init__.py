"""Decides what differs between two answers; pure, and usable as a library.

    from shadowproxy.compare import Rules, compare, response

    rules = Rules.of([{"path": "$..updated_at", "class": "timestamp"}])
    found = compare(
        response(b'{"a": 1, "updated_at": "2027-01-01T00:00:00Z"}', "application/json"),
        response(b'{"a": 2, "updated_at": "2027-01-01T00:00:07Z"}', "application/json"),
        rules,
    )
    found.verdict                                             # Verdict.MISMATCH
    [(each.path, each.kind) for each in found.differences]    # [("/a", Kind.CHANGED)]
    found.hits                                                # {0: 1}

No bytes make it raise or take more than 0.3 s and 64 MiB; a match is never said of what was not
looked at.
"""

from shadowproxy.compare.comparing import compare
from shadowproxy.compare.differences import MISSING, Comparison, Difference
from shadowproxy.compare.observations import Observation, response
from shadowproxy.compare.rules import RuleError
from shadowproxy.compare.ruleset import Rules

__all__ = [
    "MISSING",
    "Comparison",
    "Difference",
    "Observation",
    "RuleError",
    "Rules",
    "compare",
    "response",
]
