"""Reproducers: what is never in one."""

import shlex
from typing import Literal

import orjson
import pytest

from shadowproxy.core.settings import RedactSettings
from shadowproxy.judge.reproducing import Reproducer
from shadowproxy.redact.redaction import Redactor
from tests.judge.judging import ENDPOINT, RULES, exchange_of, group_of, settings_of, whole

HEAD = (
    b"POST /items/42?q=marzipan HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n"
    b"X-A: marzipan\r\n\r\n"
)


@pytest.mark.parametrize(("mode", "is_there"), [("keep", True), ("drop", False), ("hash", False)])
def test_values_are_in_a_reproducer_only_if_they_are_kept(
    mode: Literal["keep", "hash", "drop"], is_there: bool
) -> None:
    """Those of the header, the query, the request's body and both answers."""
    redactor = Redactor(RedactSettings(values=mode), b"key")
    exchange = exchange_of(
        whole('{"a":"marzipan"}'), whole('{"a":"marzipan!"}'), HEAD, b'{"b":"marzipan"}'
    )
    group = group_of("g1")
    Reproducer(settings_of(), redactor).serve(exchange, ENDPOINT, [group], RULES)
    found = group.reproducer
    assert found is not None
    assert found["legacy"].keys() == found["candidate"].keys() == {"a"}
    assert "application/json" in found["curl"]["legacy"]
    assert (b"marzipan" in orjson.dumps(found)) is is_there


def test_the_candidate_is_asked_with_the_marks_of_a_copy() -> None:
    """So that what stands behind it does nothing twice; the baggage of the request stays."""
    redactor = Redactor(RedactSettings(), b"key")
    head = HEAD.replace(b"X-A: marzipan", b"Baggage: tenant=7\r\nX-A: marzipan")
    exchange = exchange_of(whole('{"a":1}'), whole('{"a":2}'), head, b'{"b":1}')
    group = group_of("g1")
    Reproducer(settings_of(), redactor).serve(exchange, ENDPOINT, [group], RULES)
    assert group.reproducer is not None
    legacy, candidate = (
        [word for word in shlex.split(group.reproducer["curl"][side]) if ": " in word]
        for side in ("legacy", "candidate")
    )
    assert {"X-Shadow: candidate", "baggage: tenant=7,shadow=candidate"} <= set(candidate)
    assert "Baggage: tenant=7" not in candidate
    assert "Baggage: tenant=7" in legacy
    assert not any("shadow" in word for word in legacy)
