"""Whole bodies as they are kept: nothing of them is left out, and no secret is in them."""

import json
from decimal import Decimal
from typing import Any, Literal

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shadowproxy.compare.differences import Difference, pointer
from shadowproxy.core.settings import RedactSettings
from shadowproxy.core.words import Kind
from shadowproxy.redact.redaction import (
    EDGE,
    MAX_BODY_CHARS,
    MAX_BODY_DEPTH,
    MAX_BODY_NODES,
    MAX_BODY_TEXT,
    MAX_SCANNED,
    MAX_TEXT,
    Redactor,
    TooLargeError,
)
from shadowproxy.redact.secrets import hide_in_text

Mode = Literal["keep", "hash", "drop"]
MODES: tuple[Mode, ...] = ("keep", "hash", "drop")
REDACTORS: dict[Mode, Redactor] = {
    mode: Redactor(RedactSettings(values=mode), b"key") for mode in MODES
}
KEEP = REDACTORS["keep"]
SECRET = "hunter2-s3cr3t"
CARD = "4111111111111111"

numbers = st.integers() | st.floats() | st.decimals(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=()), max_size=20)
names = texts | st.sampled_from(
    [CARD, "[card]", "[card] (2)", "5500005555555559", "password", "token=x", "a\ud800", "a\x00"]
)
trees = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=30,
)

pieces = st.sampled_from(
    ["token", "=", ":", '"', "'", " ", "Bearer ", "basic abcdefgh", CARD, "4111 1111 1111 1111",
     "41111111", "-", "9", "password", "[redacted]", "[card]", "eyJhbGciOiJI.eyJz", "\n", "abc",
     "https://a:b@c", "-----BEGIN PRIVATE KEY-----", "...", "<hash:0123456789abcdef>...", "\x00"]
)  # fmt: skip
hostile = st.lists(pieces, max_size=12).map("".join)


def long_texts(*lengths: int) -> st.SearchStrategy[str]:
    """Texts that have something to hide around one of these places."""
    return st.builds(
        lambda before, length, fill, after: before + fill * (length - len(before)) + after,
        hostile, st.sampled_from(lengths) | st.sampled_from(lengths).map(lambda most: most - 9),
        st.sampled_from("x 9="), hostile,
    )  # fmt: skip


def shape_of(tree: Any) -> Any:
    """How many members and elements there are, at each place."""
    if isinstance(tree, dict):
        return [shape_of(value) for value in tree.values()]
    return tuple(map(shape_of, tree)) if isinstance(tree, list) else None


@given(trees, st.sampled_from(MODES))
def test_nothing_is_left_out(tree: Any, mode: Mode) -> None:
    """Each member, each element and each value is there, in its order."""
    assert shape_of(REDACTORS[mode].body(tree)) == shape_of(tree)


@given(trees, st.sampled_from(MODES))
@example(Decimal("21.75387452187030"), "keep")
def test_redacting_a_body_twice_changes_nothing(tree: Any, mode: Mode) -> None:
    """Whatever is done with values."""
    once = REDACTORS[mode].body(tree)
    assert REDACTORS[mode].body(once) == once


@settings(deadline=None)  # of a busy machine
@given(long_texts(MAX_BODY_TEXT, MAX_BODY_TEXT + MAX_SCANNED))
def test_redacting_a_long_text_of_a_body_twice_changes_nothing(text: str) -> None:
    """Also where it was cut, and where what was looked through ended."""
    once = KEEP.body(text)
    assert KEEP.body(once) == once
    assert hide_in_text(once) == once


@settings(deadline=None)  # of a busy machine
@given(long_texts(MAX_TEXT, MAX_SCANNED - EDGE, MAX_SCANNED))
def test_redacting_a_long_text_twice_changes_nothing(text: str) -> None:
    """The same for names, versions and request identifiers."""
    once = KEEP.text(text)
    assert KEEP.text(once) == once
    assert hide_in_text(once) == once


@given(trees, st.sampled_from(MODES))
def test_a_body_can_be_written_as_json(tree: Any, mode: Mode) -> None:
    """By a writer of 64-bit integers and doubles, in UTF-8, without NUL; and read as it was."""
    shown = REDACTORS[mode].body(tree)
    written = orjson.dumps(shown)
    assert orjson.loads(written) == shown
    assert b"\\u0000" not in written.replace(b"\\\\u0000", b"")


@given(trees, st.sampled_from(["password", "token", "cardNumber"]), st.sampled_from(MODES))
def test_a_planted_secret_is_nowhere_in_a_body(tree: Any, name: str, mode: Mode) -> None:
    """Below a secret name, in a text, as a name, as a number: however it is nested."""
    plants: list[Any] = [
        {name: SECRET, "x": tree},
        [tree, {name: [SECRET, {"y": SECRET}]}],
        {"x": {name: tree, "note": f"a {name}={SECRET} b", CARD: int(CARD)}},
        [f"Bearer {SECRET}", f"https://u:{SECRET}@h/", CARD, Decimal(CARD), float(CARD)],
    ]
    for plant in plants:
        written = json.dumps(REDACTORS[mode].body(plant))
        assert SECRET not in written
        assert CARD not in written


@pytest.mark.parametrize("at", [-40, -20, -16, -8, -1, 0, 10])
@pytest.mark.parametrize("end", [MAX_BODY_TEXT, MAX_BODY_TEXT + MAX_SCANNED])
def test_no_secret_is_shown_because_its_end_was_not_looked_at(end: int, at: int) -> None:
    """User information shows itself by its `@`, a card by its last digit: both may be further on."""
    for secret in (f"https://user:{SECRET}@host/", f"card {CARD}", f"Bearer {SECRET}"):
        for before in ("x", f"token={'y' * 3000} "):
            head = before + "x" * (end + at - len(before) - 1) + " "
            shown = KEEP.body(head + secret + "z" * 9000)
            assert SECRET not in shown
            assert SECRET[:10] not in shown
            assert CARD[:12] not in shown


def test_a_long_text_is_cut_and_still_differs_from_others() -> None:
    """The beginning is there, and a hash that only the same text under the same key has."""
    text = "x" * 9000
    shown = KEEP.body(text)
    assert shown.startswith("x" * MAX_BODY_TEXT + "<hash:")
    assert shown.endswith(">...")
    assert len(shown) < MAX_BODY_TEXT + 64
    assert KEEP.body(text) == shown
    assert KEEP.body(text + "y") != shown
    assert Redactor(RedactSettings(), b"other").body(text) != shown


def test_a_text_that_becomes_short_says_that_it_was_longer() -> None:
    """Its first 6,000 characters are one key, which is hidden; what came then is not looked at."""
    text = "-----BEGIN PRIVATE KEY-----" + "A" * 9000
    for shown in (KEEP.body(text), KEEP.text(text)):
        assert len(shown) < 100
        assert shown.endswith("...")


def test_names_that_are_hidden_stay_as_many() -> None:
    """Members whose names are cards, or alike in what is shown of them, are told apart."""
    long = "n" * 300
    tree = {CARD: 1, "5500005555555559": 2, f"{long}a": 3, f"{long}b": 4, "[card] (2)": 5}
    shown = KEEP.body(tree)
    assert list(shown.values()) == [1, 2, 3, 4, 5]
    assert list(shown)[:2] == ["[card]", "[card] (2)"]
    assert KEEP.body(shown) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (2**64 - 1, 2**64 - 1), (-(2**63), -(2**63)), (2**64, "18446744073709551616"),
        (-(2**63) - 512, "-9223372036854776320"), (10**30, 1e30), (10**30 + 1, str(10**30 + 1)),
        (Decimal("1.10"), 1.1), (Decimal("1E5"), 1e5), (Decimal("1E400"), "1E+400"),
        (Decimal("0.10000000000000000001"), "0.10000000000000000001"),
        (float("inf"), "inf"), (float("nan"), "nan"), (0.5, 0.5), (7, 7),
    ],
)  # fmt: skip
def test_a_number_is_a_number_if_that_keeps_its_value(number: Any, shown: Any) -> None:
    """What neither 64 bits nor a double hold is kept as text, with all its digits."""
    assert KEEP.body([number]) == [shown]
    assert type(KEEP.body([number])[0]) is type(shown)


def test_a_body_has_as_many_values_as_are_kept() -> None:
    """One more, and it is refused as a whole: cut short it would be another body."""
    most = [0] * (MAX_BODY_NODES - 1)
    assert KEEP.body(most) == most
    with pytest.raises(TooLargeError):
        KEEP.body([*most, 0])
    with pytest.raises(TooLargeError):
        KEEP.body({str(number): 0 for number in range(MAX_BODY_NODES)})


def test_a_body_is_as_deep_as_is_kept() -> None:
    """One level more is refused."""
    deep: Any = 1
    for _ in range(MAX_BODY_DEPTH):
        deep = [deep]
    assert KEEP.body(deep) == deep
    with pytest.raises(TooLargeError):
        KEEP.body([deep])


@pytest.mark.parametrize("text", ["hash:hunter2-s3cr3t--", "hash:4111111111111111x", "[secret]"])
def test_only_a_real_hash_is_taken_for_one(text: str) -> None:
    """A value that merely begins like one is hashed; one that looks like a type is dropped."""
    assert REDACTORS["hash"].body(text) != text
    assert REDACTORS["drop"].body(text) == "[string]"


@pytest.mark.parametrize("mode", MODES)
def test_a_body_has_so_many_characters(mode: Mode) -> None:
    """Of names and texts together; those of a text that are not looked through do not count."""
    redactor = REDACTORS[mode]
    half = ["x" * 1000] * (MAX_BODY_CHARS // 1000)
    redactor.body([half, "x" * (MAX_BODY_CHARS % 1000)])
    with pytest.raises(TooLargeError):
        redactor.body([half, "x" * (MAX_BODY_CHARS % 1000 + 1)])
    with pytest.raises(TooLargeError):
        redactor.body([half, {"x" * (MAX_BODY_CHARS % 1000): "x"}])
    redactor.body("x" * (2 * MAX_BODY_CHARS))


def test_many_names_that_say_the_same_stay_as_many() -> None:
    """And cost no more than others: every one is numbered once."""
    names = [f"token={number}" for number in range(3000)]
    shown = KEEP.body(dict.fromkeys(names, 1))
    assert len(shown) == len(names)
    assert list(shown)[:2] == ["token=[redacted]", "token=[redacted] (2)"]
    assert list(shown)[-1] == "token=[redacted] (3000)"


def test_a_value_of_many_long_texts_is_cut_and_stays_as_it_is_then() -> None:
    """What is looked through of it beyond what is shown is bounded; so it says the same twice."""
    shown = KEEP.value([["x" * 2000] * 10] * 10)
    assert shown[0][0] == "x" * MAX_TEXT + "..."
    assert shown[-1] == "..."
    assert KEEP.value(shown) == shown


def test_a_path_is_hidden_and_cut_whatever_its_names_are() -> None:
    """Of a name of a megabyte as much is looked at as is shown."""
    name = f"token={SECRET} " + "4111 " * 200_000
    before = Difference(pointer((name, "b")), Kind.CHANGED, 1, 2, (name, "b"))
    shown = KEEP.path(before)
    assert SECRET not in shown
    assert len(shown) == MAX_TEXT + len("...")
    assert KEEP.path(before, general=True) == "/*/b"
