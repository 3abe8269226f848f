"""A store with as much in it as a busy service leaves in two weeks.

Written by the product's own statements, as judge writes it: batches of ten seconds, rolled up as they
get old.
"""

import zlib
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import orjson

from shadowproxy.core.words import Kind, Verdict
from shadowproxy.findings.group import Evidence, Group, Recheck
from shadowproxy.findings.grouping import GroupKey
from shadowproxy.findings.tallies import ValuePair
from shadowproxy.report.batch import WIDTH_S, Batch, Sample
from shadowproxy.report.migrating import migrate
from shadowproxy.report.opening import make_private, open_engine
from shadowproxy.report.tidying import Bounds, tidy
from shadowproxy.report.writing import write

EXCHANGES: Final = 1_000_000
GROUPS: Final = 500
SAMPLES: Final = 5_000
ENDPOINTS: Final = 100
DAYS: Final = 14
BUSY_S: Final = 2 * 3600
"""A third of all exchanges are of the last two hours, in buckets of ten seconds and a minute."""
WRITER: Final = "0123456789abcdef"
VERSIONS: Final = ("2.0", "2.1", "2.2")


def fill(url: str, now_s: float, samples: int = SAMPLES) -> None:
    """Fills an empty store, up to `now_s`."""
    draw = Random(7)
    make_private(url)
    engine = open_engine(url, is_writer=True)
    migrate(engine)
    groups = [_group(number, now_s) for number in range(GROUPS)]
    for number, (start_s, count) in enumerate(_moments(now_s), 1):
        batch = _batch(start_s, count, groups, draw)
        with engine.begin() as connection:
            write(connection, batch, WRITER, number, _iso(start_s), 10)
    batch = Batch()
    for number in range(samples):
        batch.add_sample(_sample(number, groups[number % GROUPS], now_s, draw))
        if len(batch.samples) == 100:
            with engine.begin() as connection:
                write(connection, batch, WRITER, 1_000_000 + number, _iso(now_s), 10)
            batch = Batch()
    _learn(engine, now_s)
    while not tidy(engine, Bounds(30 * 86_400.0, 1 << 40), now_s, 60.0):
        pass
    engine.dispose()


def _moments(now_s: float) -> list[tuple[int, int]]:
    """(start of a bucket, exchanges), the oldest first: two weeks by the half hour, then busy hours."""
    end_s = int(now_s) // WIDTH_S * WIDTH_S
    old = range(end_s - DAYS * 86_400, end_s - BUSY_S, 1800)
    new = range(end_s - BUSY_S, end_s, WIDTH_S)
    share = EXCHANGES // 3
    return [(at, 2 * share // len(old)) for at in old] + [(at, share // len(new)) for at in new]


def _batch(start_s: int, count: int, groups: list[Group], draw: Random) -> Batch:
    batch = Batch()
    seen = _iso(start_s)
    for _ in range(count):
        endpoint = f"GET /api/v1/things{min(int(draw.expovariate(0.05)), ENDPOINTS - 1)}/{{id}}"
        is_bad = draw.random() < 0.02
        verdict = Verdict.MISMATCH if is_bad else Verdict.MATCH
        batch.count(start_s, endpoint, "things", verdict, seen)
        batch.time(
            start_s, endpoint, int(draw.lognormvariate(8, 1)), int(draw.lognormvariate(8.2, 1))
        )
        batch.see_version(VERSIONS[draw.randrange(3)], endpoint, seen)
        batch.traffic[start_s, f"verdict/{verdict}"] += 1
        batch.traffic[start_s, "received"] += 1
        batch.traffic[start_s, "requests/2xx"] += 1
        batch.traffic[start_s, f"overhead/{draw.choice((0.0001, 0.00025, 0.0005, 0.001))}"] += 1
        if is_bad:
            _count(batch, draw.choice(groups), start_s, seen, draw)
    return batch


def _count(batch: Batch, group: Group, start_s: int, seen: str, draw: Random) -> None:
    group.count += 1
    group.last_seen = seen
    group.versions.add(VERSIONS[draw.randrange(3)])
    group.pairs.add(ValuePair(str(draw.randrange(9)), f'"{draw.randrange(9)}"'))
    group.recheck(Recheck.STILL)
    batch.add_group(group.take())
    batch.count_group(start_s, group.id)


def _group(number: int, now_s: float) -> Group:
    endpoint = f"GET /api/v1/things{number % ENDPOINTS}/{{id}}"
    path = f"/items/*/field_{number // ENDPOINTS}/value_{number % 7}"
    kind = list(Kind)[number % 4]
    key = GroupKey(endpoint, 200, 200, path, kind, ("number", "string"))
    first = _iso(now_s - DAYS * 86_400)
    group = Group(
        key.fingerprint, "things", endpoint, 200, 200, path, kind, ("number", "string"), first, first,
        noise=Evidence("confirmed", 208, 0, 12.0),
    )  # fmt: skip
    shown = {"items": [{f"field_{number}": number}]}
    group.reproduce(
        {
            "legacy": shown,
            "candidate": {"items": []},
            "curl": {"legacy": "curl", "candidate": "curl"},
        }
    )
    return group


def _sample(number: int, group: Group, now_s: float, draw: Random) -> Sample:
    """Two answers of 10 KB with three differences."""
    items = [
        {
            "id": index,
            "name": f"thing {draw.randrange(10**6)}",
            "price": draw.random(),
            "tags": ["a", "b"],
        }
        for index in range(120)
    ]
    others: list[dict[str, Any]] = [dict(each) for each in items]
    places = draw.sample(range(120), 3)
    differences = []
    for place in places:
        others[place]["price"] = str(items[place]["price"])
        differences.append(
            {
                "path": f"/items/{place}/price", "kind": "type", "legacy": items[place]["price"],
                "candidate": others[place]["price"], "explained": False,
            }
        )  # fmt: skip
    at = _iso(now_s - SAMPLES + number)
    sides = {
        side: {
            "failure": None, "status": 200, "headers": [["Content-Type", "application/json"]],
            "media_type": "application/json", "format": "json", "tree": {"items": tree}, "omitted": "",
            "bytes": 10_000, "duration_ms": 12.5, "first_ms": 11.0, "wait_ms": 0.1,
        }
        for side, tree in (("legacy", items), ("candidate", others))
    }  # fmt: skip
    document = {
        "id": f"{number:016x}", "at": at, "endpoint": group.endpoint, "request_id": f"r-{number}",
        "method": "GET", "target": f"/api/v1/things/{number}", "version": VERSIONS[number % 3],
        "verdict": "mismatch", "request": {"headers": [["Host", "shop"]], "body": None, "omitted": ""},
        **sides, "differences": differences, "groups": [group.id],
    }  # fmt: skip
    summary = {
        **{name: document[name] for name in ("id", "at", "request_id", "method", "target", "version")},
        "legacy": {"status": 200, "duration_ms": 12.5}, "candidate": {"status": 200, "duration_ms": 12.5},
        "differences": differences,
    }  # fmt: skip
    content = zlib.compress(orjson.dumps(document), 1)
    return Sample(
        str(document["id"]),
        at,
        orjson.dumps(summary).decode(),
        content,
        ((group.id, draw.random()),),
    )


def _learn(engine: Any, now_s: float) -> None:
    """Noise at 200 places, both sides' times at every endpoint."""
    noise = [
        {
            "endpoint": f"GET /api/v1/things{number % ENDPOINTS}/{{id}}", "path": f"/noise_{number}",
            "kind": "changed", "state": "noisy", "override": None, "aa_samples": 208, "a": 9, "b": 9,
            "both": 9, "a_only": 0, "b_only": 0, "requests": 9, "e": 0.9, "first_aa_s": now_s,
            "last_aa_s": now_s, "expires_s": now_s + 1, "is_constant": False,
            "shape": {"pairs": 9, "types": ["string"]},
        }
        for number in range(200)
    ]  # fmt: skip
    paces = [
        {
            "endpoint": f"GET /api/v1/things{number}/{{id}}", "is_slower": False, "sentence": "",
            "pairs": 1000, "blocks": 100, "slower_blocks": 40, "e": 0.5, "ratio": 1.0,
            "legacy_us": {"p50": 900, "p90": 2000, "p99": 9000},
            "candidate_us": {"p50": 900, "p90": 2000, "p99": 9000},
        }
        for number in range(ENDPOINTS)
    ]  # fmt: skip
    parts = {"noise": {"noise": noise, "evicted": 0, "expired": 0}, "latencies": paces, "rules": []}
    batch = Batch(learned={name: zlib.compress(orjson.dumps(part)) for name, part in parts.items()})
    with engine.begin() as connection:
        write(connection, batch, WRITER, 10_000_000, _iso(now_s), 10)


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")
