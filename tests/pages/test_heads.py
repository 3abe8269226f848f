"""Status, header fields and what is said of bodies as a whole."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowproxy.core.words import Kind
from shadowproxy.pages.heads import HeadRow, lay_out_heads
from shadowproxy.pages.lines import Look
from shadowproxy.pages.side_by_side import lay_out
from tests.pages.showing import cell_text, told

NAMES = st.sampled_from(["vary", "X-A", "set-cookie", "<b>", ""])
FIELDS = st.lists(st.tuples(NAMES, st.text(max_size=4)).map(list), max_size=5)
DIFFERENCES = st.lists(
    st.fixed_dictionaries(
        {
            "path": st.sampled_from(["#status", "", "/a", "#header/x-a", "#header/set-cookie", "#", "x"]),
            "kind": st.sampled_from(list(Kind)),
        },
        optional={"legacy": st.text(max_size=3) | st.none(), "candidate": st.integers()},
    ),
    max_size=8,
)  # fmt: skip


def row(*args: Any, **sample: Any) -> HeadRow:
    """The only row that differs."""
    (only,) = lay_out_heads(sample, list(args)).different
    return only


def shown(row: HeadRow) -> str:
    return f"{row.name}: {cell_text(row.legacy)} | {cell_text(row.candidate)}  // {row.note}"


@settings(deadline=None)
@given(FIELDS, FIELDS, DIFFERENCES)
def test_every_difference_is_told_once(ours: Any, theirs: Any, said: Any) -> None:
    """In a row above the bodies or in a line of them, whatever is said."""
    sample = {"legacy": {"headers": ours}, "candidate": {"headers": theirs}}
    heads = lay_out_heads(sample, said)
    here = [at for row in heads.different for at in row.differences]
    assert sorted(here + told(lay_out({"a": 1}, {"a": 2}, said))) == list(range(len(said)))
    assert not any(row.differences for row in heads.others)


@pytest.mark.parametrize(
    ("difference", "text"),
    [
        ({"path": "#status", "kind": "status", "legacy": 200, "candidate": 500},
         "status: ⟨200⟩ | ⟨500⟩  // "),
        ({"path": "", "kind": "media", "legacy": "application/json", "candidate": "text/html"},
         "media type: ⟨application/json⟩ | ⟨text/html⟩  // "),
        ({"path": "", "kind": "empty", "legacy": "12 bytes", "candidate": "0 bytes"},
         "body: ⟨12⟩ bytes | ⟨0⟩ bytes  // one body has no bytes"),
        ({"path": "", "kind": "invalid", "legacy": "9 bytes", "candidate": "9 bytes"},
         "body: 9 bytes | 9 bytes  // one body is not what its media type says"),
        ({"path": "", "kind": "raw", "legacy": "9 bytes", "candidate": "8 bytes"},
         "body: ⟨9⟩ bytes | ⟨8⟩ bytes  // the bytes differ, and nothing decodes them"),
        ({"path": "#header/x-a", "kind": "removed", "legacy": "v"},
         "x-a: ⟨v⟩ | nothing  // missing in the candidate's answer"),
        ({"path": "#header/vary", "kind": "order", "legacy": "a, b", "candidate": "b, a"},
         "vary: ⟨a⟩, ⟨b⟩ | ⟨b⟩, ⟨a⟩  // the same values in another order"),
    ],
)  # fmt: skip
def test_each_kind_has_its_form(difference: dict[str, Any], text: str) -> None:
    """Without quotes and types: they are no JSON."""
    assert shown(row(difference)) == text


def test_fields_are_shown_as_they_were_sent() -> None:
    """The sample's own, since a difference's values may be cut; others are listed apart."""
    heads = lay_out_heads(
        {
            "legacy": {"headers": [["Vary", "a"], ["Vary", "b"], ["Date", "1"], ["X", "1"]]},
            "candidate": {"headers": [["vary", "a"], ["date", "2"], ["x", "1"]]},
        },
        [{"path": "#header/vary", "kind": "changed", "legacy": "a...", "candidate": "a"}],
    )
    assert [shown(each) for each in heads.different] == [
        "vary: a⟨, b⟩ | a  // the candidate's is cut short"
    ]
    assert [(each.name, each.look) for each in heads.others] == [
        ("date", Look.HIDDEN),
        ("x", Look.SAME),
    ]


def test_cookies_have_a_row_each() -> None:
    """One field, and a difference for each cookie that differs."""
    said = [
        {"path": "#header/set-cookie", "kind": "removed", "legacy": "a=...; secure"},
        {"path": "#header/set-cookie", "kind": "added", "candidate": "b=..."},
    ]
    heads = lay_out_heads({"legacy": {"headers": [["Set-Cookie", "a=..."]]}}, said)
    assert [each.differences for each in heads.different] == [(0,), (1,)]
    assert heads.others == ()
