"""Rules that people saved on a page: from the store into the settings that are in force.

Laws: what every proxy of one store has in force is the same within EVERY_S; a rule that this release
cannot read is left out and said, once; a store that cannot be read changes nothing, and neither does
a runtime folder that cannot be written: what is in force stays, and is tried again at the next poll.
"""

import asyncio
from typing import Any, Final

from shadowproxy import logs
from shadowproxy.compare.rules import RuleError, read_rule
from shadowproxy.control.answers import Refused
from shadowproxy.control.faults import guarded
from shadowproxy.control.reloading import Reloading, SavedRules
from shadowproxy.control.store import Store
from shadowproxy.report.deciding import saved_rules

EVERY_S: Final = 5.0
FIRST_S: Final = 0.5
"""After the start, and while there is no store yet."""


class Saved:
    """Follows the rules of the store."""

    def __init__(self, store: Store, reloading: Reloading) -> None:
        self._store = store
        self._reloading = reloading
        self._left_out: set[str] = set()
        self._is_stuck = False
        self._log = logs.get("control")

    async def poll(self) -> None:
        """Follows, until cancelled."""
        pause_s = FIRST_S
        while True:
            await asyncio.sleep(pause_s)
            is_done = await self.follow()
            pause_s = EVERY_S if is_done else min(EVERY_S, 2 * pause_s)

    async def follow(self) -> bool:
        """Puts in force what is saved now; False if that cannot be done yet."""
        return await guarded(self._follow(), "saved rules") is True

    async def _follow(self) -> bool:
        try:
            found = await self._store.read(saved_rules)
        except Refused:  # judge, who writes it, says what is the matter
            return False
        usable = tuple(
            (each["id"], each["endpoint"], each["rule"]) for each in found if self._is_usable(each)
        )
        return await self._adopt(usable)

    async def _adopt(self, usable: SavedRules) -> bool:
        try:
            await self._reloading.adopt(usable)
        except OSError as error:
            if not self._is_stuck:
                self._log.error("saved_rules_not_in_force", error=error.strerror)
            self._is_stuck = True
            return False
        self._is_stuck = False
        return True

    def _is_usable(self, saved: dict[str, Any]) -> bool:
        try:
            read_rule(saved["rule"])
        except RuleError as error:
            if saved["id"] not in self._left_out:
                self._left_out.add(saved["id"])
                self._log.error("saved_rule_unusable", rule=saved["id"], error=str(error))
            return False
        return True
