"""Bodies: content codings, media types, charsets, digests, and every bound."""

import gzip
import random
import time
import zlib
from hashlib import blake2b

import pytest

from shadowproxy.compare import Rules, compare, response
from shadowproxy.compare.observations import Observation
from shadowproxy.core.words import Verdict
from shadowproxy.decode import bounds, coding
from tests.compare.observing import answer, compared, found

GZIP = ("Content-Encoding: gzip",)


def test_a_content_coding_is_no_difference() -> None:
    """gzip, x-gzip, deflate with and without wrapping, and none carry the same answer."""
    plain = b'{"a": [1, 2, 3]}'
    raw = zlib.compressobj(wbits=-15)
    sides = [
        answer(plain),
        answer(gzip.compress(plain), fields=GZIP),
        answer(gzip.compress(plain, 1), fields=("Content-Encoding: x-gzip",)),
        answer(gzip.compress(plain[:4]) + gzip.compress(plain[4:]), fields=GZIP),
        answer(zlib.compress(plain), fields=("Content-Encoding: deflate",)),
        answer(raw.compress(plain) + raw.flush(), fields=("Content-Encoding: deflate",)),
        answer(gzip.compress(zlib.compress(plain)), fields=("Content-Encoding: deflate, gzip",)),
        answer(plain, fields=("Content-Encoding: identity",)),
    ]
    for other in sides:
        assert compared(sides[0], other).verdict is Verdict.MATCH
        assert found(answer(b'{"a": [1, 2, 4]}'), other) == [("/a/2", "changed")]


@pytest.mark.parametrize("damage", [b"not gzip", gzip.compress(b"{}")[:-4], b"\x1f\x8b"])
def test_a_broken_coding_is_invalid_on_one_side_and_raw_on_both(damage: bytes) -> None:
    """What cannot be undone is a finding, never no comparison."""
    good = answer(gzip.compress(b"{}"), fields=GZIP)
    assert found(good, answer(damage, fields=GZIP)) == [("", "invalid")]
    assert found(answer(damage + b"x", fields=GZIP), answer(damage, fields=GZIP)) == [("", "raw")]


def test_a_coding_that_nobody_can_undo_is_incomparable() -> None:
    """Equal bytes are equal; different ones in an unknown coding are not judged."""
    fields = ("Content-Encoding: surprise",)
    assert compared(answer(b"x", fields=fields), answer(b"x", fields=fields)).verdict == "match"
    result = compared(answer(b"x", fields=fields), answer(b"y", fields=fields))
    assert result.verdict is Verdict.INCOMPARABLE
    assert result.reason.startswith("coding_")


def test_a_bomb_is_incomparable_in_little_time_and_memory() -> None:
    """A body that inflates a thousandfold stops at the ratio and is never called a match."""
    bomb = gzip.compress(bytes(40 << 20))
    result = compared(answer(bomb, fields=GZIP), answer(b"{}"))
    assert (result.verdict, result.reason) == (Verdict.INCOMPARABLE, "inflation")
    assert len(bomb) * coding.RATIO < 40 << 20


def test_nested_bombs_and_endless_members_stop_too() -> None:
    """More codings or members than anyone uses are a bound, not work."""
    many = ("Content-Encoding: gzip, gzip, gzip, gzip, gzip",)
    assert compared(answer(b"x", fields=many), answer(b"y")).reason == "codings"
    members = gzip.compress(b"") * 1000
    assert compared(answer(members, fields=GZIP), answer(b"y")).reason == "members"


def test_media_types_differ_without_their_parameters() -> None:
    """Another type is one finding; a parameter is none; two JSON types are compared on."""
    page = answer("<p>", "text/html")
    assert found(answer("{}"), page) == [("", "media")]
    assert found(answer("{}"), answer("{}", "Application/JSON; charset=utf-8")) == []
    assert found(answer('{"a":1}'), answer('{"a":2}', "application/hal+json")) == [
        ("", "media"),
        ("/a", "changed"),
    ]
    assert found(answer("{}"), answer("{}", None)) == [("", "media")]


def test_an_undeclared_body_is_json_only_if_it_parses() -> None:
    """No type or octet-stream: JSON when it looks and parses like it, else opaque."""
    for kind in (None, "application/octet-stream"):
        assert found(answer('{"a":1}', kind), answer(' {"a":2}', kind)) == [("/a", "changed")]
        assert found(answer("{a", kind), answer("{b", kind)) == [("", "raw")]
        assert found(answer("1", kind), answer("2", kind)) == [("", "raw")]


def test_charsets_are_honoured_and_unknown_ones_are_not_guessed() -> None:
    """The same text in two charsets is equal; the same bytes in two charsets are not."""
    latin, utf8 = "text/plain; charset=ISO-8859-1", 'text/plain; charset="UTF-8"'
    assert found(answer("é".encode("latin-1"), latin), answer("é".encode(), utf8)) == []
    assert found(answer("é".encode(), latin), answer("é".encode(), utf8)) == [("/0", "changed")]
    assert found(answer(b"\xff", utf8), answer(b"a", utf8)) == [("", "invalid")]
    odd = "text/plain; charset=punycode"
    assert found(answer(b"a-", odd), answer(b"b-", odd)) == [("", "raw")]
    assert found(answer('{"a":"é"}'.encode("utf-16"), "application/json; charset=utf-16"),
                 answer('{"a":"é"}')) == []  # fmt: skip


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-le", "utf-32-be"])
def test_a_boolean_is_no_number_in_any_encoding(codec: str) -> None:
    """Also where nothing but the bytes says which encoding it is."""
    legacy, candidate = ('{"a":[1,true]}'.encode(codec), '{"a":[true,true]}'.encode(codec))
    assert found(answer(legacy), answer(candidate)) == [("/a/0", "type")]


def test_opaque_bodies_differ_as_a_whole() -> None:
    """What nothing can look into is `raw`; text is compared by line."""
    assert found(answer("a\nb", "text/x"), answer("a\nc", "text/x")) == [("/1", "changed")]
    assert found(answer(b"\0", "image/png"), answer(b"\1", "image/png")) == [("", "raw")]


def digest_of(body: bytes, fields: tuple[str, ...] = ()) -> Observation:
    whole = answer(body, fields=fields)
    return whole._replace(body=blake2b(body, digest_size=32).digest(), is_digest=True)


def test_above_the_cap_size_and_digest_decide() -> None:
    """Equal digests are a match, against a whole body too; others are `raw`, in any coding not."""
    big, other = b"x" * 100, b"y" * 100
    assert compared(digest_of(big), digest_of(big)).verdict is Verdict.MATCH
    assert compared(digest_of(big), answer(big)).verdict is Verdict.MATCH
    assert found(digest_of(big), digest_of(other)) == [("", "raw")]
    assert found(digest_of(big), answer(other)) == [("", "raw")]
    assert found(digest_of(big), answer(b"")) == [("", "empty")]
    result = compared(digest_of(big, GZIP), digest_of(other, GZIP))
    assert (result.verdict, result.reason) == (Verdict.INCOMPARABLE, "too_large")


def test_the_same_large_bytes_in_two_charsets_are_not_judged() -> None:
    """They may be two texts, and nobody has them any more."""
    one = digest_of(b"x" * 100)
    heads = [b"HTTP/1.1 200 X\r\nContent-Type: text/plain; charset=%b\r\n\r\n" % name
             for name in (b"latin1", b"utf-8")]  # fmt: skip
    result = compared(one._replace(head=heads[0]), one._replace(head=heads[1]))
    assert (result.verdict, result.reason) == (Verdict.INCOMPARABLE, "too_large")


def test_a_body_that_was_cut_off_is_never_a_match() -> None:
    """Status and headers still count; the body of an endless answer is not judged."""
    cut = answer("a")._replace(is_cut=True)
    assert compared(cut, cut).verdict is Verdict.INCOMPARABLE
    assert found(cut, answer("a", status=404)) == [("#status", "status")]


@pytest.mark.parametrize(
    ("legacy", "candidate", "expected"),
    [
        ("[" * 100_000, "[" * 100_001, [("", "raw")]),
        ("[" * 1500 + "1" + "]" * 1500, "[" * 1500 + "2" + "]" * 1500, [("", "raw")]),
        ("[" * 1500 + "]" * 1500, "[]", [("", "invalid")]),
        ("[" * 1001 + "]" * 1001, "[]", [("", "invalid")]),
        ("[" * 1000 + "]" * 1000, "[" * 1000 + "]" * 999 + ",1]", [("/1", "added")]),
        ("[" * 990 + "1" + "]" * 990, "[" * 990 + "2" + "]" * 990, [("/0" * 990, "changed")]),
        ("[" * 990 + "1" + "]" * 990, "[" * 990 + "1.0" + "]" * 990, []),
        ('{"a":' * 900 + "1" + "}" * 900, '{"a":' * 900 + "true" + "}" * 900,
         [("/a" * 900, "type")]),
    ],
    ids=["open", "deeper", "one-deeper", "just-deeper", "deepest", "deep", "deep-equal", "deep-object"],
)  # fmt: skip
def test_depth_is_bounded_not_fatal(
    legacy: str, candidate: str, expected: list[tuple[str, str]]
) -> None:
    """1,000 levels are walked; more count as undecodable."""
    assert found(answer(legacy), answer(candidate)) == expected


def test_differences_are_capped_and_said_to_be() -> None:
    """The first 1,000 are kept, and the verdict stays mismatch."""
    result = compared(answer(str(list(range(5000)))), answer(str([n + 0.5 for n in range(5000)])))
    assert (result.verdict, len(result.differences)) == (Verdict.MISMATCH, 1000)
    assert result.is_truncated


def test_too_many_values_are_incomparable() -> None:
    """Above a million values nobody looks, so nobody says match."""
    many = "[" + "1," * bounds.MAX_NODES + "1]"
    result = compared(answer(many), answer(" " + many))
    assert (result.verdict, result.reason) == (Verdict.INCOMPARABLE, "nodes")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("legacy", "candidate"),
    [
        (
            "[" * 900 + str([0] * 100_000) + ",1]" * 900,
            "[" * 900 + str([0] * 100_000) + ",2]" * 900,
        ),
        (str(list(range(100_000))), str([0.5, *range(99_998), 7])),
        (
            str([n * (2**61 - 1) + (1 << 80) for n in range(20_000)]),
            str([n * (2**61 - 1) + (1 << 80) for n in range(1, 20_000)] + [1 << 80]),
        ),
        ('"' + "\\u0041" * 100_000 + '"', '"' + "A" * 99_999 + '"'),
        ("9" * 900_000, "9" * 899_999 + "8"),
    ],
    ids=["spine", "long-array", "colliding-hashes", "escapes", "one-number"],
)
def test_no_body_takes_long(legacy: str, candidate: str) -> None:
    """Bodies made to be slow to compare end within 2 s, and are not called equal."""
    started_s = time.perf_counter()
    result = compared(answer(legacy), answer(candidate))
    assert time.perf_counter() - started_s < 2
    assert result.verdict is not Verdict.MATCH


@pytest.mark.parametrize(
    ("theirs", "of_type", "expected"),
    [
        ("<p>error</p>", "text/html", ("incomparable", "media")),
        ('{"a": 1}', "text/html", ("match", "")),
        ('{"a": 1.0}', "text/json", ("match", "")),
        ("", "text/html", ("mismatch", "")),
    ],
)
def test_bodies_of_two_types_are_no_match_where_the_type_is_ignored(
    theirs: str, of_type: str, expected: tuple[str, str]
) -> None:
    """What cannot be compared is not equal, whatever a rule says about Content-Type."""
    rules = Rules.of([{"header": "content-type", "ignore": True}])
    legacy = response(b'{"a": 1}', "application/json")
    result = compare(legacy, response(theirs.encode(), of_type), rules)
    assert (result.verdict, result.reason) == expected
    opaque = compare(response(b"a", "image/png"), response(b"b", "image/gif"), rules)
    assert [each.kind for each in opaque.differences] == ["raw"]


def test_a_wrong_boundary_is_no_match() -> None:
    """The bytes are the same, and nobody can read one of them."""
    body = b'--x\r\nContent-Disposition: form-data; name="n"\r\n\r\nv\r\n--x--\r\n'
    sides = [response(body, f"multipart/form-data; boundary={each}") for each in "xy"]
    found_kinds = [each.kind for each in compare(sides[0], sides[1], Rules.of(())).differences]
    assert found_kinds == ["invalid"]


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [("application/json", ("incomparable", "size")), ("image/png", ("mismatch", ""))],
)
def test_bodies_that_are_too_large_to_decode_may_still_be_the_same(
    content_type: str, expected: tuple[str, str]
) -> None:
    """However they are compressed; if not, only opaque ones are known to differ."""
    body = b'"' + random.Random(3).randbytes(1 << 10).hex().encode() * 4_500 + b'"'
    assert bounds.MAX_BYTES < len(body) < coding.MAX_BYTES // 2
    coded = {
        ("Content-Encoding: gzip",): gzip.compress(body, 1),
        ("Content-Encoding: deflate",): zlib.compress(body, 1),
        (): body,
    }
    sides = [answer(each, content_type, fields=fields) for fields, each in coded.items()]
    for side in sides:
        assert compared(side, sides[0]).verdict is Verdict.MATCH
        for other in (body[:-2] + b'0"', body + b" "):
            result = compared(side, answer(gzip.compress(other, 1), content_type, fields=GZIP))
            assert (result.verdict, result.reason) == expected
        assert found(side, answer(b"", content_type)) == [("", "empty")]
        assert found(side, answer(b"x", content_type, fields=GZIP)) == [("", "invalid")]


def test_a_large_body_may_be_taken_for_json() -> None:
    """Without a declared type nobody knows what it is, so it is not said to differ either."""
    legacy, candidate = (
        answer(b"[" + b" " * bounds.MAX_BYTES + each + b"]", None) for each in (b"", b" ")
    )
    assert compared(legacy, candidate).reason == "size"
