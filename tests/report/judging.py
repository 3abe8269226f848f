"""A judge that only counts: what it counted must be in the store in the end, each exactly once."""

import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from shadowproxy.core.settings import ReportSettings
from shadowproxy.core.words import Verdict
from shadowproxy.report.batch import Batch
from shadowproxy.report.keeping import Keeper
from tests.report.events import finding, group_id
from tests.support.waiting import TooLateError, wait_for

ENDPOINT, PATH = "GET /users/{int}", "/a"
GROUP = group_id(ENDPOINT, PATH)
END_S = 10.0
AT_ONCE_S = 0.5
"""For handing over, on a machine that is starved; a wait for a lock or a server takes longer."""
FOR_EVER_S = 1e9
"""Nothing here is deleted for its age."""


@dataclass
class Judging:
    """`ticks` exchanges were counted so far; `slowest_s` is the longest that a hand-over took."""

    url: str
    settings: ReportSettings = field(default_factory=ReportSettings)
    ticks: int = 0
    slowest_s: float = 0.0
    figures: MutableMapping[str, int] = field(default_factory=lambda: {"received": 0})
    states: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.batch = Batch()
        self.settings = ReportSettings(
            self.url, FOR_EVER_S, self.settings.max_size_bytes,
            self.settings.max_samples_per_group,
        )  # fmt: skip
        self.keeper = Keeper(self.settings, "judge", lambda: dict(self.figures))

    def tick(self) -> None:
        """Counts one exchange and hands over what there is, if that is possible, as judge does."""
        self.ticks += 1
        self.figures["received"] += 1
        now = datetime.now(UTC)
        start_s, seen = int(now.timestamp()) // 10 * 10, now.isoformat(timespec="milliseconds")
        self.batch.count(start_s, ENDPOINT, "all", Verdict.MISMATCH, seen)
        self.batch.add_group(finding(ENDPOINT, PATH, seen))
        self.batch.count_group(start_s, GROUP)
        self.hand()

    def hand(self) -> None:
        """Hands over, unless the keeper is still busy with what it got before."""
        self.states.add(self.keeper.standing.state)
        if self.keeper.is_free:
            started_s = time.monotonic()
            self.keeper.hand(self.batch)
            self.slowest_s = max(self.slowest_s, time.monotonic() - started_s)
            self.batch = Batch()

    def tick_until(self, read: Callable[[], object], what: str, deadline_s: float = END_S) -> None:
        """Goes on counting until something is so."""

        def is_so() -> bool:
            self.tick()
            return bool(read())

        try:
            wait_for(is_so, what, deadline_s)
        except TooLateError as error:
            error.add_note(str(self.keeper.standing))
            raise

    def tick_until_state(self, state: str) -> None:
        """Goes on counting until the store is said to be so."""
        self.tick_until(lambda: self.keeper.standing.state == state, f"the store is {state}")

    def settle(self) -> None:
        """Until all that was counted is written."""
        for _ in range(2):  # the second is taken up once the first is written
            wait_for(lambda: self.keeper.is_free, "the keeper takes up what it got", END_S)
            self.hand()
        wait_for(lambda: self.keeper.is_free, "the keeper takes up what it got", END_S)
        assert self.keeper.standing.state == "ok", self.keeper.standing

    def end(self) -> bool:
        """The last words; whether they were written. Until then nobody was made to wait."""
        assert self.slowest_s < AT_ONCE_S
        return self.keeper.end(self.batch, END_S)
