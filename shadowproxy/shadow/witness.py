"""Legacy against itself: some exchanges are asked once more, at the same moment as the candidate.

    copy ─► drawn? ─► room, breaker? ─► witness ─► over ─► the exchange concludes
                         └ no: refused                └ unusable: it concludes without

Laws: asked = used + failed + under way; an exchange whose witness gives nothing is handled as ever,
at the copy's deadline at the latest; a legacy that is known to be in trouble is never asked.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from shadowproxy.core.overriding import override
from shadowproxy.core.settings import Settings, ShadowSettings
from shadowproxy.core.words import Backend
from shadowproxy.shadow import counting
from shadowproxy.shadow.asking import OVERHEAD_BYTES, is_safe
from shadowproxy.shadow.breaker import State
from shadowproxy.shadow.copy import Copy
from shadowproxy.shadow.learning import Inquiry, Learner, second_of
from shadowproxy.shadow.marking import Marking
from shadowproxy.shadow.room import Room
from shadowproxy.shadow.target import Target
from shadowproxy.shadow.telling import Tell

if TYPE_CHECKING:
    from shadowproxy.upstream.pool import Pool

MAX_WITNESSES: Final = 16
"""In flight. 2 % of 4,000 requests/s that take 50 ms each are 4; a legacy in which 16 pile up has
become slow, and users come first. It is a sixtieth of the connections that users may take."""


class Witness(Inquiry):
    """Legacy (or secondary), asked once more for the exchange of a copy."""

    __slots__ = ("copy",)

    def __init__(
        self, witnesses: "Witnesses", target: Target, pool: "Pool", copy: Copy, marking: Marking
    ) -> None:
        super().__init__(witnesses, target, pool, copy.request, counting.OF_SECOND, marking)
        self.copy = copy

    @override
    def legacy_bytes(self) -> int | None:
        return self.copy.legacy_bytes()


class Witnesses(Learner):
    """All witnesses under way. `share` of the copies with a safe method get one."""

    def __init__(
        self, cells: memoryview, room: Room, tell: Tell, second: Target,
        conclude: Callable[[Copy], None],
    ) -> None:  # fmt: skip
        """`conclude` hears of each witness that is over."""
        super().__init__(cells, room, tell)
        self._second = second
        self._conclude = conclude
        self.share = 0.0
        self._asks_legacy = True
        self._marking = Marking(ShadowSettings())

    def apply(self, settings: Settings) -> None:
        """Takes a generation of the settings.

        What the operator does to the heads of copies is not done to a witness: what legacy is
        asked again has to be what it was asked.
        """
        self.max_body_bytes = settings.shadow.max_body_bytes
        backend, _ = second_of(settings)
        self._asks_legacy = backend is Backend.LEGACY
        self._marking = Marking(ShadowSettings(), backend)
        self.share = settings.noise.sample if settings.noise.source == backend else 0.0

    def ask(self, copy: Copy) -> None:
        """A witness for an exchange that was drawn; none if the request is not safe to repeat."""
        pool = self._second.pool
        if pool is None or not is_safe(copy.request.head):
            return
        now_ns = copy.submitted_ns
        if not self._has_room(now_ns):
            self.cells[counting.WITNESSES_REFUSED] += 1
            return
        self.cells[counting.WITNESSES_ASKED] += 1
        witness = copy.witness = Witness(self, self._second, pool, copy, self._marking)
        self.start(witness, now_ns, copy.deadline_ns)

    def _has_room(self, now_ns: int) -> bool:
        return (
            len(self.open) < MAX_WITNESSES
            and self.room.held_bytes + OVERHEAD_BYTES <= self.room.max_bytes
            and self._second.breaker.has_room(now_ns / 1e9)
        )

    @override
    def over(self, inquiry: Inquiry) -> None:
        assert isinstance(inquiry, Witness)
        if inquiry.copy.witness is inquiry:
            self._conclude(inquiry.copy)

    def legacy_answered(self, copy: Copy) -> None:
        """Legacy's half is here; by its size it shows whether the witness is a flood."""
        witness = copy.witness
        if witness is not None and not witness.is_over and witness.is_flood:
            self.flooded(witness)

    def legacy_failed(self, now_ns: int) -> None:
        """A user got no answer of legacy's, so the breaker counts it as if a witness had.

        Users' successes are not counted, there are too many: it opens early rather than late.
        """
        breaker = self._second.breaker
        if self._asks_legacy and breaker.state is State.CLOSED:
            now_s = now_ns / 1e9
            breaker.failed(breaker.admit(now_s), now_s)

    def settle(self, copy: Copy, *, was_used: bool) -> None:
        """The exchange has ended, with what the witness said or without."""
        witness, copy.witness = copy.witness, None
        assert isinstance(witness, Witness)
        self.give_up(witness)
        if witness.is_usable:
            witness.free()
        if not was_used:
            self.cells[counting.WITNESSES_FAILED] += 1
