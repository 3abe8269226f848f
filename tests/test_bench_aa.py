"""The A/A bench: each of its promises can be broken, and it says so when one is."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.aa.checks import Seen, check, claims
from bench.aa.history import History
from bench.aa.reading import Counts, Finding, Noise, Reading, counts
from shadowproxy.demo.planted import NOISE
from shadowproxy.demo.traffic import Experience
from shadowproxy.noise.known import State

ROOT = Path(__file__).parents[1]
BUSY = "guard.budget=50ms"
"""Tests share their cores: with the default of 5 ms shadowing may pause, and learning takes longer."""


def counted(match: int, mismatch: int) -> Counts:
    recorded = match + mismatch
    verdicts = {"match": match, "mismatch": mismatch}
    return Counts(recorded + 3, 2, 1, 0, recorded, 0, True, {}, verdicts)


def reading(at_s: float, after: Counts, *states: State) -> Reading:
    """One that knows the planted noise; `states` are of its first places, the others are noisy."""
    given = [*states, *[State.NOISY] * len(NOISE)]
    noise = tuple(
        Noise(each.place.endpoint, each.place.path, "changed", state, 40, 40, 40, 1.0)
        for each, state in zip(NOISE, given, strict=False)
    )
    return Reading(at_s, (), noise, (), after)


def fine() -> Seen:
    last = reading(9.0, counted(2990, 10))
    return Seen(last, 3000, requests=3003, before=counted(990, 10))


def test_a_run_with_nothing_to_report_keeps_every_promise() -> None:
    """Mismatches from before noise was learned, skips and drops break nothing."""
    assert [each.promise for each in check(fine()) if not each.holds] == []


def _mismatches_after(seen: Seen) -> None:
    seen.before = counted(993, 7)


def _unlearned(seen: Seen) -> None:
    seen.unlearned = [("GET /cart", "/request_id")]


def _learned_late(seen: Seen) -> None:
    seen.before = counted(1491, 10)


def _never_learned(seen: Seen) -> None:
    seen.before = None


def _few(seen: Seen) -> None:
    seen.wanted = 3001


def _claimed(seen: Seen) -> None:
    seen.regressions = {"GET /items /price type": "`price` number became string"}


def _slower(seen: Seen) -> None:
    seen.slower = {"GET /cart": "candidate is slower"}


def _errors(seen: Seen) -> None:
    seen.errors = {"cart: status 502": 1}


def _no_requests(seen: Seen) -> None:
    seen.requests = 0


def _counts(seen: Seen, **changed: Any) -> None:
    seen.last = replace(seen.last, counts=replace(seen.last.counts, **changed))


@pytest.mark.parametrize(
    ("spoil", "promise"),
    [
        (_few, 0),
        (_claimed, 1),
        (_slower, 2),
        (_mismatches_after, 3),
        (_unlearned, 3),
        (_learned_late, 3),
        (_never_learned, 3),
        (lambda seen: _counts(seen, received=3004), 4),
        (lambda seen: _counts(seen, in_flight=1, received=3004), 4),
        (lambda seen: _counts(seen, balanced=False), 4),
        (lambda seen: _counts(seen, recorded=3001, received=3004), 4),
        (_errors, 5),
        (_no_requests, 5),
    ],
)
def test_each_promise_can_be_broken(spoil: Callable[[Seen], None], promise: int) -> None:
    """One thing that is wrong breaks one promise and no other."""
    seen = fine()
    spoil(seen)
    assert [number for number, each in enumerate(check(seen)) if not each.holds] == [promise]


@pytest.mark.parametrize(
    ("state", "is_claim"),
    [
        (State.REGRESSION, True),
        (State.CONFIRMED, True),
        (State.NOISY, False),
        (State.OPEN, False),
    ],
)
def test_a_claim_is_a_state_of_a_finding_or_of_its_place(state: State, is_claim: bool) -> None:
    """A finding is told by its sentence; what has no finding yet is told by its place alone."""
    first, second = NOISE[0].place, NOISE[1].place
    by_place = reading(1.0, counted(1, 0), state)
    names = claims(by_place)
    assert names == ({f"{first.endpoint} {first.path} changed": ""} if is_claim else {})
    group = Finding(second.endpoint, second.path, "type", state, 3, 0, "", "a sentence")
    by_group = replace(by_place, noise=(), findings=(group,))
    key = f"{second.endpoint} {second.path} type"
    assert claims(by_group) == ({key: "a sentence"} if is_claim else {})


def test_noise_is_learned_when_its_last_place_is() -> None:
    """The share after learning begins at the first reading in which every place is noisy."""
    history = History()
    readings = [
        reading(0.5, counted(10, 5), *[State.OPEN] * len(NOISE)),
        reading(1.0, counted(20, 7), *[State.OPEN] * (len(NOISE) - 1)),
        reading(1.5, counted(30, 8)),
        reading(2.0, counted(40, 9)),
    ]
    for each in readings:
        history.add(each)
    seen = history.seen(40, Experience())
    assert seen.before == readings[2].counts
    assert (seen.compared_after, seen.mismatches_after) == (11, 1)
    assert {each.exchanges for each in seen.lessons} == {27, 38}
    assert seen.unlearned == []


def test_a_claim_that_was_taken_back_was_made() -> None:
    """What a reading claimed stays, whatever later ones say."""
    history = History()
    history.add(reading(1.0, counted(10, 5), State.REGRESSION))
    history.add(reading(2.0, counted(20, 5)))
    seen = history.seen(40, Experience())
    assert list(seen.regressions) == [f"{NOISE[0].place.endpoint} {NOISE[0].place.path} changed"]


def test_sums_are_read_from_metrics() -> None:
    """States, reasons and verdicts are summed over their other labels."""
    text = """\
shadowproxy_received_total 9.0
shadowproxy_exchanges_in_flight 1.0
shadowproxy_exchanges_balanced 1.0
shadowproxy_exchanges_total{state="skipped",reason="method"} 2.0
shadowproxy_exchanges_total{state="dropped",reason="memory"} 0.0
shadowproxy_exchanges_total{state="recorded",reason="ok"} 6.0
shadowproxy_verdicts_total{route="a",verdict="match"} 4.0
shadowproxy_verdicts_total{route="b",verdict="match"} 1.0
shadowproxy_verdicts_total{route="b",verdict="mismatch"} 1.0
"""
    found = counts(text)
    assert found.reasons == {"skipped/method": 2, "recorded/ok": 6}
    assert found.verdicts == {"match": 5, "mismatch": 1}
    assert (found.received, found.skipped, found.recorded, found.in_flight) == (9, 2, 6, 1)
    assert (found.compared, found.mismatches, found.balanced) == (6, 1, True)


def run(folder: Path, *arguments: str) -> tuple[int, dict[str, bool]]:
    """The command's exit code, and which promises the result that it wrote calls kept."""
    given = ["--set", "noise.sample=25%", "--set", BUSY, "--keep", "--results", str(folder)]
    command = [sys.executable, "-m", "bench.aa", *arguments, *given]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False
    )
    assert ended.stderr == ""
    (written,) = folder.glob("*.json")
    found = json.loads(written.read_text())
    return ended.returncode, {each["promise"]: each["holds"] for each in found["checks"]}


@pytest.mark.slow
def test_legacy_against_its_copy_has_nothing_to_report(tmp_path: Path) -> None:
    """3,000 exchanges through the real proxy: every promise is kept."""
    code, kept = run(tmp_path, "--exchanges", "3000", "--rate", "400")
    assert [promise for promise, holds in kept.items() if not holds] == []
    assert code == 0


@pytest.mark.slow
def test_a_spoiled_copy_is_told(tmp_path: Path) -> None:
    """With the demo's bugs in the copy there are claims and mismatches, and users see no error."""
    code, kept = run(tmp_path, "--exchanges", "1200", "--rate", "300", "--spoiled")
    broken = [promise for promise, holds in kept.items() if not holds]
    assert "no finding is claimed to be the candidate's" in broken
    assert "mismatches after noise was learned are at most 0.1%" in broken
    assert kept["users see no error"]
    assert code == 1
