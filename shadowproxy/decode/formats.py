"""Bodies into trees of plain values, by format.

    bytes ─► format of the media type ─► one small module each ─► dict, list, str, numbers, bool, None

Laws: any bytes give a tree, UndecodableError or BoundError, and nothing else; no format costs more
than linear time, or memory for more than MAX_NODES values; no tree is deeper than MAX_DEPTH and the
few levels of the multipart around it.
"""

from base64 import b64encode
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from shadowproxy.decode.bounds import UndecodableError, require_size
from shadowproxy.decode.csv_rows import decode_csv
from shadowproxy.decode.events import decode_events
from shadowproxy.decode.form import decode_form
from shadowproxy.decode.html_tree import decode_html
from shadowproxy.decode.json_text import How, decode_json, is_json
from shadowproxy.decode.lines import decode_lines
from shadowproxy.decode.media import UTF8, Format, Media, decode_text, read_text
from shadowproxy.decode.msgpack_tree import decode_msgpack
from shadowproxy.decode.multipart import MAX_LEVELS, decode_multipart
from shadowproxy.decode.ndjson import decode_json_seq, decode_ndjson, values_of_json
from shadowproxy.decode.protobuf import Schema, decode_protobuf
from shadowproxy.decode.room import Room
from shadowproxy.decode.xml_tree import decode_xml


class _Way(NamedTuple):
    """What the parts of one body share; `level` counts the multiparts around this one."""

    how: How
    schema: Schema | None
    room: Room
    level: int


def decode(body: bytes, media: Media, how: How, schema: Schema | None = None) -> Any:
    """The tree of a body in a format that can be looked into.

    `schema` is the message type of a protobuf body; without one such a body is undecodable, like
    any opaque one.

    Raises:
        UndecodableError: not what its media type says.
        BoundError: more than can be looked at in time.
    """
    decode_format = _DECODERS.get(media.format)
    if decode_format is None or (media.format is Format.PROTOBUF and schema is None):
        raise UndecodableError("opaque")
    require_size(body)
    return decode_format(body, media, _Way(how, schema, Room(), 0))


def utf8_of(body: bytes, charset: str) -> bytes:
    """JSON in another declared charset as UTF-8; as it is where that does not work.

    Raises:
        BoundError: it is too large.
    """
    if charset in UTF8:
        return body
    require_size(body)
    text = decode_text(body, charset)
    return body if text is None else text.encode("utf-8", "surrogatepass")


def _json(body: bytes, media: Media, way: _Way) -> Any:
    if way.level:  # alone, decode_json itself looks at the size
        way.room.take(min(len(body), values_of_json(body)))
    return decode_json(utf8_of(body, media.charset), way.how)


def _ndjson(body: bytes, media: Media, way: _Way) -> Any:
    return decode_ndjson(utf8_of(body, media.charset), way.how, way.room)


def _json_seq(body: bytes, media: Media, way: _Way) -> Any:
    return decode_json_seq(utf8_of(body, media.charset), way.how, way.room)


def _form(body: bytes, media: Media, way: _Way) -> Any:
    return decode_form(body, media.charset, way.room)


def _multipart(body: bytes, media: Media, way: _Way) -> Any:
    if way.level >= MAX_LEVELS:
        raise UndecodableError("depth")
    inner = way._replace(level=way.level + 1)
    return decode_multipart(
        body, media.boundary, way.room, lambda part, of_part: _part(part, of_part, inner)
    )


def _part(body: bytes, media: Media | None, way: _Way) -> Any:
    if body and media is None:
        text = decode_text(body, "")
        return _bytes(body) if text is None else decode_lines(text, way.room)
    if not body or media is None:
        return _bytes(body)
    form = media.format
    if form is Format.SNIFF and is_json(body):
        form = Format.JSON
    decode_format = _DECODERS.get(form)
    if decode_format is None or (form is Format.PROTOBUF and way.schema is None):
        return _bytes(body)
    return decode_format(body, media, way)


def _bytes(body: bytes) -> dict[str, str]:
    return {"$bytes": b64encode(body).decode()}


_VALUES_OF_PARSER: Final = 80
"""To set one up takes 40 µs: nothing for a body, but much for each of its parts."""


def _xml(body: bytes, media: Media, way: _Way) -> Any:
    way.room.take(_VALUES_OF_PARSER)
    return decode_xml(body, media.charset, way.room)


def _html(body: bytes, media: Media, way: _Way) -> Any:
    way.room.take(_VALUES_OF_PARSER)
    return decode_html(body, media.charset, way.room)


def _csv(body: bytes, media: Media, way: _Way) -> Any:
    delimiter = "," if media.name == "text/csv" else "\t"
    return decode_csv(read_text(body, media.charset), delimiter, media.has_header, way.room)


def _msgpack(body: bytes, _media: Media, way: _Way) -> Any:
    return decode_msgpack(body, way.room)


def _text(body: bytes, media: Media, way: _Way) -> Any:
    return decode_lines(read_text(body, media.charset), way.room)


def _events(body: bytes, _media: Media, way: _Way) -> Any:
    return decode_events(read_text(body, ""), way.room)  # the standard knows UTF-8 alone


def _protobuf(body: bytes, _media: Media, way: _Way) -> Any:
    if way.schema is None:
        raise UndecodableError("opaque")
    return decode_protobuf(body, way.schema.descriptors, way.schema.message, way.room)


_DECODERS: Final[dict[Format, Callable[[bytes, Media, _Way], Any]]] = {
    Format.JSON: _json,
    Format.NDJSON: _ndjson,
    Format.JSON_SEQ: _json_seq,
    Format.FORM: _form,
    Format.MULTIPART: _multipart,
    Format.XML: _xml,
    Format.HTML: _html,
    Format.CSV: _csv,
    Format.MSGPACK: _msgpack,
    Format.TEXT: _text,
    Format.EVENTS: _events,
    Format.PROTOBUF: _protobuf,
}
