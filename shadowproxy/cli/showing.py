"""`shadowproxy demo`."""

from typing import Any

import click

from shadowproxy.config.quantities import read_duration


def run_demo(duration: str | None, rate: float | None, listen: str, admin: str, keep: bool) -> int:
    """Runs the demo; its exit code says whether everything was found."""
    options: dict[str, Any] = {"listen": listen, "admin": admin, "keep": keep}
    if duration is not None:
        try:
            options["for_s"] = read_duration(duration)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--for") from None
    if rate is not None:
        options["rate"] = rate
    from shadowproxy.demo.command import run_demo as run

    return run(**options)
