"""Options that commands share, and the invocation that they make."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from shadowproxy.config import Invocation

Command = Callable[..., Any]

_CONFIGURATION = (
    click.option(
        "-c",
        "--config",
        "path",
        metavar="FILE",
        help="The configuration file; - is standard input.",
    ),
    click.option("--legacy", metavar="URL", help="Whose answers users get."),
    click.option("--candidate", metavar="URL", help="Who gets the copies."),
    click.option(
        "--listen", metavar="ADDR", multiple=True, help="Where users go; may be repeated."
    ),
    click.option("--admin", metavar="ADDR", help="Where the admin server listens."),
    click.option("--workers", metavar="N", help="Processes that serve users, or auto."),
    click.option(
        "--set",
        "overrides",
        metavar="KEY=VALUE",
        multiple=True,
        help="Any other setting, such as shadow.sample=10%; may be repeated.",
    ),
    click.option("--allow-same", is_flag=True, help="Legacy and candidate may be one address."),
)


def configuration_options(command: Command) -> Command:
    """Adds the options that say what the configuration is."""
    for option in reversed(_CONFIGURATION):
        command = option(command)
    return command


def make_invocation(
    *,
    path: str | None,
    legacy: str | None,
    candidate: str | None,
    listen: tuple[str, ...],
    admin: str | None,
    workers: str | None,
    overrides: tuple[str, ...],
    allow_same: bool,
) -> Invocation:
    """What the options of `configuration_options` say."""
    several = json.dumps(listen) if len(listen) > 1 else "".join(listen)
    flags = {
        "--legacy": legacy,
        "--candidate": candidate,
        "--listen": several or None,
        "--admin": admin,
        "--workers": workers,
    }
    return Invocation(
        config_path=path,
        overrides=overrides,
        flags={flag: text for flag, text in flags.items() if text is not None},
        allow_same=allow_same,
    )


def absolute(path: str) -> str:
    """As it was written, from the root: symbolic links are followed anew at every reload."""
    return str(Path.cwd() / path)
