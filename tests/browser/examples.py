"""Documents such as the API answers, for tests of pages: full ones, empty ones and hostile ones.

full = REPORT, STATUS, ...      plausible values in every member
empty(document)                 the same shape with nothing in it
hostile(document, text)         every text and every free key replaced by the given one
"""

import math
from typing import Any, Final

from tests.browser.examples_learned import LATENCIES, NOISE, RULES

__all__ = ["LATENCIES", "NOISE", "RULES"]

START_S: Final = 1_772_000_000 - 1_772_000_000 % 300
NOW: Final = "2026-02-25T07:15:00+00:00"
EARLIER: Final = "2026-02-24T18:02:11+00:00"

HOSTILE: Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "]]></style></title></svg><b>",
    "{{ 7 * 7 }}{% raw %}",
    "\x00\x1b[31m\u202egnp.exe\u2066",
    "\ud800 &lt;i&gt; &amp;",
    "x" * 3000,
)
"""Texts that no page may take for anything but text."""


def rate(count: int, total: int) -> dict[str, float | None]:
    """A share with an interval such as the API gives."""
    if not total:
        return {"rate": None, "low": None, "high": None}
    share = count / total
    margin = 1.96 * math.sqrt(max(share * (1 - share), 1e-9) / total)
    return {"rate": share, "low": max(0.0, share - margin), "high": min(1.0, share + margin)}


def empty(document: Any) -> Any:
    """The same members with nothing known and nothing counted."""
    if isinstance(document, dict):
        return {key: empty(value) for key, value in document.items()}
    if isinstance(document, list):
        return []
    if isinstance(document, bool):
        return document
    if isinstance(document, int):
        return 0
    return "" if isinstance(document, str) else None


def hostile(document: Any, text: str) -> Any:
    """The same members with that text wherever there is text."""
    if isinstance(document, dict):
        return {key: hostile(value, text) for key, value in document.items()}
    if isinstance(document, list):
        return [hostile(value, text) for value in document]
    return text if isinstance(document, str) else document


def _curve(scale_s: float) -> list[list[float]]:
    shares = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999]
    return [[share, scale_s * (0.6 + 0.5 * -math.log10(1 - share))] for share in shares]


def _side(count: int, p50_s: float) -> dict[str, Any]:
    return {
        "count": count,
        "p50_s": p50_s,
        "p90_s": p50_s * 1.9,
        "p99_s": p50_s * 4.2,
        "curve": _curve(p50_s),
    }


def _group(
    index: int, path: str, kind: str, count: int, endpoint: str, **more: Any
) -> dict[str, Any]:
    total = 10_412
    return {
        "id": f"{index:016x}",
        "route": "cart",
        "endpoint": endpoint,
        "legacy_status": 200,
        "candidate_status": 200,
        "path": path,
        "kind": kind,
        "types": ["number", "string"],
        "first_seen": EARLIER,
        "last_seen": NOW,
        "count": count,
        "explained": 0,
        "exchanges": total,
        "share": rate(count, total),
        "sentence": (
            f"`{path}` number became string in {count:,} of {total:,} answers of {endpoint}; "
            "legacy never disagreed with itself in 208 checks"
        ),
        "noise": {"state": "regression", "aa_samples": 208, "b": 0, "e": 412.7},
        "rechecks": {"still": 12, "gone": 1, "legacy_flaky": 0},
        "versions": {"counts": {"2.1": 40, "2.2": max(0, count - 40)}, "other": 0},
        "pairs": [{"legacy": "12.5", "candidate": '"12.50"', "count": count, "over": 0}],
        "state": "open",
        "note": "",
        "state_since": None,
        "state_by": "",
        "returned": False,
        "rule": None,
        "news": "",
        "offered": count,
        **more,
    }


GROUPS: Final[list[dict[str, Any]]] = [
    _group(0xA1, "/items/*/price", "type", 312, "GET /cart/{id}", news="new since 2.2"),
    _group(0xA2, "/total", "changed", 310, "GET /cart/{id}"),
    _group(0xA3, "#status", "status", 41, "POST /quote", candidate_status=500),
    _group(0xA4, "#header/cache-control", "removed", 9, "GET /search", state="expected",
           note="The CDN sets it now.", state_since=NOW, state_by="127.0.0.1"),
    _group(0xA5, "/user/avatar_url", "changed", 2, "GET /users/{id}", state="fixed", returned=True,
           state_since=EARLIER, state_by="127.0.0.1", note="fixed in 2.1"),
]  # fmt: skip

_VERDICTS: Final = {
    "match": 86_313, "noise": 1_204, "mismatch": 674, "candidate_failed": 41,
    "legacy_failed": 0, "both_failed": 3, "incomparable": 12,
}  # fmt: skip
_TOTAL: Final = sum(_VERDICTS.values())

NOT_COMPARED: Final[list[dict[str, Any]]] = [
    {"state": "skipped", "reason": "method", "count": 9_100, "share": 0.09,
     "meaning": "The method is not safe to repeat. A route may allow it with shadow_methods and a reason."},
    {"state": "skipped", "reason": "route", "count": 1_311, "share": 0.013,
     "meaning": "The route says shadow: never."},
    {"state": "dropped", "reason": "body_too_large", "count": 17, "share": 0.00017,
     "meaning": "A body was larger than shadow.max_body. Raise it if such answers matter."},
]  # fmt: skip

ENDPOINTS: Final[list[dict[str, Any]]] = [
    {
        "endpoint": endpoint,
        "route": route,
        "exchanges": count,
        "verdicts": {**dict.fromkeys(_VERDICTS, 0), "match": count - wrong, "mismatch": wrong},
        "mismatch": rate(wrong, count),
        "first_seen": EARLIER,
        "last_seen": NOW,
        "latency": {"legacy": _side(count, p50_s), "candidate": _side(count, p50_s * ratio)},
        "slower": f"{endpoint}: the candidate takes {ratio:g} times as long" if ratio > 1.5 else "",
    }
    for endpoint, route, count, wrong, p50_s, ratio in (
        ("GET /cart/{id}", "cart", 10_412, 622, 0.0121, 1.1),
        ("GET /search", "search", 51_000, 9, 0.0874, 2.3),
        ("GET /users/{id}", "user", 26_790, 2, 0.0032, 0.7),
        ("POST /quote", "quote", 45, 41, 0.00041, 1.0),
    )
]

SERIES: Final[dict[str, Any]] = {
    "width_s": 300,
    "points": [
        {
            "start_s": START_S + 300 * index,
            "exchanges": 1800 + 40 * (index % 7),
            **dict.fromkeys(_VERDICTS, 0),
            "match": 1780,
            "mismatch": 3 * (index % 5) + (40 if 30 <= index < 38 else 0),
            "candidate_failed": 6 if index in (31, 32) else 0,
            "legacy_p50_s": 0.012,
            "legacy_p99_s": 0.21 + 0.01 * (index % 4),
            "candidate_p50_s": 0.014,
            "candidate_p99_s": None if index == 20 else 0.28 + 0.02 * (index % 6),
        }
        for index in range(48)
    ],
}

VERSIONS: Final[list[dict[str, Any]]] = [
    {"version": "2.1", "first_seen": EARLIER, "last_seen": EARLIER, "exchanges": 41_000, "new": [],
     "gone": [], "back": []},
    {"version": "2.2", "first_seen": NOW, "last_seen": NOW, "exchanges": 47_247,
     "new": [f"{0xA1:016x}"], "gone": [], "back": [f"{0xA5:016x}"]},
]  # fmt: skip

STORE: Final[dict[str, Any]] = {
    "url": "sqlite:///shadowproxy.db", "state": "ok", "error": "", "bytes": 18_350_080,
    "max_bytes": 1 << 30, "last_write": NOW, "failures": 0, "rows_lost": 0, "retention_s": 1_209_600.0,
}  # fmt: skip

REPORT: Final[dict[str, Any]] = {
    "generated_at": NOW,
    "since": EARLIER,
    "window_s": 86_400.0,
    "endpoint": None,
    "source": "a running proxy",
    "conclusion": {
        "word": "no-go",
        "sentence": "Not yet: the candidate answers 0.76 % of requests differently, in 3 open findings",
        "reasons": [
            "674 of 88,247 answers differ (0.71 % to 0.82 %), more than the allowed 0.1 %",
            "POST /quote fails with status 500 in 41 of 45 answers",
            "one finding that was marked fixed came back in 2.2",
        ],
        "needed": 1_200,
    },
    "users": {
        "requests": 98_700, "added_p50_s": 0.00021, "added_p99_s": 0.00094, "errors": 3,
        "own_answers": 7, "altered": 0,
        "sentence": "Untouched: 98,700 requests were answered by legacy byte for byte; the proxy added "
        "less than 1 ms to 99 of 100.",
    },
    "exchanges": {
        "received": 98_700, "skipped": 10_411, "dropped": 17, "failed": 0,
        "recorded": _TOTAL, "in_flight": 25, "balanced": True,
    },
    "verdicts": {name: {"count": count, **rate(count, _TOTAL)} for name, count in _VERDICTS.items()},
    "coverage": rate(_TOTAL, 98_700),
    "not_compared": NOT_COMPARED,
    "series": SERIES,
    "findings": 5,
    "open": 3,
    "groups": GROUPS,
    "causes": [{"sentence": "one cause may be behind 2 findings: they occur together in 309 exchanges",
                "groups": [f"{0xA1:016x}", f"{0xA2:016x}"]}],
    "endpoints": ENDPOINTS,
    "slower": [{"endpoint": "GET /search", "sentence": "GET /search: half of the candidate's answers take "
                "201 ms, legacy's 87.4 ms; 2.3 times as long in 14 of 14 blocks"}],
    "versions": VERSIONS,
    "store": STORE,
}  # fmt: skip

STATUS: Final[dict[str, Any]] = {
    "ready": True,
    "draining": False,
    "uptime_s": 93_311.4,
    "supervised": True,
    "has_candidate": True,
    "exchanges": REPORT["exchanges"],
    "in_flight_at": {"edges": 20, "shadow": 5, "judge": 0},
    "reasons": {"skipped": {"method": 9100, "route": 1311}, "dropped": {"body_too_large": 17},
                "failed": {}, "recorded": _VERDICTS},
    "dials": {
        "shadow": {"value": "on", "source": "config", "configured": "on"},
        "shadow.sample": {"value": 0.25, "source": "dial", "configured": 1.0, "ttl_s": 1712.3,
                          "reason": "the candidate warms up", "since": NOW, "until": NOW,
                          "peer": "127.0.0.1"},
    },
    "shadow": {"in_flight": 5, "memory_bytes": 1_310_720, "channel_bytes": 8_192,
               "breaker_open": False, "paused": False, "shed": None},
    "processes": [
        {"name": name, "pid": 4100 + index, "up": name != "shadow", "restarts": index // 3,
         "since": EARLIER, "heartbeat_age_ms": 84, "generation": 3, "loop_lag_ms": 0.412}
        for index, name in enumerate(("edge-0", "edge-1", "shadow", "judge", "control"))
    ],
    "config": {
        "path": "/etc/shadowproxy/shadowproxy.yaml",
        "generation": 3,
        "last_reload": {"ok": True, "generation": 3, "trigger": "file", "at": NOW, "problems": [],
                        "restart_needed": ["workers"]},
        "restart_needed": ["workers"],
    },
    "versions": {"shadowproxy": "0.1.0", "python": "3.11.2"},
    "store": STORE,
}  # fmt: skip

AUDIT: Final[dict[str, Any]] = {
    "entries": [
        {"id": 2, "at": NOW, "actor": "127.0.0.1", "action": "dial", "subject": "shadow.sample",
         "before": 1.0, "after": 0.25, "reason": "the candidate warms up"},
        {"id": 1, "at": EARLIER, "actor": "127.0.0.1", "action": "group", "subject": f"{0xA4:016x}",
         "before": "open", "after": "expected", "reason": "The CDN sets it now."},
    ],
    "next": None,
}  # fmt: skip

COVERAGE: Final[dict[str, Any]] = {
    "exchanges": REPORT["exchanges"],
    "coverage": REPORT["coverage"],
    "not_compared": NOT_COMPARED,
    "routes": [
        {"route": "cart", "path": "/cart/{id}", "methods": ["GET"], "shadow": "sampled", "sample": 1.0,
         "requests": 10_500, "recorded": 10_412, "share": 0.9916, "why": "All of it is copied."},
        {"route": "pay", "path": "/payments/**", "methods": ["GET", "POST"], "shadow": "never",
         "sample": 0.0, "requests": 1_311, "recorded": 0, "share": 0.0,
         "why": "The file says shadow: never."},
        {"route": "other", "path": None, "methods": [], "shadow": "sampled", "sample": 1.0,
         "requests": 0, "recorded": 0, "share": None, "why": "No request yet."},
    ],
}  # fmt: skip

BY_ENDPOINT: Final[dict[str, Any]] = {"endpoints": [], "by_endpoint": ENDPOINTS}
