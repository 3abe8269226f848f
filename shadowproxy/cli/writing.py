"""`shadowproxy init` and `shadowproxy schema`: what they print is for other programs too."""

import json
from pathlib import Path

import click

from shadowproxy.cli.ending import Ending
from shadowproxy.config.escaping import printable


def write_starter(output: str | None) -> None:
    """Prints the starter file, or writes it to a file that does not exist yet."""
    from shadowproxy.config.starter import starter_text

    text = starter_text()
    if output is None:
        click.echo(text, nl=False)
        return
    name = printable(output)
    try:
        with Path(output).open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Ending(f"{name} exists already and was left as it is", 2) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise Ending(f"cannot write {name}: {reason}", 2) from None
    click.echo(f"{name} is written. Next: shadowproxy check -c {name}", err=True)


def print_schema() -> None:
    """Prints the JSON Schema."""
    from shadowproxy.config.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2))
