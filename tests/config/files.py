"""Loading texts: what the tests of the configuration share."""

from collections.abc import Mapping
from pathlib import Path

from shadowproxy.config import ConfigError, Loaded
from shadowproxy.config.loading import load
from shadowproxy.core.settings import Settings

LEGACY = "legacy: {url: http://127.0.0.1:9001}\n"
BOTH = f"{LEGACY}candidate: {{url: http://127.0.0.1:9002}}\n"


def load_text(
    folder: Path,
    text: str,
    *overrides: str,
    environ: Mapping[str, str] | None = None,
    allow_same: bool = False,
    previous: Settings | None = None,
) -> Loaded:
    """Loads a file with that text, in an environment that holds nothing else."""
    file = folder / "proxy.yaml"
    file.write_text(text, encoding="utf-8")
    return load(str(file), overrides, environ or {}, allow_same=allow_same, previous=previous)


def mistakes(
    folder: Path,
    text: str,
    *overrides: str,
    environ: Mapping[str, str] | None = None,
    allow_same: bool = False,
) -> list[str]:
    """The mistakes of that text as `line:column: key: message`; empty when there are none."""
    try:
        load_text(folder, text, *overrides, environ=environ, allow_same=allow_same)
    except ConfigError as error:
        return [str(problem).removeprefix(f"{folder}/proxy.yaml:") for problem in error.problems]
    return []
