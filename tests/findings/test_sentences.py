"""What a person reads: places and sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.compare.differences import pointer
from shadowproxy.core.words import Kind
from shadowproxy.findings.escaping import clip, clip_start, escape
from shadowproxy.findings.group import Evidence, Group, Recheck
from shadowproxy.findings.places import MAX_PLACE, name_place, split_pointer, write_steps
from shadowproxy.findings.sentences import MAX_SENTENCE, sentence

ANY = st.text(max_size=80)


def group(kind: str = "changed", path: str = "/a", types: tuple[str, str] = ("", "")) -> Group:
    return Group("id", "r", "GET /x", 200, 500, path, kind, types, "t", "t", count=1)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "the body"),
        ("#status", "the status"),
        ("#header/cache-control", "header cache-control"),
        ("/items/*/price", "`items[*].price`"),
        ("/*/p", "`[*].p`"),
        ("/a b/c", "`['a b'].c`"),
        ("/a/x-y/0", "`a['x-y']['0']`"),
        ("/it's/a\\b", r"`['it\'s']['a\\b']`"),
        ("/a~1b/~0", "`['a/b']['~']`"),
        ("/", "`['']`"),
        ("/größe", "`größe`"),
        ("/a\nb", r"`['a\u000ab']`"),
        ("/{urn:x}y/@id", "`['{urn:x}y']['@id']`"),
    ],
)
def test_a_pointer_is_an_expression(path: str, expected: str) -> None:
    """As people write it; what is no plain name is quoted."""
    assert name_place(path) == expected


@given(st.lists(st.text(max_size=6), max_size=5), st.lists(st.text(max_size=6), max_size=5))
def test_no_two_pointers_have_one_place(one: list[str], other: list[str]) -> None:
    """Steps come back from the pointer; other steps are written in another way."""
    assert split_pointer(pointer(one)) == one
    if one != other:
        assert write_steps(one) != write_steps(other)


def test_of_a_long_path_the_end_is_shown() -> None:
    """The last names say more."""
    shown = name_place("/abcdefghi" * 50 + "/price")
    assert shown.startswith("`...")
    assert shown.endswith(".price`")
    assert len(shown) == MAX_PLACE + 2


@given(st.text(), st.integers(4, 40))
def test_escaped_text_is_one_line(text: str, length: int) -> None:
    """It is printable or an ordinary character, and escaping and clipping twice change nothing."""
    once = escape(text)
    assert escape(once) == once
    assert len(once.splitlines()) <= 1
    once.encode()
    for cut in (clip, clip_start):
        assert len(cut(text, length)) <= length
        assert escape(cut(text, length)) == cut(text, length)
        if len(once) <= length:
            assert cut(text, length) == once


@pytest.mark.parametrize(
    ("kind", "path", "types", "expected"),
    [
        ("changed", "/a", ("", ""), "`a` differs in 1 answer of GET /x"),
        ("type", "/*/p", ("number", "string"),
         "`[*].p` number became string in 1 answer of GET /x"),
        ("removed", "#header/x-a", ("", ""), "header x-a is missing in 1 answer of GET /x"),
        ("status", "#status", ("", ""), "status 200 became 500 in 1 answer of GET /x"),
        ("media", "", ("text/html", ""),
         "media type text/html became (none) in 1 answer of GET /x"),
        ("raw", "", ("", ""), "the body has other bytes in 1 answer of GET /x"),
        ("order", "", ("", ""), "the body has another order in 1 answer of GET /x"),
        ("duplicate_key", "/a", ("", ""),
         "`a` repeats a member name differently in 1 answer of GET /x"),
        ("invalid", "", ("", ""), "the body can be decoded on one side only in 1 answer of GET /x"),
        ("empty", "", ("", ""), "the body is empty on one side only in 1 answer of GET /x"),
        ("added", "/n", ("", ""), "`n` is new in 1 answer of GET /x"),
        ("of another release", "/n", ("", ""), "`n` differs in 1 answer of GET /x"),
    ],
)  # fmt: skip
def test_every_kind_has_its_sentence(
    kind: str, path: str, types: tuple[str, str], expected: str
) -> None:
    """One line that a person understands."""
    assert sentence(group(kind, path, types)) == expected


def test_the_sentence_of_the_design() -> None:
    """Word for word; a share of so many needs no interval."""
    found = group("type", "/items/*/price", ("number", "string"))
    found.endpoint, found.count = "GET /cart/{id}", 312
    found.noise = Evidence("confirmed", 208)
    assert sentence(found, 10412) == (
        "`items[*].price` number became string in 312 of 10,412 answers of GET /cart/{id}"
        "; legacy never disagreed with itself in 208 checks"
    )


@pytest.mark.parametrize(
    ("count", "exchanges", "expected"),
    [
        (1, 0, "in 1 answer of GET /x"),
        (10412, 0, "in 10,412 answers of GET /x"),
        (1, 1, "in 1 of 1 answer of GET /x (21 % to 100 %, with 95 % confidence)"),
        (3, 40, "in 3 of 40 answers of GET /x (3 % to 20 %, with 95 % confidence)"),
        (5, 3, "in 5 of 5 answers of GET /x (57 % to 100 %, with 95 % confidence)"),
        (999, 1000, "in 999 of 1,000 answers of GET /x"),
    ],
)
def test_a_sentence_counts(count: int, exchanges: int, expected: str) -> None:
    """Plural, separators, and an interval where few were seen; counters may be a few apart."""
    found = group()
    found.count = count
    assert sentence(found, exchanges) == f"`a` differs {expected}"


@pytest.mark.parametrize(
    ("noise", "expected"),
    [
        (Evidence(), ""),
        (Evidence("confirmed", 1), "; legacy never disagreed with itself in 1 check"),
        (Evidence("noisy", 1208, 3), "; legacy disagreed with itself in 3 of 1,208 checks"),
        (Evidence("regression", 60, 30, 99.0),
         "; legacy disagreed with itself in 30 of 60 checks"
         "; the candidate differs more often than that explains: a regression"),
        (Evidence("regression", 60, 0, 99.0),
         "; legacy never disagreed with itself in 60 checks"
         "; the difference is the candidate's own: a regression"),
    ],
)  # fmt: skip
def test_noise_is_told_in_words(noise: Evidence, expected: str) -> None:
    """What legacy does against itself, and when that is no excuse."""
    found = group()
    found.noise = noise
    assert sentence(found) == f"`a` differs in 1 answer of GET /x{expected}"


def test_what_noise_explains_is_told() -> None:
    """Beside what it does not explain, or alone."""
    found = group()
    found.explained = 1234
    assert sentence(found).endswith("in 1 answer of GET /x; explained by noise in 1,234 more")
    found.count = 0
    assert sentence(found).endswith("in 1,234 answers of GET /x; explained by noise")


@pytest.mark.parametrize(
    ("still", "gone", "flaky", "expected"),
    [
        (0, 0, 0, ""),
        (5, 0, 0, "; still different in 5 of 5 re-checks"),
        (1, 0, 0, "; still different in 1 of 1 re-check"),
        (2, 3, 0, "; gone in 3 of 5 re-checks: flaky"),
        (1, 0, 2, "; legacy itself differs in 2 of 3 re-checks"),
        (0, 1, 1, "; gone in 1 of 2 re-checks: flaky; legacy itself differs in 1 of 2 re-checks"),
    ],
)
def test_rechecks_are_told_in_words(still: int, gone: int, flaky: int, expected: str) -> None:
    """Every outcome that a reader must know."""
    found = group()
    outcomes = {Recheck.STILL: still, Recheck.GONE: gone, Recheck.LEGACY_FLAKY: flaky}
    for outcome, times in outcomes.items():
        for _ in range(times):
            found.recheck(outcome)
    assert sentence(found) == f"`a` differs in 1 answer of GET /x{expected}"


@given(st.sampled_from(Kind), ANY, ANY, ANY, ANY, st.integers(0, 10**18), st.integers(0, 10**18))
def test_a_sentence_is_one_bounded_line(
    kind: Kind, path: str, endpoint: str, ours: str, theirs: str, count: int, exchanges: int
) -> None:
    """Whatever the group holds; no control character is left."""
    found = group(kind, "/" + path * 10, (ours * 5, theirs))
    found.endpoint, found.count = endpoint * 20, count
    said = sentence(found, exchanges)
    assert len(said) <= MAX_SENTENCE
    assert escape(said) == said
    assert len(said.splitlines()) == 1
