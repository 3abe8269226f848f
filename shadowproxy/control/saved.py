"""Rules that people saved on a page: from the store into the settings that are in force.

Laws: what every proxy of one store has in force is the same within EVERY_S; a rule that this release
cannot read is left out and said, once; a store that cannot be read changes nothing.
"""

import asyncio
from typing import Any, Final

from shadowproxy import logs
from shadowproxy.compare.rules import RuleError, read_rule
from shadowproxy.control.answers import Refused
from shadowproxy.control.reloading import Reloading
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
        self._log = logs.get("control")

    async def poll(self) -> None:
        """Follows, until cancelled."""
        pause_s = FIRST_S
        while True:
            await asyncio.sleep(pause_s)
            try:
                await self.follow()
                pause_s = EVERY_S
            except Refused:
                pause_s = min(EVERY_S, 2 * pause_s)  # judge, who writes it, says what is the matter

    async def follow(self) -> None:
        """Puts in force what is saved now.

        Raises:
            Refused: the store cannot be read.
        """
        found = await self._store.read(saved_rules)
        usable = tuple(
            (each["id"], each["endpoint"], each["rule"]) for each in found if self._is_usable(each)
        )
        await self._reloading.adopt(usable)

    def _is_usable(self, saved: dict[str, Any]) -> bool:
        try:
            read_rule(saved["rule"])
        except RuleError as error:
            if saved["id"] not in self._left_out:
                self._left_out.add(saved["id"])
                self._log.error("saved_rule_unusable", rule=saved["id"], error=str(error))
            return False
        return True
