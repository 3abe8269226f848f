"""Reproducers: what is never in one."""

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
