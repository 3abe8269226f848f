"""Exchanges that are kept whole: the request, both answers, what differs, how long they took.

    wanted by a finding ─► there is time ─► decoded, redacted, deflated ─► Sample

Laws: at most SHARE of the judge's time goes into it, and FIRST_SHARE while there are findings without
an example; nothing is kept that was not redacted, and what cannot be (too large, undecodable) is left
out with the reason; of a finding the first ones are kept soon and the later ones ever more seldom.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from time import monotonic
from typing import Any, Final

import orjson

from shadowproxy.compare.bodies import tree_of
from shadowproxy.compare.headers import Fields, parse_fields
from shadowproxy.compare.observations import Observation
from shadowproxy.compare.ruleset import Plan, Rules
from shadowproxy.decode.bounds import BoundError, UndecodableError
from shadowproxy.findings.group import Group
from shadowproxy.findings.tallies import write_short
from shadowproxy.ipc.frames import Pair, Side
from shadowproxy.judge.decision import Decision
from shadowproxy.judge.exchange import Exchange
from shadowproxy.redact.redaction import Redactor, TooLargeError
from shadowproxy.report.batch import Sample

SHARE: Final = 0.05
"""Of the time: a sample of two answers of 10 KB takes 2 ms, so there are 25 of them a second."""
FIRST_SHARE: Final = 0.2
"""While there are findings without any: one that is seen once must have its example."""
FIRST_SPARE_S: Final = 0.25
"""Of that share may be saved up: what begins to differ differs in many places at once."""
EVERY_S: Final = 1.0
"""Between the first samples of a finding; each further one waits that much longer."""
MAX_WAIT_S: Final = 60.0
MAX_CONTENT_BYTES: Final = 64 << 10
"""Deflated; 4,000 values of answers are 10 KiB."""
MAX_BODY_BYTES: Final = 128 << 10
"""Of an answer that is decoded for it: twice what 4,000 usual values take."""
MAX_DECODED_BYTES: Final = 256 << 10
"""Of an answer that was compressed, which may be a thousandth of what it says, and of a request."""
MAX_DIFFERENCES: Final = 200
MAX_DIFFERENCES_CHARS: Final = 64 << 10
"""Of their values together, as far as they are looked through; 200 usual ones have some 20,000."""
MAX_LISTED: Final = 5
"""In the list of a finding's samples."""
MAX_SUMMARY_BYTES: Final = 4 << 10
MAX_HEADERS: Final = 100
_MAX_REMEMBERED: Final = 10_000


class Sampler:
    """Chooses and makes samples."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor
        self._next_s = self._seen_s = 0.0
        self._spare_s = FIRST_SPARE_S
        self._due: dict[str, tuple[float, int]] = {}

    def wanted_by(self, groups: Iterable[Group], now_s: float) -> list[Group]:
        """The findings that want this exchange; none if there is no time."""
        groups = list(groups)
        is_first = any(group.id not in self._due for group in groups)
        if now_s < self._next_s and not (is_first and self._has_spare(now_s)):
            return []
        return [group for group in groups if now_s >= self._due.get(group.id, (0.0, 0))[0]]

    def _has_spare(self, now_s: float) -> bool:
        """Whether there is time left for the first examples of findings."""
        grown_s = max(0.0, now_s - self._seen_s) * FIRST_SHARE
        self._spare_s = min(FIRST_SPARE_S, self._spare_s + grown_s)
        self._seen_s = now_s
        return self._spare_s > 0

    def make(
        self,
        exchange: Exchange,
        decision: Decision,
        rules: Rules,
        groups: Sequence[tuple[Group, float]],
        at: str,
        version: str,
    ) -> Sample | None:
        """A sample for findings, each with its draw; None if it is larger than one may be."""
        started_s = monotonic()
        document = self._document(exchange, decision, rules, version, at)
        document["groups"] = [group.id for group, _ in groups]
        document["route"] = groups[0][0].route
        content = zlib.compress(orjson.dumps(document), 1)
        if len(content) > MAX_CONTENT_BYTES:
            document["legacy"] |= {"tree": None, "omitted": "too large to be kept"}
            document["candidate"] |= {"tree": None, "omitted": "too large to be kept"}
            content = zlib.compress(orjson.dumps(document), 1)
        ended_s = monotonic()
        took_s = ended_s - started_s
        self._next_s = ended_s + took_s / SHARE
        self._spare_s -= took_s
        self._note(groups, ended_s)
        if len(content) > MAX_CONTENT_BYTES:
            return None
        draws = tuple((group.id, draw) for group, draw in groups)
        return Sample(document["id"], at, _summary(document).decode(), content, draws)

    def _note(self, groups: Sequence[tuple[Group, float]], now_s: float) -> None:
        if len(self._due) >= _MAX_REMEMBERED:
            self._due.clear()
        for group, _ in groups:
            count = self._due.get(group.id, (0.0, 0))[1] + 1
            self._due[group.id] = now_s + min(MAX_WAIT_S, EVERY_S * count), count

    def _document(
        self, exchange: Exchange, decision: Decision, rules: Rules, version: str, at: str
    ) -> dict[str, Any]:
        redactor, pair = self.redactor, exchange.pair
        plan = rules.plan(decision.endpoint, exchange.legacy.status)
        return {
            "id": _id_of(pair, at),
            "at": at,
            "endpoint": redactor.text(decision.endpoint),
            "request_id": redactor.text(exchange.request_id),
            "method": redactor.text(exchange.method),
            "target": redactor.target(exchange.target),
            "version": version,
            "verdict": str(decision.comparison.verdict),
            "request": self._request(pair),
            "legacy": self._answer(exchange.legacy, pair.legacy, plan),
            "candidate": self._answer(exchange.candidate, pair.candidate, plan),
            "differences": list(self._differences(decision)),
        }

    def _differences(self, decision: Decision) -> Iterator[dict[str, Any]]:
        """The first ones, as many as there is time for."""
        end = self.redactor.scanned + MAX_DIFFERENCES_CHARS
        differences = zip(decision.comparison.differences, decision.judgements, strict=True)
        for difference, judgement in islice(differences, MAX_DIFFERENCES):
            if self.redactor.scanned > end:
                return
            yield {
                **self.redactor.difference(difference),
                "explained": judgement.is_explained,
            }

    def _request(self, pair: Pair) -> dict[str, Any]:
        body, omitted = None, ""
        if pair.request_body:
            try:
                body = self._sent(pair.request_body)
            except (orjson.JSONDecodeError, TooLargeError):
                omitted = f"{len(pair.request_body):,} bytes that are not JSON, or too many"
        return {
            "headers": self._headers(pair.request_head),
            "body": body,
            "omitted": omitted,
        }

    def _sent(self, body: bytes) -> Any:
        if len(body) > MAX_DECODED_BYTES:
            raise TooLargeError
        return self.redactor.body(orjson.loads(body))

    def _answer(self, observation: Observation, side: Side, plan: Plan) -> dict[str, Any]:
        fields = parse_fields(observation.head)
        shown: dict[str, Any] = {
            "failure": None if observation.failure is None else str(observation.failure),
            "status": observation.status,
            "headers": self._headers(observation.head),
            "media_type": self.redactor.text(", ".join(fields.get("content-type", []))),
            "format": "",
            "tree": None,
            "omitted": "",
            "bytes": observation.body_bytes,
            "duration_ms": side.total_us / 1000,
            "first_ms": side.first_us / 1000,
            "wait_ms": side.wait_us / 1000,
        }
        return shown | self._tree(observation, fields, plan)

    def _tree(self, observation: Observation, fields: Fields, plan: Plan) -> dict[str, Any]:
        """What is kept of a body: its tree and format, or why there is none."""
        if observation.failure is not None:
            return {"omitted": "there is no answer"}
        if not observation.body_bytes:
            return {"omitted": "the body is empty"}
        if observation.is_digest or observation.is_cut or observation.body_bytes > MAX_BODY_BYTES:
            return {"omitted": "too large to be kept"}
        try:
            form, tree = tree_of(observation, fields, plan, MAX_DECODED_BYTES)
            return {"format": form.value, "tree": self.redactor.body(tree)}
        except UndecodableError:
            return {"omitted": "not of a format that can be looked into"}
        except (BoundError, TooLargeError, RecursionError):
            return {"omitted": "too large to be kept"}

    def _headers(self, head: bytes) -> list[list[str]]:
        found: list[list[str]] = []
        for line in head.decode("latin-1").split("\r\n")[1:]:
            name, mark, value = line.partition(":")
            if mark and len(found) < MAX_HEADERS:
                found.append([self.redactor.text(name), self.redactor.field(name, value)])
        return found


def _id_of(pair: Pair, at: str) -> str:
    """16 hexadecimal digits; two exchanges of one nanosecond would need the same request."""
    made = blake2b(digest_size=8)
    made.update(f"{at} {pair.started_ns}".encode())
    made.update(pair.request_head)
    return made.hexdigest()


def _summary(document: dict[str, Any]) -> bytes:
    """What a list of samples shows, as JSON; values that are large are written short."""
    shown = {name: document[name] for name in ("id", "at", "request_id", "method", "target")}
    sides = {
        side: {name: document[side][name] for name in ("status", "duration_ms")}
        for side in ("legacy", "candidate")
    }
    listed = [each for each in document["differences"] if not each["explained"]][:MAX_LISTED]
    summary = {**shown, "version": document["version"], **sides}
    for write in (_without_mark, _shortened):
        encoded = orjson.dumps({**summary, "differences": [write(each) for each in listed]})
        if len(encoded) <= MAX_SUMMARY_BYTES:
            return encoded
    return orjson.dumps({**summary, "differences": []})


def _without_mark(difference: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in difference.items() if name != "explained"}


def _shortened(difference: dict[str, Any]) -> dict[str, Any]:
    shown = _without_mark(difference)
    for side in ("legacy", "candidate"):
        if side in shown:
            shown[side] = write_short(shown[side])
    return shown
