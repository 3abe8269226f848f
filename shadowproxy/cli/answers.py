"""The two answers that `shadowproxy diff` compares: bodies, or responses with their heads.

A file that begins with `HTTP/1.1 200 OK` (what `curl -i` writes) is a response: status line, header
fields, an empty line, the body without its transfer coding. Line ends may be LF, since editors
change them; interim responses before it are skipped.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from shadowproxy.cli.ending import Ending
from shadowproxy.config.escaping import printable
from shadowproxy.decode.bounds import BoundError, UndecodableError
from shadowproxy.decode.json_text import How, decode_json

STDIN: Final = "-"
MAX_BYTES: Final = 64 << 20
"""Of a file: what the judge looks at of a body after decompression."""
OK: Final = 200

_STATUS_LINE: Final = re.compile(rb"HTTP/[0-9](?:\.[0-9])? +([1-5][0-9]{2})[^\n]*(?:\n|\Z)")
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_FIELD: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*\r?", re.DOTALL)

_TYPES: Final = {
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".xml": "application/xml",
    ".html": "text/html",
    ".htm": "text/html",
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".msgpack": "application/msgpack",
    ".binpb": "application/x-protobuf",
}


@dataclass(frozen=True, slots=True)
class Stored:
    """One answer. `status` and `fields` are of its head; None and empty if it is a body alone."""

    name: str
    body: bytes
    status: int | None = None
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def content_type(self) -> str | None:
        """What its head declares."""
        names = (value for name, value in self.fields if name.lower() == "content-type")
        return next(names, None)


def read_answer(name: str) -> Stored:
    """A file's, or standard input's.

    Raises:
        Ending: it cannot be read, or begins like a response and is none.
    """
    shown = "<stdin>" if name == STDIN else printable(name) or "''"
    if name == STDIN and sys.stdin is None:
        raise Ending("cannot read <stdin>: it is closed", 2)
    try:
        if name == STDIN:
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with open(name, "rb") as file:
                content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise Ending(f"cannot read {shown}: {reason}", 2) from None
    if len(content) > MAX_BYTES:
        raise Ending(f"{shown} is larger than {MAX_BYTES >> 20} MiB", 2)
    return _response(name, shown, content)


def _response(name: str, shown: str, content: bytes) -> Stored:
    status: int | None = None
    fields: tuple[tuple[str, str], ...] = ()
    at = 0
    while (status is None or status < OK) and (line := _STATUS_LINE.match(content, at)):
        status = int(line[1])
        end = _HEAD_END.search(content, line.end() - 1)
        last, after = (end.start(), end.end()) if end else (len(content), len(content))
        first_line = content.count(b"\n", 0, line.end()) + 1
        fields = _fields(shown, content[line.end() : max(last, line.end())], first_line)
        at = after
    return Stored(name, content[at:], status, fields)


def _fields(shown: str, head: bytes, line: int) -> tuple[tuple[str, str], ...]:
    fields = []
    for number, text in enumerate(head.split(b"\n") if head else (), line):
        found = _FIELD.fullmatch(text)
        if found is None:
            raise Ending(f"{shown}:{number}: not a header field (NAME: VALUE)", 2)
        fields.append((found[1].decode(), found[2].decode("latin-1")))
    return tuple(fields)


def content_types(legacy: Stored, candidate: Stored, wanted: str | None) -> tuple[str, str]:
    """What both bodies are: `wanted`, else declared, else what the other's is, by name, by content.

    Only heads can make them different: how files are called says nothing about the backends.
    """
    if wanted is not None:
        return wanted, wanted
    ours, theirs = legacy.content_type, candidate.content_type
    guess = (
        ours or theirs or _by_name(legacy) or _by_name(candidate) or _by_content(legacy, candidate)
    )
    return ours or guess, theirs or guess


def _by_name(answer: Stored) -> str | None:
    return _TYPES.get(PurePath(answer.name).suffix.lower())


def _by_content(legacy: Stored, candidate: Stored) -> str:
    """JSON when the first body that there is parses, text when it is UTF-8, else opaque."""
    body = legacy.body or candidate.body
    try:
        decode_json(body, How())
    except BoundError:
        return "application/json"
    except UndecodableError:
        is_text = b"\0" not in body and _is_utf8(body)
        return "text/plain" if is_text else "application/octet-stream"
    return "application/json"


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
