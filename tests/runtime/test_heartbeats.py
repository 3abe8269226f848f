"""Heartbeats: a process that beats never hangs, one that does not hangs after thirty looks."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.ipc.tallies import Tallies
from shadowproxy.runtime.heartbeats import HUNG_LOOKS, Watch, read_page


def test_thirty_looks_without_a_beat_mean_hung() -> None:
    """The first look only learns the beat."""
    watch = Watch()
    assert [watch.is_hung(5) for _ in range(HUNG_LOOKS)] == [False] * HUNG_LOOKS
    assert watch.is_hung(5)


@given(st.lists(st.integers(0, 3)))
def test_a_beat_starts_the_count_again(beats: list[int]) -> None:
    """However it went before, after a new beat there are thirty looks again."""
    watch = Watch()
    for beat in beats:
        watch.is_hung(beat)
    assert not any(watch.is_hung(4) for _ in range(HUNG_LOOKS))


def test_the_page_tells_who_beat_and_when(tmp_path: Path) -> None:
    """Read from outside, without mapping the page; a page that is not there reads as zeros."""
    assert read_page(tmp_path, "edge-0") == (0, 0)
    tallies = Tallies(tmp_path, "edge-0")
    tallies.set("pid", 4711)
    tallies.set("heartbeat_ms", 123_456_789_012)
    assert read_page(tmp_path, "edge-0") == (4711, 123_456_789_012)
