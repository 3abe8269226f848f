"""A store as a week leaves it: endpoints, findings, versions, samples, decisions, some of it hostile."""

import zlib
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import orjson
from sqlalchemy import Engine

from shadowproxy.core.cells import OVERHEAD_BOUNDS_S
from shadowproxy.core.words import Verdict
from shadowproxy.findings.group import Evidence, Group, Recheck
from shadowproxy.findings.grouping import GroupKey
from shadowproxy.findings.tallies import ValuePair
from shadowproxy.report.batch import Batch, Sample
from shadowproxy.report.deciding import Actor, decide, save_rule
from shadowproxy.report.tidying import Bounds, tidy
from shadowproxy.report.writing import write

NOW = datetime(2026, 7, 8, 12, 34, 56, tzinfo=UTC)
WEEK_S = 7 * 86_400
HOSTILE = (
    "GET /100%", "GET /a_b", "GET /axb", "GET /O'Brien", 'GET /"quoted"', "GET /back\\slash",
    "GET /Straße", "GET /ÜBER", "GET /<script>", "GET /; DROP TABLE groups; --", "GET /:name",
)  # fmt: skip
ENDPOINTS = (*(f"GET /shop/{number}" for number in range(12)), *HOSTILE)
PATHS = ("/price", "/items/*/name", "/100%", "/it's_here", "#status")
KINDS = ("changed", "removed", "type")
VERSIONS = ("1.0", "1.1", "2.0")


def moment(age_s: float) -> str:
    """So long before NOW."""
    return (NOW - timedelta(seconds=age_s)).isoformat(timespec="milliseconds")


def _version_at(age_s: float) -> str:
    return VERSIONS[min(2, int(3 * (1 - age_s / WEEK_S)))]


def _finding(random: Random, endpoint: str, age_s: float) -> Group:
    path, kind = random.choice(PATHS), random.choice(KINDS)
    types = ("string", "number") if kind == "type" else ("", "")
    key = GroupKey(endpoint, 200, 200, path, kind, types)
    seen = moment(age_s)
    group = Group(key.fingerprint, "all", endpoint, 200, 200, path, kind, types, seen, seen, 1)
    group.pairs.add(ValuePair(str(random.randrange(3)), "x"))
    group.versions.add(_version_at(age_s))
    state = random.choice(["open", "noisy", "watched"])
    group.noise = Evidence(state, random.randrange(90), random.randrange(9), random.random() * 9)
    if random.random() < 0.3:
        group.recheck(random.choice(list(Recheck)))
    if random.random() < 0.1:
        group.reproduce({"legacy": {"a": 1}, "candidate": {"a": 2}, "curl": {}})
    return group


def _sample(random: Random, number: int, group: Group, age_s: float) -> Sample:
    at, name = moment(age_s), f"{number:016x}"
    sides = {side: {"status": 200, "duration_ms": 1.5} for side in ("legacy", "candidate")}
    document: dict[str, Any] = {"id": name, "at": at, "endpoint": group.endpoint, **sides}
    summary = orjson.dumps({"id": name, "at": at, **sides}).decode()
    content = zlib.compress(orjson.dumps(document))
    return Sample(name, at, summary, content, ((group.id, random.random()),))


def plant(engine: Engine) -> None:
    """The same rows for the same release, wherever."""
    random = Random(20)
    for number in range(24):
        batch, age_s = Batch(), WEEK_S * (1 - (number + 1) / 24) + 7.0
        at_s = int(NOW.timestamp() - age_s)
        for _ in range(60):
            _count(random, batch, at_s, age_s)
        _count_traffic(random, batch, at_s // 10 * 10)
        _learn(batch)
        with engine.begin() as connection:
            write(connection, batch, "abc", number + 1, moment(age_s), 10)
        if number % 8 == 7:
            tidy(engine, Bounds(14 * 86_400.0, 1 << 40), NOW.timestamp() - age_s, 60.0)
    _decide(engine)


def _count(random: Random, batch: Batch, at_s: int, age_s: float) -> None:
    endpoint = random.choice(ENDPOINTS)
    verdict = random.choices(list(Verdict), [60, 10, 20, 3, 2, 1, 4])[0]
    later_s = random.randrange(3600)
    age_s = max(0.0, age_s - later_s / 10)
    start_s = (at_s + later_s // 10) // 10 * 10
    batch.count(start_s, endpoint, "all", verdict, moment(age_s))
    batch.time(start_s, endpoint, random.randrange(10**6), random.randrange(10**6))
    batch.see_version(_version_at(age_s), endpoint, moment(age_s))
    if verdict is not Verdict.MISMATCH:
        return
    group = _finding(random, endpoint, age_s)
    batch.add_group(group)
    batch.count_group(start_s, group.id)
    batch.add_sample(_sample(random, random.getrandbits(60), group, age_s))


def _count_traffic(random: Random, batch: Batch, start_s: int) -> None:
    names = [
        "received", "skipped/off", "skipped/method", "dropped/deadline", "failed/redact",
        "requests/2xx", "requests/5xx", "legacy_failed/timeout", "refused/bad_request",
        *(f"verdict/{verdict}" for verdict in Verdict),
        *(f"overhead/{bound}" for bound in (*OVERHEAD_BOUNDS_S, "+Inf")),
    ]  # fmt: skip
    for name in names:
        for offset_s in (0, 10, 600):
            batch.traffic[start_s + offset_s, name] += random.randrange(1, 50)
    batch.traffic[start_s, "received"] += 5_000


def _learn(batch: Batch) -> None:
    parts: dict[str, Any] = {
        "noise": {"noise": [{"path": "/price", "state": "noisy"}], "evicted": 2, "expired": 1},
        "latencies": [{"endpoint": ENDPOINTS[0], "sentence": "slower", "is_slower": True}],
        "rules": [{"path": "/a", "source": "file"}],
    }
    batch.learned = {name: zlib.compress(orjson.dumps(part)) for name, part in parts.items()}
    ids = [group.id for group in batch.groups.values()]
    batch.links = [(ids[0], ids[1])] if len(ids) > 1 else []


def _decide(engine: Engine) -> None:
    with engine.begin() as connection:
        ids = [
            str(row[0])
            for row in connection.exec_driver_sql("SELECT id FROM groups ORDER BY id").all()
        ]
        actor = Actor("ann", NOW - timedelta(days=2))
        for number, group_id in enumerate(ids):
            if number % 5 < 2:
                decide(connection, group_id, ("expected", "fixed")[number % 5], "said", actor)
        save_rule(connection, {"path": "/price"}, "", "known", ids[4:6], actor)
