"""Forms, as the WHATWG URL Standard reads them: {name: [values]}."""

import re
from typing import Final

from shadowproxy.decode.bounds import BoundError, UndecodableError
from shadowproxy.decode.media import decode_text
from shadowproxy.decode.room import Room

MAX_FORM_BYTES: Final = 1 << 20
"""Every fourth byte may be an escape, at 1 µs and 150 bytes each. Answers that are forms are tokens
of OAuth and the like: a few hundred bytes."""

_ESCAPES: Final = re.compile(rb"(?:%[0-9A-Fa-f]{2})++")


def decode_form(body: bytes, charset: str, room: Room) -> dict[str, list[str]]:
    """The values of each name in their order, blank ones too; the order of names is lost.

    A percent sign without two digits stands for itself.

    Raises:
        UndecodableError: not in the charset.
        BoundError: too large, or too many pairs.
    """
    if len(body) > MAX_FORM_BYTES:
        raise BoundError("form")
    room.take(1 + 2 * (1 + body.count(b"&")))
    form: dict[str, list[str]] = {}
    for pair in body.strip(b"\r\n").replace(b"+", b" ").split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            form.setdefault(_text(name, charset), []).append(_text(value, charset))
    return form


def _unescape(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[0].replace(b"%", b"").decode())


def _text(piece: bytes, charset: str) -> str:
    plain = _ESCAPES.sub(_unescape, piece) if b"%" in piece else piece
    text = decode_text(plain, charset)
    if text is None:
        raise UndecodableError("charset")
    return text
