"""Exchanges and what the judge decides of them, without a process around it."""

from typing import Any

from shadowproxy.compare.comparing import compare
from shadowproxy.compare.ruleset import Rules
from shadowproxy.core.settings import BackendSettings, ListenSettings, RouteSettings, Settings
from shadowproxy.findings.group import Group
from shadowproxy.ipc import frames
from shadowproxy.judge.decision import Decision, decide
from shadowproxy.judge.exchange import Exchange
from shadowproxy.judge.recording import Recorder
from shadowproxy.judge.telling import Teller
from shadowproxy.noise.known import State
from shadowproxy.noise.learning import Judgement
from shadowproxy.redact.redaction import Redactor
from tests.judge.playing import HEAD

ENDPOINT = "GET /items/{id}"
ROUTES = (RouteSettings("item", 3, "/items/{id}"),)
RULES = Rules()
AT = "2026-01-01T00:00:00.000+00:00"


def settings_of(version: str = "", version_header: str = "", **changes: Any) -> Settings:
    """With a candidate that says its version so, or is said to have it."""
    legacy = BackendSettings("http", "127.0.0.1", 9001)
    candidate = BackendSettings(
        "http", "127.0.0.1", 9002, version=version, version_header=version_header
    )
    return Settings((ListenSettings("127.0.0.1", 0),), legacy, candidate, routes=ROUTES, **changes)


def whole(
    body: bytes | str,
    content_type: str | None = "application/json",
    fields: bytes = b"",
    **changes: Any,
) -> frames.Side:
    """An answer; `fields` are header lines."""
    raw = body.encode() if isinstance(body, str) else body
    kind = b"" if content_type is None else b"Content-Type: %b\r\n" % content_type.encode()
    head = b"HTTP/1.1 200 OK\r\n" + kind + fields + b"\r\n"
    return frames.Side(0, 0, 200, 1500, 2500, len(raw), head, raw, 500)._replace(**changes)


def exchange_of(
    legacy: frames.Side, candidate: frames.Side, head: bytes = HEAD, body: bytes = b""
) -> Exchange:
    return Exchange(frames.Pair(3, 17, head, body, legacy, candidate))


def decided(exchange: Exchange, endpoint: str = ENDPOINT, explained: int = 0) -> Decision:
    """What comes of it; noise explains the first differences."""
    comparison = compare(exchange.legacy, exchange.candidate, RULES, endpoint)
    judgements = [
        Judgement(State.NOISY, is_explained=number < explained)
        for number in range(len(comparison.differences))
    ]
    return decide(endpoint, comparison, judgements)


def recorder_of(settings: Settings, redactor: Redactor) -> Recorder:
    return Recorder(settings, Teller(redactor))


def group_of(fingerprint: str, endpoint: str = ENDPOINT) -> Group:
    return Group(
        fingerprint, "item", endpoint, 200, 200, "/a", "changed", ("", ""), AT, AT
    )  # fmt: skip
