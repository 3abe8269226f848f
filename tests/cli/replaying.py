"""Findings and samples as a proxy's API tells of them, and `shadowproxy replay` run on them."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.cli.commands import run
from tests.cli.servers import ScriptedAdmin, scripted_admin
from tests.support.backends import Backend, backend
from tests.support.messages import Received

HEADERS = [["Host", "shop.test"], ["Accept", "*/*"]]
STORED = {"total": 7, "who": "Ada"}
JSON_FIELDS = b"Content-Type: application/json\r\n"


def identity(number: int) -> str:
    """Of a finding."""
    return f"{number:016x}"


def answer(body: Any, status: int = 200, fields: bytes = JSON_FIELDS) -> bytes:
    """A whole answer with a JSON body."""
    content = json.dumps(body).encode()
    return b"HTTP/1.1 %d X\r\n%bContent-Length: %d\r\n\r\n%b" % (
        status, fields, len(content), content,
    )  # fmt: skip


def sample_of(
    target: str = "/a", method: str = "GET", headers: Any = HEADERS, **changes: Any
) -> dict[str, Any]:
    """A sample to which legacy had answered STORED."""
    return {
        "method": method, "target": target,
        "request": {"headers": headers, "body": None, "omitted": ""},
        "legacy": {
            "status": 200, "headers": [["Content-Type", "application/json"]],
            "media_type": "application/json", "format": "json", "tree": STORED, "omitted": "",
        },
        **changes,
    }  # fmt: skip


@dataclass
class Kept:
    """What the proxy keeps: findings with the ids of their samples, and samples."""

    findings: list[dict[str, Any]] = field(default_factory=list)
    samples: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, *samples: dict[str, Any], path: str = "/total", **changes: Any) -> str:
        """One more finding; its id."""
        found = identity(len(self.findings) + 1)
        ids = []
        for sample in samples:
            ids.append(f"s{len(self.samples) + 1}")
            self.samples[ids[-1]] = sample
        self.findings.append({
            "id": found, "route": "other", "endpoint": "GET /a", "legacy_status": 200, "candidate_status": 200,
            "path": path, "kind": "changed", "state": "open", "count": 3,
            "samples": [{"id": each} for each in ids], **changes,
        })  # fmt: skip
        return found

    def answers(self) -> dict[str, tuple[int, bytes]]:
        """What the admin server says to whom."""
        items = [
            {name: value for name, value in each.items() if name != "samples"}
            for each in self.findings
        ]
        said: dict[str, Any] = {}
        for state in ("open", "returned"):
            chosen = [each for each in items if _state(each) == state]
            page = {"groups": chosen, "total": len(chosen), "next": None}
            said |= {
                f"GET /api/v1/groups?state={state}&sort=count&limit={limit}": page
                for limit in (1, 2, 200)
            }
        for finding in self.findings:
            said[f"GET /api/v1/groups/{finding['id']}"] = finding
            said[f"POST /api/v1/groups/{finding['id']}"] = finding
        for found, sample in self.samples.items():
            said[f"GET /api/v1/samples/{found}"] = {"id": found, **sample}
        return {asked: (200, json.dumps(document).encode()) for asked, document in said.items()}


def _state(finding: dict[str, Any]) -> str:
    return "returned" if finding.get("returned") else str(finding["state"])


@dataclass
class Replayed:
    """Both backends and the admin server, for one or more runs of the command."""

    legacy: Backend
    candidate: Backend
    admin: ScriptedAdmin

    async def run(self, *arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
        """The real command, while the backends of this process answer."""
        return await self.command(*self.arguments(*arguments), **how)

    async def command(self, *arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
        """The same, told nothing but the arguments."""
        return await asyncio.to_thread(run, "replay", *arguments, **how)

    def arguments(self, *arguments: str) -> tuple[str, ...]:
        """Where everybody is; the last of several says so."""
        return (
            "--legacy", url(self.legacy), "--candidate", url(self.candidate),
            "--admin", self.admin.address, *arguments,
        )  # fmt: skip

    async def outcomes(self, *arguments: str) -> dict[str, tuple[str, str]]:
        """By finding: the outcome and why."""
        result = await self.run("--format", "json", *arguments)
        assert not result.stderr, result.stderr
        found = json.loads(result.stdout)["findings"]
        return {each["id"]: (each["outcome"], each["why"]) for each in found}

    @property
    def marked(self) -> list[tuple[str, Any]]:
        """Which findings were given a state, and the documents."""
        return [
            (path.rpartition("/")[2], body)
            for method, path, _, body in self.admin.asked
            if method == "POST"
        ]


def url(of: Backend) -> str:
    """For the command line."""
    host, port = of.address
    return f"http://{host}:{port}"


def always(body: Any, status: int = 200) -> Any:
    """For `Backend.answer`: a body, whatever is asked; none for HEAD."""

    def told(request: Received) -> bytes:
        whole = answer(body, status)
        return whole.partition(b"{")[0] if request.method == b"HEAD" else whole

    return told


@asynccontextmanager
async def replaying(kept: Kept) -> AsyncIterator[Replayed]:
    """Backends that both answer STORED until they are told otherwise."""
    async with backend() as legacy, backend() as candidate:
        legacy.answer = candidate.answer = always(STORED)
        with scripted_admin(kept.answers()) as admin:
            yield Replayed(legacy, candidate, admin)
