"""Bets against the claim that nothing is wrong: evidence that may be looked at all day.

If the candidate behaves like legacy, a win (only the candidate differs) is at most as likely as a
loss (only legacy differs from itself), whatever happened before. Who bets the share l of a stake on
each win then has 1 + l or 1 - l times as much, and more than x times the stake ever with a
probability of at most 1/x, however often one looks (Ville 1939). E is the mean over the nine shares
.1 to .9 of what such bettors have, so nobody has to know in advance how much the candidate is off.

Facts that force the design:

* A bettor who loses for a month has nothing left to tell of a bug that comes then: after 10,000
  equal days in court E would be e^-50, and a candidate that fails always would need 600 samples.
  So a bettor who has lost nine tenths begins anew, with a share of the stake that was put aside for
  that: .9 for the first time, .1/(j(j-1)) for the j-th. These sum to 1, so Ville's bound holds for
  the whole, at the price of a tenth of E in the beginning. What the losers still have is left out.
* Evidence is e^700 after 1,100 wins, so all of it is kept as logarithms.

A claim is made on the highest E there was (`log_peak`): that is what Ville bounds, so a claim does
not flap with each sample. It is taken back when E has fallen from there by FALL: as long as the
candidate is off by the share that the leading bettor bets on, 1/E is fair as well, so it falls that
far after one climb in a million. Then all bets start anew. This spends nothing twice: without a
claim there is no new start.
"""

import math
from typing import Any, Final

from shadowproxy.noise.plain import count_at, list_at, number_at

_SHARES: Final = tuple(tenths / 10 for tenths in range(1, 10))
_WON: Final = tuple(math.log1p(share) for share in _SHARES)
_LOST: Final = tuple(math.log1p(-share) for share in _SHARES)

FIRST_WEIGHT: Final = 0.9
"""Of a bettor's stake, for the first beginning. The tenth put aside costs a bug of the first day
0.1 of about 7 nats of evidence, and lets one of a later day need tens of samples, not thousands."""

_LOG_MEAN: Final = math.log(len(_SHARES))
_LOG_FIRST: Final = math.log(FIRST_WEIGHT)
_LOG_RUINED: Final = math.log(0.1)
"""With .5 a bettor would begin anew after each bad hour and find no weak but steady effect; with
.01 those of long odds would sit on nothing. At .1 the first loss ruins who bets .9."""

FALL: Final = 1e6
"""For who was always off six good outcomes in a row, for who is off a little 2,800 even ones."""

MAX_E: Final = 1e300
"""More is shown as this: JSON has no infinity."""


class Wager:
    """The bets about one question; `log_e` and `log_peak` are natural logarithms."""

    __slots__ = ("_begun", "_floors", "_held", "log_e", "log_peak", "losses", "wins")

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.wins = self.losses = 0
        self.log_e = self.log_peak = _LOG_FIRST
        self._begun = [1] * len(_SHARES)
        self._held = [_LOG_FIRST] * len(_SHARES)
        self._floors = [_LOG_FIRST + _LOG_RUINED] * len(_SHARES)

    @property
    def e(self) -> float:
        """E, at most MAX_E."""
        return math.exp(self.log_e) if self.log_e < _LOG_MAX_E else MAX_E

    def win(self) -> None:
        """The outcome that speaks against the claim. 3 µs."""
        self.wins += 1
        self._held = [held + step for held, step in zip(self._held, _WON, strict=True)]
        self._weigh(self._held)

    def lose(self) -> None:
        """The outcome that does not. 3 µs."""
        self.losses += 1
        held, floors = self._held, self._floors
        for index, step in enumerate(_LOST):
            held[index] += step
            if held[index] < floors[index]:
                self._begin_again(index)
        self._weigh(held)

    def _begin_again(self, index: int) -> None:
        self._begun[index] += 1
        weight = _log_weight(self._begun[index])
        self._held[index] = weight
        self._floors[index] = weight + _LOG_RUINED

    def _weigh(self, held: list[float]) -> None:
        top = max(held)
        self.log_e = top + math.log(sum([math.exp(own - top) for own in held])) - _LOG_MEAN
        if self.log_e > self.log_peak:
            self.log_peak = self.log_e

    def settle(self, log_bar: float) -> bool:
        """Takes back a claim that was made at the bar and no longer holds; True: all starts anew."""
        if self.log_peak < log_bar or self.log_e > self.log_peak - _LOG_FALL:
            return False
        self._start()
        return True

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "wins": self.wins, "losses": self.losses, "log_peak": self.log_peak,
            "held": list(self._held), "begun": list(self._begun),
        }  # fmt: skip

    @classmethod
    def from_plain(cls, plain: Any) -> "Wager":
        """The same again.

        Raises:
            ValueError: it is not what `to_plain` gives.
        """
        wager = cls()
        wager.wins, wager.losses = count_at(plain, "wins"), count_at(plain, "losses")
        held, begun = list_at(plain, "held", len(_SHARES)), list_at(plain, "begun", len(_SHARES))
        wager._held = [number_at(held, index) for index in range(len(_SHARES))]
        wager._begun = [max(1, count_at(begun, index)) for index in range(len(_SHARES))]
        wager._floors = [_log_weight(begun) + _LOG_RUINED for begun in wager._begun]
        wager._weigh(wager._held)
        wager.log_peak = max(wager.log_e, number_at(plain, "log_peak"))
        return wager


_LOG_MAX_E: Final = math.log(MAX_E)
_LOG_FALL: Final = math.log(FALL)


def _log_weight(begun: int) -> float:
    """Of the j-th beginning: .9, .1/2, .1/6, .1/12, ..."""
    if begun == 1:
        return _LOG_FIRST
    return math.log((1 - FIRST_WEIGHT) / (begun * (begun - 1)))
