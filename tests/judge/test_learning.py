"""What the judge learns from the traffic: noise, latencies, endpoints; and what findings get of it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection

from shadowproxy.core.settings import (
    BackendSettings,
    CompareSettings,
    NoiseSettings,
    RecheckSettings,
    ReportSettings,
    RouteSettings,
)
from shadowproxy.ipc import frames
from shadowproxy.judge import memory, reproducing, sampling
from shadowproxy.judge.knowledge import Knowledge
from shadowproxy.report.endpoints import endpoint_items
from shadowproxy.report.learned import latencies_of
from shadowproxy.report.windows import Window
from tests.judge.playing import HEAD, answer, findings_in, head, judged, pair_of, side, teach
from tests.support.waiting import until

Capture = pytest.CaptureFixture[str]


async def test_what_legacy_varies_itself_becomes_noise(capfd: Capture) -> None:
    """Two requests in which legacy disagreed with itself; then it is noise, and shown as such."""
    async with judged(capfd) as played:
        teach(played, 12)
        await played.until_settled()
        assert played.route_cell("verdict/mismatch") == 1
        assert played.route_cell("verdict/noise") == 11
        (noise,) = await played.noise()
        assert (noise["endpoint"], noise["path"]) == ("GET /items/{id}", "/token")
        assert (noise["state"], noise["b"]) == ("noisy", 12)
        (group,) = await played.found(
            lambda groups: [each["explained"] for each in groups] == [11], "it is counted"
        )
        assert group["noise"]["state"] == "noisy"
        assert "legacy disagreed with itself in 12 of 12 checks" in group["sentence"]


async def test_a_bug_inside_a_noisy_field_is_found(capfd: Capture) -> None:
    """null, another type, a missing member, a constant and another member beside the noise all show."""
    async with judged(capfd) as played:
        teach(played, 40)
        await played.until_settled()
        before = played.route_cell("verdict/mismatch")
        bugs = [
            side('{"token": null, "price": 5}'),
            side('{"token": 17, "price": 5}'),
            side('{"price": 5}'),
            side('{"token": "", "price": 5}'),
            side('{"token": "<html>oops</html>", "price": 5}'),
            side(json.dumps({"token": f"tok-{9:032x}", "price": 6})),
        ]
        for number, bug in enumerate(bugs):
            played.send(pair_of(answer(1000 + number), bug, head(number)))
        await played.until_settled()
        assert played.route_cell("verdict/mismatch") == before + len(bugs)
        for number in range(60):
            played.send(pair_of(answer(2000 + number), answer(7), head(number)))
        await played.until_settled()
        assert played.route_cell("verdict/mismatch") > before + len(bugs)


async def test_pinned_and_refused_noise_is_obeyed(capfd: Capture) -> None:
    """One is noise without any evidence and no finding, the other is none in spite of it."""
    place = ("GET /items/{id}", "/token", "changed")
    async with judged(capfd, noise=NoiseSettings(pinned=(place,))) as played:
        played.send(pair_of(answer(1), answer(2)))
        await played.until_settled()
        assert played.route_cell("verdict/noise") == 1
        await played.ended()
        assert played.read(findings_in) == []
    async with judged(capfd, noise=NoiseSettings(refused=(place,))) as played:
        teach(played, 10)
        await played.until_settled()
        assert played.route_cell("verdict/noise") == 0


async def test_a_successor_knows_what_was_learned(capfd: Capture) -> None:
    """Noise, latencies and endpoints survive the judge; no value is in the file."""
    async with judged(capfd) as played:
        teach(played, 12)
        saved = await until(lambda: played.document("judge.json"), "it is saved")
        await played.until_settled()
        folder, settings = played.running.runtime_dir, played.running.settings
        key = memory.key_in(folder)
        assert "tok-" not in json.dumps(saved)
        successor = Knowledge(settings, key)
        successor.restore(saved, 0.0)
        assert successor.exchanges["GET /items/{id}"] == saved["exchanges"]["GET /items/{id}"]
        assert [row["path"] for row in successor.noise.shown(0.0)] == ["/token"]
        nonsense: list[Any] = [{}, [], {"noise": 1, "endpoints": [], "exchanges": {"x": "y"}}]
        for broken in nonsense:
            Knowledge(settings, key).restore(broken, 0.0)


async def test_both_sides_are_asked_again_about_a_mismatch(capfd: Capture) -> None:
    """Still different, gone, or legacy differs from itself: counted with the finding, five a minute."""
    async with judged(capfd, recheck=RecheckSettings(5)) as played:
        for _ in range(20):
            played.pair('{"a":1}', '{"a":2}')
        await until(lambda: len(played.wishes) == 5, "five rechecks")
        again = [
            (side('{"a":1}'), side('{"a":2}')),
            (side('{"a":1}'), side('{"a":2}')),
            (side('{"a":1}'), side('{"a":1}')),
            (side('{"a":3}'), side('{"a":2}')),
        ]
        for wish, sides in zip(played.wishes, again, strict=False):
            assert wish.request_head == HEAD
            played.answer(wish, *sides)
        expected = {"still": 2, "gone": 1, "legacy_flaky": 1}
        (group,) = await played.found(
            lambda groups: [each["rechecks"] for each in groups] == [expected], "counted"
        )
        assert "gone in 1 of 4 re-checks: flaky" in group["sentence"]
        await played.until_settled()
        assert len(played.wishes) == 5
        (noise,) = await played.noise()
        assert noise["aa_samples"] == 0


async def test_unsafe_requests_are_not_asked_again(capfd: Capture) -> None:
    """A POST has had its effect already."""
    async with judged(capfd) as played:
        played.pair("1", "2", HEAD.replace(b"GET ", b"POST "))
        await played.until_settled()
        await played.findings(1)
        assert played.wishes == []


async def test_matches_of_shadow_count_for_shares_and_latencies(capfd: Capture) -> None:
    """`in 1 of 401 answers`, and the pace of both sides."""
    async with judged(capfd) as played:
        matches = [(3, 1000, 2000, b"GET /items/%d" % n) for n in range(400)]
        assert played.shadow.send(frames.pack_matches(matches))
        played.pair('{"a":1}', '{"a":2}')
        (group,) = await played.found(
            lambda groups: [each["exchanges"] for each in groups] == [401], "all are counted"
        )
        assert "in 1 of 401 answers of GET /items/{id}" in group["sentence"]
        (pace,) = await played.stored(
            lambda connection: [row for row in latencies_of(connection) if row["pairs"] == 401],
            "latencies",
        )
        assert pace["endpoint"] == "GET /items/{id}"


async def test_endpoints_are_learned_and_findings_follow_them(capfd: Capture) -> None:
    """Users' names become one endpoint; their findings, counts and noise become its."""
    async with judged(capfd, routes=()) as played:
        for number in range(120):
            name = bytes([97 + number % 26, 97 + number // 26, 97 + number % 7])
            request = HEAD.replace(b"/items/42?q=1", b"/users/%b" % (name * 2))
            played.pair('{"a":1}', '{"a":2}', request, route=0)
        await played.until_settled()

        def is_folded(groups: list[dict[str, Any]]) -> bool:
            counts = {each["endpoint"]: each["count"] for each in groups}
            return counts == {"GET /users/{var}": 120}

        (group,) = await played.found(is_folded, "they are one")
        assert group["exchanges"] == 120
        assert sum(point["count"] for point in group["series"]["points"]) == 120
        assert group["samples"]
        (item,) = await played.stored(items_of_endpoints, "the endpoint")
        assert (item["endpoint"], item["exchanges"]) == ("GET /users/{var}", 120)


def items_of_endpoints(connection: Connection) -> list[dict[str, Any]]:
    return endpoint_items(connection, Window(datetime.now(UTC)), {})


async def test_routes_of_prefixes_do_not_name_endpoints(capfd: Capture) -> None:
    """`/api/**` is a policy; what is below it is learned, and a documented template beats that."""
    routes = (played_route("api", "/api/**"),)
    templates = CompareSettings(templates=("GET /api/orders/{order}",))
    async with judged(capfd, routes=routes, compare=templates) as played:
        for path in (b"/api/orders/7", b"/api/users/17"):
            played.pair("1", "2", HEAD.replace(b"/items/42?q=1", path))
        groups = await played.findings(2)
        assert {group["endpoint"] for group in groups} == {
            "GET /api/orders/{order}",
            "GET /api/users/{int}",
        }


def played_route(name: str, path: str) -> RouteSettings:
    return RouteSettings(name, 3, path)


async def test_a_finding_can_be_reproduced(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest bodies that still show it, and a command for each side; nothing secret in them."""
    monkeypatch.setattr(reproducing, "SHARE", 1e9)
    request = HEAD.replace(b"Host:", b"Authorization: Bearer s3cr3t\r\nHost:")
    rows = [{"id": n, "name": f"item {n}", "password": "hunter2"} for n in range(30)]
    other = [dict(row, price="7") if row["id"] == 17 else dict(row, price=7) for row in rows]
    rows = [dict(row, price=7) for row in rows]
    async with judged(capfd, candidate=BackendSettings("http", "127.0.0.1", 9002)) as played:
        played.pair(json.dumps({"rows": rows}), json.dumps({"rows": other}), request)
        (group,) = await played.findings(1)
        reproducer = group["reproducer"]
        assert reproducer["legacy"] == {"rows": [{"price": 7}]}
        assert reproducer["candidate"] == {"rows": [{"price": "7"}]}
        command = reproducer["curl"]["candidate"]
        assert "http://127.0.0.1:9002/items/42?q=1" in command
        assert "s3cr3t" not in json.dumps(group)
        assert "hunter2" not in json.dumps(group)


async def test_versions_of_the_candidate_are_told_apart(capfd: Capture) -> None:
    """By the header that the configuration names."""
    candidate = BackendSettings("http", "127.0.0.1", 9002, version_header="X-Version")
    async with judged(capfd, candidate=candidate) as played:
        for version in (b"1.0", b"1.1", b"1.1"):
            theirs = side("2")
            fields = b"X-Version: " + version + b"\r\n\r\n"
            theirs = theirs._replace(head=theirs.head[:-2] + fields)
            ours = side("1")
            ours = ours._replace(head=ours.head[:-2] + fields)
            played.send(pair_of(ours, theirs))
        (group,) = await played.found(
            lambda groups: [each["count"] for each in groups] == [3], "all three"
        )
        assert group["versions"]["counts"] == {"1.0": 1, "1.1": 2}


async def test_samples_are_as_many_as_configured(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`report.max_samples_per_group` bounds them."""
    monkeypatch.setattr(sampling, "SHARE", 1e9)
    monkeypatch.setattr(sampling, "EVERY_S", 0.0)
    async with judged(capfd, report=ReportSettings(max_samples_per_group=1)) as played:
        for number in range(5):
            played.pair("0", str(number + 1))
        (group,) = await played.found(
            lambda groups: [each["count"] for each in groups] == [5], "all five"
        )
        assert len(group["samples"]) == 1


async def test_findings_with_one_cause_say_so(capfd: Capture) -> None:
    """Members that always differ together are one cause."""
    async with judged(capfd) as played:
        for _ in range(12):
            played.pair('{"a":1,"b":1}', '{"a":2,"b":2}')
        one, other = await played.found(
            lambda groups: len(groups) == 2 and all(each["cause"] for each in groups), "a cause"
        )
        assert [each["id"] for each in one["cause"]["groups"]] == [other["id"]]
        assert one["cause"]["sentence"] == other["cause"]["sentence"]
