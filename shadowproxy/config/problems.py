"""One mistake of the operator, and the exception that carries all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MAX_PROBLEMS: Final = 1000
"""Nobody reads more; looking for what was meant costs a quarter of a millisecond each."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """`where` is `file:line:column`, `env NAME` or a flag; `key` the dotted path, or empty.

    Both texts are fit for a terminal (control characters escaped) and hold no secret.
    """

    where: str
    key: str
    message: str
    rank: tuple[int, int, int] = (0, 0, 0)

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.key, self.message) if part)


class ConfigError(Exception):
    """The configuration is refused; `problems` lists every mistake in the order of the file.

    Of more than MAX_PROBLEMS the first ones, and a last one that says so.

    `sources` and `content_hash` identify what was read, so that a reload that fails can be told
    from the next one.
    """

    def __init__(
        self, problems: Sequence[Problem], sources: Sequence[str] = (), content_hash: str = ""
    ) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
        self.sources = tuple(sources)
        self.content_hash = content_hash
