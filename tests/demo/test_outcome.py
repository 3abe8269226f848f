"""What the demo concludes from what it saw."""

from dataclasses import replace

import pytest

from shadowproxy.demo.observed import Group, Observed, Speed, Sums
from shadowproxy.demo.outcome import conclude
from shadowproxy.demo.planted import BUGS, NOISE, SLOW_BY_S
from shadowproxy.demo.traffic import Experience

SHOWN = [bug for bug in BUGS if bug.kind is not None]
GROUPS = tuple(
    Group(bug.place.endpoint, bug.place.path, str(bug.kind), 200, 200, 5, "it differs")
    for bug in SHOWN
)
SLOW = Speed("GET /cart", 0.001, 0.001 + SLOW_BY_S)
ALL_FOUND = Observed(sums=Sums(received=10, skipped=1, recorded=9), groups=GROUPS, speeds=(SLOW,))


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


def test_a_slow_endpoint_must_be_seen_as_slow() -> None:
    """A median that did not move by half of what was planted does not count as found."""
    quick = Speed("GET /cart", 0.001, 0.001 + SLOW_BY_S / 3)
    (complaint,) = conclude(_good(), replace(ALL_FOUND, speeds=(quick,))).complaints
    assert "slow_endpoint" in complaint


def test_another_kind_at_the_place_is_not_the_bug() -> None:
    """The right place with the wrong kind is a finding that nobody planted, and the bug is open."""
    wrong = replace(GROUPS[0], kind="changed")
    outcome = conclude(_good(), replace(ALL_FOUND, groups=(wrong, *GROUPS[1:])))
    assert outcome.unplanted == (wrong,)
    assert len(outcome.complaints) == 2


def test_noise_is_set_apart() -> None:
    """Planted noise is neither a bug nor a complaint."""
    noise = Group(NOISE[0].place.endpoint, NOISE[0].place.path, "changed", 200, 200, 3, "")
    outcome = conclude(_good(), replace(ALL_FOUND, groups=(*GROUPS, noise)))
    assert outcome.noise == (noise,)
    assert outcome.complaints == ()


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
        (Sums(received=11, skipped=1, recorded=9), "do not hold"),
        (Sums(received=10, skipped=1, recorded=9, balanced=False), "do not hold"),
        (Sums(received=10, skipped=1, recorded=8, failed=1), "own fault"),
        (Sums(received=10, skipped=10), "compared"),
    ],
)
def test_sums_are_watched(sums: Sums, said: str) -> None:
    """Lost exchanges, our own failures and nothing compared are each complained about."""
    (complaint,) = conclude(_good(), replace(ALL_FOUND, sums=sums)).complaints
    assert said in complaint
