"""Reports as a proxy answers them: a usual one, an empty one, a hostile one."""

import copy
import json
from typing import Any

from shadowproxy.core.words import Verdict
from shadowproxy.findings.shares import share

RECORDED = 74_210
COUNTS = {Verdict.MATCH: 70_008, Verdict.NOISE: 3_800, Verdict.MISMATCH: 312,
          Verdict.CANDIDATE_FAILED: 40, Verdict.LEGACY_FAILED: 2, Verdict.INCOMPARABLE: 48}  # fmt: skip

HOSTILE = (
    "\x1b]0;x\x07\x1b[2J\r\n\u202e\x9b\x00\x7f\ud800\uffff [red]x[/red] [/] </details><script>alert(1)"
    "</script> [a](javascript:x) ![i](//evil.example) `` ` | @everyone #1 www.evil.example"
    " https://evil.example <!-- ]]> ' \" & *b* _c_ ~~d~~ \\"
)


def group(number: int, **changes: Any) -> dict[str, Any]:
    """A finding."""
    return {
        "id": f"{number:016x}", "route": "cart", "endpoint": "GET /cart/{id}",
        "legacy_status": 200, "candidate_status": 200, "path": f"/items/*/price{number}",
        "kind": "type", "types": ["number", "string"], "first_seen": "2026-11-28T08:00:00+00:00",
        "last_seen": "2026-11-28T09:00:00+00:00", "count": 200 - number, "explained": 0,
        "exchanges": 10_412, "share": share(200 - number, 10_412)._asdict(),
        "sentence": f"`items[*].price{number}` number became string in {200 - number} of 10,412 answers"
        " of GET /cart/{id}; legacy never disagreed with itself in 208 checks",
        "noise": {"state": "confirmed", "aa_samples": 208, "b": 0, "e": 3.5},
        "rechecks": {"still": 3, "gone": 0, "legacy_flaky": 0},
        "versions": {"counts": {"2.1": 200 - number}, "other": 0}, "pairs": [],
        "state": "open", "note": "", "state_since": None, "state_by": "", "returned": False,
        "rule": None, "news": "", "offered": 200 - number, **changes,
    }  # fmt: skip


def report(**changes: Any) -> dict[str, Any]:
    """312 of 74,210 mismatch, 40 failed; three findings are open, two of them news; one is expected."""
    verdicts = {
        verdict: {"count": counts, **share(counts, RECORDED)._asdict()}
        for verdict in Verdict
        for counts in (COUNTS.get(verdict, 0),)
    }
    document: dict[str, Any] = {
        "generated_at": "2026-11-28T09:30:00+00:00", "since": "2026-11-28T08:30:00+00:00",
        "window_s": 3600.0, "endpoint": None, "source": "a running proxy",
        "conclusion": {"word": "no-go", "sentence": "The candidate differs from legacy.",
                       "reasons": ["0.42 % of 74,210 answers differ, more than the 0.1 % that may.",
                                   "GET /cart/{id} is slower."], "needed": None},
        "users": {"requests": 80_000, "added_p50_s": 0.00012, "added_p99_s": 0.0009, "errors": 2,
                  "own_answers": 5, "altered": 7, "sentence": "Users are untouched."},
        "exchanges": {"received": 80_000, "skipped": 5_000, "dropped": 780, "failed": 0,
                      "recorded": RECORDED, "in_flight": 10, "balanced": True},
        "verdicts": verdicts,
        "coverage": share(RECORDED, 80_000)._asdict(),
        "not_compared": [
            {"state": "skipped", "reason": "not_sampled", "count": 5_000, "share": 0.0625,
             "meaning": "shadow.sample leaves them out: raise it to compare more."},
            {"state": "dropped", "reason": "in_flight_limit", "count": 780, "share": 0.00975,
             "meaning": "the candidate is slower than the copies come: raise shadow.max_in_flight."},
        ],
        "series": {"width_s": 60, "points": []},
        "findings": 4, "open": 3, "new": 2,
        "groups": [group(0, news="new since 2.1"), group(1, state="fixed", returned=True), group(2),
                   group(3, state="expected")],
        "causes": [{"sentence": "price is a string at 3 places", "groups": [f"{0:016x}"]}],
        "endpoints": [{
            "endpoint": "GET /cart/{id}", "route": "cart", "exchanges": 10_412,
            "verdicts": {"mismatch": 312}, "mismatch": share(312, 10_412)._asdict(),
            "first_seen": "", "last_seen": "",
            "latency": {side: {"count": 10_412, "p50_s": 0.01, "p90_s": 0.02, "p99_s": 0.123456,
                               "curve": []} for side in ("legacy", "candidate")},
            "slower": "GET /cart/{id} is slower by 20 ms",
        }],
        "slower": [{"endpoint": "GET /cart/{id}", "sentence": "GET /cart/{id} is slower by 20 ms"}],
        "versions": [{"version": "2.1", "first_seen": "", "last_seen": "", "exchanges": 74_210,
                      "new": [f"{0:016x}"], "gone": [], "back": []}],
        "store": {"url": "sqlite:///shadowproxy.db", "state": "ok", "error": ""},
    }  # fmt: skip
    return {**copy.deepcopy(document), **changes}


def empty() -> dict[str, Any]:
    """Of a proxy that nobody asked anything yet."""
    nothing = {"rate": None, "low": None, "high": None}
    return report(
        conclusion={"word": "not enough data", "sentence": "Nothing was compared yet.",
                    "reasons": [], "needed": 3000},
        users={"requests": 0, "added_p50_s": None, "added_p99_s": None, "errors": 0,
               "own_answers": 0, "altered": 0, "sentence": ""},
        exchanges={"received": 0, "skipped": 0, "dropped": 0, "failed": 0, "recorded": 0,
                   "in_flight": 0, "balanced": True},
        verdicts={verdict: {"count": 0, **nothing} for verdict in Verdict},
        coverage=nothing, not_compared=[], findings=0, open=0, new=0, groups=[], causes=[], endpoints=[],
        slower=[], versions=[], since=None, window_s=None,
    )  # fmt: skip


def spoilt(document: Any, evil: str = HOSTILE) -> Any:
    """The same with every text but states, words and times replaced by a hostile one."""
    if isinstance(document, dict):
        return {
            name: value if name in ("word", "state", "generated_at") else spoilt(value, evil)
            for name, value in document.items()
        }
    if isinstance(document, list):
        return [spoilt(item, evil) for item in document]
    return evil if isinstance(document, str) else document


def answer(document: Any) -> dict[str, tuple[int, bytes]]:
    """For a scripted admin server, asked without a question."""
    return {"GET /api/v1/report": (200, json.dumps(document).encode())}
