"""Forms: names with their values in order."""

from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decode.decoding import cheap_refusal, decoded, refusal

FORM = "application/x-www-form-urlencoded"
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=8))
def test_what_was_encoded_comes_back(pairs: list[tuple[str, str]]) -> None:
    """Every name keeps its values, blank ones too, in their order."""
    expected: dict[str, list[str]] = {}
    for name, value in pairs:
        expected.setdefault(name, []).append(value)
    assert decoded(FORM, urlencode(pairs)) == expected


@given(st.lists(st.sampled_from(["z", "=", "&", "+", "%41", "%C3%a9", "%", "é", " "])).map("".join))
def test_it_reads_what_the_standard_library_reads(body: str) -> None:
    """Stray percent signs, empty pairs and missing equals signs included."""
    assert decoded(FORM, body) == parse_qs(body, keep_blank_values=True)


def test_escapes_and_blanks() -> None:
    """Plus and %20 are blanks; a name may be empty; a line end at the end is none of it."""
    assert decoded(FORM, "a=1+2&b=%C3%A9&a=%20&&c&=d&e=%zz%4\r\n") == {
        "a": ["1 2", " "], "b": ["é"], "c": [""], "": ["d"], "e": ["%zz%4"],
    }  # fmt: skip


def test_the_charset_is_honoured() -> None:
    """Of escapes as of plain bytes; what is not in it is undecodable."""
    latin = f"{FORM}; charset=iso-8859-1"
    assert decoded(latin, b"a=%E9\xe9") == {"a": ["éé"]}
    assert refusal(FORM, "a=%E9") == "undecodable charset"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"a=1&" * 1_000_000, "bound form"),
        (b"a&" * 500_000, "bound nodes"),
        (b"&" * 1_000_000, "bound nodes"),
        (b"a=" + b"%41" * 300_000, ""),
        (b"a=" + b"b%41" * 100_000, ""),
        (b"%" * 1_000_000, ""),
    ],
    ids=["large", "pairs", "empty", "escapes", "alternating", "percents"],
)
def test_hostile_forms_cost_little(body: bytes, expected: str) -> None:
    """Each is answered in time, with its reason, in little memory."""
    assert cheap_refusal(FORM, body) == expected
