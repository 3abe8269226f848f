"""The bounds of the table."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.core.settings import NoiseSettings
from shadowproxy.core.words import Kind
from shadowproxy.noise.learning import Learned
from shadowproxy.noise.table import MAX_NAME, Table
from tests.noise.locating import GET, KEY, changed, judged, taught

KIND = Kind.CHANGED


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyzuvw"), st.booleans())))
def test_never_more_than_its_capacity(touches: list[tuple[str, str, bool]]) -> None:
    """The least recently touched goes, and every place that ever came is known or counted."""
    learned = Learned(NoiseSettings(), KEY, capacity=4)
    recent: list[tuple[str, str]] = []
    created = 0
    for endpoint, path, is_sample in touches:
        created += (endpoint, path) not in recent
        recent = [*(each for each in recent if each != (endpoint, path)), (endpoint, path)][-4:]
        if is_sample:
            learned.sample(endpoint, "r", [changed(1, 2, path)], [], 0.0)
        else:
            learned.observe(endpoint, [changed(1, 2, path)], 0.0)
    table = learned.table
    assert [key[:2] for key, _ in table.currents(0.0)] == recent
    assert table.evicted == created - len(table)
    assert table.active == sum(known.is_active for _, known in table.currents(0.0))
    assert all(table.samples(each) == 0 for each in {*"abc"} - {each for each, _ in recent})


def test_what_is_forgotten_is_a_signal() -> None:
    """A flood of other places takes noise away, and never makes any."""
    learned = taught([(n, n + 1) for n in range(10)])
    assert judged(learned, changed(1, 2)).is_explained
    learned.table.capacity = 3
    for number in range(5):
        learned.observe(GET, [changed(1, 2, f"/{number}")], 0.0)
    assert not judged(learned, changed(1, 2)).is_explained
    assert (len(learned.table), learned.table.evicted) == (3, 3)


def test_a_name_without_end_is_not_learned() -> None:
    """Its differences stay signals."""
    learned = Learned(NoiseSettings(), KEY)
    for number in range(9):
        learned.sample(GET, f"r{number}", [], [changed(1, 2, "/" + "a" * MAX_NAME)], 0.0)
        learned.sample("G" * 2000, f"r{number}", [], [changed(1, 2)], 0.0)
    assert len(learned.table) == 0
    assert learned.table.samples(GET) == 0


def test_expiring_forgets_what_is_old() -> None:
    """Noise by legacy's last disagreement, the rest by the last difference."""
    table = Table(KEY)
    table.expire_s = 10.0
    table.touch(GET, "/old", KIND, 0.0)
    table.touch(GET, "/new", KIND, 5.0)
    table.expire(12.0)
    assert [key[1] for key, _ in table.currents(12.0)] == ["/new"]
    assert (table.expired, len(table)) == (1, 1)
    assert table.current((GET, "/new", KIND), 15.1) is None


@pytest.mark.slow
def test_a_full_table_stays_small() -> None:
    """10,000 noisy places take less than 60 MiB, whatever the size of their values."""
    tracemalloc.start()
    try:
        learned = Learned(NoiseSettings(), KEY)
        for number in range(2000):
            pair = changed("a" * 9999, "b" * 9999, f"/{number}")
            learned.sample(GET, "r", [pair], [pair], 0.0)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / 2000 < 60 * 2**20 / 10_000
