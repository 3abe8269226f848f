"""Bodies: from bytes to differences, stopping at the first step that can tell.

bytes equal ─► undo content coding ─► decode by media type ─► walk
"""

from hashlib import blake2b
from typing import NamedTuple

from shadowproxy.compare.differences import Difference
from shadowproxy.compare.headers import Fields
from shadowproxy.compare.observations import DIGEST_BYTES, Observation, Rules
from shadowproxy.compare.walking import walk
from shadowproxy.core.words import Kind
from shadowproxy.decode.bounds import BoundError, UndecodableError
from shadowproxy.decode.coding import codings_of, undo
from shadowproxy.decode.json_text import decode_both, is_json
from shadowproxy.decode.media import UTF8, Format, Media, decode_text, media_of

Found = tuple[list[Difference], str]
"""Differences, and the reason why there may be more that could not be looked for."""


class Opaque(NamedTuple):
    """What is shown of bytes that nobody decoded: never the bytes themselves."""

    size: int


class _Side(NamedTuple):
    observation: Observation
    media: Media
    codings: tuple[str, ...]


def compare_bodies(
    legacy: Observation, candidate: Observation, ours: Fields, theirs: Fields, rules: Rules
) -> Found:
    """What differs between two bodies whose heads are known."""
    left = _Side(legacy, media_of(ours), codings_of(ours))
    right = _Side(candidate, media_of(theirs), codings_of(theirs))
    found: list[Difference] = []
    if left.media.name != right.media.name and "content-type" not in rules.ignored_headers:
        found.append(Difference("", Kind.MEDIA, left.media.name, right.media.name))
    if legacy.is_cut or candidate.is_cut:
        return found, "cut"
    if _are_same_bytes(left, right):
        return found, ""
    if legacy.is_digest or candidate.is_digest:
        more, reason = _compare_digests(left, right)
    else:
        more, reason = _compare_coded(left, right)
    return found + more, reason


def _are_same_bytes(left: _Side, right: _Side) -> bool:
    """Equal bytes in the same coding are equal, whatever they are (not in two charsets)."""
    a, b = left.observation, right.observation
    if a.body_bytes != b.body_bytes or left.codings != right.codings:
        return False
    is_same = a.body == b.body if a.is_digest == b.is_digest else _digest(a) == _digest(b)
    return is_same and (left.media.charset == right.media.charset or _charset_is_moot(left, right))


def _charset_is_moot(left: _Side, right: _Side) -> bool:
    """Only texts are read by their charset; JSON has its own."""
    return not (left.media.format is Format.TEXT and right.media.format is Format.TEXT)


def _digest(side: Observation) -> bytes:
    return side.body if side.is_digest else blake2b(side.body, digest_size=DIGEST_BYTES).digest()


def _compare_digests(left: _Side, right: _Side) -> Found:
    """Above the cap there are only sizes and digests; in a coding they say nothing."""
    if left.codings or right.codings or _digest(left.observation) == _digest(right.observation):
        return [], "too_large"
    sizes = (Opaque(left.observation.body_bytes), Opaque(right.observation.body_bytes))
    if not all(size.size for size in sizes):
        return [Difference("", Kind.EMPTY, *sizes)], ""
    return [Difference("", Kind.RAW, *sizes)], ""


def _compare_coded(left: _Side, right: _Side) -> Found:
    try:
        a, b = _undo(left), _undo(right)
    except BoundError as bound:
        return [], bound.reason
    if a is None or b is None:
        ours, theirs = left.observation.body, right.observation.body
        are_equal = ours == theirs and left.codings == right.codings
        return ([], "") if are_equal else _broken(a is None, b is None, ours, theirs)
    if a == b and left.media.charset == right.media.charset:
        return [], ""
    if not a or not b:
        return ([_opaque(Kind.EMPTY, a, b)] if a != b else []), ""
    return _compare_decoded(left.media, right.media, a, b)


def _undo(side: _Side) -> bytes | None:
    try:
        return undo(side.observation.body, side.codings)
    except UndecodableError:
        return None


def _broken(ours: bool, theirs: bool, a: bytes, b: bytes) -> Found:
    """At least one side is not what it declares to be; the bytes differ."""
    kind = Kind.RAW if ours and theirs else Kind.INVALID
    return [_opaque(kind, a, b)], ""


def _compare_decoded(ours: Media, theirs: Media, a: bytes, b: bytes) -> Found:
    left, right = _settled(ours, a), _settled(theirs, b)
    if ours.name != theirs.name and (left is not right or left is Format.OPAQUE):
        return [], ""
    if left is Format.JSON and right is Format.JSON:
        return _compare_json(_utf8(a, ours), _utf8(b, theirs))
    if left is Format.TEXT and right is Format.TEXT:
        return _compare_text(decode_text(a, ours.charset), decode_text(b, theirs.charset), a, b)
    return ([_opaque(Kind.RAW, a, b)] if a != b else []), ""


def _settled(media: Media, body: bytes) -> Format:
    if media.format is not Format.SNIFF:
        return media.format
    return Format.JSON if is_json(body) else Format.OPAQUE


def _compare_json(a: bytes, b: bytes) -> Found:
    try:
        trees = decode_both(a, b)
    except BoundError as bound:
        return ([], bound.reason) if a != b else ([], "")
    if trees.legacy_is_broken or trees.candidate_is_broken:
        if a == b:
            return [], ""
        return _broken(trees.legacy_is_broken, trees.candidate_is_broken, a, b)
    return walk(trees.legacy, trees.candidate, trees.has_booleans)


def _compare_text(ours: str | None, theirs: str | None, a: bytes, b: bytes) -> Found:
    if ours is None or theirs is None:
        return ([], "") if a == b else _broken(ours is None, theirs is None, a, b)
    return ([Difference("", Kind.CHANGED, ours, theirs)] if ours != theirs else []), ""


def _opaque(kind: Kind, a: bytes, b: bytes) -> Difference:
    return Difference("", kind, Opaque(len(a)), Opaque(len(b)))


def _utf8(body: bytes, media: Media) -> bytes:
    """JSON in another declared charset as UTF-8; as it is where that does not work."""
    if media.charset in UTF8:
        return body
    text = decode_text(body, media.charset)
    return body if text is None else text.encode("utf-8", "surrogatepass")
