"""What is learned of a place, and what that makes of a difference there."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.core.settings import NoiseSettings
from shadowproxy.core.words import Kind
from shadowproxy.noise.evidence import FIRST_WEIGHT
from shadowproxy.noise.guards import Reason
from shadowproxy.noise.known import ENOUGH_SAMPLES, Located, State
from shadowproxy.noise.learning import UNKNOWN, Learned
from tests.noise.locating import GET, KEY, PATH, changed, judged, learner, taught, teach

DAY = 86400.0
NOISE = [(n, n + 7) for n in range(10, 40)]
SAME = changed(12, 19)

DIFFERENCES = st.lists(
    st.builds(
        Located, st.sampled_from(["/a", "/b", "/c/*"]), st.sampled_from(Kind),
        st.integers(0, 3), st.sampled_from([0, 1, "x", None]),
    ),
    max_size=4,
)  # fmt: skip
STEPS = st.lists(st.tuples(st.booleans(), DIFFERENCES, DIFFERENCES), max_size=25)


def followed(steps: list[tuple[bool, list[Located], list[Located]]], **settings: Any) -> Learned:
    learned = learner(**settings)
    for number, (is_sample, candidate, witness) in enumerate(steps):
        if is_sample:
            learned.sample(GET, f"r{number % 5}", candidate, witness, float(number))
        else:
            learned.observe(GET, candidate, float(number))
    return learned


@pytest.mark.slow
@given(STEPS, DIFFERENCES)
def test_judging_only_removes(
    steps: list[tuple[bool, list[Located], list[Located]]], differences: list[Located]
) -> None:
    """One judgement for each difference, in order; only noise at its kind is ever taken away."""
    judgements = followed(steps).explained(GET, differences, 30.0)
    assert len(judgements) == len(differences)
    for difference, judgement in zip(differences, judgements, strict=True):
        if judgement.is_explained:
            assert judgement.state is State.NOISY
            assert judgement.reason is None
            assert difference.kind in (Kind.CHANGED, Kind.ORDER)


@pytest.mark.slow
@given(STEPS, DIFFERENCES)
def test_without_legacy_against_itself_nothing_is_explained(
    steps: list[tuple[bool, list[Located], list[Located]]], differences: list[Located]
) -> None:
    """However often the candidate differs, and however many A/A samples were quiet."""
    quiet = followed([(is_sample, candidate, []) for is_sample, candidate, _ in steps])
    assert not any(each.is_explained for each in quiet.explained(GET, differences, 30.0))


@pytest.mark.slow
@given(STEPS)
def test_the_counts_add_up(steps: list[tuple[bool, list[Located], list[Located]]]) -> None:
    """Of each place: both + b_only = b, A/A samples are at least those in which it differed."""
    for row in followed(steps).shown(30.0):
        assert row["b"] == row["both"] + row["b_only"]
        assert row["a"] >= row["both"] + row["a_only"]
        assert row["aa_samples"] >= row["both"] + row["a_only"] + row["b_only"]


@pytest.mark.slow
@given(STEPS, DIFFERENCES)
def test_learning_survives_a_restart(
    steps: list[tuple[bool, list[Located], list[Located]]], differences: list[Located]
) -> None:
    """Through JSON, with every judgement as before."""
    learned = followed(steps)
    again = learner()
    again.restore(json.loads(json.dumps(learned.to_plain())), 30.0)
    assert again.explained(GET, differences, 30.0) == learned.explained(GET, differences, 30.0)
    assert again.shown(30.0) == learned.shown(30.0)
    assert again.log_bar == learned.log_bar


def test_one_disagreement_of_legacy_is_not_enough() -> None:
    """It may have been a deployment; the second one, in another request, makes it noise."""
    assert judged(taught(NOISE[:1]), SAME) == (State.OPEN, False, None)
    assert judged(taught(NOISE[:2]), SAME) == (State.NOISY, True, None)


def test_the_same_request_twice_makes_no_noise() -> None:
    """Ten times the same request counts once; another one is the second."""
    learned = learner()
    for number in range(10):
        learned.sample(GET, "the same", [], [changed(number, number + 1)], 0.0)
    assert judged(learned, SAME).state is State.OPEN
    learned.sample(GET, "another", [], [changed(1, 2)], 0.0)
    assert judged(learned, SAME).state is State.NOISY


def test_many_elements_of_one_answer_are_one_disagreement() -> None:
    """A thousand times at `/items/*/at` in one answer are one exchange's evidence."""
    learned = learner()
    learned.sample(GET, "r", [], [changed(n, n + 1) for n in range(1000)], 0.0)
    (row,) = learned.shown(0.0)
    assert (row["b"], row["requests"], row["shape"]["pairs"]) == (1, 1, 4)


def test_a_difference_is_confirmed_by_quiet_samples() -> None:
    """First seen in an ordinary exchange, it is open until legacy agreed with itself 30 times."""
    learned = learner()
    for _ in range(100):
        learned.sample(GET, "r", [], [], 0.0)
    learned.observe(GET, [SAME], 0.0)
    for _ in range(ENOUGH_SAMPLES - 1):
        learned.sample(GET, "r", [], [], 0.0)
    assert judged(learned, SAME).state is State.OPEN, "samples before the first sight do not count"
    learned.sample(GET, "r", [], [], 0.0)
    assert judged(learned, SAME) == (State.CONFIRMED, False, None)
    standing = learned.standing(GET, PATH, Kind.CHANGED, 0.0)
    assert standing[:4] == (State.CONFIRMED, ENOUGH_SAMPLES, 1, 0)
    assert standing.e == pytest.approx(FIRST_WEIGHT)


def test_samples_of_another_endpoint_confirm_nothing() -> None:
    """They never looked at this place."""
    learned = learner()
    learned.observe(GET, [SAME], 0.0)
    learned.observe("GET /other", [SAME], 0.0)
    for _ in range(100):
        learned.sample("GET /other", "r", [], [], 0.0)
    assert judged(learned, SAME).state is State.OPEN
    assert judged(learned, SAME._replace(path="/else")) == UNKNOWN


def test_a_regression_shows_on_a_noisy_path() -> None:
    """The candidate differs where legacy agrees with itself, again and again: noise is no excuse."""
    learned = taught(NOISE)
    assert judged(learned, SAME).is_explained
    count = 0
    while judged(learned, SAME).state is not State.REGRESSION:
        learned.sample(GET, f"q{count}", [SAME], [], 0.0)
        count += 1
    assert count < 60
    assert judged(learned, SAME) == (State.REGRESSION, False, None)


def test_a_regression_that_was_mended_is_noise_again() -> None:
    """The path is as noisy as before for both; the claim goes, the evidence starts anew."""
    learned = taught(NOISE)
    for number in range(60):
        learned.sample(GET, f"q{number}", [SAME], [], 0.0)
    assert judged(learned, SAME).state is State.REGRESSION
    draws, count = Random(1), 0
    while judged(learned, SAME).state is State.REGRESSION:
        is_a = draws.random() < 0.5
        own, other = ([SAME], []) if is_a else ([], [changed(11, 12)])
        learned.sample(GET, f"p{count}", own, other, 0.0)
        count += 1
    assert 5 < count < 400
    assert judged(learned, SAME).is_explained


def test_ordinary_exchanges_feed_no_evidence() -> None:
    """A million differences without a witness leave E where it was."""
    learned = taught(NOISE)
    for _ in range(1000):
        learned.observe(GET, [changed(12, 19), changed(12, 20)], 0.0)
    before = taught(NOISE).standing(GET, PATH, Kind.CHANGED, 0.0)
    after = learned.standing(GET, PATH, Kind.CHANGED, 0.0)
    assert (after.e, after.aa_samples, after.b) == (before.e, before.aa_samples, before.b)
    assert after.a == 1000


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.CHANGED, Kind.ORDER}))
def test_other_kinds_are_never_explained(kind: Kind) -> None:
    """Though legacy itself shows them each time, and though a person pinned them."""
    learned = learner(pinned=((GET, PATH, str(kind)),))
    difference = Located(PATH, kind, 1, 2)
    for number in range(50):
        learned.sample(GET, f"r{number}", [difference], [difference], 0.0)
    assert judged(learned, difference) == (State.NOISY, False, Reason.KIND)


def test_noise_expires() -> None:
    """Seven days after legacy's last disagreement with itself; one in between renews it."""
    learned = taught(NOISE)
    assert judged(learned, SAME, 7 * DAY).is_explained
    assert judged(learned, SAME, 7 * DAY + 1) == UNKNOWN
    learned.observe(GET, [SAME], 6 * DAY)
    assert judged(learned, SAME, 7 * DAY + 1) == UNKNOWN, "the candidate's renew nothing"
    learned.sample(GET, "r", [], [changed(1, 2)], 6 * DAY)
    assert judged(learned, SAME, 13 * DAY).is_explained
    learned.observe(GET, [SAME], 14 * DAY)
    (row,) = learned.shown(14 * DAY)
    assert (row["state"], row["a"], row["b"], row["aa_samples"]) == ("open", 1, 0, 0)
    assert learned.table.expired == 1


def test_a_person_decides() -> None:
    """Pinned: noise without any A/A data, guards hold. Refused: never, and it beats pinned."""
    pinned = learner(pinned=((GET, PATH, "changed"),))
    assert judged(pinned, SAME) == (State.OPEN, True, None)
    assert judged(pinned, changed("a", "b")).is_explained
    assert judged(pinned, changed(1, -1)).reason is Reason.SIGN
    assert judged(pinned, SAME._replace(path="/else")) == UNKNOWN
    refused = taught(NOISE, refused=((GET, PATH, "changed"),))
    assert judged(refused, SAME) == (State.NOISY, False, None)
    both = taught(NOISE, refused=((GET, PATH, "changed"),), pinned=((GET, PATH, "changed"),))
    assert not judged(both, SAME).is_explained
    both.apply(NoiseSettings())
    assert judged(both, SAME).is_explained, "a new generation of the settings acts at once"


def test_everything_is_shown() -> None:
    """What a judgement rests on, with what a person decided about places that nobody has seen."""
    learned = taught([("2026-11-27", "2026-11-28")] * 3, pinned=((GET, "/x", "order"),))
    row, pinned = learned.shown(5.0)
    assert (row["endpoint"], row["path"], row["kind"]) == (GET, PATH, "changed")
    assert (row["state"], row["override"]) == ("noisy", None)
    assert (row["aa_samples"], row["a"], row["b"], row["b_only"]) == (3, 0, 3, 3)
    assert (row["first_aa_s"], row["last_aa_s"], row["expires_s"]) == (0.0, 0.0, 7 * DAY)
    assert row["shape"] == {
        "pairs": 3, "types": ["string"], "classes": ["timestamp"], "length": [10, 10],
    }  # fmt: skip
    assert 0 < row["e"] < 1
    assert (pinned["path"], pinned["override"], pinned["state"]) == ("/x", "pinned", "open")
    json.dumps(learned.shown(5.0), allow_nan=False)


def test_no_value_is_kept() -> None:
    """Neither what a value begins with nor the request can be read in what is written."""
    learned = learner()
    for number in range(40):
        secret = f"secret-{number % 3} of user 4711"
        learned.sample(
            GET, f"/cart?user=4711&n={number}", [changed(secret, "hidden 815")],
            [changed(secret, f"secret-{number % 4} of user 4711")], 0.0,
        )  # fmt: skip
    written = json.dumps(learned.to_plain())
    for fragment in ("secret", "user", "4711", "hidden", "815", KEY.decode()):
        assert fragment not in written


def test_another_key_forgets_the_hashes_alone() -> None:
    """Noise stays noise; a set of values that cannot be read any more is learned again."""
    learned = taught([("HIT", "MISS"), ("MISS", "HIT")] * 60)
    assert judged(learned, changed("HIT", "GONE")).reason is Reason.UNSEEN
    once = taught(NOISE[:1])
    for source, difference in ((learned, changed("HIT", "GONE")), (once, SAME)):
        other = Learned(NoiseSettings(), b"another key")
        other.restore(source.to_plain(), 0.0)
        assert len(other.table) == 1
        assert judged(other, difference).is_explained == (source is learned)
        teach(other, NOISE[:1])
        assert judged(other, SAME).state is (State.NOISY if source is learned else State.OPEN)


GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["version", "key", "places", "kind"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.slow
@given(GARBAGE, st.data())
def test_garbage_is_left_out(garbage: Any, data: st.DataObject) -> None:
    """A file that is something else, or has garbage anywhere inside: nothing raises."""
    learned = learner()
    learned.restore(garbage, 0.0)
    assert len(learned.table) == 0
    plain: Any = taught([("a", "b")] * 3).to_plain()
    place = plain["places"][0]
    part = data.draw(st.sampled_from([place, place["shape"], place["wager"]]))
    name = data.draw(st.sampled_from(sorted(part)))
    part[name] = garbage
    learned.restore(plain, 0.0)
    assert len(learned.table) <= 1
    learned.sample(GET, "q", [changed("a", "c")], [changed("a", "d")], 0.0)
    judged(learned, changed("a", "c"))
    json.dumps(learned.to_plain())


def test_a_time_in_the_future_is_now() -> None:
    """Noise that a wrong clock has dated expires like any other."""
    learned = taught(NOISE)
    plain: Any = learned.to_plain()
    plain["places"][0]["last_aa_s"] = 1e12
    again = learner()
    again.restore(plain, 100.0)
    assert judged(again, SAME, 100.0 + 7 * DAY).is_explained
    assert judged(again, SAME, 101.0 + 7 * DAY) == UNKNOWN
