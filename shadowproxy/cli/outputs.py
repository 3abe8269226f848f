"""Where a command's result goes: standard output, or a file."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from shadowproxy.cli.ending import Ending
from shadowproxy.config.escaping import printable

STANDARD_OUTPUT: Final = "standard output"
STDOUT: Final = "-"


def write(text: str, output: str | None) -> None:
    """The whole text; a file of that name is replaced, None and `-` are standard output.

    Raises:
        Ending: it cannot be written.
    """
    if output is None or output == STDOUT:
        with writing(STANDARD_OUTPUT):
            _write_out(text)
        return
    with writing(printable(output) or "''"):
        Path(output).write_text(text, encoding="utf-8", errors="backslashreplace")


def _write_out(text: str) -> None:
    """What its encoding cannot show is shown as its escape."""
    if sys.stdout is None:
        raise Ending(f"cannot write {STANDARD_OUTPUT}: it is closed", 2)
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="backslashreplace")
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def writing(name: str) -> Iterator[None]:
    """A full disk is no bug of ours; a pipe whose reader has seen enough is nothing to tell."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Ending(f"cannot write {name}: {error.strerror}", 2) from None
