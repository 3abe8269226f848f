"""Texts as lists of lines."""

from shadowproxy.decode.room import Room


def decode_lines(text: str, room: Room) -> list[str]:
    """The lines between line feeds, so after a last one an empty line; no other mark ends a line."""
    room.take(2 + text.count("\n"))
    return text.split("\n")
