"""YAML 1.2 core, positions, and everything that is refused."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shadowproxy.config.document import MAX_DEPTH, read_document
from shadowproxy.config.nodes import Mapping, Node, Scalar, find, origin_of, to_plain
from shadowproxy.config.problems import Problem

Problems = list[Problem]


def read(text: str) -> tuple[Mapping | None, list[str]]:
    """The tree and the mistakes, in a file called f."""
    problems = Problems()
    return read_document(text, "f", "", problems), [str(problem) for problem in problems]


def texts(node: Node) -> Any:
    """The tree as dicts, lists and the written texts."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strip(item) for key, item in value.items()}
        return [strip(item) for item in value] if isinstance(value, list) else value.text

    return strip(to_plain(node))


def test_positions_are_those_of_the_text() -> None:
    """Line and column, from 1, of a key's value wherever it stands."""
    tree, _ = read("a: 1\nb:\n  - x\n  - {c:  y}\n")
    assert tree is not None
    assert origin_of(tree, "a").where == "f:1:4"
    assert origin_of(tree, "b", 0).where == "f:3:5"
    assert origin_of(tree, "b", 1, "c").where == "f:4:10"


def test_where_a_path_ends_early_its_deepest_part_is_the_place() -> None:
    """A missing key is reported where it could have stood."""
    tree, _ = read("a:\n  b: 1\n")
    assert tree is not None
    assert origin_of(tree, "a", "missing").where == "f:2:3"


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~", "null"])
def test_an_empty_file_is_an_empty_mapping(text: str) -> None:
    """Nothing written is nothing set."""
    tree, problems = read(text)
    assert tree is not None
    assert (tree.entries, problems) == ({}, [])


@pytest.mark.parametrize(
    "word", ["yes", "no", "on", "off", "1:30", "0o17", "2027-01-01", "0777", "1_000"]
)
def test_plain_words_keep_their_text(word: str) -> None:
    """YAML 1.1's booleans, sexagesimals, octals and dates are only text here."""
    tree, problems = read(f"a: {word}")
    assert tree is not None
    assert (texts(tree), problems) == ({"a": word}, [])


@pytest.mark.parametrize("word", ["", "~", "null", "Null", "NULL"])
def test_null_is_what_yaml_core_says(word: str) -> None:
    """And quoted it is a text."""
    tree, _ = read(f"a: {word}\nb: '{word}'")
    assert tree is not None
    a, b = find(tree, "a"), find(tree, "b")
    assert isinstance(a, Scalar)
    assert isinstance(b, Scalar)
    assert (a.is_null, b.is_null) == (True, False)


def test_braces_of_variables_and_templates_may_stand_in_flow_collections() -> None:
    """`{name: user, path: /users/{id}}` is what people write; YAML alone would refuse it."""
    tree, problems = read(
        "r: [{p: /users/{id}, q: 1}, {p: /a/{b}/c/{d}}]\nt: {x: ${A:-b, c}, y: $${z}}\n"
        'e: {"GET /a/{b}": "${A} {x}"}\n'
    )
    assert problems == []
    assert tree is not None
    assert texts(tree) == {
        "r": [{"p": "/users/{id}", "q": "1"}, {"p": "/a/{b}/c/{d}"}],
        "t": {"x": "${A:-b, c}", "y": "$${z}"},
        "e": {"GET /a/{b}": "${A} {x}"},
    }
    assert origin_of(tree, "r", 0, "q").where == "f:1:25"


def test_every_duplicate_key_is_a_mistake() -> None:
    """All of them, each with the line of the first."""
    _, problems = read("a: 1\nb: {c: 1, c: 2}\na: 2\na: 3\n")
    assert problems == [
        "f:2:11: b.c: is already set in line 2",
        "f:3:1: a: is already set in line 1",
        "f:4:1: a: is already set in line 1",
    ]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("- 1", "f:1:1: expected a mapping of settings (key: value)"),
        ("a: [1", "f:2:1: not YAML: did not find expected ',' or ']', "
                  "while parsing a flow sequence"),
        ("a: b: c", "f:1:5: not YAML: mapping values are not allowed in this context"),
        ("a:\n\tb: 1", "f:2:1: not YAML: a tab cannot indent; use spaces"),
        ("a: @b", "f:1:4: not YAML: put quotes around a text that starts with @"),
        ("a: 1\n---\nb: 2", "f:2:1: a second document; a configuration is one document"),
        ("%YAML 1.1\n---\na: 1", "f:1:1: this is read as YAML 1.2; remove the %YAML line"),
        ("a: !!python/object:os.system x",
         "f:1:4: a: tags such as tag:yaml.org,2002:python/object:os.syst… are not supported"),
        ("a: *b", "f:1:4: a: *b is not known"),
        ("a: &b [1, *b]", "f:1:11: a.1: *b contains itself"),
        ("a: &b {<<: 1}", "f:1:8: a: YAML 1.2 has no merge keys (<<)"),
        ("? [a]\n: 1", "f:1:3: a key must be a plain word or a quoted text"),
        ("{'': 1}", "f:1:2: a key is missing before the colon"),
        ("a: x\x00", "f:1:5: the character \\x00 is not allowed here"),
        ("a:\n b: \x1b[2J", "f:2:5: the character \\x1b is not allowed here"),
        ("a: \ue041", "f:1:4: the character \\ue041 is not allowed here"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, mistake: str) -> None:
    """With its place."""
    assert read(text)[1] == [mistake]


def test_depth_is_bounded() -> None:
    """One level too many is refused where it begins, also when an alias brings it."""
    deepest = "a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert read(deepest)[1] == []
    assert "nested deeper" in read(deepest.replace("[]", "[[]]"))[1][0]
    assert "nested deeper" in read(deepest.replace("a: ", "a: &x ") + "\nb: [*x]")[1][0]


def test_aliases_cannot_explode() -> None:
    """Ten levels of ten aliases each would be ten billion values."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 11)]
    assert "once aliases are expanded" in read("\n".join(lines))[1][0]


def test_size_is_bounded() -> None:
    """Half a megabyte is not a configuration."""
    assert read("#" * (512 << 10) + "\n")[1] == ["f:1:1: larger than 512 KiB of text"]


_SNIPPETS = st.sampled_from(
    ["a: ", "- ", "[", "]", "{", "}", ",", "\n", "  ", "&x ", "*x", "? ", ": ", "'", '"', "|\n", ">\n",
     "# ", "---\n", "...\n", "%YAML 1.2\n", "!t ", "${A}", "/{id}", "\\", "\t", "\r\n", "é", "\u2028"]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(_SNIPPETS, max_size=30).map("".join)))
@example("a: 'x\n")
@example("\ufeffa: 1")
@example("a: \ud800")
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    """No exception, and whatever is wrong has a line and a column."""
    tree, problems = read(text)
    assert tree is not None or problems
    assert all(problem.startswith("f:") for problem in problems)
    assert all(problem.isprintable() for problem in problems)
