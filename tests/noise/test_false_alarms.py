"""How often a claim is made of a candidate that behaves like legacy, looked at after each sample."""

import math
from random import Random

import pytest

from shadowproxy.core.settings import NoiseSettings
from shadowproxy.noise.evidence import Wager
from shadowproxy.noise.known import State
from shadowproxy.noise.learning import Learned
from tests.noise.locating import GET, KEY, changed

ALPHA = 0.05


@pytest.mark.slow
def test_one_key_is_claimed_falsely_in_less_than_alpha() -> None:
    """600 worlds with 400 samples each in which exactly one side differs, looked at after each."""
    draws, bar, claims = Random(1), math.log(1 / ALPHA), 0
    for _ in range(600):
        wager = Wager()
        for _ in range(400):
            (wager.win if draws.random() < 0.5 else wager.lose)()
            if wager.log_peak >= bar:
                claims += 1
                break
    assert 0 < claims / 600 <= ALPHA


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.02, 0.3, 0.9])
def test_many_keys_are_claimed_falsely_in_less_than_alpha(rate: float) -> None:
    """40 worlds of 25 keys that differ in this share of exchanges on either side.

    Looked at after each of 60 samples; the bar of a single key would be passed in many more worlds.
    """
    draws, corrected, uncorrected = Random(2), 0, 0
    for world in range(40):
        learned = Learned(NoiseSettings(alpha=ALPHA), KEY)
        is_claimed = False
        for number in range(60):
            own, other = (
                [changed(1, 2, f"/{key}") for key in range(25) if draws.random() < rate]
                for _ in range(2)
            )
            learned.sample(GET, f"{world}.{number}", own, other, 0.0)
            states = (learned.judge(GET, each, 0.0).state for each in own)
            is_claimed = is_claimed or State.REGRESSION in states
        corrected += is_claimed
        peaks = [known.wager.log_peak for _, known in learned.table.currents(0.0)]
        uncorrected += max(peaks) >= math.log(1 / ALPHA)
    assert corrected / 40 <= ALPHA
    assert rate != 0.3 or uncorrected / 40 > ALPHA


@pytest.mark.slow
def test_keys_that_come_one_after_the_other_stay_near_alpha() -> None:
    """The bar rises with the keys, so the first ones have it easier: alpha * (1 + ln 40) at most.

    At the end, when all have come, no more than alpha are claimed.
    """
    draws, ever, standing = Random(3), 0, 0
    for _ in range(60):
        wagers: list[Wager] = []
        is_ever = False
        for _ in range(40):
            wagers.append(Wager())
            bar = math.log(len(wagers) / ALPHA)
            for _ in range(3):
                for wager in wagers[-12:]:
                    (wager.win if draws.random() < 0.5 else wager.lose)()
            is_ever = is_ever or any(wager.log_peak >= bar for wager in wagers)
        ever += is_ever
        standing += any(wager.log_peak >= math.log(40 / ALPHA) for wager in wagers)
    assert ever / 60 <= ALPHA * (1 + math.log(40))
    assert standing / 60 <= ALPHA
