"""`shadowproxy replay`: the real command between a proxy's API, legacy and candidate."""

import json

import pytest

from tests.cli.replaying import (
    HEADERS,
    STORED,
    Kept,
    always,
    answer,
    identity,
    replaying,
    sample_of,
    url,
)
from tests.support.backends import backend, refusing
from tests.support.messages import Received

pytestmark = pytest.mark.slow  # starts the real command

AGREE = "legacy and candidate agree"


async def test_a_finding_that_is_gone_is_fixed() -> None:
    """Exit code 0; the sentence says of how many samples."""
    kept = Kept()
    kept.add(sample_of("/a"), sample_of("/b?c=d"))
    async with replaying(kept) as replayed:
        result = await replayed.run()
        asked = [
            [request.target for request in side.requests]
            for side in (replayed.legacy, replayed.candidate)
        ]
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (
        f"fixed            {identity(1)}  GET /a\n    `total` changed\n    2 of 2 samples: {AGREE}\n\n"
        "1 fixed\n"
    )
    assert [sorted(targets) for targets in asked] == [[b"/a", b"/b?c=d"]] * 2


async def test_each_outcome_is_told_with_its_reason() -> None:
    """Fixed, still different, flaky, stale: side by side in one run, exit code 1."""
    kept = Kept()
    for target in ("/fixed", "/still", "/flaky", "/gone", "/other-status", "/other-type"):
        kept.add(sample_of(target))
    kept.add(sample_of("/fixed"), sample_of("/still"))
    kept.add(sample_of("/fixed"), sample_of("/gone"))

    def legacy(request: Received) -> bytes:
        return {
            b"/flaky": answer({**STORED, "total": 8}),
            b"/gone": answer({}, 404),
            b"/other-status": answer(STORED, 201),
            b"/other-type": answer(STORED, fields=b"Content-Type: text/plain\r\n"),
        }.get(request.target, answer(STORED))

    def candidate(request: Received) -> bytes:
        return answer({**STORED, "total": "7"} if request.target == b"/still" else STORED)

    async with replaying(kept) as replayed:
        replayed.legacy.answer, replayed.candidate.answer = legacy, candidate
        outcomes = await replayed.outcomes()
        assert (await replayed.run()).returncode == 1
    assert list(outcomes.values()) == [
        ("fixed", f"1 of 1 sample: {AGREE}"),
        ("still_different", '1 of 1 sample: `total` type, legacy 7, candidate "7"'),
        ("flaky", "1 of 1 sample: legacy itself answers something else here than it did"),
        ("stale", "legacy answers 404, and answered 200"),
        ("stale", "legacy answers 201, and answered 200"),
        ("stale", "legacy's answer is text/plain, and was application/json"),
        ("flaky", "its samples do not agree: 1 fixed, 1 still different"),
        ("fixed", f"1 of 2 samples: {AGREE} (1 stale: legacy answers 404, and answered 200)"),
    ]


async def test_only_safe_methods_are_sent() -> None:
    """Whatever a store holds: what may change something reaches nobody."""
    kept = Kept()
    for method in (
        "POST",
        "PUT",
        "DELETE",
        "PATCH",
        "TRACE",
        "CONNECT",
        "get",
        "GET /x HTTP/1.1\r\n\r\nPOST",
        "",
    ):
        kept.add(sample_of(method=method))
    for method in ("GET", "HEAD", "OPTIONS"):
        kept.add(sample_of(method=method), path="#header/age", kind="added")
    async with replaying(kept) as replayed:
        outcomes = await replayed.outcomes()
        sent = [
            [request.method for request in side.requests]
            for side in (replayed.legacy, replayed.candidate)
        ]
    assert [outcome for outcome, _ in outcomes.values()] == ["stale"] * 9 + ["fixed"] * 3
    assert outcomes[identity(1)][1] == "POST is not safe to send again"
    assert [sorted(methods) for methods in sent] == [[b"GET", b"HEAD", b"OPTIONS"]] * 2


async def test_what_was_redacted_is_not_sent() -> None:
    """Neither as it was stored nor at all, unless --header gives it; a redacted target is stale."""
    secrets = [
        ["Authorization", "[redacted]"], ["Cookie", "hash:0123456789abcdef"],
        ["X-Note", "pay [card] now"], ["X-Kept", "1"],
    ]  # fmt: skip
    kept = Kept()
    kept.add(sample_of(headers=HEADERS + secrets))
    kept.add(sample_of("/a?token=[redacted]"))
    async with replaying(kept) as replayed:
        outcomes = await replayed.outcomes()
        await replayed.run("--header", "authorization: Bearer t0ken", "--header", "X-New: 2")
        requests = [replayed.legacy.requests, replayed.candidate.requests]
    assert outcomes[identity(2)] == ("stale", "its target holds a redacted value, or was cut")
    for first, second in requests:
        lines = [
            line for line in first.lines() if not line.lower().startswith(("x-shadow", "baggage"))
        ]
        assert lines == ["Host: shop.test", "Accept: */*", "X-Kept: 1"]
        assert second.values("authorization") == [b"Bearer t0ken"]
        assert second.values("x-new") == [b"2"]
        assert b"redacted" not in first.head + second.head


async def test_a_refusal_for_want_of_a_secret_says_so() -> None:
    """What was left out is named; what --header gave is not shown."""
    kept = Kept()
    kept.add(
        sample_of(headers=[*HEADERS, ["Authorization", "[redacted]"], ["Cookie", "[redacted]"]])
    )
    async with replaying(kept) as replayed:
        replayed.legacy.answer = always({}, 401)
        outcomes = await replayed.outcomes("--header", "Cookie: s3cret")
        text = await replayed.run("--header", "Cookie: s3cret")
    assert outcomes[identity(1)] == (
        "stale", "legacy answers 401, and answered 200; sent without Authorization",
    )  # fmt: skip
    assert "s3cret" not in text.stdout + text.stderr


async def test_both_copies_carry_the_mark_of_a_shadow() -> None:
    """Each that of its backend, as in a re-check; marks and traces of the original are not sent on."""
    stored = [
        *HEADERS, ["X-Shadow", "other"], ["baggage", "a=1,shadow=x"],
        ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    ]  # fmt: skip
    kept = Kept()
    kept.add(sample_of(headers=stored))
    async with replaying(kept) as replayed:
        await replayed.run()
        for side, name in ((replayed.legacy, b"legacy"), (replayed.candidate, b"candidate")):
            (request,) = side.requests
            assert request.values("x-shadow") == [name]
            assert request.values("baggage") == [b"a=1,shadow=" + name]
            assert request.values("x-shadow-of") == [b"0af7651916cd43dd8448eb211c80319c"]
            assert b"b7ad6b7169203331" not in request.head


async def test_a_redirect_is_an_answer() -> None:
    """Nobody follows it, wherever it leads."""
    kept = Kept()
    kept.add(sample_of(legacy={"status": 302}), path="#status", kind="status")
    async with replaying(kept) as replayed, backend() as elsewhere:
        moved = f"Location: {url(elsewhere)}/\r\n".encode()
        replayed.legacy.answer = replayed.candidate.answer = lambda _: answer({}, 302, moved)
        assert (await replayed.outcomes())[identity(1)][0] == "fixed"
        assert not elsewhere.connections


@pytest.mark.parametrize(
    ("steps", "failure"),
    [
        ([{"hang": True}], "timeout"),
        ([{"reset": True}], "reset"),
        ([{"send": "garbage\r\n\r\n"}, {"close": True}], "protocol"),
        ([{"send": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1"}, {"close": True}], "reset"),
    ],
)
async def test_a_candidate_that_fails_is_still_different(
    steps: list[dict[str, object]], failure: str
) -> None:
    """And legacy that fails makes the finding stale: nothing can be said then."""
    kept = Kept()
    kept.add(sample_of("/candidate"))
    kept.add(sample_of("/legacy"))
    async with replaying(kept) as replayed:
        replayed.candidate.scripts[b"/candidate"] = steps
        replayed.legacy.scripts[b"/legacy"] = steps
        result = await replayed.run(
            "--format", "json", environ={"SHADOWPROXY__SHADOW__TIMEOUT": "300ms"}
        )
    found = [(each["outcome"], each["why"]) for each in json.loads(result.stdout)["findings"]]
    assert found == [
        ("still_different", f"1 of 1 sample: the candidate failed: {failure}"),
        ("stale", f"legacy failed: {failure}"),
    ]


@pytest.mark.parametrize(
    ("side", "whom", "outcome"),
    [("--candidate", "the candidate", "still_different"), ("--legacy", "legacy", "stale")],
)
async def test_who_cannot_be_reached_at_all_is_told_first(
    side: str, whom: str, outcome: str
) -> None:
    """Nobody listens there: that is no verdict about findings, and the exit code says so."""
    kept = Kept()
    kept.add(sample_of(), sample_of("/b"))
    async with replaying(kept) as replayed, refusing() as (host, port):
        result = await replayed.run(
            "--format", "json", "--mark-fixed", side, f"http://{host}:{port}"
        )
    (found,) = json.loads(result.stdout)["findings"]
    assert result.returncode == 2
    assert result.stderr == f"{whom} at http://{host}:{port} cannot be reached (connect_refused)\n"
    assert found["outcome"] == outcome
    assert "connect_refused" in found["why"]
    assert replayed.marked == []
