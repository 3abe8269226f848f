"""What a value looks like when it leaves the judge: for a log, a page, a message.

Laws: nothing leaves that was not asked here; shapes are kept, sizes are capped; redacting twice
changes nothing; whoever cannot redact raises, and the caller records nothing.
"""

import re
from collections.abc import Container, Iterable
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from math import isfinite
from typing import Any, Final
from urllib.parse import unquote_plus

from shadowproxy.compare.bodies import Opaque
from shadowproxy.compare.differences import (
    MISSING,
    USUAL_PATH,
    Difference,
    pointer,
    type_name,
)
from shadowproxy.compare.places import general_steps
from shadowproxy.core.likeness import shared_start
from shadowproxy.core.settings import RedactSettings
from shadowproxy.core.words import Kind
from shadowproxy.redact.secrets import CARD, REDACTED, hide_in_text, is_secret_name

MAX_TEXT: Final = 200
"""Characters of a value: enough to recognise it, and 20 differences stay below 16 KiB."""
MAX_MEMBERS: Final = 16
MAX_DEPTH: Final = 6
MAX_NODES: Final = 100
MAX_DOCUMENT_NODES: Final = 500
MAX_DOCUMENT_DEPTH: Final = 64
"""Of a reproducer, which is cut to what shows one finding."""
MAX_SCANNED: Final = 2048
"""Characters of a text that are looked through: ten times what is shown of it."""
MAX_BODY_SCANNED: Final = 1 << 16
"""Of a whole body that is text, where the first difference may be far down."""
MAX_BODY_NODES: Final = 4_000
"""Of one kept answer: some 60 KB of JSON, 10 ms of redacting."""
MAX_BODY_CHARS: Final = 96 << 10
"""Of its names and texts together, as far as they are looked through: 80 ms of the worst of them."""
MAX_BODY_DEPTH: Final = 100
MAX_BODY_TEXT: Final = 4_000
EDGE: Final = 256
"""Characters before the end of what was looked through: what begins there may be the beginning of a
secret, of which the longest that shows itself by its end is `user:password@`."""
_SPARE: Final = 32
"""By which hiding makes longer what was cut: `pwd=x` is shorter than `pwd=[redacted]`."""
MAX_SPARE_CHARS: Final = 16 << 10
"""Of all texts of a value, beyond what is shown of each: what more is looked through."""
MAX_TARGET: Final = 500
MAX_EVENT_TEXT: Final = 8000
"""A traceback."""

_SECRET_FIELDS: Final = frozenset(("cookie", "x-api-key", "proxy-authorization"))
_MORE: Final = "..."
_HASHED: Final = re.compile(r"hash:[0-9a-f]{16}")
_DROPPED: Final = re.compile(r"\[(?:object|array|string|boolean|number|null)\]")
_CUT_BODY_TEXT: Final = re.compile(r"<hash:[0-9a-f]{16}>\.\.\.\Z")
"""`<` begins no secret's value; so no `token=` before it takes the hash for one."""
_MARK: Final = len("<hash:0123456789abcdef>...")


class TooLargeError(ValueError):
    """A body has more than is kept of one; cut short it would be another body."""


class Redactor:
    """The rules of one configuration. `key` keys the hashes of `redact.values: hash`."""

    def __init__(self, settings: RedactSettings, key: bytes) -> None:
        self._fields = _SECRET_FIELDS | {name.lower() for name in settings.headers}
        self._members = {name.lower() for name in settings.members}
        self._mode = settings.values
        self.scanned = 0
        """Characters of texts that were looked through so far, which is what redacting costs."""
        self._key = key

    def hides_member(self, name: str) -> bool:
        """Whether what a member or parameter of this name holds is hidden.

        A name in which a card number was hidden says `card` and is as harmless as it was before.
        """
        return name.lower() in self._members or is_secret_name(name.replace(CARD, ""))

    def hides_field(self, name: str) -> bool:
        """The same for a header field; Set-Cookie hides its values in the comparer already."""
        return name.lower() in self._fields or is_secret_name(name)

    def difference(self, difference: Difference) -> dict[str, Any]:
        """A difference as it may be shown; a side that has no value has no member."""
        shown: dict[str, Any] = {"path": self.path(difference), "kind": str(difference.kind)}
        legacy, candidate = difference.legacy, difference.candidate
        if self._mode == "keep" and isinstance(legacy, str) and isinstance(candidate, str):
            scanned = MAX_SCANNED if difference.path else MAX_BODY_SCANNED
            self.scanned += min(len(legacy), scanned) + min(len(candidate), scanned)
            legacy, candidate = _at_first_difference(legacy, candidate, scanned)
        is_secret = self._is_secret_place(difference)
        for side, value in (("legacy", legacy), ("candidate", candidate)):
            if value is not MISSING:
                shown[side] = self._shown(difference, value, is_secret)
        return shown

    def _is_secret_place(self, difference: Difference) -> bool:
        if difference.header:
            return self.hides_field(difference.header)
        return any(isinstance(step, str) and self.hides_member(step) for step in difference.steps)

    def _shown(self, difference: Difference, value: Any, is_secret: bool) -> Any:
        if difference.kind in (Kind.STATUS, Kind.MEDIA):
            return self.text(value) if isinstance(value, str) else value
        return self.value(value, is_secret)

    def path(self, difference: Difference, general: bool = False) -> str:
        """The pointer; member names are data, too."""
        if not difference.steps:
            return self.text(difference.path)
        if not general:
            text = _place(difference.steps)
        else:
            is_usual = len(difference.path) <= USUAL_PATH
            text = (_usual_place if is_usual else _general_place)(difference.steps)
        return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + _MORE

    def document(self, tree: Any) -> Any:
        """A whole small document, such as a reproducer: every leaf redacted, larger than a value."""
        return self._tree(tree, False, [MAX_DOCUMENT_NODES, MAX_SPARE_CHARS], MAX_DOCUMENT_DEPTH)

    def body(self, tree: Any) -> Any:
        """A whole decoded body, every leaf redacted and nothing left out.

        Long texts are cut and end with a hash, so that those that differ still do.

        Raises:
            TooLargeError: it has more than MAX_BODY_NODES values or MAX_BODY_CHARS characters, or is
                deeper than MAX_BODY_DEPTH.
        """
        return self._whole(tree, False, _Room(MAX_BODY_NODES, MAX_BODY_CHARS), MAX_BODY_DEPTH)

    def _whole(self, value: Any, is_secret: bool, room: "_Room", depth: int) -> Any:
        room.take(value)
        if depth < 0:
            raise TooLargeError
        if isinstance(value, dict):
            return self._members_of(value, is_secret, room, depth)
        if isinstance(value, list):
            return [self._whole(item, is_secret, room, depth - 1) for item in value]
        if isinstance(value, str) and self._mode == "keep" and not is_secret:
            return self._body_text(value)
        return self._leaf(value, is_secret)

    def _members_of(
        self, value: dict[str, Any], is_secret: bool, room: "_Room", depth: int
    ) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        numbers: dict[str, int] = {}
        for name, item in value.items():
            room.take_text(name)
            hidden = is_secret or self.hides_member(name)
            free = _free_name(self.text(name), shown, numbers)
            shown[free] = self._whole(item, hidden, room, depth - 1)
        return shown

    def _body_text(self, text: str) -> str:
        hidden, is_all = _hide_start(text, MAX_BODY_TEXT + MAX_SCANNED)
        if is_all and len(hidden) <= MAX_BODY_TEXT:
            return hidden
        if _is_cut(text, hidden, MAX_BODY_TEXT + _MARK) and _CUT_BODY_TEXT.search(text):
            return text
        mark = self._hashed(text)
        while hide_in_text(mark) != mark:  # one of 3,000 looks like a card number
            mark = self._hashed(f"{mark}.")
        return f"{hide_in_text(hidden[:MAX_BODY_TEXT])}<{mark}>{_MORE}"

    def value(self, value: Any, is_secret: bool = False) -> Any:
        """A decoded value: every leaf redacted, at most MAX_NODES of them shown."""
        return self._tree(value, is_secret, [MAX_NODES, MAX_SPARE_CHARS], MAX_DEPTH)

    def _tree(self, value: Any, is_secret: bool, left: list[int], depth: int) -> Any:
        left[0] -= 1
        left[1] -= len(value[MAX_TEXT + _SPARE : MAX_SCANNED]) if isinstance(value, str) else 0
        if left[1] < 0 or (isinstance(value, dict | list) and (not depth or left[0] < 0)):
            return _MORE
        if isinstance(value, dict):
            shown = {}
            for name, item in list(value.items())[:MAX_MEMBERS]:
                hidden = is_secret or self.hides_member(name)
                shown[self.text(name)] = self._tree(item, hidden, left, depth - 1)
            return shown if len(value) <= MAX_MEMBERS else {**shown, _MORE: _MORE}
        if isinstance(value, list):
            items = [self._tree(item, is_secret, left, depth - 1) for item in value[:MAX_MEMBERS]]
            return items if len(value) <= MAX_MEMBERS else [*items, _MORE]
        return self._leaf(value, is_secret)

    def _leaf(self, value: Any, is_secret: bool) -> Any:
        if isinstance(value, Opaque):
            return str(value)
        if self._mode == "drop":
            is_dropped = isinstance(value, str) and _DROPPED.fullmatch(value)
            return value if is_dropped else f"[{type_name(value)}]"
        if self._mode == "hash":
            return self._hashed(value)
        if value is None or isinstance(value, bool):
            return REDACTED if is_secret and value is not None else value
        if is_secret:
            return REDACTED
        return self.text(value) if isinstance(value, str) else _number(value)

    def _hashed(self, value: Any) -> str:
        if isinstance(value, str) and _HASHED.fullmatch(value):
            return value
        plain = f"{type_name(value)}:{_digits(value) if not isinstance(value, str) else value}"
        digest = blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=8, key=self._key)
        return f"hash:{digest.hexdigest()}"

    def text(self, text: str) -> str:
        """A text, its secrets hidden and then cut to MAX_TEXT."""
        self.scanned += min(len(text), MAX_SCANNED)
        hidden, is_all = _hide_start(text, MAX_SCANNED)
        if is_all and (len(hidden) <= MAX_TEXT or _is_cut(text, hidden, MAX_TEXT)):
            return hidden
        return hide_in_text(hidden[:MAX_TEXT] + _MORE)

    def event(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Fields of a log event of another process; texts may be longer than values are."""
        return {name: self._event_field(name, value) for name, value in fields.items()}

    def _event_field(self, name: str, value: Any) -> Any:
        if self.hides_member(name):
            return REDACTED
        if isinstance(value, str):
            return hide_in_text(value[:MAX_EVENT_TEXT])
        return value if isinstance(value, int | float | None) else self.value(value)

    def field(self, name: str, value: str) -> str:
        """The value of a header field; Content-Type says how the body is read, and is kept."""
        if self.hides_field(name) or name.lower() == "set-cookie":
            return REDACTED
        plain = value.strip()
        return self.text(plain) if name.lower() == "content-type" else str(self._leaf(plain, False))

    def target(self, target: str) -> str:
        """Path and query of a request; a path says which endpoint it is, and keeps its segments."""
        path, mark, query = target[:MAX_SCANNED].partition("?")
        shown = "/".join(self._segments(path.split("/")))
        if mark:
            shown += mark + "&".join(map(self._parameter, query.split("&")))
        return shown if len(shown) <= MAX_TARGET else shown[:MAX_TARGET] + _MORE

    def _segments(self, segments: Iterable[str]) -> Iterable[str]:
        before = ""
        for segment in segments:
            plain = unquote_plus(segment)
            if segment and self.hides_member(before):
                yield REDACTED
            else:
                yield segment if hide_in_text(plain) == plain else REDACTED
            before = plain

    def _parameter(self, parameter: str) -> str:
        name, mark, value = parameter.partition("=")
        if mark and self.hides_member(unquote_plus(name)):
            return f"{name}={REDACTED}"
        if self._mode != "keep" and parameter:
            name, value = (hide_in_text(name), value) if mark else ("", name)
            return f"{name}{mark}{self._leaf(unquote_plus(value), False)}"
        plain = unquote_plus(parameter)
        return (
            parameter if hide_in_text(plain) == plain else f"{hide_in_text(name)}{mark}{REDACTED}"
        )


def _hide_start(text: str, scanned: int) -> tuple[str, bool]:
    """The text without its secrets and True, or of a longer one than is looked through the beginning."""
    hidden = hide_in_text(text[:scanned])
    return (hidden, True) if len(text) <= scanned else (hidden[:-EDGE], False)


def _is_cut(text: str, hidden: str, most: int) -> bool:
    """Whether this is what is left of a text that was cut to `most` characters before."""
    return hidden == text and len(text) <= most + _SPARE and text.endswith(_CUT_ENDS)


_CUT_ENDS: Final = (_MORE, REDACTED, CARD)
"""The cut may have been in the middle of a secret, which is then hidden with the dots behind it."""


class _Room:
    """What of one body may still be kept."""

    def __init__(self, nodes: int, chars: int) -> None:
        self._nodes = nodes
        self._chars = chars

    def take(self, value: Any) -> None:
        self._nodes -= 1
        if self._nodes < 0:
            raise TooLargeError
        if isinstance(value, str):
            self.take_text(value)

    def take_text(self, text: str) -> None:
        self._chars -= min(len(text), MAX_BODY_TEXT + MAX_SCANNED)
        if self._chars < 0:
            raise TooLargeError


def _free_name(name: str, taken: Container[str], numbers: dict[str, int]) -> str:
    """Names that differ only in what is hidden stay two members; `numbers` are the latest given."""
    free, number = name, numbers.get(name, 1)
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    numbers[name] = number
    return free


def _place(steps: Iterable[str | int]) -> str:
    """Of a long one as much as is shown: a name may be as long as a body."""
    shown: list[str | int] = []
    left = MAX_TEXT
    for step in steps:
        if left < 0:
            break
        shown.append(_hide_name(step) if isinstance(step, str) else step)
        left -= len(str(shown[-1])) + 1
    return pointer(shown)


def _hide_name(name: str) -> str:
    hidden, is_all = _hide_start(name, MAX_SCANNED)
    return hidden if is_all else hidden + _MORE


def _general_place(steps: tuple[str | int, ...]) -> str:
    return _place(general_steps(steps))


_usual_place = lru_cache(4096)(_general_place)
"""At most 6 MiB: steps are at least as short as their path."""


def _number(value: Any) -> Any:
    """Itself, or as text where neither 64 bits nor a double hold it."""
    digits = _digits(value)
    if hide_in_text(digits) != digits:
        return CARD
    if len(digits) > MAX_TEXT:
        return digits[:MAX_TEXT] + _MORE
    if isinstance(value, int) and -(1 << 63) <= value < 1 << 64:
        return value
    double = float(value)
    written = repr(double)
    if not isfinite(double) or Decimal(written) != Decimal(digits):
        return digits
    return double if hide_in_text(written) == written else CARD


def _digits(value: Any) -> str:
    """A number as text; Python refuses to write integers of more than 4,300 digits."""
    return str(Decimal(value)) if isinstance(value, int) else str(value)


def _at_first_difference(legacy: str, candidate: str, scanned: int) -> tuple[str, str]:
    """Long texts from shortly before where they part, after their secrets are hidden."""
    if max(len(legacy), len(candidate)) <= MAX_TEXT:
        return legacy, candidate
    ours = hide_in_text(legacy[:scanned])
    theirs = hide_in_text(candidate[:scanned])
    start = max(0, shared_start(ours, theirs) - MAX_TEXT // 4)
    lead = _MORE if start else ""
    return tuple(lead + text[start : start + MAX_TEXT] for text in (ours, theirs))  # type: ignore[return-value]  # two of them
