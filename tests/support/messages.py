"""A strict reader of HTTP/1.1 messages, written from RFC 9112 alone.

It shares no code with the product on purpose: it is what the product is judged by. It refuses what
a lenient reader would repair, so a message that it accepts is read alike by everyone.
"""

import re
from dataclasses import dataclass, field

from tests.support.wire import EndedError, ResetError, Wire

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_FIELD = re.compile(rb"(" + _TOKEN + rb"):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*\r\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) ([^\x00-\x08\x0a-\x1f\x7f]*)\r\n")
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([\x21-\x7e]+) HTTP/1\.1\r\n")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})((?:;[^\x00-\x08\x0a-\x1f\x7f]*)?)\r\n")

Field = tuple[bytes, bytes]


class MalformedError(AssertionError):
    """A message that RFC 9112 does not allow came out of the product."""


@dataclass
class Message:
    """One message: its head as received, and its body without transfer coding.

    `framing` is none, length, chunked or close; `end` says how it ended: complete, closed (the
    connection ended inside it) or reset.
    """

    head: bytes
    fields: list[Field]
    body: bytes = b""
    framing: str = "none"
    end: str = "complete"
    trailers: list[Field] = field(default_factory=list)
    extensions: list[bytes] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """It ended where its framing says."""
        return self.end == "complete"

    def values(self, name: str) -> list[bytes]:
        """The values of all fields of that name, in order."""
        wanted = name.lower().encode()
        return [value for key, value in self.fields if key.lower() == wanted]

    def lines(self) -> list[str]:
        """The fields as `Name: value`."""
        return [f"{name.decode()}: {value.decode('latin-1')}" for name, value in self.fields]


@dataclass
class Answer(Message):
    """A response."""

    status: int = 0
    reason: bytes = b""


@dataclass
class Received(Message):
    """A request as a backend received it."""

    method: bytes = b""
    target: bytes = b""


async def read_answer(wire: Wire, method: bytes = b"GET") -> Answer:
    """The next response, interim ones included; `method` is that of the request it answers.

    Raises:
        EndedError: the connection ended before the first byte.
        MalformedError: it is no HTTP/1.1 response.
    """
    answer = answer_of(await _read_head(wire))
    has_no_body = method == b"HEAD" or answer.status < 200 or answer.status in (204, 304)
    await _read_body(wire, answer, has_no_body, until_close=True)
    return answer


async def read_answers(wire: Wire, methods: list[bytes]) -> list[Answer]:
    """A final response for each of the methods, in order, with the interim ones before it."""
    answers = []
    for method in methods:
        while (answer := await read_answer(wire, method)).status < 200:
            answers.append(answer)
        answers.append(answer)
    return answers


async def read_request(wire: Wire) -> Received:
    """The next request; its `end` is closed or reset when the proxy gave up inside the body.

    Raises:
        EndedError: the connection ended inside the head.
        MalformedError: a backend could not read it, or two could read it differently.
    """
    request = await read_request_head(wire)
    await _read_body(wire, request, has_no_body=False, until_close=False)
    return request


async def read_request_head(wire: Wire) -> Received:
    """The head of the next request; `read_request_body` goes on."""
    return request_of(await _read_head(wire))


async def read_request_body(wire: Wire, request: Received) -> None:
    """The body that belongs to the head."""
    await _read_body(wire, request, has_no_body=False, until_close=False)


def answer_of(head: bytes) -> Answer:
    """A response head as everyone reads it.

    Raises:
        MalformedError: not everyone reads it so.
    """
    match = _STATUS_LINE.match(head)
    if match is None:
        raise MalformedError(f"status line of {head!r}")
    answer = Answer(head, _read_fields(head, match.end()))
    answer.status, answer.reason = int(match[1]), match[2]
    _check_framing(answer)
    return answer


def request_of(head: bytes) -> Received:
    """A request head as everyone reads it.

    Raises:
        MalformedError: not everyone reads it so.
    """
    match = _REQUEST_LINE.match(head)
    if match is None:
        raise MalformedError(f"request line of {head!r}")
    request = Received(head, _read_fields(head, match.end()))
    request.method, request.target = match[1], match[2]
    if len(request.values("host")) != 1:
        raise MalformedError(f"Host of {head!r}")
    _check_framing(request)
    return request


def _check_framing(message: Message) -> None:
    lengths, codings = message.values("content-length"), message.values("transfer-encoding")
    if len(lengths) + len(codings) > 1 or any(coding.lower() != b"chunked" for coding in codings):
        raise MalformedError(f"framing of {message.head!r}")
    if any(re.fullmatch(rb"[0-9]{1,19}", length) is None for length in lengths):
        raise MalformedError(f"length of {message.head!r}")


async def _read_head(wire: Wire) -> bytes:
    try:
        return await wire.read_until(b"\r\n\r\n")
    except EndedError as end:
        if end.rest:
            raise MalformedError(f"ended inside a head: {end.rest!r}") from end
        raise


def _read_fields(head: bytes, at: int) -> list[Field]:
    fields = []
    while at < len(head) - 2:
        match = _FIELD.match(head, at)
        if match is None:
            raise MalformedError(f"field at {head[at : at + 80]!r}")
        fields.append((match[1], match[2]))
        at = match.end()
    return fields


async def _read_body(wire: Wire, message: Message, has_no_body: bool, until_close: bool) -> None:
    lengths, codings = message.values("content-length"), message.values("transfer-encoding")
    if has_no_body:
        return
    try:
        if codings:
            message.framing = "chunked"
            await _read_chunks(wire, message)
        elif lengths:
            message.framing = "length"
            message.body = await wire.read_exactly(int(lengths[0]))
        elif until_close:
            message.framing = "close"
            message.body, end = await wire.read_to_end()
            message.end = "reset" if end is ResetError else "complete"
    except EndedError as end:
        message.body += end.rest
        message.end = "reset" if isinstance(end, ResetError) else "closed"


async def _read_chunks(wire: Wire, message: Message) -> None:
    parts = []
    try:
        while True:
            line = await wire.read_until(b"\r\n")
            match = _CHUNK_LINE.fullmatch(line)
            if match is None:
                raise MalformedError(f"chunk size {line!r}")
            if match[2]:
                message.extensions.append(match[2])
            size = int(match[1], 16)
            if size == 0:
                break
            parts.append(await wire.read_exactly(size))
            if await wire.read_exactly(2) != b"\r\n":
                raise MalformedError("no line end behind a chunk")
        lines = bytearray()
        while (line := await wire.read_until(b"\r\n")) != b"\r\n":
            lines += line
        message.trailers = _read_fields(bytes(lines) + b"\r\n", 0)
    finally:
        message.body = b"".join(parts)
