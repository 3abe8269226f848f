"""`shadowproxy replay --store`: what judge wrote is read, sent again, and marked, without any proxy."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shadowproxy.compare import Rules, compare
from shadowproxy.core.settings import RedactSettings
from shadowproxy.findings.group import Group
from shadowproxy.findings.grouping import key_of
from shadowproxy.ipc import frames
from shadowproxy.judge.decision import decide
from shadowproxy.judge.exchange import Exchange
from shadowproxy.judge.sampling import Sampler
from shadowproxy.noise.learning import UNKNOWN
from shadowproxy.redact.redaction import Redactor
from shadowproxy.report.batch import Batch
from shadowproxy.report.migrating import migrate
from shadowproxy.report.opening import open_engine
from shadowproxy.report.reading import read_groups
from shadowproxy.report.writing import write
from tests.cli.commands import run
from tests.cli.replaying import Kept, answer, replaying

pytestmark = pytest.mark.slow  # starts the real command

NOW = datetime.now(UTC)
AT = NOW.isoformat(timespec="milliseconds")
ENDPOINT = "GET /cart/{id}"
HEAD = (
    b"GET /cart/7?q=1 HTTP/1.1\r\nHost: shop.test\r\nAccept: */*\r\n"
    b"Authorization: Bearer abcdefghijkl\r\n\r\n"
)
LEGACY = {"items": [{"id": 1, "price": 10, "token": "s3cret"}], "owner": "Ada"}
CANDIDATE = {"items": [{"id": 1, "price": "10", "token": "s3cret"}], "owner": "Bob"}


def side(body: object) -> frames.Side:
    raw = answer(body)
    head, _, content = raw.partition(b"\r\n\r\n")
    return frames.Side(0, 0, 200, 1500, 2500, len(content), head + b"\r\n\r\n", content)


def filled(folder: Path) -> str:
    """A store in which judge found LEGACY and CANDIDATE to differ; its URL."""
    redactor = Redactor(RedactSettings(), b"key")
    exchange = Exchange(
        frames.Pair(0, time.monotonic_ns(), HEAD, b"", side(LEGACY), side(CANDIDATE))
    )
    rules = Rules()
    comparison = compare(exchange.legacy, exchange.candidate, rules, ENDPOINT)
    decision = decide(ENDPOINT, comparison, [UNKNOWN] * len(comparison.differences))
    batch = Batch()
    groups = []
    for difference in comparison.differences:
        key = key_of(ENDPOINT, 200, 200, difference)
        path = redactor.path(difference, general=True)
        group = Group(
            key.fingerprint, "other", ENDPOINT, 200, 200, path, key.kind, key.types, AT, AT, 1
        )
        groups.append((group, 0.5))
        batch.add_group(group)
    sample = Sampler(redactor).make(exchange, decision, rules, groups, AT, "")
    assert sample is not None
    batch.add_sample(sample)
    url = f"sqlite:///{folder}/report.db"
    engine = open_engine(url, is_writer=True)
    migrate(engine)
    with engine.begin() as connection:
        write(connection, batch, "judge", 1, AT, 10)
    engine.dispose()
    return url


async def test_a_store_is_replayed_and_marked(tmp_path: Path) -> None:
    """The finding that is gone becomes fixed, with the command in the audit; the other stays open."""
    store = filled(tmp_path)
    async with replaying(Kept()) as replayed:
        replayed.legacy.answer = lambda _: answer(LEGACY)
        replayed.candidate.answer = lambda _: answer({**LEGACY, "owner": "Bob"})
        backends = replayed.arguments()[:4]
        result = await replayed.command(*backends, "--store", store, "--mark-fixed")
        (request,) = replayed.candidate.requests
        assert not replayed.admin.asked
    assert (result.returncode, result.stderr) == (1, "")
    assert request.target == b"/cart/7?q=1"
    assert not request.values("authorization")
    assert result.stdout.splitlines()[-2:] == ["1 fixed, 1 still different", "marked as fixed: 1"]
    ids = [line.split()[-3] for line in result.stdout.splitlines() if line.endswith(ENDPOINT)]
    found = {group["path"]: group for group in read_groups(store, ids, datetime.now(UTC))}
    assert {path: group["state"] for path, group in found.items()} == {
        "/items/*/price": "fixed", "/owner": "open",
    }  # fmt: skip
    fixed = found["/items/*/price"]
    assert fixed["note"].startswith("replay: 1 of 1 sample: legacy and candidate agree")
    assert fixed["state_by"] == "shadowproxy replay"


async def test_a_legacy_that_changed_is_flaky(tmp_path: Path) -> None:
    """What judge kept is enough to tell, though secrets in it are hidden."""
    store = filled(tmp_path)
    changed = {"items": [{"id": 1, "price": "10", "token": "other"}], "owner": "Bob"}
    async with replaying(Kept()) as replayed:
        replayed.legacy.answer = replayed.candidate.answer = lambda _: answer(changed)
        backends = replayed.arguments()[:4]
        result = await replayed.command(*backends, "--store", store, "--format", "json")
    assert {each["outcome"] for each in json.loads(result.stdout)["findings"]} == {"flaky"}


@pytest.mark.parametrize("store", ["sqlite:///gone.db", "postgresql://u:hunter2@127.0.0.1:1/x"])
def test_a_store_that_cannot_be_read_is_said(store: str, tmp_path: Path) -> None:
    """In one line without its password, exit code 1; no file is made."""
    backends = ("--legacy", "http://127.0.0.1:1", "--candidate", "http://127.0.0.1:2")
    result = run("replay", *backends, "--store", store, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert "hunter2" not in result.stderr
    assert list(tmp_path.iterdir()) == []
