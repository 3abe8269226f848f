"""`${VAR}`, `${VAR:-default}`, `${file:PATH}` inside scalars; `$${` is a literal `${`.

Law: what came out of `${file:...}` is marked secret, and what came out of any of them is never
repeated in a message: messages quote what was written.
"""

import re
from collections.abc import Mapping as Environment
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from shadowproxy.config.escaping import printable
from shadowproxy.config.fingerprint import Sources
from shadowproxy.config.nodes import Entry, KeyPath, Mapping, Node, Scalar, Sequence, key_text
from shadowproxy.config.problems import Problem

MAX_SECRET_BYTES: Final = 64 << 10
"""Of a file that becomes part of one setting; a token or a header value is far smaller."""

_EXPRESSION = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(slots=True)
class Interpolation:
    """One pass over a tree. `sources` notes the files that were read, `unresolved` what failed."""

    environ: Environment[str, str]
    problems: list[Problem]
    sources: Sources
    path: list[str | int] = field(default_factory=list)
    unresolved: set[KeyPath] = field(default_factory=set)

    def expand(self, node: Node) -> Node:
        """The tree with every expression replaced; one that cannot be is reported and left out."""
        if isinstance(node, Mapping):
            entries = {
                key: Entry(entry.key_origin, self._inside(key, entry.value))
                for key, entry in node.entries.items()
            }
            return Mapping(node.origin, entries)
        if isinstance(node, Sequence):
            items = [self._inside(index, item) for index, item in enumerate(node.items)]
            return Sequence(node.origin, items)
        return self._scalar(node) if "${" in node.text else node

    def _inside(self, part: str | int, node: Node) -> Node:
        self.path.append(part)
        expanded = self.expand(node)
        self.path.pop()
        return expanded

    def _scalar(self, scalar: Scalar) -> Scalar:
        parts: list[str] = []
        last, is_secret, is_variable = 0, scalar.secret, False
        for match in _EXPRESSION.finditer(scalar.text):
            parts.append(scalar.text[last : match.start()])
            last = match.end()
            if match[0] == "$${":
                parts.append("${")
                continue
            is_variable = True
            is_secret |= (match[1] or "").startswith("file:")
            parts.append(self._value(scalar, match))
            if tuple(self.path) in self.unresolved:
                return scalar
        parts.append(scalar.text[last:])
        text = "".join(parts)
        if not is_variable:
            return replace(scalar, text=text)
        return replace(scalar, text=text, untyped=True, written=scalar.text, secret=is_secret)

    def _value(self, scalar: Scalar, match: re.Match[str]) -> str:
        inside = match[1]
        if inside is None:
            return self._refuse(scalar, "${ without its }; a literal ${ is written $${")
        if inside.startswith("file:"):
            return self._file(scalar, inside.removeprefix("file:"))
        name, has_default, default = inside.partition(":-")
        if not _NAME.fullmatch(name):
            return self._refuse(
                scalar, "expected ${VAR}, ${VAR:-default} or ${file:PATH}; a literal ${ is $${"
            )
        value = self.environ.get(name, "")
        if value or (name in self.environ and not has_default):
            return value
        if has_default:
            return default
        return self._refuse(scalar, f"the environment variable {name} is not set")

    def _file(self, scalar: Scalar, name: str) -> str:
        path = str(Path(scalar.origin.base) / name)
        try:
            content = self.sources.read(path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a file name"
            return self._refuse(scalar, f"cannot read {printable(path)}: {reason}")
        if len(content) > MAX_SECRET_BYTES:
            return self._refuse(scalar, f"{printable(path)} is larger than 64 KiB")
        try:
            return content.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            return self._refuse(scalar, f"{printable(path)} is not UTF-8 text")

    def _refuse(self, scalar: Scalar, message: str) -> str:
        self.unresolved.add(tuple(self.path))
        key = key_text(tuple(self.path))
        self.problems.append(Problem(scalar.origin.where, key, message, scalar.origin.rank))
        return ""
