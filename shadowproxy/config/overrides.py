"""Settings from the environment and from flags, laid over the file's tree.

    SHADOWPROXY__SHADOW__SAMPLE=10%      --set shadow.sample=10%      --legacy http://127.0.0.1:9001

A value that is a YAML list or mapping (`[GET, POST]`) is read as such, anything else as a text of
the type that its key needs. Items of a list are addressed by number: `routes.0.sample`.
"""

from collections.abc import Iterable
from collections.abc import Mapping as Environment
from dataclasses import dataclass
from typing import Final

from shadowproxy.config.document import read_document
from shadowproxy.config.escaping import printable
from shadowproxy.config.nodes import Entry, Mapping, Node, Origin, Scalar, Sequence, key_text
from shadowproxy.config.problems import Problem

ENV_PREFIX: Final = "SHADOWPROXY__"
_ENVIRONMENT: Final = 1
_FLAGS: Final = 2
"""The rank of their mistakes: behind those of the file."""
FLAG_KEYS: Final = {
    "--legacy": "legacy.url",
    "--candidate": "candidate.url",
    "--listen": "listen",
    "--admin": "admin.listen",
    "--workers": "workers",
}
"""The flags that stand for a key; `--set` reaches every other one."""


@dataclass(frozen=True, slots=True)
class Override:
    """One setting from outside the file."""

    path: tuple[str, ...]
    text: str
    origin: Origin


def from_environment(environ: Environment[str, str], base: str) -> list[Override]:
    """Every variable with our prefix, in the order of their names."""
    return [
        Override(
            tuple(name.removeprefix(ENV_PREFIX).lower().split("__")),
            environ[name],
            Origin(f"env {printable(name)}", (_ENVIRONMENT, index, 0), base),
        )
        for index, name in enumerate(sorted(environ))
        if name.startswith(ENV_PREFIX)
    ]


def from_flags(
    flags: Environment[str, str], assignments: Iterable[str], base: str, problems: list[Problem]
) -> list[Override]:
    """`--legacy URL` and the like, then the `--set KEY=VALUE`s, in order."""
    overrides = [
        Override(tuple(FLAG_KEYS[flag].split(".")), text, Origin(flag, (_FLAGS, index, 0), base))
        for index, (flag, text) in enumerate(flags.items())
    ]
    for index, assignment in enumerate(assignments, len(overrides)):
        key, separator, text = assignment.partition("=")
        origin = Origin("--set", (_FLAGS, index, 0), base)
        if not separator or not key:
            problems.append(Problem("--set", "", "expected KEY=VALUE", origin.rank))
        else:
            overrides.append(Override(tuple(key.strip().split(".")), text, origin))
    return overrides


def apply(tree: Mapping, overrides: Iterable[Override], problems: list[Problem]) -> None:
    """Writes each override into the tree, the later over the earlier."""
    for override in overrides:
        value = _value(override)
        message = _put(tree, override.path, value, override.origin)
        if message:
            key = key_text(override.path)
            problems.append(Problem(override.origin.where, key, message, override.origin.rank))


def append_rules(tree: Mapping, rules: Iterable[str], base: str, problems: list[Problem]) -> None:
    """Puts each `{path: $.a, ignore: true}` (JSON is that, too) behind those of `compare.rules`."""
    nodes: list[Node] = []
    for text in rules:
        read = read_document(text, "--rule", base, problems, _FLAGS)
        if read is not None:
            nodes.append(read)
    if not nodes:
        return
    compare = _opened(tree, "compare", Mapping(nodes[0].origin))
    if isinstance(compare, Mapping):
        there = _opened(compare, "rules", Sequence(nodes[0].origin))
        if isinstance(there, Sequence):
            there.items.extend(nodes)


def _opened(mapping: Mapping, key: str, empty: Node) -> Node:
    """What stands there; `empty` is put there if nothing does."""
    entry = mapping.entries.get(key)
    if entry is None or (isinstance(entry.value, Scalar) and entry.value.is_null):
        entry = mapping.entries[key] = Entry(empty.origin, empty)
    return entry.value


def _value(override: Override) -> Node:
    if override.text.strip()[:1] in ("[", "{"):
        read = read_document(f"value: {override.text.strip()}", "", "", [])
        entry = read.entries.get("value") if read and len(read.entries) == 1 else None
        if entry and not isinstance(entry.value, Scalar):
            return _relocated(entry.value, override.origin)
    return Scalar(override.text, override.origin, untyped=True)


def _relocated(node: Node, origin: Origin) -> Node:
    if isinstance(node, Mapping):
        return Mapping(
            origin,
            {
                key: Entry(origin, _relocated(entry.value, origin))
                for key, entry in node.entries.items()
            },
        )
    if isinstance(node, Sequence):
        return Sequence(origin, [_relocated(item, origin) for item in node.items])
    return Scalar(node.text, origin, plain=node.plain)


def _put(tree: Mapping, path: tuple[str, ...], value: Node, origin: Origin) -> str | None:
    """None, or why it cannot be put there."""
    if not all(path):
        return "a name is missing in the key"
    node: Node = tree
    for depth, name in enumerate(path):
        is_last = depth == len(path) - 1
        if isinstance(node, Sequence):
            if not (name.isascii() and name.isdigit() and int(name[:9]) < len(node.items)):
                return f"the list has no item {printable(name, 40)}; items are numbered from 0"
            if is_last:
                node.items[int(name)] = value
            elif isinstance(node.items[int(name)], Scalar):
                node.items[int(name)] = Mapping(origin)
            node = node.items[int(name)]
            continue
        assert isinstance(node, Mapping)
        if is_last:
            node.entries[name] = Entry(origin, value)
        elif name not in node.entries or isinstance(node.entries[name].value, Scalar):
            node.entries[name] = Entry(origin, Mapping(origin))
        node = node.entries[name].value
    return None
