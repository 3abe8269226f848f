"""The one question that the rest of this package answers: what differs between two observations?

Laws: `compare` never raises on any bytes and never says `match` about what it could not look at;
comparing an observation with itself is a match, unless it is a failure or was cut off.
"""

from shadowproxy.compare.bodies import compare_bodies
from shadowproxy.compare.differences import Comparison, Difference, Hits, conclude
from shadowproxy.compare.headers import compare_fields, parse_both
from shadowproxy.compare.observations import Observation
from shadowproxy.compare.ruleset import NO_RULE, Rules
from shadowproxy.core.words import Kind, Verdict


def compare(
    legacy: Observation, candidate: Observation, rules: Rules, endpoint: str = ""
) -> Comparison:
    """The verdict on one exchange, with its differences.

    `endpoint` says which rules hold besides those for all, such as `GET /users/{id}`.
    """
    failed = _failed(legacy, candidate)
    if failed is not None:
        return Comparison(failed)
    plan = rules.plan(endpoint, legacy.status)
    found: list[Difference] = []
    if legacy.status != candidate.status:
        found.append(Difference("#status", Kind.STATUS, legacy.status, candidate.status))
    heads = parse_both(legacy.head, candidate.head)
    hits = Hits(int)
    if heads[0] is not heads[1]:
        found += compare_fields(*heads, plan, hits)
    reason = ""
    if legacy.status // 100 == candidate.status // 100:
        more, reason = compare_bodies(legacy, candidate, heads, plan, hits)
        found += more
    # Else: an error page instead of an answer is one finding, not one per member of the answer.
    hits.pop(NO_RULE, None)
    return conclude(found, reason, dict(hits))


def _failed(legacy: Observation, candidate: Observation) -> Verdict | None:
    if legacy.failure is None:
        return None if candidate.failure is None else Verdict.CANDIDATE_FAILED
    return Verdict.LEGACY_FAILED if candidate.failure is None else Verdict.BOTH_FAILED
