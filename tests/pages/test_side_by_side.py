"""Two bodies side by side."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowproxy.core.words import Kind
from shadowproxy.pages.branches import steps_of
from shadowproxy.pages.lines import MAX_CONTEXT, MAX_LINES, MAX_OWN, Fold, Look
from shadowproxy.pages.side_by_side import MAX_TOLD, SideBySide, lay_out
from tests.pages.answers import differences_of
from tests.pages.showing import cell_text, lines_of, rows_of, told, written

NAMES = st.sampled_from(["", "/", "~", "~1", "0", "id", "a b", '"', "<script>", "name"])
LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x y", "x z", "é"])
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)
STEPS = st.lists(NAMES | st.sampled_from(["1", "-", "01", "9" * 30]), max_size=4)
PATHS = STEPS.map(lambda steps: "".join(f"/{step}" for step in steps)) | st.text(max_size=5)
HOSTILE = st.lists(
    st.fixed_dictionaries(
        {"path": PATHS, "kind": st.sampled_from(list(Kind)) | st.text(max_size=3)},
        optional={"legacy": TREES, "candidate": TREES},
    ),
    max_size=6,
)


def view_of(legacy: Any, candidate: Any, rules: Any = ()) -> SideBySide:
    return lay_out(legacy, candidate, differences_of(legacy, candidate, rules))


@settings(deadline=None)
@given(TREES, TREES)
def test_every_difference_is_told_once(legacy: Any, candidate: Any) -> None:
    """Of two bodies all that the comparer found stands in one line of their trees each."""
    differences = differences_of(legacy, candidate)
    view = lay_out(legacy, candidate, differences)
    assert sorted(told(view)) == list(range(len(differences)))
    assert view.by_place == ()


@settings(deadline=None)
@given(TREES, TREES, HOSTILE)
def test_whatever_is_said_is_told_once(legacy: Any, candidate: Any, said: Any) -> None:
    """Differences that contradict the trees, each other or themselves stand in one line each, too."""
    view = lay_out(legacy, candidate, said)
    bodily = [at for at, each in enumerate(said) if _is_bodily(each)]
    assert sorted(told(view)) == bodily
    assert view.left_out == 0


def _is_bodily(difference: dict[str, Any]) -> bool:
    about_head = ("status", "media", "empty", "invalid", "raw")
    return not difference["path"].startswith("#") and difference["kind"] not in about_head


@settings(deadline=None)
@given(TREES, TREES)
def test_a_line_shows_the_values_of_its_difference(legacy: Any, candidate: Any) -> None:
    """So elements are paired as the comparer paired them."""
    differences = differences_of(legacy, candidate)
    for row in rows_of(lay_out(legacy, candidate, differences).lines):
        for difference in (differences[at] for at in row.differences):
            for side, cell in (("legacy", row.legacy), ("candidate", row.candidate)):
                value = difference.get(side)
                if side not in difference or difference["kind"] == Kind.ORDER:
                    continue
                assert cell is not None
                if isinstance(value, dict | list):
                    assert cell.bracket[0] in "{["
                else:
                    assert cell.text == _as_json(value)


def _as_json(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return (
        {None: "null", True: "true", False: "false"}.get(value, str(value))
        if (value is None or isinstance(value, bool))
        else str(value)
    )


@settings(deadline=None)
@given(TREES)
def test_equal_bodies_have_no_lines(tree: Any) -> None:
    """There is nothing to show."""
    assert view_of(tree, tree) == ((), (), 0)


@settings(deadline=None)
@given(TREES, TREES)
def test_a_side_loses_nothing(legacy: Any, candidate: Any) -> None:
    """Every scalar of a body stands in a line, at least of a fold: small bodies are whole."""
    view = view_of(legacy, candidate)
    if view.lines:
        for side, tree in (("legacy", legacy), ("candidate", candidate)):
            texts = [
                cell.text
                for row in rows_of(view.lines)
                if (cell := getattr(row, side)) is not None and cell.text
            ]
            moved = any(row.look is Look.MOVED for row in rows_of(view.lines))
            if not moved:
                assert sorted(texts) == sorted(map(_as_json, _scalars(tree)))


def _scalars(tree: Any) -> list[Any]:
    if isinstance(tree, dict | list):
        children = tree.values() if isinstance(tree, dict) else tree
        return [leaf for child in children for leaf in _scalars(child)]
    return [tree]


def test_only_what_changed_is_shown_with_a_little_around_it() -> None:
    """Members that did not change are folded, but the neighbours and what names the object."""
    legacy = {"id": 7, **{f"a{at}": at for at in range(9)}, "price": 12, "z": 1, "y": 2}
    view = view_of(legacy, {**legacy, "price": "12"})
    assert written(view.lines) == [
        "same: { | {",
        '  same: "id": 7 | "id": 7',
        "  (8 unchanged members)",
        '  same: "a8": 8 | "a8": 8',
        '  changed: "price": ⟨12⟩ number | "price": ⟨"12"⟩ string'
        "  // the same number, on one side as a text",
        '  same: "z": 1 | "z": 1',
        '  same: "y": 2 | "y": 2',
        "same: } | }",
    ]


def test_elements_stand_beside_their_own() -> None:
    """A record that came moves the others on by one, and each still stands beside itself."""
    legacy = [{"id": at, "v": at} for at in range(4)]
    candidate = [{"id": 9, "v": 9}, *[dict(each) for each in legacy]]
    candidate[3]["v"] = 0
    assert written(view_of(legacy, candidate).lines) == [
        "same: [ | [",
        "  added: nothing | [0]: {  // new in the candidate's answer",
        '    added: nothing | "id": ⟨9⟩',
        '    added: nothing | "v": ⟨9⟩',
        "  added: nothing | }",
        '  ([0]: { "id": 0, … 1 more member } | [1]: { "id": 0, … 1 more member })',
        '  ([1]: { "id": 1, … 1 more member } | [2]: { "id": 1, … 1 more member })',
        "  same: [2]: { | [3]: {",
        '    same: "id": 2 | "id": 2',
        '    changed: "v": ⟨2⟩ | "v": ⟨0⟩  // 2 less (100 %)',
        "  same: } | }",
        '  ([3]: { "id": 3, … 1 more member } | [4]: { "id": 3, … 1 more member })',
        "same: ] | ]",
    ]


def test_another_order_shows_who_went_where() -> None:
    """Both orders beside each other; as few as possible are called moved."""
    assert written(view_of(["a", "b", "c", "d"], ["d", "a", "b", "c"]).lines) == [
        "moved: [ | [  // the same elements in another order",
        '  moved: [0]: "a" | [0]: ⟨"d"⟩ was [3]',
        '  moved: [1]: "b" | [1]: "a"',
        '  moved: [2]: "c" | [2]: "b"',
        '  moved: [3]: ⟨"d"⟩ now [0] | [3]: "c"',
        "same: ] | ]",
    ]


def test_what_rules_hide_is_not_called_unchanged() -> None:
    """A reader who opens a fold sees what a rule hides there, and that it does."""
    legacy = {"a": 1, "b": 2, "c": 3, "at": "2027-01-01T00:00:00Z", "n": {"x": 1, "y": 1}}
    candidate = {**legacy, "a": 9, "at": "2027-01-01T00:00:07Z", "n": {"x": 2, "y": 1}}
    rules = [{"path": "$.at", "class": "timestamp"}, {"path": "$.n.x", "ignore": True}]
    shown = written(view_of(legacy, candidate, rules).lines, is_open=True)
    assert "  (3 members: 1 unchanged, 2 hidden by a rule)" in shown
    assert any("07Z" in line and "hides it" in line for line in shown)
    assert '    hidden: "x": ⟨1⟩ | "x": ⟨2⟩  // differs, but a rule hides it' in shown


def test_elements_that_a_rule_pairs_in_any_order_are_beside_each_other() -> None:
    """Under `multiset` nothing says which go together: those that are equal do."""
    legacy = {"tags": ["a", "b", "c", "d"], "x": 1}
    candidate = {"tags": ["d", "c", "b", "a"], "x": 2}
    rules = [{"path": "$.tags", "array": {"by": "multiset"}}]
    shown = written(view_of(legacy, candidate, rules).lines, is_open=True)
    assert '    same: [0]: "a" | [3]: "a"' in shown


@pytest.mark.parametrize(
    ("difference", "line"),
    [
        ({"path": "/gone/x", "kind": "changed", "legacy": 1, "candidate": 2},
         "changed: ⟨1⟩ | ⟨2⟩  // `gone.x`: 1 more (100 %)"),
        ({"path": "/a", "kind": "removed", "legacy": {"x": 1}},
         'removed: { "x": 1 } | nothing  // `a`: missing in the candidate\'s answer'),
    ],
)  # fmt: skip
def test_without_trees_differences_are_told_by_their_place(
    difference: dict[str, Any], line: str
) -> None:
    """With the values that they carry themselves."""
    view = lay_out(None, None, [difference], has_trees=False)
    assert view.lines == ()
    assert written(view.by_place) == [line]


def test_texts_that_were_cut_alike_are_shown_from_where_they_part() -> None:
    """The trees hold the same beginning of both; the difference holds the place."""
    difference = {"path": "/a", "kind": "changed", "legacy": "...x y", "candidate": "...x z"}
    view = lay_out({"a": "long..."}, {"a": "long..."}, [difference])
    assert '  changed: "a": "...x ⟨y⟩" | "a": "...x ⟨z⟩"' in written(view.lines)


@pytest.mark.parametrize(
    ("legacy", "candidate"),
    [
        ([1] * 20_000 + [2], [1] * 20_000 + [3]),
        ({str(at): at for at in range(20_000)}, {str(at): 0 for at in range(20_000)}),
        ({"a": [[[1] * 100] * 100] * 3}, {"a": None}),
        ({"a": "x" * 500_000}, {"a": "y" * 500_000}),
        ([{"a": at} for at in range(2_000)], [{"a": at + 1} for at in range(2_000)]),
        ([[at, [at] * 30] for at in range(900)], [[at, [-at] * 30] for at in range(900)]),
    ],
    ids=["long", "wide", "gone", "text", "rows", "many"],
)
def test_no_body_makes_a_page_without_end(legacy: Any, candidate: Any) -> None:
    """Some thousand lines and a second at most, and every difference is told all the same."""
    differences = differences_of(legacy, candidate)
    began = time.process_time()
    view = lay_out(legacy, candidate, differences)
    assert time.process_time() - began < 1
    assert sorted(told(view)) == list(range(len(differences)))
    lines = list(lines_of(view.lines))
    assert len(lines) < 2 * MAX_LINES + MAX_OWN + MAX_CONTEXT + len(differences)
    left_out = sum(line.left_out for line in lines if isinstance(line, Fold))
    assert left_out >= 0
    longest = max(len(cell_text(side)) for line in lines for side in (line.legacy, line.candidate))
    assert longest < 1_500


def test_deep_bodies_are_followed_to_their_end() -> None:
    """64 levels of arrays with a change in the last; a difference that is deeper goes by its place."""
    for levels, is_by_place in ((60, False), (90, True)):
        legacy: Any = 1
        candidate: Any = 2
        for _ in range(levels):
            legacy, candidate = [legacy], [candidate]
        view = view_of(legacy, candidate)
        assert told(view) == [0]
        assert bool(view.by_place) is is_by_place


def test_more_differences_than_a_comparison_lists_are_counted() -> None:
    """A document that says more than MAX_TOLD shows so many."""
    said = [{"path": f"/{at}", "kind": "removed", "legacy": 1} for at in range(MAX_TOLD + 5)]
    view = lay_out({}, {}, said)
    assert (len(told(view)), view.left_out) == (MAX_TOLD, 5)


@pytest.mark.parametrize(
    ("path", "steps"),
    [("", []), ("/", [""]), ("/~1~0/0", ["/~", "0"]), ("x", None), ("/" * 65, None), (None, None)],
)
def test_a_pointer_is_read_as_its_standard_says(path: Any, steps: Any) -> None:
    """RFC 6901; what is none, or is too deep to be shown as a tree, is no place."""
    assert steps_of({"path": path, "kind": "changed"}) == steps
