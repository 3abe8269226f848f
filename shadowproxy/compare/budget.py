"""How much looking one comparison may cost."""

from typing import Final

from shadowproxy.decode.bounds import MAX_NODES, BoundError

WHOLE: Final = 2 * MAX_NODES
"""Steps of about 0.6 µs: 250 ms."""
TEXT_PER_STEP: Final = 16
"""Characters that rules about texts look at in a step."""


class Budget:
    """Steps that are left; each value looked at is paid for."""

    __slots__ = ("left",)

    def __init__(self, steps: int = WHOLE) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Pays for looking.

        Raises:
            BoundError: nothing is left.
        """
        self.left -= steps
        if self.left < 0:
            raise BoundError("nodes")
