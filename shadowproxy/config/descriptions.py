"""The files that `compare` refers to: an API description, and types of protobuf messages.

Law: nothing in them is obeyed but what was asked for (paths, types); what cannot be read is the
operator's mistake, with the file's name.

YAML is read here without the strictness of the configuration, since others wrote it, and without
recursion: a description is as deep as its schemas. Texts stay texts; nothing is a date or a number.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Any, Final

import yaml

from shadowproxy.config.document import Loader
from shadowproxy.config.escaping import printable
from shadowproxy.config.fingerprint import Sources
from shadowproxy.decode.bounds import BoundError, UndecodableError
from shadowproxy.decode.protobuf import decode_protobuf
from shadowproxy.findings.openapi import templates_of

MAX_DESCRIPTION_BYTES: Final = 8 << 20
"""Stripe's description has 7 MiB, most have 0.1. As YAML that is 3 s of a reload, as JSON 0.3 s."""
MAX_DESCRIPTOR_BYTES: Final = 1 << 20
"""Every process keeps it; all well-known types of protobuf together have 40 KiB."""
MAX_VALUES: Final = 1_000_000
"""Of YAML, which is 100 MiB while it is read; Stripe's description has 200,000."""
MAX_DEPTH: Final = 200
"""Of YAML, where libyaml takes time by the square of it: 1 s at 20,000. Schemas that are written out
have 20 to 50."""

_OPEN: Final[Any] = object()
"""The key of a member whose name was not read yet."""


class DescriptionError(Exception):
    """`args[0]` says what is wrong with the file, `args[1]` in which line, or 0."""


def read_description(name: str, sources: Sources) -> tuple[str, ...]:
    """The endpoints that an OpenAPI document names: `METHOD /template`.

    Raises:
        DescriptionError: it cannot be read, or is no such document.
    """
    content = _content(name, sources, MAX_DESCRIPTION_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DescriptionError("not UTF-8 text", content.count(b"\n", 0, error.start) + 1) from None
    document = _from_json(text) if text.lstrip()[:1] == "{" else _from_yaml(text)
    try:
        return tuple(templates_of(document))
    except ValueError as error:
        raise DescriptionError(printable(str(error), 400), 0) from None


def read_descriptors(name: str, sources: Sources) -> bytes:
    """A file that is to hold a FileDescriptorSet.

    Raises:
        DescriptionError: it cannot be read.
    """
    return _content(name, sources, MAX_DESCRIPTOR_BYTES)


def is_message_of(descriptors: bytes, message: str) -> bool:
    """Whether these descriptors hold that message type and everything that it is made of."""
    try:
        decode_protobuf(b"", descriptors, message)
    except UndecodableError as error:
        return str(error) != "schema"
    except BoundError:
        return True
    return True


def as_text(descriptors: bytes) -> str:
    """As the settings hold them."""
    return b64encode(descriptors).decode()


def _content(name: str, sources: Sources, max_bytes: int) -> bytes:
    try:
        content = sources.read(name)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise DescriptionError(f"cannot read the file: {reason}", 0) from None
    if len(content) > max_bytes:
        raise DescriptionError(f"larger than {max_bytes >> 20} MiB", 0)
    return content


def _from_json(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise DescriptionError(f"not JSON: {error.msg}", error.lineno) from None
    except RecursionError:
        raise DescriptionError("not JSON: nested too deeply", 0) from None
    except ValueError:
        raise DescriptionError("not JSON: a number that is too large", 0) from None


def _from_yaml(text: str) -> object:
    """Dicts, lists, texts and None; an alias is the very value that its anchor stands at."""
    try:
        return _Building().build(yaml.parse(text, Loader=Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = printable(str(error.problem or error.context))
        raise DescriptionError(f"not YAML: {reason}", mark.line + 1 if mark else 0) from None
    except yaml.YAMLError as error:
        raise DescriptionError(f"not YAML: {printable(str(error))}", 0) from None


class _Building:
    """The containers that are open, innermost last, each with the key that waits for its value."""

    def __init__(self) -> None:
        self.root: object = None
        self.open: list[tuple[Any, Any]] = []
        self.anchors: dict[str, object] = {}
        self.values = 0

    def build(self, events: Iterator[yaml.Event]) -> object:
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                self.values += 1
                if self.values > MAX_VALUES:
                    raise self.refusal(event, f"more than {MAX_VALUES:,} values")
                self.add(event)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                self.open.pop()
        return self.root

    def add(self, event: yaml.NodeEvent) -> None:
        value = self.value(event)
        self.put(event, value)
        if not isinstance(event, yaml.AliasEvent) and event.anchor is not None:
            self.anchors[event.anchor] = value
        if isinstance(value, dict | list) and not isinstance(event, yaml.AliasEvent):
            self.open.append((value, _OPEN))
            if len(self.open) > MAX_DEPTH:
                raise self.refusal(event, f"nested deeper than {MAX_DEPTH} levels")

    def value(self, event: yaml.NodeEvent) -> object:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise self.refusal(event, "an alias without its anchor")
            return self.anchors[event.anchor]
        if isinstance(event, yaml.ScalarEvent):
            is_null = event.implicit[0] and re.fullmatch("~|null|Null|NULL|", event.value)
            return None if is_null else event.value
        return {} if isinstance(event, yaml.MappingStartEvent) else []

    def put(self, event: yaml.Event, value: object) -> None:
        if not self.open:
            self.root = value
            return
        container, key = self.open[-1]
        if isinstance(container, list):
            container.append(value)
        elif key is not _OPEN:
            container[key] = value
            self.open[-1] = (container, _OPEN)
        else:
            self.open[-1] = (container, self.key(event, container, value))

    def key(self, event: yaml.Event, container: dict[Any, object], value: object) -> object:
        if isinstance(value, dict | list):
            raise self.refusal(event, "a key must be a text")
        if value == "<<":
            raise self.refusal(event, "merge keys (<<) are not understood: write them out")
        if value in container:
            raise self.refusal(event, f"{printable(str(value), 80)} is there already")
        return value

    def refusal(self, event: yaml.Event, message: str) -> DescriptionError:
        mark = event.start_mark
        return DescriptionError(message, mark.line + 1 if mark else 0)
