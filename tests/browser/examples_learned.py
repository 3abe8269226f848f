"""What was learned and the rules, as `/api/v1/noise`, `/latencies` and `/rules` answer."""

from typing import Any, Final


def _place(path: str, kind: str, state: str, **more: Any) -> dict[str, Any]:
    return {
        "endpoint": "GET /cart/{id}",
        "path": path,
        "kind": kind,
        "state": state,
        "override": None,
        "aa_samples": 208,
        "a": 412,
        "b": 0,
        "both": 0,
        "a_only": 31,
        "b_only": 0,
        "requests": 0,
        "e": 412.7,
        "first_aa_s": None,
        "last_aa_s": None,
        "expires_s": None,
        "is_constant": False,
        "shape": {"pairs": 0, "types": []},
        **more,
    }


NOISE: Final[dict[str, Any]] = {
    "noise": [
        _place("/updated_at", "changed", "noisy", b=206, both=205, requests=190, e=0.0,
               first_aa_s=1_771_900_000.0, last_aa_s=1_772_000_000.0, expires_s=1_773_209_600.0,
               shape={"pairs": 206, "types": ["string"], "classes": ["timestamp"], "length": [24, 24]}),
        _place("/items/*/price", "type", "regression"),
        _place("/session", "changed", "confirmed", override="pinned"),
        _place("/offer", "changed", "open", aa_samples=4, e=1.2),
    ],
    "evicted": 2,
    "expired": 1,
}  # fmt: skip

LATENCIES: Final[dict[str, Any]] = {
    "latencies": [
        {"endpoint": "GET /search", "is_slower": True,
         "sentence": "half of the candidate's answers take 201 ms, legacy's 87.4 ms",
         "pairs": 51_000, "blocks": 14, "slower_blocks": 14, "e": 16_384.0,
         "legacy_us": {"p50": 87_400, "p90": 166_000, "p99": 367_000},
         "candidate_us": {"p50": 201_000, "p90": 381_000, "p99": 844_000}, "ratio": 2.3},
        {"endpoint": "GET /cart/{id}", "is_slower": False, "sentence": "", "pairs": 10_412,
         "blocks": 9, "slower_blocks": 3, "e": 0.4,
         "legacy_us": {"p50": 12_100, "p90": 23_000, "p99": 51_000},
         "candidate_us": {"p50": 13_300, "p90": 25_000, "p99": 56_000}, "ratio": 1.1},
    ],
}  # fmt: skip

RULES: Final[dict[str, Any]] = {
    "rules": [
        {"endpoint": "", "rule": {"path": "$..updated_at", "class": "timestamp",
                                  "reason": "clock of the answering host"},
         "hits": 10_311, "has_matched": True, "responses": 88_247, "since_s": 1_771_900_000.0,
         "is_expired": False, "sentence": "", "source": "file"},
        {"endpoint": "GET /users/{id}", "rule": {"path": "$.tokne", "ignore": True, "reason": "JIRA-12"},
         "hits": 0, "has_matched": False, "responses": 26_790, "since_s": 1_771_900_000.0,
         "is_expired": False, "source": "file",
         "sentence": "matched nothing in 26,790 answers of GET /users/{id} that were looked into: "
                     "is its path misspelt?"},
        {"endpoint": "GET /search", "rule": {"path": "$.took_ms", "ignore": True, "reason": "a duration"},
         "hits": 9, "has_matched": True, "responses": 51_000, "since_s": 1_771_990_000.0,
         "is_expired": False, "sentence": "", "source": "saved", "id": "r-7", "by": "127.0.0.1",
         "at": "2026-02-25T06:00:00+00:00", "reason": "a duration"},
    ],
}  # fmt: skip
