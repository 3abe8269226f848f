"""`shadowproxy replay`: how much at once, marking, interruption, what is shown, wrong usage."""

import asyncio
import json
import os
import pty
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from shadowproxy.cli.replaying.asking import MAX_IN_FLIGHT, Pace
from tests.cli.commands import ROOT, environment, run
from tests.cli.replaying import (
    STORED,
    Kept,
    Replayed,
    always,
    answer,
    identity,
    replaying,
    sample_of,
    url,
)
from tests.support.backends import backend
from tests.support.messages import Received
from tests.support.tls import make_certificate, server_context
from tests.support.waiting import until

pytestmark = pytest.mark.slow  # starts the real command

HANG = [{"hang": True}]


def still(target: bytes) -> Any:
    """A candidate that differs at one target."""

    def told(request: Received) -> bytes:
        return answer({**STORED, "total": 9} if request.target == target else STORED)

    return told


async def test_only_what_is_fixed_is_marked() -> None:
    """With a note, by the API, with the token; nothing is marked unless it is asked for."""
    kept = Kept()
    fixed = kept.add(sample_of("/fixed"))
    kept.add(sample_of("/still"))
    kept.add(sample_of("/stale", method="POST"))
    async with replaying(kept) as replayed:
        replayed.candidate.answer = still(b"/still")
        await replayed.run()
        assert replayed.marked == []
        result = await replayed.run("--mark-fixed", "--token", "t0ken")
        tokens = {token for _, _, token, _ in replayed.admin.asked[-8:]}
        note = f"replay: 1 of 1 sample: legacy and candidate agree ({url(replayed.candidate)})"
    assert result.returncode == 1
    assert replayed.marked == [(fixed, {"state": "fixed", "note": note})]
    assert tokens == {"Bearer t0ken"}
    assert result.stdout.endswith("1 fixed, 1 still different, 1 stale\nmarked as fixed: 1\n")


async def test_a_mark_that_is_refused_is_told() -> None:
    """With the reason; the others are marked, and the exit code is 1."""
    kept = Kept()
    refused, other = kept.add(sample_of()), kept.add(sample_of())
    async with replaying(kept) as replayed:
        replayed.admin.answers[f"POST /api/v1/groups/{refused}"] = (
            403,
            b'{"detail": "no \\u001b"}',
        )
        result = await replayed.run("--mark-fixed", "--format", "json")
    found = {each["id"]: each for each in json.loads(result.stdout)["findings"]}
    assert result.returncode == 1
    assert found[refused]["trouble"] == f"{replayed.admin.address}: no \\x1b (403)"
    assert (found[refused]["marked"], found[other]["marked"]) == (False, True)


async def test_a_shared_sample_is_sent_once() -> None:
    """Each of its findings is told what it says about that one."""
    kept = Kept()
    first = kept.add(sample_of("/still"))
    second = kept.add(path="/who", samples=[{"id": "s1"}])
    async with replaying(kept) as replayed:
        replayed.candidate.answer = still(b"/still")
        outcomes = await replayed.outcomes()
        assert len(replayed.candidate.requests) == len(replayed.legacy.requests) == 1
    assert outcomes[first] == ("still_different", "1 of 1 sample: legacy 7, candidate 9")
    agree = "legacy and candidate agree; they differ elsewhere"
    assert outcomes[second] == ("fixed", f"1 of 1 sample: {agree}")


async def test_the_pace_is_even() -> None:
    """Whoever asks for a turn gets it no sooner than the rate says, however many ask at once."""
    loop = asyncio.get_running_loop()
    pace = Pace(50)
    started_s = loop.time()
    times: list[float] = []

    async def ask() -> None:
        await pace.turn()
        times.append(loop.time() - started_s)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(6):
            tasks.create_task(ask())
    early_s = 0.002  # timers of the loop count in whole milliseconds
    assert all(time_s >= index / 50 - early_s for index, time_s in enumerate(times)), times


async def test_the_rate_is_kept() -> None:
    """By the whole command; each sample is asked about, in that time."""
    kept = Kept()
    kept.add(*(sample_of(f"/{number}") for number in range(6)))
    times: list[float] = []

    def told(_: Received) -> bytes:
        times.append(asyncio.get_running_loop().time())
        return answer(STORED)

    async with replaying(kept) as replayed:
        replayed.candidate.answer = told
        await replayed.run("--rate", "4")
    assert len(times) == 6
    assert times[-1] - times[0] > 0.6  # 1.25 s, if neither end is late; 20 ms at no rate


async def test_few_are_under_way_at_once() -> None:
    """Eight, however many wait; those that wait are not even read."""
    kept = Kept()
    kept.add(*(sample_of(f"/{number}") for number in range(30)))
    async with replaying(kept) as replayed:
        for number in range(30):
            replayed.candidate.scripts[b"/%d" % number] = HANG
        process = await _started(replayed, "--rate", "1000")
        sides = replayed.legacy, replayed.candidate
        await until(lambda: all(len(side.requests) == MAX_IN_FLIGHT for side in sides), "asked")
        process.send_signal(signal.SIGINT)
        await _ended(process)
        assert [len(side.requests) for side in sides] == [MAX_IN_FLIGHT] * 2
    read = [path for _, path, _, _ in replayed.admin.asked if "/samples/" in path]
    assert len(read) == MAX_IN_FLIGHT


async def test_ctrl_c_shows_what_is_known() -> None:
    """At once, with exit code 130; nothing is marked then."""
    kept = Kept()
    known = kept.add(sample_of("/known"))
    waiting = kept.add(sample_of("/known"), sample_of("/hangs"))
    async with replaying(kept) as replayed:
        replayed.candidate.scripts[b"/hangs"] = HANG
        process = await _started(replayed, "--mark-fixed", "--rate", "2")
        await until(lambda: len(replayed.candidate.requests) == 3, "all are asked")
        process.send_signal(signal.SIGINT)
        text, errors = await _ended(process)
    assert (process.returncode, errors) == (130, "")
    assert f"fixed            {known}  GET /a\n" in text
    assert f"not asked        {waiting}  GET /a\n    `total` changed\n    1 of 2 samples" in text
    assert "interrupted: nothing was marked" in text
    assert replayed.marked == []


async def _started(
    replayed: Replayed, *arguments: str, stderr: int = PIPE, **environ: str
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "shadowproxy", "replay", *replayed.arguments(*arguments),
        stdout=PIPE, stderr=stderr, env=environment(**environ), cwd=ROOT,
    )  # fmt: skip


async def _ended(process: asyncio.subprocess.Process) -> tuple[str, str]:
    """What it has printed."""
    async with asyncio.timeout(20):
        output, errors = await process.communicate()
    return output.decode(), (errors or b"").decode()


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        ("candidate", ("still_different", "1 of 1 sample: the candidate failed: too_large")),
        ("legacy", ("stale", "legacy failed: too_large")),
    ],
)
async def test_an_endless_answer_ends(side: str, expected: tuple[str, str]) -> None:
    """It is not read further than it is worth, and nothing of it is kept."""
    kept = Kept()
    found = kept.add(sample_of())
    async with replaying(kept) as replayed:
        endless = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
        getattr(replayed, side).scripts[b"/a"] = [{"send": endless}, {"endless": "x" * 65536}]
        result = await replayed.run(
            "--format", "json", environ={"SHADOWPROXY__SHADOW__MAX_BODY": "64KiB"}
        )
    (told,) = json.loads(result.stdout)["findings"]
    assert (told["id"], (told["outcome"], told["why"])) == (found, expected)


async def test_hostile_data_stays_text() -> None:
    """What a store or a backend says moves no cursor, fakes no line and fits the terminal."""
    evil = "\x1b[31m\r\n1 fixed\u202e" + "long" * 60
    kept = Kept()
    kept.add(sample_of("/evil"), path=f"/{evil}", endpoint=f"GET /{evil}", kind="changed\x07")
    kept.add(sample_of("/evil", method=evil))
    kept.add(sample_of("/value"), path="/who")
    async with replaying(kept) as replayed:
        replayed.candidate.answer = lambda _: answer({**STORED, "who": evil})
        text = await replayed.run()
        plain = await replayed.run("--format", "json")
    lines = text.stdout.splitlines()
    assert all(len(line) <= 80 and line.isprintable() for line in lines)
    assert lines[-1] == "1 still different, 2 stale"
    assert plain.stdout.isascii()
    assert all(line.isprintable() for line in plain.stdout.splitlines())


async def test_values_in_reasons_are_redacted() -> None:
    """They are live answers, and a terminal's scrollback is kept, too."""
    kept = Kept()
    found = kept.add(sample_of(), path="/token")
    async with replaying(kept) as replayed:
        replayed.legacy.answer = always({**STORED, "token": "hunter2"})
        replayed.candidate.answer = always({**STORED, "token": "hunter3"})
        result = await replayed.run()
        told = (await replayed.outcomes())[found]
    assert "hunter" not in result.stdout
    hidden = 'legacy "[redacted]", candidate "[redacted]"'
    assert told == ("still_different", f"1 of 1 sample: {hidden}")


async def test_the_configured_rules_hold() -> None:
    """A place that a rule hides agrees, which is said."""
    kept = Kept()
    found = kept.add(sample_of())
    async with replaying(kept) as replayed:
        replayed.candidate.answer = still(b"/a")
        rule = "SHADOWPROXY__COMPARE__RULES"
        environ = {rule: "[{path: $.total, ignore: true, reason: known}]"}
        result = await replayed.run("--format", "json", environ=environ)
    (told,) = json.loads(result.stdout)["findings"]
    assert (told["id"], told["outcome"]) == (found, "fixed")
    assert told["why"] == "1 of 1 sample: legacy and candidate agree by the configured rules"


async def test_a_file_says_whom_to_ask(tmp_path: Path) -> None:
    """Backends, admin server and routes; what is never shadowed is not replayed either."""
    kept = Kept()
    kept.add(sample_of(), route="pay")
    kept.add(sample_of(), route="shop")
    async with replaying(kept) as replayed:
        (tmp_path / "p.yaml").write_text(
            f"legacy: {{url: '{url(replayed.legacy)}'}}\n"
            f"candidate: {{url: '{url(replayed.candidate)}'}}\n"
            f"admin: {{listen: '{replayed.admin.address}'}}\n"
            "routes: [{name: pay, path: /pay, shadow: never}, {name: shop, path: /a}]\n"
        )
        result = await asyncio.to_thread(
            run, "replay", "-c", "p.yaml", "--format", "json", cwd=tmp_path
        )
        assert len(replayed.candidate.requests) == 1
    told = [(each["outcome"], each["why"]) for each in json.loads(result.stdout)["findings"]]
    assert told == [
        ("stale", "its route is never shadowed"),
        ("fixed", "1 of 1 sample: legacy and candidate agree"),
    ]


async def test_a_candidate_behind_tls_is_verified(tmp_path: Path) -> None:
    """By the configured authorities: a certificate that they do not know is a failure."""
    certificate = make_certificate(tmp_path, "candidate")
    kept = Kept()
    kept.add(sample_of())
    async with replaying(kept) as replayed, backend(server_context(certificate)) as secure:
        secure.answer = always(STORED)
        address = f"https://localhost:{secure.address[1]}"
        (tmp_path / "p.yaml").write_text(
            f"candidate: {{url: '{address}', tls: {{ca: '{certificate.cert}'}}}}\n"
        )
        known = await replayed.run("-c", str(tmp_path / "p.yaml"), "--candidate", address)
        unknown = await replayed.run("--candidate", address)
    assert known.stdout.splitlines()[-1] == "1 fixed"
    assert "the candidate failed: tls" in unknown.stdout


async def test_named_findings_alone_are_asked_about() -> None:
    """Whatever their state is; one that there is not is wrong usage."""
    kept = Kept()
    kept.add(sample_of("/other"))
    named = kept.add(sample_of("/named"), state="expected")
    async with replaying(kept) as replayed:
        result = await replayed.run("--group", named, "--group", named)
        assert [request.target for request in replayed.candidate.requests] == [b"/named"]
        gone = await replayed.run("--group", identity(99))
    assert (result.returncode, result.stdout.splitlines()[-1]) == (0, "1 fixed")
    assert (gone.returncode, gone.stdout) == (2, "")
    assert gone.stderr == f"no such finding: {identity(99)}\n"


async def test_nothing_to_replay_is_fine() -> None:
    """It is said, and the exit code is 0; so is a finding that is not open left out."""
    kept = Kept()
    kept.add(sample_of(), state="fixed")
    async with replaying(kept) as replayed:
        text = await replayed.run()
        plain = await replayed.run("--format", "json")
    assert (text.returncode, text.stdout) == (
        0, "nothing to replay: there is no open finding\n",
    )  # fmt: skip
    assert json.loads(plain.stdout)["findings"] == []


async def test_noise_is_left_out() -> None:
    """Nobody waits for its end, unless it is named."""
    kept = Kept()
    noisy = kept.add(sample_of("/noisy"), noise={"state": "noisy"})
    async with replaying(kept) as replayed:
        alone = await replayed.run()
        assert not replayed.candidate.requests
        named = await replayed.run("--group", noisy)
    assert (alone.returncode, alone.stdout) == (
        0, "nothing to replay: there is no open finding\nleft out as noise: 1\n",
    )  # fmt: skip
    assert named.stdout.endswith("\n1 fixed\n")


async def test_the_limit_is_told() -> None:
    """Pages of the list are followed up to it."""
    kept = Kept()
    for number in range(3):
        kept.add(sample_of(f"/{number}"))
    async with replaying(kept) as replayed:
        listed = [{"id": each["id"], "state": "open"} for each in kept.findings]
        for query, groups, after in (
            ("limit=2", listed[:1], "n/1"), ("limit=1&after=n%2F1", listed[1:2], "n/2"),
        ):  # fmt: skip
            page = {"groups": groups, "total": 3, "next": after}
            asked = f"GET /api/v1/groups?state=open&sort=count&{query}"
            replayed.admin.answers[asked] = 200, json.dumps(page).encode()
        result = await replayed.run("--limit", "2")
        assert len(replayed.candidate.requests) == 2
    assert result.stdout.splitlines()[-2:] == [
        "2 fixed",
        "these are the 2 most frequent of 3 open findings; --limit asks about more",
    ]


async def test_what_is_not_kept_any_more_is_stale() -> None:
    """A sample that went between list and question, a finding without samples, a body."""
    kept = Kept()
    kept.add(samples=[{"id": "gone"}])
    kept.add()
    kept.add(sample_of(request={"headers": [], "body": None, "omitted": "too large"}))
    kept.add(sample_of(request={"headers": [], "body": {"a": "[redacted]"}, "omitted": ""}))
    async with replaying(kept) as replayed:
        outcomes = await replayed.outcomes()
        assert not replayed.candidate.requests
    assert list(outcomes.values()) == [
        ("stale", "is not kept any more"),
        ("stale", "no sample of it is kept that could be sent"),
        ("stale", "its body was not kept: too large"),
        ("stale", "its body holds redacted values, or was cut"),
    ]


async def test_a_body_that_was_kept_is_sent() -> None:
    """A search by GET with a JSON body; Host is legacy's where the sample has none."""
    kept = Kept()
    kept.add(sample_of(request={"headers": [], "body": {"query": "x"}, "omitted": ""}))
    async with replaying(kept) as replayed:
        await replayed.run()
        (request,) = replayed.candidate.requests
        assert json.loads(request.body) == {"query": "x"}
        assert request.values("host") == [url(replayed.legacy).removeprefix("http://").encode()]


async def test_a_terminal_sees_a_bar() -> None:
    """On standard error, so that standard output can go into a file."""
    kept = Kept()
    kept.add(sample_of())
    async with replaying(kept) as replayed:
        ours, theirs = pty.openpty()
        process = await _started(replayed, stderr=theirs, TERM="xterm")
        os.close(theirs)
        output, _ = await _ended(process)
        shown = os.read(ours, 1 << 16)
        os.close(ours)
    assert b"replaying" in shown
    assert output.endswith("\n1 fixed\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["--legacy", "http://127.0.0.1:1"], ["--candidate", "http://127.0.0.1:1"],
        ["-c", "/gone.yaml"], ["-c", "-"],
        *(
            ["--legacy", "http://127.0.0.1:1", "--candidate", "http://127.0.0.1:2", *more]
            for more in (
                ["--header", "nope"], ["--header", "X: a\r\nY: b"], ["--header", "Transfer-Encoding: x"],
                ["--header", "X-Shadow: me"], ["--rate", "0"], ["--limit", "0"], ["--format", "xml"],
                ["--admin", "x"], ["--store", "a.db"], ["surplus"],
                ["--store", "sqlite:///a.db", "--admin", "127.0.0.1:1"],
                ["--candidate", "http://127.0.0.1:1"],
            )
        ),
    ],
)  # fmt: skip
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    """With a message on standard error, nothing on standard output, and no traceback."""
    result = run("replay", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr
    assert "Traceback" not in result.stderr


async def test_where_no_proxy_runs_that_is_said() -> None:
    """In one line, exit code 1; nobody is asked anything."""
    async with replaying(Kept()) as replayed:
        result = await replayed.run("--admin", "unix:/gone.sock")
        assert not replayed.candidate.connections
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "cannot ask unix:/gone.sock: No such file or directory\n"


async def test_what_came_back_is_asked_about_first() -> None:
    """A finding that was called fixed and was seen again is an open one."""
    kept = Kept()
    kept.add(sample_of("/open"))
    kept.add(sample_of("/back"), state="fixed", returned=True)
    kept.add(sample_of("/done"), state="fixed")
    async with replaying(kept) as replayed:
        result = await replayed.run("--limit", "1", "--format", "json")
        targets = {request.target for request in replayed.candidate.requests}
    assert targets == {b"/back"}, result.stderr


async def test_rules_that_people_saved_are_in_force() -> None:
    """What one of them explains is fixed, as with a rule of the file."""
    kept = Kept()
    kept.add(sample_of("/a"))
    rule = {"source": "saved", "endpoint": "", "rule": {"path": "$.total", "ignore": True}}
    async with replaying(kept) as replayed:
        replayed.candidate.answer = still(b"/a")
        before = await replayed.run()
        answer = json.dumps({"rules": [rule, {"source": "file", "rule": {}}]}).encode()
        replayed.admin.answers["GET /api/v1/rules"] = 200, answer
        after = await replayed.run()
    assert before.returncode == 1, before.stdout
    assert (after.returncode, "by the configured rules" in after.stdout) == (0, True), after.stdout
