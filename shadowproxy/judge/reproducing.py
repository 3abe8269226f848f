"""The smallest reproducer of a finding, made once, when there is time for it.

    trees of both answers ─► cut to what still shows the finding ─► redacted ─► + one curl per side

Laws: at most SHARE of the judge's time goes into it; what is kept was redacted after it was cut.
"""

from time import monotonic
from typing import Any, Final

import orjson

from shadowproxy.compare.bodies import trees_of
from shadowproxy.compare.differences import type_name
from shadowproxy.compare.headers import parse_both
from shadowproxy.compare.observations import Observation
from shadowproxy.compare.ruleset import Plan, Rules
from shadowproxy.compare.walking import Walk
from shadowproxy.core.settings import BackendSettings, Settings
from shadowproxy.core.words import Backend, Kind
from shadowproxy.decode.bounds import BoundError, UndecodableError
from shadowproxy.findings.curl import curl
from shadowproxy.findings.group import Group
from shadowproxy.findings.reducing import reduce
from shadowproxy.judge.exchange import Exchange
from shadowproxy.redact.redaction import Redactor

SHARE: Final = 0.05
"""Of the time: 50 ms, the longest that one takes, are made up for in a second."""
ATTEMPTS: Final = 3
MAX_BODY_BYTES: Final = 256 << 10
"""Of either side; cutting a larger one down takes longer than there is."""
_MAX_REMEMBERED: Final = 4000


class Reproducer:
    """Makes reproducers for groups that have none."""

    def __init__(self, settings: Settings, redactor: Redactor) -> None:
        self._next_s = 0.0
        self._attempts: dict[str, int] = {}
        self.apply(settings, redactor)

    def apply(self, settings: Settings, redactor: Redactor) -> None:
        """Takes a generation of the settings."""
        self._redactor = redactor
        self._legacy = _origin(settings.legacy)
        self._candidate = "" if settings.candidate is None else _origin(settings.candidate)

    def serve(self, exchange: Exchange, endpoint: str, groups: list[Group], rules: Rules) -> None:
        """Makes one for the first group that wants one, if it is time."""
        started_s = monotonic()
        if started_s < self._next_s:
            return
        group = next(filter(self._wants, groups), None)
        if group is None:
            return
        if len(self._attempts) >= _MAX_REMEMBERED:
            self._attempts.clear()
        self._attempts[group.id] = self._attempts.get(group.id, 0) + 1
        plan = rules.plan(endpoint, exchange.legacy.status)
        group.reproduce(self._made(exchange, group, plan))
        ended_s = monotonic()
        self._next_s = ended_s + (ended_s - started_s) / SHARE

    def _wants(self, group: Group) -> bool:
        return not group.has_reproducer and self._attempts.get(group.id, 0) < ATTEMPTS

    def _made(self, exchange: Exchange, group: Group, plan: Plan) -> dict[str, Any]:
        bodies = self._bodies(exchange.legacy, exchange.candidate, group, plan)
        return {**bodies, "curl": self._commands(exchange)}

    def _bodies(
        self, legacy: Observation, candidate: Observation, group: Group, plan: Plan
    ) -> dict[str, Any]:
        """Both, cut and redacted; nothing for a finding that is not inside of bodies."""
        if (
            group.path.startswith("#")
            or max(len(legacy.body), len(candidate.body)) > MAX_BODY_BYTES
        ):
            return {}
        try:
            heads = parse_both(legacy.head, candidate.head)
            trees = trees_of(legacy, candidate, heads, plan)
        except (UndecodableError, BoundError):
            return {}

        def shows(ours: Any, theirs: Any) -> bool:
            walk = Walk()
            walk.walk(ours, theirs, plan.start)
            return any(self._is_of(each, group) for each in walk.found)

        ours, theirs = reduce(trees.legacy, trees.candidate, shows, monotonic)
        return {
            "legacy": self._redactor.document(ours),
            "candidate": self._redactor.document(theirs),
        }

    def _is_of(self, difference: Any, group: Group) -> bool:
        if difference.kind != group.kind:
            return False
        if self._redactor.path(difference, general=True) != group.path:
            return False
        if difference.kind is not Kind.TYPE:
            return True
        return group.types == (type_name(difference.legacy), type_name(difference.candidate))

    def _commands(self, exchange: Exchange) -> dict[str, str]:
        target = self._redactor.target(exchange.target)
        fields = self._fields(exchange.pair.request_head)
        body = self._body(exchange.pair.request_body)
        sides = (
            ("legacy", self._legacy, fields),
            ("candidate", self._candidate, _marked(fields)),
        )
        return {
            side: curl(exchange.method, origin + target, own, body) for side, origin, own in sides
        }

    def _fields(self, head: bytes) -> list[tuple[str, str]]:
        found = []
        for line in head.decode("latin-1").split("\r\n")[1:]:
            name, mark, value = line.partition(":")
            if mark:
                found.append((name, self._redactor.field(name, value)))
        return found

    def _body(self, body: bytes) -> bytes:
        """A request's body as it may be shown; one that is no JSON is not."""
        if not body:
            return b""
        try:
            return orjson.dumps(self._redactor.document(orjson.loads(body)))
        except (orjson.JSONDecodeError, TypeError):
            return self._redactor.text(f"[{len(body)} bytes]").encode()


def _marked(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """With the marks of a copy, by which what stands behind the candidate keeps from side effects."""
    kept = [field for field in fields if field[0].lower() not in _MARKS]
    baggage = [value.strip() for name, value in fields if name.lower() == "baggage"]
    members = [*filter(None, baggage), f"shadow={Backend.CANDIDATE}"]
    return [*kept, ("X-Shadow", str(Backend.CANDIDATE)), ("baggage", ",".join(members))]


_MARKS: Final = ("x-shadow", "baggage")


def _origin(backend: BackendSettings) -> str:
    host = backend.host or "localhost"
    shown = f"[{host}]" if ":" in host else host
    return (
        f"{backend.scheme}://{shown}:{backend.port}"
        if backend.port
        else f"{backend.scheme}://{shown}"
    )
