"""A loaded file while it is examined: what is valid of it, and what was found."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from shadowproxy.config.fingerprint import Sources
from shadowproxy.config.model import BackendSection, FileSection, RouteSection
from shadowproxy.config.nodes import KeyPath, Mapping, find, key_text, origin_of
from shadowproxy.config.problems import Problem

SAFE_METHODS: Final = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
"""RFC 9110 9.2.1: asking twice changes nothing."""

_BACKENDS: Final = ("legacy", "candidate", "secondary")


@dataclass
class Examination:
    """The file, what of it is not valid, and what was found.

    `templates` and `descriptors` are what the files that it refers to hold.
    """

    file: FileSection
    broken: set[KeyPath]
    tree: Mapping
    allow_same: bool
    problems: list[Problem]
    sources: Sources
    today: date
    cores: int = 1
    templates: tuple[str, ...] = ()
    descriptors: str = ""
    warnings: list[str] = field(default_factory=list)

    def refuse(self, path: KeyPath, message: str) -> None:
        """Adds a problem at a path."""
        origin = origin_of(self.tree, *path)
        self.problems.append(Problem(origin.where, key_text(path), message, origin.rank))

    def warn(self, path: KeyPath, message: str) -> None:
        """Adds a sentence for the log and for `check`."""
        where = origin_of(self.tree, *path).where if path and find(self.tree, *path) else ""
        self.warnings.append(": ".join(part for part in (where, key_text(path), message) if part))

    def is_sound(self, *path: str) -> bool:
        """Nothing at, above or below the path was left out."""
        return not any(place[: len(path)] == path[: len(place)] for place in self.broken)

    def backends(self) -> Iterator[tuple[str, BackendSection]]:
        """The valid backends that are configured."""
        for name in _BACKENDS:
            backend = getattr(self.file, name)
            if backend is not None and self.is_sound(name, "url"):
                yield name, backend

    def routes(self) -> list[tuple[int, RouteSection]]:
        """The valid routes with their place in the file."""
        routes = iter(self.file.routes)
        gone = [path for path in self.broken if path[:1] == ("routes",)]
        count = len(self.file.routes) + sum(isinstance(path[-1], int) for path in gone)
        sound = [index for index in range(count) if ("routes", index) not in self.broken]
        return list(zip(sound, routes, strict=True))
