"""From a stored request to one that can be sent, or the reason why none can be made of it; pure.

Laws: nothing but a safe method is ever prepared; no byte of what stands for a redacted value is in
it; a head that a proxy would refuse is not sent either, whatever a store holds.
"""

import json
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from shadowproxy.cli.replaying.hidden import field_value, is_as_sent, is_whole, is_whole_target
from shadowproxy.cli.replaying.stored import Field, Sample
from shadowproxy.compare.headers import HOP_BY_HOP
from shadowproxy.findings.escaping import clip
from shadowproxy.http1.heads import HeadError
from shadowproxy.http1.requests import parse_request_head
from shadowproxy.judge.exchange import SAFE_METHODS

MAX_HEADERS: Final = 200
"""As for requests of users."""
MAX_SHOWN: Final = 60

_FRAMING: Final = HOP_BY_HOP | {"content-length", "expect"}
_NOT_GIVEN: Final = _FRAMING | {"x-shadow", "x-shadow-of", "baggage", "traceparent", "tracestate"}
"""Framing and marks are ours to write."""
_FIELD: Final = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")


class Prepared(NamedTuple):
    """A request; `left_out` are the names of fields whose values were redacted."""

    head: bytes
    body: bytes
    left_out: tuple[str, ...]


class Unsendable(NamedTuple):
    """Why there is none."""

    why: str


def read_header(text: str) -> Field:
    """A `Name: value` of the command line.

    Raises:
        ValueError: it is none, or one that cannot be given; the message does not repeat the value.
    """
    found = _FIELD.fullmatch(text)
    if found is None:
        raise ValueError("expected 'Name: value'")
    name = found[1].lower()
    if name in _NOT_GIVEN:
        raise ValueError(f"{name} is written by replay itself")
    return found[1], found[2].strip(" \t")


def prepare(sample: Sample, given: Sequence[Field], authority: str) -> Prepared | Unsendable:
    """The request with the fields that are `given` in place of its own of the same names.

    `authority` is Host where the sample has none.
    """
    why = _why_not(sample)
    body = why or _body(sample)
    if isinstance(body, str):
        return Unsendable(body)
    kept, left_out = _kept(sample.fields, {name.lower() for name, _ in given})
    fields = [*kept, *given]
    if not any(name.lower() == "host" for name, _ in fields):
        fields.insert(0, ("Host", authority))
        left_out = [name for name in left_out if name.lower() != "host"]
    if body:
        fields.append(("Content-Length", str(len(body))))
    lines = [f"{sample.method} {sample.target} HTTP/1.1".encode("latin-1", "replace")]
    lines += [_encoded(name) + b": " + _encoded(value) for name, value in fields]
    head = b"\r\n".join([*lines, b"", b""])
    try:
        parse_request_head(head, MAX_HEADERS)
    except HeadError as error:
        return Unsendable(f"its head cannot be sent: {error}")
    return Prepared(head, body, tuple(dict.fromkeys(left_out)))


def _why_not(sample: Sample) -> str:
    if sample.method not in SAFE_METHODS:
        return f"{clip(sample.method, MAX_SHOWN) or 'its method'} is not safe to send again"
    if not is_whole_target(sample.target):
        return "its target holds a redacted value, or was cut"
    is_path = sample.target.startswith("/")
    if not (is_path or (sample.target == "*" and sample.method == "OPTIONS")):
        return "its target is no path"
    return ""


def _body(sample: Sample) -> bytes | str:
    """The body, or why there is none to send; one that is kept as a tree was JSON."""
    if sample.omitted:
        return f"its body was not kept: {clip(sample.omitted, MAX_SHOWN)}"
    if sample.body is None:
        return "its body was not kept" if _declares_body(sample.fields) else b""
    if not is_as_sent(sample.body):
        return "its body holds redacted values, or was cut"
    return json.dumps(sample.body).encode()


def _declares_body(fields: Iterable[Field]) -> bool:
    return any(
        name.lower() == "transfer-encoding"
        or (name.lower() == "content-length" and value.strip() != "0")
        for name, value in fields
    )


def _kept(fields: Iterable[Field], replaced: Collection[str]) -> tuple[list[Field], list[str]]:
    """What is sent of the sample's own fields, and the names of what would have been."""
    kept, left_out = [], []
    for name, value in fields:
        lower = name.lower()
        if lower in _FRAMING or lower in replaced or not _FIELD.fullmatch(f"{name}: {value}"):
            continue
        if is_whole(value) and is_whole(name):
            kept.append((name, field_value(value)))
        else:
            left_out.append(name)
    return kept, left_out


def _encoded(text: str) -> bytes:
    """As heads are read; what is beyond is what a terminal typed, or a store made up."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")
