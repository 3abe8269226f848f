"""What loading gives: the settings, and where each of their values came from."""

from collections.abc import Mapping
from dataclasses import dataclass

from shadowproxy.config.nodes import KeyPath, key_text
from shadowproxy.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Value:
    """One effective value as the operator would write it, secrets masked, fit for a terminal."""

    path: KeyPath
    text: str
    origin: str

    @property
    def key(self) -> str:
        """The dotted path."""
        return key_text(self.path)


@dataclass(frozen=True, slots=True)
class Loaded:
    """An accepted configuration.

    `warnings` are sentences for the log and `check`: settings that are accepted and not yet in
    force, and combinations that rarely are what was meant. `sources` are the files it was read
    from, `content_hash` their digest.
    """

    settings: Settings
    values: tuple[Value, ...]
    warnings: tuple[str, ...]
    sources: tuple[str, ...]
    content_hash: str

    @property
    def origins(self) -> Mapping[str, str]:
        """Key to origin: `default`, `file:line:column`, `env NAME`, or a flag."""
        return {value.key: value.origin for value in self.values}
