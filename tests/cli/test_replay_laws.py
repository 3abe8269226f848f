"""Laws of replay: what no answer, sample or order of samples may make it say or send."""

import json
from typing import Any
from urllib.parse import quote

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from shadowproxy.cli.replaying.deciding import decide
from shadowproxy.cli.replaying.facts import Facts, gather, own_differences
from shadowproxy.cli.replaying.hidden import is_as_sent, known
from shadowproxy.cli.replaying.outcomes import Outcome, Said, conclude
from shadowproxy.cli.replaying.places import speaks_about
from shadowproxy.cli.replaying.preparing import Prepared, prepare
from shadowproxy.cli.replaying.stored import Finding, StoredAnswer, read_finding, read_sample
from shadowproxy.compare import Observation, Rules, compare, response
from shadowproxy.compare.bodies import tree_of
from shadowproxy.compare.headers import parse_fields
from shadowproxy.core.settings import RedactSettings
from shadowproxy.core.words import FailureKind, Kind
from shadowproxy.http1.requests import parse_request_head
from shadowproxy.redact.redaction import Redactor
from tests.compare.documents import NAMES, VALUES, edited, text_of

UNHURRIED = settings(deadline=None)
"""Each compares up to a dozen times: on a busy machine one turn away is longer than any of it."""

NO_RULES = Rules()
REDACTORS = {
    mode: Redactor(RedactSettings(members=("a",), values=mode), b"k" * 32)
    for mode in ("keep", "hash", "drop")
}
KEEP = REDACTORS["keep"]
JSON = "application/json"
SAID = st.builds(
    Said, st.sampled_from([each for each in Outcome if each != "not_asked"]), st.sampled_from("ab")
)


def told(value: Any) -> Observation:
    return response(text_of(value), JSON)


def tree(answer: Observation) -> Any:
    """As judge decodes it for a sample."""
    return tree_of(answer, parse_fields(answer.head), NO_RULES.plan("", 200))[1]


def stored(value: Any, mode: str = "keep") -> StoredAnswer:
    """An answer as a store has it after JSON."""
    kept = json.loads(json.dumps(REDACTORS[mode].body(tree(told(value)))))
    return StoredAnswer(200, JSON, (("Content-Type", JSON),), kept, True)


def facts(then: Any, legacy: Any, candidate: Any) -> Facts:
    return gather(stored(then), told(legacy), told(candidate), NO_RULES, "", KEEP)


def findings(legacy: Any, candidate: Any) -> list[Finding]:
    """What the judge would have found."""
    return [
        Finding("f", "other", "", KEEP.path(each, general=True), str(each.kind), 200)
        for each in compare(told(legacy), told(candidate), NO_RULES).differences
    ]


@given(st.lists(SAID, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_samples_does_not_matter(said: list[Said], random: Any) -> None:
    """Nor does a stale one, beside others that say something."""
    shuffled = random.sample(said, len(said))
    assert conclude(said) == conclude(shuffled)
    telling = [each for each in said if each.outcome is not Outcome.STALE]
    if telling:
        assert conclude(said).outcome is conclude(telling).outcome


@given(st.lists(SAID, max_size=6))
def test_fixed_needs_one_that_shows_it_and_none_against(said: list[Said]) -> None:
    """And what is left of an interruption is never fixed."""
    outcomes = {each.outcome for each in said} - {Outcome.STALE}
    assert (conclude(said).outcome is Outcome.FIXED) == (outcomes == {Outcome.FIXED})
    interrupted = conclude([*said, Said(Outcome.NOT_ASKED, "")])
    assert interrupted.outcome is Outcome.NOT_ASKED


@UNHURRIED
@given(edited())
def test_a_difference_that_is_still_there_is_never_fixed(pair: tuple[Any, Any]) -> None:
    """Whatever the two documents are, as long as legacy answers as it did."""
    legacy, candidate = pair
    known_facts = facts(legacy, legacy, candidate)
    for finding in findings(legacy, candidate):
        assert decide(finding, known_facts).outcome is Outcome.STILL_DIFFERENT, finding


@UNHURRIED
@given(edited())
def test_a_candidate_that_says_what_legacy_says_is_fixed(pair: tuple[Any, Any]) -> None:
    """At every place at which a finding can be."""
    legacy, candidate = pair
    known_facts = facts(legacy, legacy, legacy)
    for finding in findings(legacy, candidate):
        assert decide(finding, known_facts).outcome is Outcome.FIXED, finding


@UNHURRIED
@given(edited())
@example(([1, None], ["1", None]))
def test_a_legacy_that_changed_here_is_flaky(pair: tuple[Any, Any]) -> None:
    """Though both sides agree now: with the stored answer legacy does not."""
    then, now = pair
    plain = Redactor(RedactSettings(), b"")
    shown, later = (json.dumps(plain.body(tree(told(value)))) for value in pair)
    assume(
        not any(mark in shown + later for mark in ("[card]", "E+", "E-"))
    )  # numbers become texts
    kept = StoredAnswer(200, JSON, (), json.loads(shown), True)
    gathered = gather(kept, told(now), told(now), NO_RULES, "", plain)
    for finding in findings(then, now):
        assert decide(finding, gathered).outcome is Outcome.FLAKY, finding


@UNHURRIED
@given(edited(), st.sampled_from(list(FailureKind)))
def test_a_failure_is_never_fixed(pair: tuple[Any, Any], kind: FailureKind) -> None:
    """Of a legacy that fails nothing can be said; a candidate that fails is not fixed."""
    legacy, candidate = pair
    failed = Observation(kind)
    for finding in findings(legacy, candidate):
        for sides in ((failed, told(candidate)), (failed, failed), (told(legacy), failed)):
            gathered = gather(stored(legacy), *sides, NO_RULES, "", KEEP)
            outcome = decide(finding, gathered).outcome
            expected = Outcome.STALE if sides[0] is failed else Outcome.STILL_DIFFERENT
            assert outcome is expected, finding


@UNHURRIED
@given(VALUES, st.sampled_from(sorted(REDACTORS)))
@example({"4111111111111111": 1, "a": {"b": 2}}, "keep")
@example({"x": [{"y": list(range(40))}] * 40, "z": "long " * 100}, "keep")
@example(
    {"x": "Bearer abcdefghijkl", "t": "a\nb\u202e", "n\r": [4111111111111111, 10**400]}, "keep"
)
def test_an_answer_never_contradicts_what_was_stored_of_it(value: Any, mode: str) -> None:
    """Whatever redaction made of it: hidden, hashed, dropped or cut."""
    answer = told(value)
    fields = parse_fields(answer.head)
    now = Redactor(RedactSettings(members=("a",), values=mode), b"another key" * 2)
    plan = NO_RULES.plan("", 200)
    assert list(own_differences(stored(value, mode), fields, tree(answer), plan, now)) == []


PATHS = st.lists(st.sampled_from(["*", "a", "b", "ab"]), max_size=3).map(
    lambda names: "".join(f"/{name}" for name in names)
)


@given(PATHS, PATHS, st.sampled_from(list(Kind)))
def test_what_is_around_a_place_speaks_about_it(path: str, other: str, kind: Kind) -> None:
    """And what is beside or inside of it does not."""
    speaks = speaks_about(path, other, kind, (200, 200))
    is_around = path == other or path.startswith(other + "/")
    assert not speaks or is_around
    if kind in (Kind.TYPE, Kind.REMOVED, Kind.INVALID, Kind.RAW, Kind.EMPTY, Kind.MEDIA):
        assert speaks == is_around
    assert speaks_about(path, "#status", kind, (200, 500))
    assert not speaks_about(path, "#status", kind, (200, 201))


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["id", "endpoint", "path", "kind", "samples", "request", "headers", "body", "omitted",
             "legacy", "status", "tree", "method", "target", "route"]
        ),
        inner, max_size=6,
    ),
    max_leaves=20,
)  # fmt: skip


@given(ANY)
def test_no_document_raises(document: Any) -> None:
    """Read as far as it makes sense, and prepared or refused."""
    read_finding(document)
    prepare(read_sample(document), (), "shop.test")


MARKS = st.sampled_from(
    ["[redacted]", "[card]", "hash:0123456789abcdef", "[string]", "Basic [redacted]", "cut..."]
)
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=8)


@given(
    st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "get", "DELETE", ""]),
    st.lists(st.tuples(st.sampled_from(["X-A", "Cookie", "Host", "\r\nX", "Content-Length", "TE"]), VALUE | MARKS), max_size=4),
    st.sampled_from(["/a", "/a?token=[redacted]", "/a b", "http://b/", "*", "", "/\r\n", "/a..."]),
)  # fmt: skip
def test_what_is_sent_is_safe_and_holds_no_mark(
    method: str, headers: list[tuple[str, str]], target: str
) -> None:
    """A head that a proxy would take, of a safe method, with nothing that stands for a secret."""
    sample = read_sample({
        "method": method, "target": target,
        "request": {"headers": [list(each) for each in headers], "body": None, "omitted": ""},
    })  # fmt: skip
    prepared = prepare(sample, (), "shop.test")
    if not isinstance(prepared, Prepared):
        return
    head = parse_request_head(prepared.head, 200)
    assert head.method in (b"GET", b"HEAD", b"OPTIONS")
    assert head.target in (b"/a", b"*")
    for mark in (b"[redacted]", b"[card]", b"hash:", b"[string]", b"cut..."):
        assert mark not in prepared.head
    assert not prepared.body


@given(st.dictionaries(NAMES, VALUES, max_size=3))
def test_a_body_without_secrets_is_sent_as_it_was(body: Any) -> None:
    """Nothing is taken for hidden that was not; what was spelled anew is not sent."""
    kept = json.loads(json.dumps(KEEP.body(body)))
    assert known(kept).short == frozenset()
    shown = json.dumps(kept)
    assert is_as_sent(kept) == (
        not any(mark in shown for mark in ("[redacted]", "[card]", "\\\\u"))
    )


@given(st.sampled_from(["/a?q={}", "/a?p=&q={}", "/a?{}", "/?q={}&r=1"]), st.sampled_from("xé7"))
def test_a_query_that_was_hashed_or_dropped_is_never_sent(target: str, value: str) -> None:
    """Wherever its value stands; the same target as it was received is sent."""
    for mode, redactor in REDACTORS.items():
        shown = redactor.target(target.format(quote(value)))
        sample = read_sample({"method": "GET", "target": shown, "request": {"headers": []}})
        assert isinstance(prepare(sample, (), "shop.test"), Prepared) is (mode == "keep")
