"""Ending the processes in order: first those that serve users, then those that their work flows to.

edges ─► shadow ─► judge ─► control        each stage: SIGTERM, wait, SIGKILL what is left
"""

import signal
from collections.abc import Sequence
from typing import Final

from shadowproxy.runtime.children import Child

STAGES_S: Final = {"shadow": 1.5, "judge": 1.0, "control": 0.5}
"""Three seconds together, within the second that a grace period has left and two more: what they
lose by SIGKILL are copies and their comparisons, never a user's answer."""

KILLED_S: Final = 1.0


class Stopping:
    """A stop that has begun; `due_s` is when `advance` has something to do, if nobody ends."""

    def __init__(self, processes: Sequence[Child], drain_s: float, now_s: float) -> None:
        self._stages = [
            ([child for child in processes if child.role == role], budget_s)
            for role, budget_s in {"edge": drain_s, **STAGES_S}.items()
        ]
        self.killed: list[str] = []
        self.due_s = now_s
        self._begin(now_s)

    def advance(self, now_s: float) -> bool:
        """Goes on to the next stage when the present one is over; True when all are."""
        while self._stages:
            left = [child for child in self._stages[0][0] if child.pid]
            if left and now_s < self.due_s:
                return False
            for child in left:
                child.signal(signal.SIGKILL)
                self.killed.append(child.name)
            del self._stages[0]
            self._begin(now_s)
        return True

    def kill_all(self, now_s: float) -> None:
        """Now: no stage is waited for any more, but the kernel gets a moment to end them."""
        everyone = [child for processes, _ in self._stages for child in processes if child.pid]
        for child in everyone:
            child.signal(signal.SIGKILL)
            self.killed.append(child.name)
        self._stages = [(everyone, 0.0)]
        self.due_s = now_s + KILLED_S

    def _begin(self, now_s: float) -> None:
        if self._stages:
            processes, budget_s = self._stages[0]
            self.due_s = now_s + budget_s
            for child in processes:
                child.signal(signal.SIGTERM)
