"""YAML 1.2 core, as far as a configuration needs it: text in, nodes with positions out.

PyYAML speaks YAML 1.1, so only its parser is used: resolving plain scalars, keys, aliases and
bounds are ours. Refused, with the position: duplicate and complex keys, tags, merge keys, a
second document, directives of other versions, control characters.

Bounds: size, depth and the number of nodes after aliases are expanded, so that no file, however
hostile, costs more than a fraction of a second.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NoReturn

import yaml

from shadowproxy.config.bracing import PRIVATE, protect, restore
from shadowproxy.config.escaping import printable
from shadowproxy.config.nodes import Entry, Mapping, Node, Origin, Scalar, Sequence, key_text
from shadowproxy.config.problems import Problem

MAX_CHARS: Final = 512 << 10
MAX_DEPTH: Final = 32
"""The deepest setting of ours is 6 levels down."""
MAX_NODES: Final = 20_000
"""255 routes with everything set are 4,000 nodes, 2,000 rules 8,000 to 16,000."""

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Of libyaml where PyYAML was built with it: six times as fast."""
_FORBIDDEN = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff{PRIVATE}\ufeff\ufffe\uffff]"
)
_NO_VALUE = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


class _RefusedError(Exception):
    """Reading cannot go on; `args[0]` is the problem."""


def read_document(
    text: str, name: str, base: str, problems: list[Problem], rank: int = 0
) -> Mapping | None:
    """The mapping that the text holds (an empty text: an empty mapping), or None.

    `name` stands for the file in positions, `rank` says where its mistakes come (Origin.rank). Every mistake is added to `problems`; what is None
    could not be read any further, what is a Mapping may be examined for more.
    """
    reader = _Reader(name, base, problems, rank)
    try:
        root = reader.read(text)
    except _RefusedError as refusal:
        problems.append(refusal.args[0])
        return None
    if isinstance(root, Mapping):
        return root
    if isinstance(root, Scalar) and root.is_null:
        return Mapping(root.origin)
    problems.append(reader.problem(root.origin, "expected a mapping of settings (key: value)"))
    return None


def _said(text: str, at: int, error: yaml.MarkedYAMLError) -> str:
    culprit = text[at : at + 1]
    if "cannot start any token" in str(error.problem):
        if culprit == "\t":
            return "a tab cannot indent; use spaces"
        return f"put quotes around a text that starts with {printable(culprit)}"
    return ", ".join(printable(restore(part)) for part in (error.problem, error.context) if part)


@dataclass(slots=True)
class _Reader:
    """One pass over the parser's events."""

    name: str
    base: str
    problems: list[Problem]
    rank: int
    anchors: dict[str, tuple[Node | None, int, int]] = field(default_factory=dict)
    path: list[str | int] = field(default_factory=list)
    nodes: int = 0

    def read(self, text: str) -> Node:
        if len(text) > MAX_CHARS:
            raise _RefusedError(self.problem(self.at(0, 0), "larger than 512 KiB of text"))
        if bad := _FORBIDDEN.search(text):
            line = text.count("\n", 0, bad.start())
            column = bad.start() - (text.rfind("\n", 0, bad.start()) + 1)
            message = f"the character {printable(bad[0])} is not allowed here"
            raise _RefusedError(self.problem(self.at(line, column), message))
        try:
            return self.document(yaml.parse(protect(text), Loader=Loader))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = self.at(mark.line, mark.column) if mark else self.at(0, 0)
            message = _said(text, mark.index if mark else 0, error)
            message = f"not YAML: {message}"
            raise _RefusedError(Problem(where.where, "", message, where.rank)) from error
        except yaml.YAMLError as error:
            message = printable(str(error))
            raise _RefusedError(self.problem(self.at(0, 0), message)) from error

    def document(self, events: Iterator[yaml.Event]) -> Node:
        root: Node = Mapping(self.at(0, 0))
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.refuse(event, "a second document; a configuration is one document")
                if event.version not in (None, (1, 2)):
                    self.refuse(event, "this is read as YAML 1.2; remove the %YAML line")
            elif isinstance(event, yaml.NodeEvent):
                root, _, _ = self.node(event, events, 1)
        return root

    def node(
        self, event: yaml.Event, events: Iterator[yaml.Event], depth: int
    ) -> tuple[Node, int, int]:
        """The node, how many nodes it holds, and its height."""
        origin = self.origin(event)
        if depth > MAX_DEPTH:
            self.refuse(event, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, depth)
        tag = getattr(event, "tag", None)
        if tag is not None:
            self.refuse(event, f"tags such as {printable(tag, 40)} are not supported")
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self.anchors[anchor] = (None, 0, 0)
        before = self.nodes
        self.count(event, 1)
        height = 1
        made: Node
        if isinstance(event, yaml.ScalarEvent):
            made = Scalar(restore(event.value), origin, plain=event.implicit[0])
        elif isinstance(event, yaml.SequenceStartEvent):
            made, height = self.sequence(origin, events, depth)
        else:
            made, height = self.mapping(origin, events, depth)
        size = self.nodes - before
        if anchor is not None:
            self.anchors[anchor] = (made, size, height)
        return made, size, height

    def alias(self, event: yaml.AliasEvent, depth: int) -> tuple[Node, int, int]:
        anchor = event.anchor or ""
        name = printable(anchor, 40)
        made, size, height = self.anchors.get(anchor, (None, 0, -1))
        if made is None:
            self.refuse(event, f"*{name} " + ("contains itself" if not height else "is not known"))
        if depth + height - 1 > MAX_DEPTH:
            self.refuse(event, f"nested deeper than {MAX_DEPTH} levels")
        self.count(event, size)
        return made, size, height

    def sequence(
        self, origin: Origin, events: Iterator[yaml.Event], depth: int
    ) -> tuple[Node, int]:
        items: list[Node] = []
        tallest = 0
        while not isinstance(event := next(events), _NO_VALUE):
            self.path.append(len(items))
            item, _, height = self.node(event, events, depth + 1)
            self.path.pop()
            items.append(item)
            tallest = max(tallest, height)
        return Sequence(origin, items), tallest + 1

    def mapping(self, origin: Origin, events: Iterator[yaml.Event], depth: int) -> tuple[Node, int]:
        entries: dict[str, Entry] = {}
        tallest = 0
        while not isinstance(event := next(events), _NO_VALUE):
            key = self.key(event)
            self.path.append(key)
            value, _, height = self.node(next(events), events, depth + 1)
            tallest = max(tallest, height)
            if key in entries:
                first = entries[key].key_origin.rank
                message = f"is already set in line {first[1]}"
                self.problems.append(self.problem(self.origin(event), message))
            else:
                entries[key] = Entry(self.origin(event), value)
            self.path.pop()
        return Mapping(origin, entries), tallest + 1

    def key(self, event: yaml.Event) -> str:
        if not isinstance(event, yaml.ScalarEvent) or event.tag is not None:
            self.refuse(event, "a key must be a plain word or a quoted text")
        if event.value == "<<" and event.implicit[0]:
            self.refuse(event, "YAML 1.2 has no merge keys (<<)")
        if not event.value:
            self.refuse(event, "a key is missing before the colon")
        if event.anchor is not None:
            self.refuse(event, "an anchor belongs to a value, not to a key")
        return restore(event.value)

    def count(self, event: yaml.Event, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            self.refuse(event, f"more than {MAX_NODES} values once aliases are expanded")

    def refuse(self, event: yaml.Event, message: str) -> NoReturn:
        raise _RefusedError(self.problem(self.origin(event), message))

    def origin(self, event: yaml.Event) -> Origin:
        mark = event.start_mark
        assert mark is not None
        return self.at(mark.line, mark.column)

    def at(self, line: int, column: int) -> Origin:
        where = f"{self.name}:{line + 1}:{column + 1}"
        return Origin(where, (self.rank, line + 1, column + 1), self.base)

    def problem(self, origin: Origin, message: str) -> Problem:
        return Problem(origin.where, key_text(tuple(self.path)), message, origin.rank)
