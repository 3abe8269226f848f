"""What judge says to the store: counted by endpoint, time and version, under names that may be shown."""

import zlib
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from shadowproxy.compare.ruleset import Rules
from shadowproxy.core.settings import CompareSettings, RedactSettings, Settings
from shadowproxy.core.words import FailureKind
from shadowproxy.findings.grouping import key_at
from shadowproxy.findings.tallies import MAX_NAME, Tally
from shadowproxy.ipc import frames
from shadowproxy.judge.exchange import Exchange
from shadowproxy.judge.knowledge import Knowledge
from shadowproxy.judge.ledger import Ledger, learned_parts
from shadowproxy.redact.redaction import Redactor
from shadowproxy.report.batch import WIDTH_S, Batch, Seen
from shadowproxy.report.schema import COUNTERS
from tests.judge.judging import (
    AT,
    ENDPOINT,
    RULES,
    decided,
    exchange_of,
    group_of,
    recorder_of,
    settings_of,
    whole,
)

KEY = b"k" * 32
UNIX_S = 1_767_225_607.5
START_S = 1_767_225_600
CARD = "4111111111111111"


def ledger_of(settings: Settings) -> Ledger:
    redactor = Redactor(RedactSettings(), KEY)
    return Ledger(settings, redactor, recorder_of(settings, redactor))


def answered(fields: bytes = b"", body: str = "2") -> Exchange:
    """One that the candidate answered with these header lines."""
    return exchange_of(whole("1"), whole(body, fields=fields))


def noted(ledger: Ledger, exchange: Exchange, endpoint: str = ENDPOINT, at: str = AT) -> None:
    version = ledger.version_of(exchange)
    ledger.note(exchange, decided(exchange, endpoint), UNIX_S, at, version)


def row_of(batch: Batch, endpoint: str = ENDPOINT) -> dict[str, int]:
    """What was counted of an endpoint and is not zero."""
    (row,) = [counts for (_, of), counts in batch.series.items() if of == endpoint]
    return {name: count for name, count in zip(COUNTERS, row, strict=True) if count}


@pytest.mark.parametrize(
    ("fields", "version"),
    [
        (b"X-Version: 2.1\r\n", "2.1"),
        (b"x-vERSION:\t2.1 \t\r\n", "2.1"),
        (b"X-Other: 1\r\nX-Version: a b\r\nX-Version: 3\r\n", "a b"),
        (b"X-Version:\r\n", "stated"),
        (b"X-Version: \t \r\n", "stated"),
        (b"X-Version-2: 9\r\nY-X-Version: 9\r\n", "stated"),
        (b"", "stated"),
        (b"X-Version: " + CARD.encode() + b"\r\n", "[card]"),
        (b"X-Version: v\x851\r\n", "v\\u00851"),
        (b"X-Version: " + b"v" * 100 + b"\r\n", "v" * (MAX_NAME - 3) + "..."),
    ],
)
def test_a_version_is_what_the_candidate_says_or_else_the_configuration(
    fields: bytes, version: str
) -> None:
    """The first line of that very name, redacted, escaped and clipped; nothing said is no version."""
    ledger = ledger_of(settings_of("stated", "X-Version"))
    assert ledger.version_of(answered(fields)) == version
    counted = Tally()
    counted.add(version)
    assert list(counted.counts) == [version], "findings count by the same name"


def test_without_a_header_the_configuration_says_it() -> None:
    """Whatever fields the answer has; without a candidate there is no version."""
    ledger = ledger_of(settings_of("v" * 100))
    assert ledger.version_of(answered(b"X-Version: 2\r\n")) == "v" * (MAX_NAME - 3) + "..."
    alone = settings_of()
    ledger = ledger_of(Settings(alone.listen, alone.legacy))
    assert ledger.version_of(answered(b"X-Version: 2\r\n")) == ""
    noted(ledger, answered())
    assert ledger.batch.versions == {}


def counted(ledger: Ledger) -> dict[str, int]:
    return {version: seen.count for (version, _), seen in ledger.batch.versions.items()}


def matched(ledger: Ledger) -> None:
    """Shadow called an exchange a match by itself."""
    ledger.note_match(ENDPOINT, 3, (1000, 2000), UNIX_S, AT)


def test_a_match_is_counted_to_the_version_that_answered_last() -> None:
    """Shadow does not say which; before any has answered it is what the configuration says."""
    ledger = ledger_of(settings_of("stated", "X-Version"))
    matched(ledger)
    noted(ledger, answered(b"X-Version: 2\r\n"))
    matched(ledger)
    matched(ledger)
    noted(ledger, answered())
    noted(ledger, answered(b"X-Version: 3\r\n"))
    matched(ledger)
    assert counted(ledger) == {"stated": 2, "2": 3, "3": 2}


def test_a_reload_that_says_another_version_is_believed() -> None:
    """What answered last under another header says nothing any more; else it goes on counting."""
    settings, redactor = settings_of("1", "X-Version"), Redactor(RedactSettings(), KEY)
    ledger = ledger_of(settings)
    noted(ledger, answered(b"X-Version: 2\r\n"))
    ledger.apply(settings_of("1", "X-Version", forwarded="off"), redactor)
    matched(ledger)
    ledger.apply(settings_of("5"), redactor)
    matched(ledger)
    ledger.apply(settings_of("5", "X-Build"), redactor)
    matched(ledger)
    assert counted(ledger) == {"2": 2, "5": 2}


def test_an_exchange_is_counted_by_endpoint_and_time() -> None:
    """Once with its verdict, once with each side's time, in the bucket that it belongs to."""
    ledger = ledger_of(settings_of("1"))
    later = "2026-01-01T00:00:01.000+00:00"
    matched(ledger)
    noted(ledger, answered())
    noted(ledger, answered(body="1 "), at=later)
    batch = ledger.batch
    assert list(batch.series) == [(START_S, ENDPOINT)]
    assert START_S % WIDTH_S == 0
    row = row_of(batch)
    assert (row.pop("match"), row.pop("mismatch")) == (2, 1)
    assert sum(count for name, count in row.items() if name.startswith("legacy_")) == 3
    assert sum(count for name, count in row.items() if name.startswith("candidate_")) == 3
    assert sum(row.values()) == 6
    route, first, last = batch.endpoints[ENDPOINT]
    assert (route, first, last) == ("item", AT, later)
    assert batch.versions == {("1", ENDPOINT): Seen(3, AT, later)}


@pytest.mark.parametrize("flagged", ["legacy", "candidate"])
def test_incomplete_answers_are_not_timed(flagged: str) -> None:
    """How long it takes to be cut off says nothing of a backend; the exchange is counted."""
    sides = {"legacy": whole("1"), "candidate": whole("1")}
    sides[flagged] = sides[flagged]._replace(flags=frames.FLAG_INCOMPLETE)
    ledger = ledger_of(settings_of("1"))
    noted(ledger, exchange_of(sides["legacy"], sides["candidate"]))
    assert row_of(ledger.batch) == {"incomparable": 1}
    assert counted(ledger) == {"1": 1}


@pytest.mark.parametrize("failed", ["legacy", "candidate"])
def test_a_failure_has_neither_time_nor_version(failed: str) -> None:
    """A backend that did not answer has not shown anything of itself."""
    failure = 1 + list(FailureKind).index(FailureKind.TIMEOUT)
    gone = frames.Side(failure, 0, 0, 0, 9000, 0, b"", b"")
    sides = {"legacy": whole("1"), "candidate": whole("1"), failed: gone}
    ledger = ledger_of(settings_of("1"))
    noted(ledger, exchange_of(sides["legacy"], sides["candidate"]))
    assert row_of(ledger.batch) == {f"{failed}_failed": 1}
    assert counted(ledger) == {}


def test_names_are_redacted_before_they_are_counted() -> None:
    """Those of endpoints; every count of one lands under the same name."""
    ledger = ledger_of(settings_of("1"))
    noted(ledger, answered(), f"GET /cards/{CARD}")
    ledger.note_match(f"GET /cards/{CARD}", 3, (1, 2), UNIX_S, AT)
    batch = ledger.batch
    assert set(batch.endpoints) == {of for _, of in batch.series} == {"GET /cards/[card]"}
    assert CARD not in str((batch.series, batch.endpoints, batch.versions))


def test_a_name_is_redacted_as_the_settings_in_force_say() -> None:
    """What was worked out under other settings is forgotten with them."""
    settings = settings_of()
    ledger = ledger_of(settings)
    endpoint = f"GET /cards/{CARD}"
    assert ledger.name_of(endpoint) == ledger.name_of(endpoint) == "GET /cards/[card]"

    class Shouting(Redactor):
        def text(self, text: str) -> str:
            return super().text(text).upper()

    ledger.apply(settings, Shouting(RedactSettings(), KEY))
    assert ledger.name_of(endpoint) == "GET /CARDS/[CARD]"


def recorded(ledger: Ledger, exchange: Exchange, endpoint: str) -> list[str]:
    """Counts an exchange with its findings, as judge does; their ids."""
    recorder, version = ledger._recorder, ledger.version_of(exchange)
    decision = decided(exchange, endpoint)
    groups = recorder.record(exchange, decision, 0.0, AT, version)
    ledger.note(exchange, decision, UNIX_S, AT, version)
    ledger.note_groups(exchange, decision, RULES, groups, 1e9, UNIX_S, AT, version)
    return [group.id for group in groups]


def test_a_batch_says_everything_of_an_endpoint_under_its_new_name() -> None:
    """Series, versions, findings, their charts and samples; the store is told to follow."""
    ledger = ledger_of(settings_of("1"))
    (old,) = recorded(ledger, answered(), "GET /users/ann")
    (new,) = recorded(ledger, answered(), "GET /users/{var}")
    moved = ledger._recorder.rename("GET /users/ann", "GET /users/{var}")
    ledger.rename("GET /users/ann", "GET /users/{var}", moved)
    settings = settings_of("1")
    batch = ledger.take(Knowledge(settings, KEY), UNIX_S)
    assert moved == {old: new}
    assert set(batch.endpoints) == {of for _, of in batch.versions} == {"GET /users/{var}"}
    assert row_of(batch, "GET /users/{var}")["mismatch"] == 2
    assert batch.versions["1", "GET /users/{var}"].count == 2
    (group,) = batch.groups.values()
    assert (group.id, group.endpoint, group.count) == (new, "GET /users/{var}", 2)
    assert group.id == key_at(group, "GET /users/{var}").fingerprint
    assert [(group_id, count) for (_, group_id), count in batch.group_series.items()] == [(new, 2)]
    assert {of for sample in batch.samples.values() for of, _ in sample.groups} == {new}
    (rename,) = batch.renames
    assert tuple(rename) == ("GET /users/ann", "GET /users/{var}", "GET /users/{var}")


def test_findings_that_are_counted_are_those_that_are_charted() -> None:
    """Over any number of batches: each says what came since the one before."""
    settings = settings_of("1")
    ledger, knowledge = ledger_of(settings), Knowledge(settings, KEY)
    totals: dict[str, int] = {}
    for times in (3, 0, 2):
        for _ in range(times):
            recorded(ledger, answered(), ENDPOINT)
        batch = ledger.take(knowledge, UNIX_S)
        charted = {group_id: count for (_, group_id), count in batch.group_series.items()}
        assert charted == {group.id: group.count for group in batch.groups.values()}
        assert sum(charted.values()) == times
        for group_id, count in charted.items():
            totals[group_id] = totals.get(group_id, 0) + count
    assert list(totals.values()) == [5]
    assert ledger.batch.is_empty()


def test_one_exchange_is_at_most_one_sample() -> None:
    """Of all the findings that it shows, each with a draw of its own."""
    ledger = ledger_of(settings_of("1"))
    exchange = exchange_of(whole('{"a":1,"b":1,"c":1}'), whole('{"a":2,"b":2,"c":2}'))
    ids = recorded(ledger, exchange, ENDPOINT)
    (sample,) = ledger.batch.samples.values()
    assert [group_id for group_id, _ in sample.groups] == ids
    draws = [draw for _, draw in sample.groups]
    assert len(set(draws)) == 3
    assert all(0.0 <= draw < 1.0 for draw in draws)


def test_a_finding_is_handed_over_with_the_evidence_of_now() -> None:
    """And what found no room is told, once."""
    settings = settings_of()
    ledger, knowledge = ledger_of(settings), Knowledge(settings, KEY)
    (group_id,) = recorded(ledger, answered(), ENDPOINT)
    for number in range(12):
        exchange = exchange_of(whole(f'"{number}a"'), whole(f'"{number}b"'))
        again = decided(exchange_of(whole(f'"{number}a"'), whole(f'"{number}c"'))).comparison
        exchange.pair = exchange.pair._replace(started_ns=number)
        knowledge.judge_noise(
            exchange, ENDPOINT, decided(exchange).comparison, again, ledger._redactor, UNIX_S
        )
    ledger._recorder.groups.lost = 3
    batch = ledger.take(knowledge, UNIX_S)
    noise = batch.groups[group_id].noise
    assert (noise.state, noise.aa_samples, noise.b) == ("noisy", 12, 12)
    assert batch.lost == 3
    assert ledger.take(knowledge, UNIX_S).lost == 0


def test_what_was_learned_is_said_in_three_parts() -> None:
    """Noise, latencies and rules: the last of these are those that people saved."""
    rules = ({"path": "$.a", "ignore": True}, {"path": "$.b", "ignore": True})
    settings = settings_of(compare=CompareSettings(rules=rules))
    knowledge, read = Knowledge(settings, KEY), Rules.read(settings.compare)
    knowledge.follow(read, UNIX_S)
    knowledge.note_match((3, 1000, 2000, b"GET /items/7"), 0.0)
    parts = learned_parts(knowledge, read, ["r1"], datetime.now(UTC).timestamp())
    said: dict[str, Any] = {
        name: orjson.loads(zlib.decompress(part)) for name, part in parts.items()
    }
    assert set(said) == {"noise", "latencies", "rules"}
    assert said["noise"] == {"noise": [], "evicted": 0, "expired": 0}
    assert [(row["endpoint"], row["pairs"]) for row in said["latencies"]] == [(ENDPOINT, 1)]
    assert [(row["source"], row["id"]) for row in said["rules"]] == [
        ("file", None),
        ("saved", "r1"),
    ]


def test_a_finding_that_nobody_knows_has_no_sample_in_its_way() -> None:
    """Samples of other findings do not keep it from its first one."""
    ledger = ledger_of(settings_of())
    groups = [group_of("one"), group_of("two")]
    exchange = answered()
    decision = decided(exchange)
    for wanted in (groups[:1], groups):
        ledger.note_groups(exchange, decision, RULES, wanted, 1e9, UNIX_S, AT, "")
    of = [group_id for sample in ledger.batch.samples.values() for group_id, _ in sample.groups]
    assert of.count("two") == 1
