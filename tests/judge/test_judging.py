"""Pairs through one real judge process: verdicts, findings, log lines."""

import json
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from shadowproxy.compare.comparing import compare
from shadowproxy.compare.differences import Comparison
from shadowproxy.core.settings import (
    BackendSettings,
    CompareSettings,
    LogSettings,
    RedactSettings,
    ShadowSettings,
)
from shadowproxy.core.words import FailureKind
from shadowproxy.ipc import frames
from shadowproxy.judge import judging, reproducing, sampling, serving
from tests.judge.playing import HEAD, everything_in, findings_in, judged, pair_of, side
from tests.support.waiting import until

Capture = pytest.CaptureFixture[str]
FAILURES = {kind: index + 1 for index, kind in enumerate(FailureKind)}


async def test_verdicts_and_differences_are_counted_by_route(capfd: Capture) -> None:
    """A match, a mismatch with two kinds, and how long comparing took."""
    async with judged(capfd) as played:
        played.pair('{"a":1}', '{ "a": 1.0 }')
        played.pair('{"a":1,"b":1}', '{"a":"1"}')
        played.pair("1", "2", route=0)
        await played.until_settled()
        assert played.route_cell("verdict/match") == 1
        assert played.route_cell("verdict/mismatch") == 1
        assert played.route_cell("difference/type") == 1
        assert played.route_cell("difference/removed") == 1
        assert played.route_cell("verdict/mismatch", 0) == 1
        assert played.cell("compare/sum_us") > 0


async def test_a_mismatch_is_logged_as_the_contract_says(capfd: Capture) -> None:
    """Field by field."""
    async with judged(capfd) as played:
        played.pair('{"a":1,"b":[1,2]}', '{"a":"1","b":[1,3]}')
        (event,) = await played.logged("shadow_mismatch")
        (group, _) = await played.findings(2)
        assert event.pop("timestamp").endswith("Z")
        assert event == {
            "event": "shadow_mismatch", "level": "warning", "component": "judge",
            "request_id": "req-1", "endpoint": "GET /items/{id}", "method": "GET",
            "legacy": {"status": 200, "duration_ms": 2.5},
            "candidate": {"status": 200, "duration_ms": 2.5},
            "differences": [
                {"path": "/a", "kind": "type", "legacy": 1, "candidate": "1"},
                {"path": "/b/1", "kind": "changed", "legacy": 2, "candidate": 3},
            ],
            "group": event["group"],
        }  # fmt: skip
        assert len(group["id"]) == len(event["group"]) == 16


async def test_findings_are_what_people_read(capfd: Capture) -> None:
    """A finding has its key, count, times, sentence and the exchanges that stand for it."""
    async with judged(capfd) as played:
        for index in range(3):
            before = '{"x":0},' * index
            played.pair(f'[{before}{{"p":1}}]', f'[{before}{{"p":"1"}}]')
        (group,) = await played.found(lambda groups: _counts(groups) == [3], "all are counted")
    sample = group.pop("sample")
    assert group["first_seen"] <= group["last_seen"]
    assert group.pop("samples") == [sample]
    assert group.pop("reproducer")["legacy"] == [{"p": 1}]
    assert sum(point["count"] for point in group.pop("series")["points"]) == 3
    assert group == {
        "id": group["id"], "route": "item", "endpoint": "GET /items/{id}", "kind": "type",
        "path": "/*/p", "legacy_status": 200, "candidate_status": 200, "count": 3,
        "types": ["number", "string"], "explained": 0, "exchanges": 3,
        "first_seen": group["first_seen"], "last_seen": group["last_seen"],
        "share": {"rate": 1.0, "low": group["share"]["low"], "high": 1.0},
        "noise": {"state": "open", "aa_samples": 0, "b": 0, "e": 0.9},
        "rechecks": {"still": 0, "gone": 0, "legacy_flaky": 0},
        "versions": {"counts": {}, "other": 0},
        "pairs": [{"legacy": "1", "candidate": '"1"', "count": 3, "over": 0}],
        "sentence": "`[*].p` number became string in 3 of 3 answers of GET /items/{id}"
        " (44 % to 100 %, with 95 % confidence)",
        "state": "open", "note": "", "state_since": None, "state_by": "", "returned": False,
        "rule": None, "news": "", "cause": None,
    }  # fmt: skip
    assert sample == {
        "id": sample["id"], "at": sample["at"], "request_id": "req-1", "method": "GET",
        "target": "/items/42?q=1", "version": "",
        "legacy": {"status": 200, "duration_ms": 2.5},
        "candidate": {"status": 200, "duration_ms": 2.5},
        "differences": [{"path": "/0/p", "kind": "type", "legacy": 1, "candidate": "1"}],
    }  # fmt: skip


def _counts(groups: list[dict[str, Any]]) -> list[int]:
    return [group["count"] for group in groups]


async def test_a_broken_endpoint_does_not_flood_the_log(capfd: Capture) -> None:
    """Of 50 mismatches of one group 10 are logged, the end says how many were not; all count."""
    async with judged(capfd) as played:
        for number in range(50):
            played.pair("1", str(number + 2))
        await played.until_settled()
        assert len(played.log("shadow_mismatch")) == 10
        assert played.route_cell("verdict/mismatch") == 50
        await played.found(lambda groups: _counts(groups) == [50], "all are counted")
        group = played.log("shadow_mismatch")[0]["group"]
    (summary,) = played.log("shadow_mismatch_summary")
    assert (summary["group"], summary["count"]) == (group, 40)
    assert summary["endpoint"] == "GET /items/{id}"


async def test_at_most_twenty_differences_are_logged(capfd: Capture) -> None:
    """And the line says how many more there are."""
    async with judged(capfd) as played:
        played.pair(json.dumps({str(n): n for n in range(50)}), "{}")
        (event,) = await played.logged("shadow_mismatch")
        assert (len(event["differences"]), event["more_differences"]) == (20, 30)


async def test_candidate_failures_are_logged_and_limited(capfd: Capture) -> None:
    """`shadow_error` says which backend failed how; the same failure is said ten times."""
    async with judged(capfd) as played:
        failed = frames.Side(FAILURES[FailureKind.TIMEOUT], 0, 0, 0, 9000, 0, b"", b"")
        for _ in range(12):
            played.send(pair_of(side("{}"), failed))
        played.send(pair_of(failed, failed))
        played.send(pair_of(failed, side("{}")))
        await played.until_settled()
        events = played.log("shadow_error")
        assert len(events) == 10
        assert {name: events[0][name] for name in ("request_id", "endpoint", "backend")} == {
            "request_id": "req-1", "endpoint": "GET /items/{id}", "backend": "candidate",
        }  # fmt: skip
        assert (events[0]["failure"], events[0]["duration_ms"]) == ("timeout", 9.0)
        assert played.route_cell("verdict/candidate_failed") == 12
        assert played.route_cell("verdict/both_failed") == 1
        assert played.route_cell("verdict/legacy_failed") == 1


async def test_an_incomparable_pair_says_why(capfd: Capture) -> None:
    """An answer that the deadline cut off is never a match."""
    async with judged(capfd) as played:
        played.send(pair_of(side("{}"), side("{}", flags=frames.FLAG_INCOMPLETE)))
        (event,) = await played.logged("shadow_incomparable")
        assert event["reason"] == "cut"
        assert played.route_cell("verdict/incomparable") == 1


SECRET = "hunter2-s3cr3t"
CARD = "4111111111111111"


SECRET_HEAD = (
    f"GET /reset-token/{SECRET}?api_key={SECRET}&card={CARD} HTTP/1.1\r\nHost: h\r\n"
    f"Authorization: Bearer {SECRET}\r\nX-Request-Id: {CARD}\r\nCookie: sid={SECRET}\r\n\r\n"
).encode()


def pairs_with_secrets() -> Iterator[frames.Pair]:
    """Secrets in bodies, headers, query, path, request id and version."""
    for name in ("password", "cardNumber", "access_token"):
        legacy = {name: SECRET, "list": [{name: {"deep": SECRET}}], "n": int(CARD)}
        candidate = {name: "other", "list": [], "note": f"token={SECRET} {CARD}"}
        sides = side(json.dumps(legacy)), side(json.dumps(candidate))
        yield pair_of(*sides, SECRET_HEAD, route=0)
    fields = f"Set-Cookie: sid={SECRET}\r\nX-Own: {SECRET}\r\nX-Api-Key: {SECRET}\r\n\r\n"
    ours, theirs = side("1"), side("2")
    ours = ours._replace(head=ours.head[:-2] + fields.encode())
    theirs = theirs._replace(head=theirs.head[:-2] + f"X-Version: {CARD}\r\n\r\n".encode())
    pair = pair_of(ours, theirs, SECRET_HEAD, route=0)
    yield pair
    asked = json.dumps({"password": SECRET, "note": [f"Bearer {SECRET}", CARD]}).encode()
    yield pair._replace(request_body=asked, witness=theirs)
    yield pair_of(theirs, ours, SECRET_HEAD.replace(b"GET ", b"POST "))


async def test_a_planted_secret_is_nowhere(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the log, in no file and in no value of the store, packed or not."""
    monkeypatch.setattr(sampling, "SHARE", 1e9)
    monkeypatch.setattr(reproducing, "SHARE", 1e9)
    candidate = BackendSettings("http", "127.0.0.1", 9002, version_header="X-Version")
    own = RedactSettings(headers=("x-own",))
    async with judged(capfd, redact=own, candidate=candidate) as played:
        for pair in pairs_with_secrets():
            played.send(pair)
        match = f"GET /reset-token/{SECRET}".encode()
        assert played.shadow.send(frames.pack_matches([(0, 1000, 2000, match)]))
        played.tell(event="legacy_failed", level="warning", error=f"password={SECRET}")
        await played.until_settled()
        await played.logged("legacy_failed")
        await played.ended()
        lines, groups = json.dumps(played.log()), played.read(findings_in)
        written = played.read(partial(everything_in, played.running.runtime_dir))
    assert groups
    assert written
    assert all(group["samples"] for group in groups)
    assert any(group["reproducer"] for group in groups)
    assert "GET /reset-token/{token}" in {group["endpoint"] for group in groups}
    assert "shadow_mismatch" in lines
    for known in (b"GET /reset-token/{token}", b"[redacted]", b"[card]", b"SQLite format 3"):
        assert known in written
    for planted in (SECRET, CARD):
        assert planted not in lines
        assert planted.encode() not in written


async def test_what_cannot_be_redacted_is_not_recorded(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fail closed: counted as failed(redact), said without a word of the exchange."""

    def breaks(*_: Any) -> Any:
        raise RuntimeError(SECRET)

    async with judged(capfd) as played:
        monkeypatch.setattr("shadowproxy.redact.redaction.Redactor.difference", breaks)
        played.pair(f'"{SECRET}"', "2")
        (event,) = await played.logged("internal_error")
        await played.until_settled()
        assert (event["step"], event["error"]) == ("redact", "RuntimeError")
        assert played.cell("failed/redact") == 1
        assert played.verdicts() == 0
        await played.ended()
        assert SECRET not in json.dumps(played.log())
        assert played.read(findings_in) == []
        written = played.read(partial(everything_in, played.running.runtime_dir))
        assert written
        assert SECRET.encode() not in written


async def test_a_bug_in_comparing_costs_one_exchange(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """failed(compare), a log line, and the next pair is judged."""

    def breaks(*_: Any) -> Comparison:
        raise RecursionError

    async with judged(capfd) as played:
        with monkeypatch.context() as patch:
            patch.setattr(judging, "compare", breaks)
            played.pair("1", "2")
            await played.until_settled()
        played.pair("1", "1 ")
        await played.until_settled()
        assert played.cell("failed/compare") == 1
        assert played.route_cell("verdict/match") == 1
        assert len(await played.logged("internal_error")) == 1


async def test_frames_that_are_no_pair_are_counted_too(capfd: Capture) -> None:
    """Garbage instead of a pair fails, and is settled."""
    async with judged(capfd) as played:
        played.sent += 1
        assert played.shadow.send(b"\x03\x00\x00\x00\x06\x00\x00")
        await played.until_settled()
        assert played.cell("failed/compare") == 1


async def test_rules_and_level_follow_a_reload(capfd: Capture) -> None:
    """A new generation's ignored header is ignored in the next pair; its log level holds."""
    async with judged(capfd) as played:
        other = side("1")
        other = other._replace(head=other.head[:-2] + b"X-Served-By: a\r\n\r\n")
        played.send(pair_of(side("1"), other))
        await played.until_settled()
        played.running.reload(
            compare=CompareSettings(ignore_headers=("x-served-by",)), log=LogSettings("error")
        )
        await until(lambda: played.cell("generation") == 2, "the reload")
        played.send(pair_of(side("1"), other))
        await played.until_settled()
        assert played.route_cell("verdict/match") == 1
        assert played.route_cell("verdict/mismatch") == 1
        played.pair("1", "2")
        await played.until_settled()
        assert len(played.log("shadow_mismatch")) == 1


async def test_events_of_other_processes_are_logged_and_limited(capfd: Capture) -> None:
    """Name, level and fields come through; a route slot gets its name; ten a minute and kind."""
    async with judged(capfd) as played:
        for _ in range(15):
            played.tell(
                event="legacy_failed", level="error", process="edge-0", failure="reset",
                route_slot=3, timestamp="forged", exc_info="x",
            )  # fmt: skip
        played.tell(event="legacy_failed", level="error", process="edge-0", failure="timeout")
        assert played.events.send(frames.pack_event(b"not json"))
        assert played.events.send(frames.pack_event(b"[]"))
        await played.logged("legacy_failed", 11)
        events = played.log("legacy_failed")
        assert len(events) == 11
        assert (events[0]["level"], events[0]["route"]) == ("error", "item")
        assert events[0]["timestamp"] != "forged"
    (summary,) = played.log("legacy_failed_summary")
    assert summary["count"] == 5


async def test_access_lines_are_written(capfd: Capture) -> None:
    """One line per request, its target redacted, its time the request's own."""
    async with judged(capfd) as played:
        line = frames.Access(0.5, 1500, 204, 7, b"GET", b"/a?token=s3cr3t", b"10.0.0.1")
        assert played.events.send(frames.pack_access(line))
        (event,) = await played.logged("access")
        assert event["target"] == "/a?token=[redacted]"
        assert (event["at"], event["peer"]) == ("1970-01-01T00:00:00.500+00:00", "10.0.0.1")
        assert (event["status"], event["bytes"], event["duration_ms"]) == (204, 7, 1.5)


async def test_a_request_without_id_gets_one(capfd: Capture) -> None:
    """Made from the exchange; an id that could break a line is not repeated."""
    async with judged(capfd) as played:
        played.pair("1", "2", HEAD.replace(b"req-1", b"bad id;\x01"))
        (event,) = await played.logged("shadow_mismatch")
        assert len(event["request_id"]) == 16


async def test_a_judge_that_is_behind_stops_reading(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its queue has a limit; then the channel fills up, and it all drains when there is time."""
    monkeypatch.setattr(judging, "MIN_QUEUE_BYTES", 10_000)
    small = ShadowSettings(max_memory_bytes=40_000)
    async with judged(capfd, shadow=small) as played:
        seen = []

        def slow(*arguments: Any) -> Comparison:
            seen.append(played.cell("channel_bytes"))
            end_s = time.monotonic() + 0.003
            while time.monotonic() < end_s:
                pass
            return compare(*arguments)

        monkeypatch.setattr(judging, "compare", slow)
        for _ in range(200):
            played.pair('"' + "a" * 2000 + '"', '"b"')
        await until(lambda: played.cell("accepted_from/0") > 0, "the first are taken")
        assert played.cell("accepted_from/0") < 200
        await played.until_settled()
        assert played.route_cell("verdict/mismatch") == 200


async def test_the_end_settles_what_waits(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs that find no time at SIGTERM are dropped(shutdown)."""
    monkeypatch.setattr(serving, "FINISH_S", 0.0)
    async with judged(capfd) as played:

        def slow(*_: Any) -> Comparison:
            end_s = time.monotonic() + 0.02
            while time.monotonic() < end_s:
                pass
            raise RuntimeError

        monkeypatch.setattr(judging, "compare", slow)
        for _ in range(100):
            played.pair("1", "2")
        await until(lambda: played.cell("accepted_from/0") == 100, "all are taken")
    assert played.cell("dropped/shutdown") + played.cell("failed/compare") == 100
    assert played.cell("dropped/shutdown") > 0
