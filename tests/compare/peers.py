"""The accepted pairs of other comparers, in our words, and those that are not mapped with why.

A case is named `block/name`; blocks that hold parts are `block.part/name`. The name is the case's
own `id` or `name`, else its index.
"""

from typing import Any, Final

from tests.compare.loading import load

CASES: Final[dict[str, Any]] = load("peer_cases.json")

_MIRROR: Final = "about a proxy, not about comparing; "
_MULTICAST: Final = "how Diffy calls its backends; ours: "

EXCLUDED: Final = {
    "diff_spec/type-3": "32 and 64 bit integers are one type in JSON, as the case's note says",
    "lifter_spec/exclude-headers": "no switch turns all fields off; each is ignored by its name",
    "lifter_spec/no-action-header": "endpoints come from method and path, never from a field",
    "lifter_spec/string-html": "a string that holds HTML is a string; `embedded` has no HTML",
    "lifter_spec/request-get": "requests are not compared, and endpoints have no field of their own",
    "lifter_spec/request-post": "as request-get",
    "endpoint_naming/0": "no response or request field names an endpoint",
    "endpoint_naming/1": "as 0",
    "endpoint_naming/2": "as 0",
    "endpoint_naming/3": "as 0; a difference is dropped as noise by evidence alone",
    "endpoint_naming/4": "as 0",
    "peer_diferencia.noise/4": "pinned noise is a setting of its own, not of the comparer",
    "peer_diferencia.headers/7": "a rule ignores a field whole; presence alone is asserted of the "
    "default list: own_cases presence-*",
    "peer_keploy.cases/null to scalar allowed": "null is a type, and a changed type is never noise",
    "peer_keploy.regex_noise/3": "`replace` is about strings; numbers have `numbers: {abs, rel}`",
    "peer_keploy.regex_noise/4": "as 3",
    "peer_keploy.regex_noise/5": "as 3",
    "peer_keploy.headers/off by default": "values of the default list are never compared",
    "peer_keploy.severity/rules": "a grade is not a difference; groups carry kinds",
    "multicast_spec/sequential": _MULTICAST + "tests/shadow/test_replay.py, the copy leaves beside "
    "the original",
    "multicast_spec/hundred": _MULTICAST + "there are two backends, "
    "tests/shadow/test_replay.py::test_a_thousand_interleaved_exchanges_keep_the_sums",
    "multicast_spec/stats-monitor": _MULTICAST + "tests/control/test_application.py",
    "multicast_spec/ideal": _MULTICAST
    + "tests/e2e/test_unaffected.py::test_the_users_bytes_are_those_without_a_candidate",
    **{
        f"mirror_behaviour_scenarios/{name}": _MIRROR + where
        for name, where in {
            "nginx-mirror-1": "tests/shadow/test_replay.py::"
            "test_the_copy_carries_the_request_and_the_mark",
            "nginx-mirror-2": "tests/e2e/test_lying_candidate.py",
            "nginx-mirror-3": "there is one candidate; tests/edge/test_policy.py",
            "gwapi-percent": "tests/core/test_sampling.py::test_a_share_of_the_keys_is_sampled",
            "gwapi-headers": "tests/shadow/test_marking.py::test_the_policy_removes_and_sets",
            "gwapi-multi": "there is one candidate",
            "traefik-100": "tests/e2e/test_dials.py::test_a_sample_of_none_and_of_all",
            "traefik-body": "tests/shadow/test_replay.py",
            "traefik-hijack-flush": "tests/e2e/test_never_copied.py::"
            "test_an_upgraded_connection_is_not_copied",
            "skipper-no-reply": "tests/e2e/test_lying_candidate.py",
            "skipper-down": "tests/shadow/test_replay.py::"
            "test_a_refusing_candidate_is_an_observation",
            "skipper-loop": "tests/e2e/test_never_copied.py::test_a_copy_is_not_copied_again",
            "skipper-body-e2e": "tests/e2e/test_unaffected.py",
            "skipper-follow": "tests/shadow/test_replay.py::"
            "test_redirects_are_compared_and_never_followed",
            "envoy-limits": "tests/shadow/test_limits.py::test_held_bytes_are_limited",
            "envoy-main-reset": "tests/shadow/test_replay.py::"
            "test_an_incomplete_half_is_client_gone",
            "envoy-host": "tests/shadow/test_marking.py::"
            "test_the_plain_copy_is_the_original_with_the_mark",
            "apisix-dead-host": "tests/shadow/test_limits.py::"
            "test_a_candidate_that_cannot_be_reached_costs_no_more_than_the_deadline",
            "apisix-ratio": "tests/config/test_quantities.py, tests/core/test_sampling.py",
            "scientist-semantics": "tests/e2e/test_unaffected.py",
            "mimir-errors": "a rule with `replace` and `when: {status}`",
            "mimir-recent": "an age is not known here; `time: {tolerance}`",
        }.items()
    },
}
"""Case to reason."""


def names() -> list[str]:
    """Every case of the file."""
    return [f"{block}/{name}" for block in BLOCKS for name in _block(block)]


def mapped(block: str) -> list[str]:
    """The names of a block's cases that are not excluded."""
    return [name for name in _block(block) if f"{block}/{name}" not in EXCLUDED]


def case_of(block: str, name: str) -> Any:
    """One case."""
    return _block(block)[name]


BLOCKS: Final = {
    "diff_spec": CASES["diff_spec"],
    "lifter_spec": CASES["lifter_spec"],
    "endpoint_naming": CASES["endpoint_naming"],
    "multicast_spec": CASES["multicast_spec"],
    **{
        f"peer_diferencia.{part}": CASES["peer_diferencia"][part]
        for part in ("compare", "noise", "after_noise_removal", "headers", "text")
    },
    "peer_mroki": CASES["peer_mroki"]["cases"],
    **{
        f"peer_keploy.{part}": CASES["peer_keploy_noise_derivation"][part]
        for part in ("cases", "round_trip_tamper", "regex_noise", "headers")
    },
    "peer_keploy.severity": [
        {"id": "rules"},
        {
            "id": "field_diff_example",
            **CASES["peer_keploy_noise_derivation"]["severity"]["field_diff_example"],
        },
    ],
    "peer_caddy_mirror_jq": CASES["peer_caddy_mirror_jq"]["cases"],
    "mirror_behaviour_scenarios": CASES["mirror_behaviour_scenarios"],
}


def _block(block: str) -> dict[str, Any]:
    return {
        str(case.get("id", case.get("name", index))): case
        for index, case in enumerate(BLOCKS[block])
    }
