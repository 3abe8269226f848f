"""status, set and unset against an admin server."""

import json
import socket
from pathlib import Path

import pytest

from tests.cli.commands import run
from tests.cli.servers import scripted_admin

pytestmark = pytest.mark.slow  # starts the real command

STATUS = {
    "ready": True,
    "draining": False,
    "uptime_s": 61.2,
    "supervised": True,
    "exchanges": {
        "received": 12345, "skipped": 3, "dropped": 0, "failed": 0, "recorded": 12341,
        "in_flight": 1, "balanced": True,
    },
    "reasons": {"skipped": {"method": 3, "loop": 0}, "recorded": {"match": 12341}},
    "dials": {
        "shadow": {"value": "off", "source": "dial", "configured": "on", "ttl_s": 299.9,
                   "reason": "incident \x1b[31m4711"},
        "shadow.sample": {"value": 0.05, "source": "config", "configured": 0.05},
    },
    "shadow": {"in_flight": 1, "breaker_open": False, "shed": None},
    "processes": [{"name": "edge-0", "pid": 1234567, "up": True, "restarts": 0,
                   "heartbeat_age_ms": 41, "loop_lag_ms": 0.2, "generation": 1}],
    "config": {"generation": 1, "last_reload": {"ok": False, "problems": ["a.yaml:1:1: x"]},
               "restart_needed": ["workers"]},
    "versions": {"shadowproxy": "0.1.0", "python": "3.11.7"},
}  # fmt: skip


def _status(**changes: object) -> dict[str, tuple[int, bytes]]:
    return {"GET /api/v1/status": (200, json.dumps({**STATUS, **changes}).encode())}


def test_status_fits_a_terminal_and_says_what_matters() -> None:
    """80 columns, no escape sequence of a server, dials, sums and processes."""
    with scripted_admin(_status()) as admin:
        result = run("status", "--admin", admin.address)
    assert result.returncode == 0
    assert all(len(line) <= 80 and line.isprintable() for line in result.stdout.splitlines())
    for told in (
        "ready, up 1m 1s, shadowproxy 0.1.0, python 3.11.7",
        "shadow         off (configured: on), for 5m more, incident \\x1b[31m4711",
        "shadow.sample  5%",
        "received 12,345 =\n    skipped 3 + dropped 0 + failed 0 + recorded 12,341 + in flight 1\n",
        "  skipped      method 3\n",
        "the last reload was REFUSED",
        "  a.yaml:1:1: x",
        "waiting for a restart: workers",
        "edge-0   1234567",
    ):
        assert told in result.stdout


@pytest.mark.parametrize(
    "changes", [{"ready": False}, {"exchanges": {"received": 1, "balanced": False}}]
)
def test_a_proxy_that_is_not_fine_is_1(changes: dict[str, object]) -> None:
    """Not ready, or sums that do not hold."""
    with scripted_admin(_status(**changes)) as admin:
        assert run("status", "--admin", admin.address).returncode == 1


def test_status_as_json_is_the_servers() -> None:
    """For other programs."""
    with scripted_admin(_status()) as admin:
        result = run("status", "--admin", admin.address, "--format", "json")
    assert json.loads(result.stdout) == STATUS


@pytest.mark.parametrize("body", [b"{}", b'{"dials": 7, "processes": "x", "exchanges": []}'])
def test_a_status_of_another_release_is_shown_as_far_as_it_goes(body: bytes) -> None:
    """No traceback over a member that is not there."""
    with scripted_admin({"GET /api/v1/status": (200, body)}) as admin:
        result = run("status", "--admin", admin.address)
    assert (result.returncode, result.stderr) == (1, "")


def test_set_and_unset_turn_a_dial() -> None:
    """Value, end and reason go to the API as they were given; what it answers is said."""
    answers = {
        "PUT /api/v1/dials/shadow.sample": (
            200, b'{"dial": "shadow.sample", "value": 0.1, "ttl_s": 1800.0}',
        ),
        "DELETE /api/v1/dials/shadow": (200, b'{"dial": "shadow", "value": "on"}'),
    }  # fmt: skip
    with scripted_admin(answers) as admin:
        turned = run(
            "set", "shadow.sample", "10%", "--ttl", "30m", "--reason", "why not",
            "--admin", admin.address, "--token", "t0ken",
        )  # fmt: skip
        back = run("unset", "shadow", "--admin", f"http://{admin.address}/")
    assert (turned.stdout, back.stdout) == ("shadow.sample is 10% for 30m\n", "shadow is on\n")
    body = {"value": "10%", "ttl": "30m", "reason": "why not"}
    assert admin.asked == [
        ("PUT", "/api/v1/dials/shadow.sample", "Bearer t0ken", body),
        ("DELETE", "/api/v1/dials/shadow", None, None),
    ]


def test_token_and_address_come_from_the_environment_and_the_file(tmp_path: Path) -> None:
    """SHADOWPROXY_ADMIN_TOKEN beats the file's token; --token beats both."""
    with scripted_admin(_status()) as admin:
        (tmp_path / "p.yaml").write_text(
            f"legacy: {{url: http://a}}\nadmin: {{listen: {admin.address}, token: filed}}\n"
        )
        environ = {"SHADOWPROXY_ADMIN_TOKEN": "from-env"}
        run("status", "-c", "p.yaml", cwd=tmp_path)
        run("status", "-c", "p.yaml", cwd=tmp_path, environ=environ)
        run("status", "-c", "p.yaml", "--token", "flag", cwd=tmp_path, environ=environ)
    assert [token for _, _, token, _ in admin.asked] == [
        "Bearer filed", "Bearer from-env", "Bearer flag",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((401, b'{"detail": "a token is needed"}'), "a token is needed (401)"),
        ((401, b""), "a token is needed: --token or SHADOWPROXY_ADMIN_TOKEN (401)"),
        ((500, b'{"detail": "\\u001b[31mred"}'), "\\x1b[31mred (500)"),
        ((200, b"<html>"), "the answer is not one of shadowproxy's (200)"),
        ((200, b"[" * 100_000), "the answer is not one of shadowproxy's (200)"),
        ((404, b"[]"), "the answer is not one of shadowproxy's (404)"),
    ],
)
def test_what_a_server_refuses_is_said(answer: tuple[int, bytes], message: str) -> None:
    """In one line, exit code 1."""
    with scripted_admin({"GET /api/v1/status": answer}) as admin:
        result = run("status", "--admin", admin.address)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"{admin.address}: {message}\n"


def test_where_nothing_runs_that_is_said() -> None:
    """On TCP and on a socket's path."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{sock.getsockname()[1]}"
        result = run("status", "--admin", address)
    assert result.returncode == 1
    assert result.stderr == f"no proxy runs here: nothing listens on {address}\n"
    gone = run("status", "--admin", "unix:/gone.sock")
    assert gone.stderr == "cannot ask unix:/gone.sock: No such file or directory\n"
