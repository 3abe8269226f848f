"""The command line: thin, and quick to start (each command imports what it needs when it runs).

Exit codes: 0 fine, 1 the thing asked about is not fine, 2 wrong usage or configuration.
Everything that came from a file or a server is escaped before it is printed.
"""

import sys
from collections.abc import Sequence

import click

from shadowproxy import __version__
from shadowproxy.cli.commands import COMMANDS
from shadowproxy.cli.ending import Ending
from shadowproxy.config import ConfigError


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Stands in front of a service and shadows its traffic to a candidate.

    Users get the service's answers, unchanged; a copy of a share of the requests goes to the
    candidate at the same time, and the two answers are compared.
    """


for command in COMMANDS:
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns the exit code; nothing escapes as a traceback but our bugs."""
    try:
        result = cli.main(arguments, prog_name="shadowproxy", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130
    except Ending as ending:
        if ending.message:
            click.echo(ending.message, err=True)
        return ending.code
    except ConfigError as error:
        return _show_mistakes(error)
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    return result if isinstance(result, int) else 0


def _show_mistakes(error: ConfigError) -> int:
    for problem in error.problems:
        click.echo(str(problem), err=True)
    return 2
