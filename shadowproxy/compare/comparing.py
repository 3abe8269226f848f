"""The one question that the rest of this package answers: what differs between two observations?

Laws: `compare` never raises on any bytes and never says `match` about what it could not look at;
comparing an observation with itself is a match, unless it is a failure or was cut off.
"""

from shadowproxy.compare.bodies import compare_bodies
from shadowproxy.compare.differences import Comparison, Difference, conclude
from shadowproxy.compare.headers import compare_fields, parse_fields
from shadowproxy.compare.observations import Observation, Rules
from shadowproxy.core.words import Kind, Verdict


def compare(legacy: Observation, candidate: Observation, rules: Rules) -> Comparison:
    """The verdict on one exchange, with its differences."""
    failed = _failed(legacy, candidate)
    if failed is not None:
        return Comparison(failed)
    found: list[Difference] = []
    if legacy.status != candidate.status:
        found.append(Difference("#status", Kind.STATUS, legacy.status, candidate.status))
    ours, theirs = parse_fields(legacy.head), parse_fields(candidate.head)
    found += compare_fields(ours, theirs, rules)
    if legacy.status // 100 != candidate.status // 100:
        # An error page instead of an answer is one finding, not one per member of the answer.
        return conclude(found, "")
    more, reason = compare_bodies(legacy, candidate, ours, theirs, rules)
    return conclude(found + more, reason)


def _failed(legacy: Observation, candidate: Observation) -> Verdict | None:
    if legacy.failure is None:
        return None if candidate.failure is None else Verdict.CANDIDATE_FAILED
    return Verdict.LEGACY_FAILED if candidate.failure is None else Verdict.BOTH_FAILED
