"""Protocol buffers of a configured message type.

Law: nothing on the wire is hidden. What the schema does not know stands under `#unknown`; fields of
their default value are equal to absent ones, as protobuf says.
"""

from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shadowproxy.decode.bounds import BoundError, UndecodableError
from shadowproxy.decode.room import Room

if TYPE_CHECKING:
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message import Message

MAX_PROTOBUF_BYTES: Final = 4 << 20
"""Two bytes can be a message of 200 fields, for which memory is set aside at once."""
_MAX_SCHEMAS: Final = 32
"""Schemas kept; each takes milliseconds to read. More message types than most services answer."""

_ANY: Final = "google.protobuf.Any"


class Schema(NamedTuple):
    """Of what type a body is: a serialized FileDescriptorSet, and a full message name in it."""

    descriptors: bytes
    message: str


def decode_protobuf(body: bytes, descriptors: bytes, message: str, room: Room | None = None) -> Any:
    """The message in protobuf's JSON mapping, with field names as in the schema.

    64-bit integers are strings there, bytes base64. `#unknown` lists the fields that no message on
    the way knows: [{"field": number, "value": number or {"$bytes": base64}}].

    Raises:
        UndecodableError: not of that type, or there is no such type.
        BoundError: too large.
    """
    from google.protobuf import json_format
    from google.protobuf.message import DecodeError

    if len(body) > MAX_PROTOBUF_BYTES:
        raise BoundError("protobuf")
    kind, pool = _kind(descriptors, message)
    try:
        parsed = kind.FromString(body)
        unknown = _survey(parsed, pool, room or Room())
        tree = json_format.MessageToDict(
            parsed, preserving_proto_field_name=True, descriptor_pool=pool
        )
    except (DecodeError, json_format.Error, ValueError, TypeError, KeyError, RecursionError):
        raise UndecodableError("protobuf") from None
    if unknown:
        if not isinstance(tree, dict):
            raise UndecodableError("unknown fields")
        tree["#unknown"] = unknown
    return tree


@lru_cache(maxsize=_MAX_SCHEMAS)
def _kind(descriptors: bytes, message: str) -> "tuple[type[Message], DescriptorPool]":
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    from google.protobuf.message import DecodeError

    pool = descriptor_pool.DescriptorPool()
    try:
        for file in descriptor_pb2.FileDescriptorSet.FromString(descriptors).file:
            pool.Add(file)
        descriptor = pool.FindMessageTypeByName(message)
    except (DecodeError, TypeError, ValueError, KeyError):
        raise UndecodableError("schema") from None
    return message_factory.GetMessageClass(descriptor), pool


def _survey(message: "Message", pool: "DescriptorPool", room: Room) -> list[dict[str, Any]]:
    """Takes the room of every value before it is built; gives the unknown fields."""
    from google.protobuf.message import Message

    unknown: list[dict[str, Any]] = []
    waiting = [message]
    while waiting:
        each = waiting.pop()
        unknown += _unknown_fields(each, room)
        if each.DESCRIPTOR.full_name == _ANY:
            waiting.append(_unpacked(each, pool))
        for _, value in each.ListFields():
            values = _values(value)
            room.take(1 + len(values))
            waiting += [item for item in values if isinstance(item, Message)]
    return unknown


def _values(value: Any) -> Collection[Any]:
    if isinstance(value, Mapping):
        return value.values()
    is_repeated = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    return value if is_repeated else (value,)


def _unpacked(packed: Any, pool: "DescriptorPool") -> "Message":
    from google.protobuf import message_factory

    kind = pool.FindMessageTypeByName(packed.type_url.rpartition("/")[2])
    return message_factory.GetMessageClass(kind).FromString(packed.value)


def _unknown_fields(message: "Message", room: Room) -> list[dict[str, Any]]:
    from google.protobuf.unknown_fields import UnknownFieldSet

    fields = UnknownFieldSet(message)
    room.take(3 * len(fields))
    return [
        _unknown_field(fields[index].field_number, fields[index].data)
        for index in range(len(fields))
    ]


def _unknown_field(number: int, data: Any) -> dict[str, Any]:
    if isinstance(data, bytes):
        return {"field": number, "value": {"$bytes": b64encode(data).decode()}}
    if isinstance(data, int):
        return {"field": number, "value": data}
    raise UndecodableError("group")  # deprecated since 2008; its fields are a set again
