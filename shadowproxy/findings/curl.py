"""One request as one command that a person can paste into a shell.

Laws: the shell reads back exactly the words that were meant, whatever they hold; no control
character is on the line; nothing is read from a file or expanded by curl (`@`, `[1-9]`, `../`);
what was redacted stays visible as it was handed in, and nothing else is shown.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from shlex import quote
from typing import Final
from urllib.parse import urlsplit

from shadowproxy.compare.headers import HOP_BY_HOP
from shadowproxy.findings.escaping import escape

MAX_COMMAND: Final = 4000
"""Characters: what a terminal's line editor takes (4,095 bytes in canonical mode)."""

_FRAMING: Final = HOP_BY_HOP | {"content-length", "expect"}
"""curl makes its own, or the connection that they were for is gone."""
_CURLS_OWN: Final = ("accept", "user-agent")
"""Fields that curl sends unasked."""
_BODYS_OWN: Final = ("content-type", "expect")
"""And those that it adds to a body."""

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


def curl(
    method: str,
    url: str,
    fields: Sequence[tuple[str, str]],
    body: bytes = b"",
    max_chars: int = MAX_COMMAND,
) -> str:
    """The command; values of `fields` are text as ISO 8859-1, as heads are read.

    A body that makes it too long is left out, and a file name in its place says how long it was.
    A head that makes it too long: "".
    """
    for source, data in (_spell(body), ("", f"@body-of-{len(body)}-bytes")):
        words = [*_options(method, bool(body)), *_fields(url, fields, bool(body))]
        if body:
            words += ["--data-binary", data]
        command = " ".join(map(quote, [*words, "--url", _url(url)]))
        command = source + command if body else command
        if len(command) <= max_chars:
            return command
    return ""


def _options(method: str, has_body: bool) -> Iterator[str]:
    yield from ("curl", "-sS", "-i", "--http1.1", "--globoff", "--path-as-is")
    if method == "HEAD" and not has_body:
        yield "--head"
    elif method != "GET" or has_body:
        yield from ("-X", _visible(method))


def _fields(url: str, fields: Sequence[tuple[str, str]], has_body: bool) -> Iterator[str]:
    dropped = _FRAMING | _named_by_connection(fields)
    sent = set()
    for name, value in fields:
        lower = name.lower()
        if lower in dropped or not _TOKEN.fullmatch(name):
            continue
        if lower == "host" and value.lower() in _authorities(url):
            continue
        sent.add(lower)
        text = _as_sent(value)
        yield from ("-H", f"{name}: {text}" if text else f"{name};")
    for name in (*_CURLS_OWN, *(_BODYS_OWN if has_body else ())):
        if name not in sent:
            yield from ("-H", f"{name}:")
    if "accept-encoding" in sent:
        yield "--compressed"


def _named_by_connection(fields: Iterable[tuple[str, str]]) -> set[str]:
    values = [value for name, value in fields if name.lower() == "connection"]
    return {part.strip(" \t").lower() for value in values for part in value.split(",")} - {"host"}


def _authorities(url: str) -> set[str]:
    """How Host may spell what the URL says already."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return set()
    authority = parts.netloc.rpartition("@")[2].lower()
    port = _DEFAULT_PORTS.get(parts.scheme, "")
    return {authority, authority + port, authority.removesuffix(port)}


def _as_sent(value: str) -> str:
    """The text whose UTF-8 bytes are those of the field; tabs are spaces, RFC 9110 5.6.3."""
    value = value.replace("\t", " ").strip(" ")
    try:
        return _visible(value.encode("latin-1").decode("utf-8"))
    except ValueError:
        return _visible(value)


def _visible(text: str) -> str:
    """Unseen characters as their escapes; a head that was parsed has none."""
    return escape(text)


def _url(url: str) -> str:
    """Without spaces and unseen characters, which no request target has."""
    return _visible(url).replace(" ", "%20")


def _spell(body: bytes) -> tuple[str, str]:
    """What goes before the command to make the body, and what curl is told: text, or `@-`.

    Text of several lines is written by printf, whose octal escapes POSIX promises; other bytes go
    as base64, which no shell and no terminal changes.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text and escape(text) == text and not text.startswith("@"):
        return "", text
    plain = text.replace("\n", "").replace("\t", "").replace("\r", "")
    if plain and escape(plain) == plain:
        return f"printf {quote(_format(text))} | ", "@-"
    encoded = base64.b64encode(body).decode("ascii")
    return f"printf %s {quote(encoded)} | base64 -d | ", "@-"


def _format(text: str) -> str:
    """A format of printf that writes the text. A leading `-` would be taken for an option."""
    shown = text.replace("\\", "\\\\").replace("%", "%%")
    for character in "\n\r\t":
        shown = shown.replace(character, f"\\{ord(character):03o}")
    return "\\055" + shown[1:] if shown.startswith("-") else shown
