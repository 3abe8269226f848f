"""How fast both sides of one endpoint are, block by block.

    pairs ─► block of block_s ─► is most of it slower? ─► win, loss or nothing ─► Wager
                                                          ±1 ─► climb: since it last stood at zero

Facts that force the design:

* Requests of one moment share their fate: a full garbage collection, a slow disk, a burst. Pairs are
  not independent, so a block of 10 s has one vote, whatever happened in it. Votes of blocks are
  counted under the hypothesis that a block is slower with a probability of at most 1/2, whatever the
  blocks before it said.
* The sign of the median is whether most pairs are slower, so it takes two counts and no list.
* A month of good blocks says nothing about the hour since the candidate was deployed. What is shown
  beside a claim is the climb: the blocks since slower ones began to outnumber the others.
"""

from typing import Any, Final

from shadowproxy.noise.evidence import Wager
from shadowproxy.noise.plain import count_at, value_at
from shadowproxy.noise.quantiles import Durations

MIN_PAIRS: Final = 5
"""In a block. The median of fewer is one request's luck; a block that has fewer after block_s goes on
until it has them, so that a rare endpoint gets its verdict later, not never."""

REMEMBERED: Final = 360
"""Blocks, an hour of them, after which what is shown of both sides' times weighs half."""


class Sides:
    """Both sides' times over the same pairs."""

    __slots__ = ("candidate", "legacy")

    def __init__(self) -> None:
        self.legacy, self.candidate = Durations(), Durations()

    def add(self, legacy_us: int, candidate_us: int) -> None:
        """One pair."""
        self.legacy.add(legacy_us)
        self.candidate.add(candidate_us)

    def halve(self) -> None:
        """Lets what is old weigh less."""
        self.legacy.halve()
        self.candidate.halve()

    def to_plain(self) -> list[Any]:
        """For JSON."""
        return [self.legacy.to_plain(), self.candidate.to_plain()]

    @classmethod
    def from_plain(cls, plain: Any) -> "Sides":
        """The same again; ValueError if it is something else."""
        sides = cls()
        sides.legacy = Durations.from_plain(value_at(plain, 0))
        sides.candidate = Durations.from_plain(value_at(plain, 1))
        return sides


class Pace:
    """One endpoint. `blocks` have voted, `climb` of them since votes were last even."""

    __slots__ = (
        "_faster", "_height", "_slower", "_started_s", "blocks", "climb", "climbing", "pairs",
        "recent", "slower_blocks", "wager",
    )  # fmt: skip

    def __init__(self) -> None:
        self.wager = Wager()
        self.pairs = 0
        self.blocks = self.slower_blocks = 0
        self.recent = Sides()
        self._start_block(None)
        self._start_climb()

    def _start_block(self, now_s: float | None) -> None:
        self._started_s = now_s
        self._slower = self._faster = 0

    def _start_climb(self) -> None:
        self.climbing = Sides()
        self.climb = self._height = 0

    @property
    def climb_slower(self) -> int:
        """Blocks of the climb in which most pairs were slower."""
        return (self.climb + self._height) // 2

    def add(
        self, legacy_us: int, candidate_us: int, limit_us: float, block_s: float, now_s: float
    ) -> bool:
        """One pair; the candidate was slow if it took more than `limit_us`. True: a block has voted."""
        has_voted = self._end_block(block_s, now_s)
        if self._started_s is None:
            self._start_block(now_s)
        self.pairs += 1
        self.recent.add(legacy_us, candidate_us)
        self.climbing.add(legacy_us, candidate_us)
        self._slower += candidate_us > limit_us
        self._faster += candidate_us < limit_us
        return has_voted

    def _end_block(self, block_s: float, now_s: float) -> bool:
        """A block that is over votes; a clock that was put back only makes it longer."""
        if self._started_s is None or now_s - self._started_s < block_s:
            return False
        if self._slower + self._faster < MIN_PAIRS:
            return False
        slower, faster = self._slower, self._faster
        self._start_block(None)
        if slower == faster:
            return False
        self._vote(slower > faster)
        return True

    def _vote(self, is_slower: bool) -> None:
        self.blocks += 1
        self.climb += 1
        if is_slower:
            self.slower_blocks += 1
            self._height += 1
            self.wager.win()
        else:
            self._height -= 1
            self.wager.lose()
        if self._height <= 0:
            self._start_climb()
        if self.blocks % REMEMBERED == 0:
            self.recent.halve()

    def settle(self, log_bar: float) -> None:
        """Takes back a claim that does not hold any more, and what was shown for it."""
        if self.wager.settle(log_bar):
            self.recent = Sides()
            self._start_climb()

    def to_plain(self) -> dict[str, Any]:
        """For JSON; the block that is under way is left out."""
        return {
            "wager": self.wager.to_plain(), "pairs": self.pairs, "blocks": self.blocks,
            "slower_blocks": self.slower_blocks, "recent": self.recent.to_plain(),
            "climbing": self.climbing.to_plain(), "climb": self.climb, "height": self._height,
        }  # fmt: skip

    @classmethod
    def from_plain(cls, plain: Any) -> "Pace":
        """The same again; ValueError if it is something else."""
        pace = cls()
        pace.wager = Wager.from_plain(value_at(plain, "wager"))
        pace.pairs = count_at(plain, "pairs")
        pace.blocks, pace.slower_blocks = (
            count_at(plain, "blocks"),
            count_at(plain, "slower_blocks"),
        )
        pace.recent = Sides.from_plain(value_at(plain, "recent"))
        pace.climbing = Sides.from_plain(value_at(plain, "climbing"))
        pace.climb, pace._height = count_at(plain, "climb"), count_at(plain, "height")
        return pace
