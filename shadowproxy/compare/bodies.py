"""Bodies: from bytes to differences, stopping at the first step that can tell.

bytes equal ─► undo content coding ─► decode by media type ─► walk
"""

from contextlib import suppress
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from shadowproxy.compare.differences import Difference, Hits
from shadowproxy.compare.headers import Fields
from shadowproxy.compare.observations import DIGEST_BYTES, Observation
from shadowproxy.compare.ruleset import Plan
from shadowproxy.compare.walking import Walk
from shadowproxy.core.words import Kind
from shadowproxy.decode.bounds import BoundError, UndecodableError
from shadowproxy.decode.coding import MAX_BYTES, Large, codings_of, undo, undo_or_digest
from shadowproxy.decode.digits import may_lose_digits
from shadowproxy.decode.formats import decode, utf8_of
from shadowproxy.decode.json_text import How, SlowError, decode_both, is_json
from shadowproxy.decode.media import UTF8, Format, Media, media_of

Found = tuple[list[Difference], str]
"""Differences, and the reason why there may be more that could not be looked for."""


class Opaque(NamedTuple):
    """What is shown of bytes that nobody decoded: never the bytes themselves."""

    size: int

    def __str__(self) -> str:
        return f"{self.size} bytes"


class _Side(NamedTuple):
    observation: Observation
    media: Media
    codings: tuple[str, ...]


class Trees(NamedTuple):
    """Both bodies decoded in one format; `has_booleans` is False if there are certainly none.

    `cost` is what decoding took of the budget of the walk.
    """

    legacy: Any
    candidate: Any
    has_booleans: bool
    cost: int = 0


def compare_bodies(
    legacy: Observation,
    candidate: Observation,
    heads: tuple[Fields, Fields],
    plan: Plan,
    hits: Hits,
) -> Found:
    """What differs between two bodies whose heads are known; `hits` counts what rules hide."""
    left, right = _side(legacy, heads[0]), _side(candidate, heads[1])
    found: list[Difference] = []
    if left.media.name != right.media.name:
        if "content-type" in plan.ignored_headers:
            hits[plan.ignored_headers["content-type"]] += 1
        else:
            found.append(Difference("", Kind.MEDIA, left.media.name, right.media.name))
    if legacy.is_cut or candidate.is_cut:
        return found, "cut"
    if _are_same_bytes(left, right):
        return found, ""
    if legacy.is_digest or candidate.is_digest:
        more, reason = _compare_digests(left, right)
    else:
        more, reason = _compare_coded(left, right, plan, hits)
    return found + more, reason


def trees_of(
    legacy: Observation, candidate: Observation, heads: tuple[Fields, Fields], plan: Plan
) -> Trees:
    """Both bodies as trees.

    Raises:
        UndecodableError: they are not both bodies of one format that can be looked into.
        BoundError: more than can be looked at in time.
    """
    left, right = _side(legacy, heads[0]), _side(candidate, heads[1])
    bodies = [undo(side.observation.body, side.codings) for side in (left, right)]
    forms = [_settled(side.media, body) for side, body in zip((left, right), bodies, strict=True)]
    if forms[0] is not forms[1] or not all(bodies):
        raise UndecodableError("format")
    if forms[0] is Format.JSON:
        both = _decode_json(left.media, right.media, bodies[0], bodies[1], plan)
        if not isinstance(both, Trees):
            raise UndecodableError("json")
        return both
    trees = [
        decode(body, side.media, plan.how, plan.schema)
        for side, body in zip((left, right), bodies, strict=True)
    ]
    return Trees(trees[0], trees[1], True)


def tree_of(
    observation: Observation, fields: Fields, plan: Plan, most: int = MAX_BYTES
) -> tuple[Format, Any]:
    """One body as a tree, and the format that it was read in; `most` bytes once it is decompressed.

    Raises:
        UndecodableError: it is not of a format that can be looked into.
        BoundError: more than can be looked at in time.
    """
    side = _side(observation, fields)
    body = undo(observation.body, side.codings, most)
    settled = _settled(side.media, body)
    media = side.media
    if settled is Format.JSON and media.format is Format.SNIFF:
        media = media._replace(name="application/json")
    return settled, decode(body, media, plan.how, plan.schema)


def _side(observation: Observation, fields: Fields) -> _Side:
    return _Side(observation, media_of(fields), codings_of(fields))


def _are_same_bytes(left: _Side, right: _Side) -> bool:
    """Equal bytes in the same coding are equal, whatever they are, if they are read alike."""
    a, b = left.observation, right.observation
    if a.body_bytes != b.body_bytes or left.codings != right.codings:
        return False
    is_same = a.body == b.body if a.is_digest == b.is_digest else _digest(a) == _digest(b)
    return is_same and _are_read_alike(left.media, right.media)


_CHARSET_IS_MOOT: Final = frozenset(
    (Format.JSON, Format.MSGPACK, Format.EVENTS, Format.PROTOBUF, Format.OPAQUE, Format.SNIFF)
)


def _are_read_alike(ours: Media, theirs: Media) -> bool:
    """Whether equal bytes are equal trees."""
    if ours.format is Format.CSV and ours.has_header != theirs.has_header:
        return False
    if ours.format is Format.MULTIPART and ours.boundary != theirs.boundary:
        return False
    if ours.charset == theirs.charset:
        return True
    return ours.format in _CHARSET_IS_MOOT and theirs.format in _CHARSET_IS_MOOT


def _digest(side: Observation) -> bytes:
    return side.body if side.is_digest else blake2b(side.body, digest_size=DIGEST_BYTES).digest()


def _compare_digests(left: _Side, right: _Side) -> Found:
    """Above the cap there are only sizes and digests; in a coding they say nothing."""
    if left.codings or right.codings or _digest(left.observation) == _digest(right.observation):
        is_same = _are_same_bytes(left, right)
        return [], "" if is_same else "too_large"
    sizes = (Opaque(left.observation.body_bytes), Opaque(right.observation.body_bytes))
    if not all(size.size for size in sizes):
        return [Difference("", Kind.EMPTY, *sizes)], ""
    return [Difference("", Kind.RAW, *sizes)], ""


def _compare_coded(left: _Side, right: _Side, plan: Plan, hits: Hits) -> Found:
    if not left.codings and not right.codings:
        bodies = left.observation.body, right.observation.body
        return _compare_plain(left, right, *bodies, plan, hits)
    try:
        a = _undo(left, MAX_BYTES)
        b = _undo(right, _left_after(left, a))
    except BoundError as bound:
        return [], bound.reason
    if isinstance(a, Large) or isinstance(b, Large):
        return _compare_large(left, right, a, b)
    if a is None or b is None:
        ours, theirs = left.observation.body, right.observation.body
        are_equal = ours == theirs and left.codings == right.codings
        return ([], "") if are_equal else _broken(a is None, b is None, ours, theirs)
    return _compare_plain(left, right, a, b, plan, hits)


def _compare_plain(left: _Side, right: _Side, a: bytes, b: bytes, plan: Plan, hits: Hits) -> Found:
    if a == b and _are_read_alike(left.media, right.media):
        return [], ""
    if not a or not b:
        return ([_opaque(Kind.EMPTY, a, b)] if a != b else []), ""
    return _compare_decoded(left.media, right.media, a, b, plan, hits)


def _compare_large(
    left: _Side, right: _Side, a: bytes | Large | None, b: bytes | Large | None
) -> Found:
    """Of bodies that nobody decodes it is known only whether they are the same."""
    if a is None or b is None:
        ours, theirs = left.observation.body, right.observation.body
        return _broken(a is None, b is None, ours, theirs)
    a, b = (each if isinstance(each, Large) else Large.of(each) for each in (a, b))
    if a == b and _are_read_alike(left.media, right.media):
        return [], ""
    if a == b or (a.size and b.size and not _are_opaque(left, right)):
        return [], "size"
    kind = Kind.RAW if a.size and b.size else Kind.EMPTY
    return [Difference("", kind, Opaque(a.size), Opaque(b.size))], ""


def _are_opaque(*sides: _Side) -> bool:
    return all(side.media.format is Format.OPAQUE for side in sides)


def _left_after(side: _Side, body: bytes | Large | None) -> int:
    """How many bytes decompressing the other body may give."""
    if not side.codings or not body:
        return MAX_BYTES
    return MAX_BYTES - (body.size if isinstance(body, Large) else len(body))


def _undo(side: _Side, most: int) -> bytes | Large | None:
    try:
        return undo_or_digest(side.observation.body, side.codings, most)
    except UndecodableError:
        return None


def _broken(ours: bool, theirs: bool, a: bytes, b: bytes) -> Found:
    """At least one side is not what it declares to be; the bytes differ."""
    kind = Kind.RAW if ours and theirs else Kind.INVALID
    return [_opaque(kind, a, b)], ""


def _compare_decoded(
    ours: Media, theirs: Media, a: bytes, b: bytes, plan: Plan, hits: Hits
) -> Found:
    left, right = _settled(ours, a), _settled(theirs, b)
    if ours.name != theirs.name and (left is not right or left is Format.OPAQUE):
        if "content-type" not in plan.ignored_headers:
            return [], ""  # that they are of two types is told already
        if left is not right:
            return [], "media"
    try:
        both = _decode_both(left, right, (ours, theirs), a, b, plan)
    except BoundError as bound:
        return [], "" if a == b and _are_read_alike(ours, theirs) else bound.reason
    if not isinstance(both, Trees):
        is_same = a == b and _are_read_alike(ours, theirs)
        return ([], "") if is_same else _broken(*both, a, b)
    walk = Walk(both.has_booleans, cost=both.cost)
    reason = walk.walk(both.legacy, both.candidate, plan.start)
    for rule, count in walk.hits.items():
        hits[rule] += count
    return walk.found, "" if reason and a == b and _are_read_alike(ours, theirs) else reason


def _settled(media: Media, body: bytes) -> Format:
    if media.format is not Format.SNIFF:
        return media.format
    return Format.JSON if is_json(body) else Format.OPAQUE


_Broken = tuple[bool, bool]
"""Which of the two could not be decoded."""


def _decode_both(
    left: Format, right: Format, media: tuple[Media, Media], a: bytes, b: bytes, plan: Plan
) -> Trees | _Broken:
    if left is Format.JSON and right is Format.JSON:
        return _decode_json(*media, a, b, plan)
    if {left, right} <= _OF_JSON and _may_be_quick(media, a, b, plan):
        with suppress(SlowError):
            return _decode_each(left, right, media, a, b, plan._replace(how=How(quick=True)))
    return _decode_each(left, right, media, a, b, plan)


def _may_be_quick(media: tuple[Media, Media], a: bytes, b: bytes, plan: Plan) -> bool:
    is_utf8 = all(each.charset in UTF8 for each in media)
    return is_utf8 and plan.how == How() and not may_lose_digits(a, b)


def _decode_each(
    left: Format, right: Format, media: tuple[Media, Media], a: bytes, b: bytes, plan: Plan
) -> Trees | _Broken:
    ours = _decode_one(left, media[0], a, plan)
    theirs = _decode_one(right, media[1], b, plan)
    if ours is _UNDECODABLE or theirs is _UNDECODABLE:
        return ours is _UNDECODABLE, theirs is _UNDECODABLE
    return Trees(ours, theirs, True)


def _decode_json(ours: Media, theirs: Media, a: bytes, b: bytes, plan: Plan) -> Trees | _Broken:
    both = decode_both(utf8_of(a, ours.charset), utf8_of(b, theirs.charset), plan.how)
    if both.legacy_is_broken or both.candidate_is_broken:
        return both.legacy_is_broken, both.candidate_is_broken
    return Trees(both.legacy, both.candidate, both.has_booleans, both.cost)


_OF_JSON: Final = {Format.NDJSON, Format.JSON_SEQ}
_UNDECODABLE: Final = object()


def _decode_one(settled: Format, media: Media, body: bytes, plan: Plan) -> Any:
    if settled is Format.JSON and media.format is Format.SNIFF:
        media = media._replace(name="application/json")
    try:
        return decode(body, media, plan.how, plan.schema)
    except UndecodableError:
        return _UNDECODABLE


def _opaque(kind: Kind, a: bytes, b: bytes) -> Difference:
    return Difference("", kind, Opaque(len(a)), Opaque(len(b)))
