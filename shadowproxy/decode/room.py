"""How many values the body that is being decoded may still become."""

from shadowproxy.decode.bounds import MAX_NODES, BoundError


class Room:
    """Shared by all parts of one body; taken from before a value is built, so memory is bounded."""

    __slots__ = ("left",)

    def __init__(self, values: int = MAX_NODES) -> None:
        self.left = values

    def take(self, values: int) -> None:
        """Takes the room of so many values.

        Raises:
            BoundError: there is not that much left.
        """
        self.left -= values
        if self.left < 0:
            raise BoundError("nodes")
