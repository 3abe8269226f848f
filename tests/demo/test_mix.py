"""The sequence of requests."""

from collections import Counter
from itertools import islice

from shadowproxy.demo import planted
from shadowproxy.demo.mix import MIX, gaps_s, plan


def test_same_seed_same_traffic() -> None:
    """The sequence and its arrivals depend on the seed alone."""
    assert list(islice(plan(3), 500)) == list(islice(plan(3), 500))
    assert list(islice(plan(3), 500)) != list(islice(plan(4), 500))
    assert list(islice(gaps_s(3, 100), 500)) == list(islice(gaps_s(3, 100), 500))


def test_arrivals_keep_the_rate() -> None:
    """2,000 arrivals at 200 a second take ten seconds, within 5 %."""
    assert 9.5 < sum(islice(gaps_s(1, 200), 2000)) < 10.5


def test_mix_sums_to_a_hundred() -> None:
    """The weights are percentages."""
    assert sum(weight for weight, _ in MIX) == 100


def test_shares_are_those_of_the_table() -> None:
    """Of 5,000 requests each sort has its share, within 1.5 percentage points."""
    drawn = Counter(planned.name for planned in islice(plan(1), 5000))
    names = ["detail", "list", "search", "cart", "page", "quote", "order", "gzip", "unknown item"]
    for (weight, _), name in zip(MIX, names, strict=False):
        assert abs(drawn[name] / 50 - weight) < 1.5, name


def test_a_few_seconds_meet_every_bug() -> None:
    """Within 600 requests, four seconds of the default rate, each bug in an answer is met."""
    targets = {planned.target for planned in islice(plan(1), 600)}
    ids = {int(target.rpartition("/")[2]) for target in targets if target.startswith("/items/")}
    assert planted.FAILING_ID in ids
    assert any(number % planted.TYPE_EVERY == 0 for number in ids)
    assert any(number % planted.MISSING_EVERY == planted.MISSING_REMAINDER for number in ids)
    assert any(target.endswith("sort=price") for target in targets)
    users = {
        int(planned.headers["X-User-Id"][1:])
        for planned in islice(plan(1), 600)
        if planned.target == "/cart"
    }
    assert any(user % planted.TOKEN_EVERY == planted.TOKEN_REMAINDER for user in users)


def test_every_user_has_an_id_and_a_cookie() -> None:
    """Sampling keys have something to stick to."""
    for planned in islice(plan(1), 100):
        assert planned.headers["X-User-Id"].startswith("u")
        assert "session=" in planned.headers["Cookie"]
