"""Whether a backend could be reached, from what came of all its requests."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.cli.replaying.reaching import UNREACHED, Reach
from shadowproxy.core.words import FailureKind

FAILURES = st.lists(st.none() | st.sampled_from(FailureKind))


def trouble_of(failures: Sequence[FailureKind | None]) -> str:
    reach = Reach("the candidate at http://c")
    for failure in failures:
        reach.count(failure)
    return reach.trouble


@given(FAILURES)
def test_there_is_trouble_only_if_no_request_came_through(
    failures: Sequence[FailureKind | None],
) -> None:
    """In whichever order; whoever was not asked is not called unreachable."""
    expected = bool(failures) and all(each in UNREACHED for each in failures)
    assert bool(trouble_of(failures)) is expected
    assert trouble_of(failures[::-1]) == trouble_of(failures)


def test_the_reasons_are_named() -> None:
    """Each once, whom it is about first."""
    refused, late = FailureKind.CONNECT_REFUSED, FailureKind.CONNECT_TIMEOUT
    said = trouble_of([late, refused, refused])
    assert said == "the candidate at http://c cannot be reached (connect_refused, connect_timeout)"
