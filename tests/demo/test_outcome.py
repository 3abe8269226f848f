"""What the demo concludes from what it saw."""

from dataclasses import replace

import pytest

from shadowproxy.demo.observed import Group, Learned, Observed, Pace, Sums
from shadowproxy.demo.outcome import ENOUGH_BLOCKS, ENOUGH_COMPARED, conclude
from shadowproxy.demo.planted import BUGS, NOISE
from shadowproxy.demo.traffic import Experience

SHOWN = [bug for bug in BUGS if bug.kind is not None]
GROUPS = tuple(
    Group(bug.place.endpoint, bug.place.path, str(bug.kind), 200, 200, 5, 0, "it differs")
    for bug in SHOWN
)
LEARNED = tuple(
    Learned(noise.place.endpoint, noise.place.path, "changed", "noisy", 12, 12) for noise in NOISE
)
TIMES = {"p50": 1000}
SLOW = Pace("GET /cart", True, "candidate is slower", ENOUGH_BLOCKS, ENOUGH_BLOCKS, TIMES, TIMES)
NOISY = Group(NOISE[0].place.endpoint, NOISE[0].place.path, "changed", 200, 200, 3, 9, "it differs")
ENOUGH = Sums(received=ENOUGH_COMPARED, recorded=ENOUGH_COMPARED)
TOO_FEW = Sums(received=ENOUGH_COMPARED, skipped=1, recorded=ENOUGH_COMPARED - 1)
ALL_FOUND = Observed(sums=ENOUGH, groups=GROUPS, learned=LEARNED, paces=(SLOW,))


def _good() -> Experience:
    return Experience(requests=10)


def test_all_found_is_no_complaint() -> None:
    """Every bug seen, no user hurt and sums that hold: nothing to complain about."""
    outcome = conclude(_good(), ALL_FOUND)
    assert outcome.complaints == ()
    assert all(sighting.is_found for sighting in outcome.sightings)


@pytest.mark.parametrize("missing", range(len(SHOWN)))
def test_each_bug_is_missed_by_name(missing: int) -> None:
    """A bug whose group is not there is complained about, and it alone."""
    groups = GROUPS[:missing] + GROUPS[missing + 1 :]
    complaints = conclude(_good(), replace(ALL_FOUND, groups=groups)).complaints
    assert len(complaints) == 1
    assert SHOWN[missing].name in complaints[0]


def test_a_slow_endpoint_must_be_claimed_to_be_slow() -> None:
    """Enough blocks without a claim are a bug that was not found."""
    unclaimed = replace(SLOW, is_slower=False, sentence="")
    outcome = conclude(_good(), replace(ALL_FOUND, paces=(unclaimed,)))
    (complaint,) = outcome.complaints
    assert "slow_endpoint" in complaint


@pytest.mark.parametrize("blocks", [0, ENOUGH_BLOCKS - 1])
def test_a_short_demo_claims_nothing_about_times(blocks: int) -> None:
    """Too few blocks, or none: neither found nor missed."""
    short = (replace(SLOW, is_slower=False, blocks=blocks),)
    outcome = conclude(_good(), replace(ALL_FOUND, paces=short))
    assert outcome.complaints == ()
    assert outcome.is_open
    assert [each.bug.name for each in outcome.sightings if each.is_open] == ["slow_endpoint"]


def test_times_that_nobody_measures_are_a_complaint() -> None:
    """After enough exchanges an endpoint without any time is no matter of patience."""
    (complaint,) = conclude(_good(), replace(ALL_FOUND, paces=())).complaints
    assert "slow_endpoint" in complaint


def test_after_few_exchanges_nothing_is_missed() -> None:
    """Neither a bug nor noise, for there was no evidence; what nobody planted still is wrong."""
    nothing = Observed(sums=TOO_FEW)
    outcome = conclude(_good(), nothing)
    assert outcome.complaints == ()
    assert all(each.is_open for each in outcome.sightings)
    assert all(each.is_open for each in outcome.lessons)
    stranger = replace(GROUPS[0], path="/stranger")
    (complaint,) = conclude(_good(), replace(nothing, groups=(stranger,))).complaints
    assert "nobody planted" in complaint


def test_what_is_found_early_is_found() -> None:
    """A short demo that found everything leaves nothing open."""
    outcome = conclude(_good(), replace(ALL_FOUND, sums=TOO_FEW))
    assert outcome.complaints == ()
    assert not outcome.is_open


def test_another_slow_endpoint_is_a_complaint() -> None:
    """Nobody planted it."""
    other = replace(SLOW, endpoint="GET /", sentence="candidate is slower: GET /")
    (complaint,) = conclude(_good(), replace(ALL_FOUND, paces=(SLOW, other))).complaints
    assert complaint == "nobody planted: candidate is slower: GET /"


def test_another_kind_at_the_place_is_not_the_bug() -> None:
    """The right place with the wrong kind is a finding that nobody planted, and the bug is open."""
    wrong = replace(GROUPS[0], kind="changed")
    outcome = conclude(_good(), replace(ALL_FOUND, groups=(wrong, *GROUPS[1:])))
    assert outcome.unplanted == (wrong,)
    assert len(outcome.complaints) == 2


def test_noise_is_set_apart() -> None:
    """Planted noise is neither a bug nor a complaint, though it was reported before it was learned."""
    outcome = conclude(_good(), replace(ALL_FOUND, groups=(*GROUPS, NOISY)))
    assert outcome.lessons[0].group == NOISY
    assert outcome.unplanted == ()
    assert outcome.complaints == ()


@pytest.mark.parametrize("state", [None, "open", "regression"])
def test_noise_that_is_not_learned_is_a_complaint(state: str | None) -> None:
    """By its place, whether it never differed or is taken for something else."""
    first = () if state is None else (replace(LEARNED[0], state=state),)
    learned = (*first, *LEARNED[1:])
    (complaint,) = conclude(_good(), replace(ALL_FOUND, learned=learned)).complaints
    assert complaint == "planted noise not learned: GET /items /generated_at"


def test_a_hurt_user_is_a_complaint() -> None:
    """One error that a user saw is enough."""
    seen = _good()
    seen.errors["cart: status 502"] = 1
    assert conclude(seen, ALL_FOUND).complaints == ("users saw an error 1 times: cart: status 502",)


def test_silence_is_a_complaint() -> None:
    """No traffic at all is not a success."""
    assert "no request was sent" in conclude(Experience(), ALL_FOUND).complaints


@pytest.mark.parametrize(
    ("sums", "said"),
    [
        (replace(ENOUGH, received=ENOUGH.received + 1), "do not hold"),
        (replace(ENOUGH, balanced=False), "do not hold"),
        (replace(ENOUGH, received=ENOUGH.received + 1, failed=1), "own fault"),
        (Sums(received=10, skipped=10), "compared"),
    ],
)
def test_sums_are_watched(sums: Sums, said: str) -> None:
    """Lost exchanges, our own failures and nothing compared are each complained about."""
    (complaint,) = conclude(_good(), replace(ALL_FOUND, sums=sums)).complaints
    assert said in complaint
