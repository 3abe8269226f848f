"""From a file, the environment and flags to settings, or to every mistake at once."""

import os
import sys
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from shadowproxy.config.checking import examine, examine_comparing
from shadowproxy.config.conversion import Surroundings, to_comparison, to_settings
from shadowproxy.config.document import read_document
from shadowproxy.config.effective import effective_values
from shadowproxy.config.escaping import printable
from shadowproxy.config.examining import Examination
from shadowproxy.config.fingerprint import Sources
from shadowproxy.config.interpolation import Interpolation
from shadowproxy.config.invocation import Invocation
from shadowproxy.config.loaded import Loaded
from shadowproxy.config.nodes import Mapping, Origin, copy_of
from shadowproxy.config.overrides import append_rules, apply, from_environment, from_flags
from shadowproxy.config.problems import MAX_PROBLEMS, ConfigError, Problem
from shadowproxy.config.slots import NoSlotLeftError
from shadowproxy.config.validating import validate
from shadowproxy.core.settings import CompareSettings, Settings

STDIN = "-"
MAX_CONFIGURATION_BYTES = 1 << 20
"""250 routes take 30 KB, 2,000 rules 200 KB."""


def load(
    path: str | None,
    overrides: Sequence[str] = (),
    environ: Table[str, str] = os.environ,
    *,
    flags: Table[str, str] | None = None,
    allow_same: bool = False,
    previous: Settings | None = None,
    today: date | None = None,
) -> Loaded:
    """Loads and validates a configuration.

    Args:
        path: the file; `-` is standard input, None no file at all.
        overrides: `KEY=VALUE`s of `--set`, in order.
        environ: for `SHADOWPROXY__...` and `${VAR}`.
        flags: flags of `overrides.FLAG_KEYS` and their text.
        allow_same: legacy and candidate may be the same address.
        previous: the running settings, whose route slots are kept.
        today: what rules that expire are measured by; UTC's, if None.

    Raises:
        ConfigError: with every mistake.
    """
    loading = _Loading(environ, allow_same, previous, _day(today))
    return loading.run(path, overrides, flags or {})


def load_invocation(
    invocation: Invocation, environ: Table[str, str] = os.environ, previous: Settings | None = None
) -> Loaded:
    """The load that the command line once did, again.

    Raises:
        ConfigError: with every mistake.
    """
    return load(
        invocation.config_path,
        invocation.overrides,
        environ,
        flags=invocation.flags,
        allow_same=invocation.allow_same,
        previous=previous,
    )


def load_comparison(
    path: str | None,
    overrides: Sequence[str] = (),
    rules: Sequence[str] = (),
    environ: Table[str, str] = os.environ,
    today: date | None = None,
) -> tuple[CompareSettings, tuple[str, ...]]:
    """The section `compare` of a configuration, and warnings about it; the rest is not looked at.

    So it can be tried where the certificates, secrets and backends of the proxy are not. `rules`
    are texts such as `{path: $.a, ignore: true}`; they come last.

    Raises:
        ConfigError: with every mistake of that section.
    """
    found = _Loading(environ, True, None, _day(today)).comparison(path, overrides, rules)
    return to_comparison(found), tuple(found.warnings)


def _day(today: date | None) -> date:
    return datetime.now(UTC).date() if today is None else today


@dataclass(slots=True)
class _Loading:
    """One load; `problems` and `sources` collect on the way."""

    environ: Table[str, str]
    allow_same: bool
    previous: Settings | None
    today: date
    problems: list[Problem] = field(default_factory=list)
    sources: Sources = field(default_factory=Sources)

    def run(self, path: str | None, overrides: Sequence[str], flags: Table[str, str]) -> Loaded:
        tree = self.laid_over(path, overrides, flags)
        found = self.examined(tree, examine)
        around = Surroundings(_cores(), sys.stderr.isatty())
        try:
            settings = to_settings(found, around, self.previous)
        except NoSlotLeftError as error:
            message = f"no place is left in the tallies for {error.args[0]} until a restart"
            self.problems.append(Problem(tree.origin.where, "routes", message))
            raise self.refusal() from None
        values = tuple(effective_values(found.file, found.tree))
        warnings = tuple(found.warnings)
        return Loaded(settings, values, warnings, self.sources.names, self.sources.digest())

    def comparison(
        self, path: str | None, overrides: Sequence[str], rules: Sequence[str]
    ) -> Examination:
        """The same of the section `compare`."""
        tree = self.laid_over(path, overrides, {})
        kept = {key: entry for key, entry in tree.entries.items() if key == "compare"}
        tree = Mapping(tree.origin, kept)
        append_rules(tree, rules, _here(), self.problems)
        return self.examined(tree, examine_comparing)

    def laid_over(
        self, path: str | None, overrides: Sequence[str], flags: Table[str, str]
    ) -> Mapping:
        """The file's tree with what beats it."""
        here = _here()
        tree = self.tree(path, here)
        if tree is None:
            raise self.refusal()
        assignments = from_environment(self.environ, here)
        assignments += from_flags(flags, overrides, here, self.problems)
        apply(tree, assignments, self.problems)
        return tree

    def examined(self, tree: Mapping, check: Callable[[Examination], None]) -> Examination:
        """The valid file, its warnings and what the files hold that it refers to."""
        interpolation = Interpolation(self.environ, self.problems, self.sources)
        expanded = interpolation.expand(tree)
        assert isinstance(expanded, Mapping)
        file, broken = validate(expanded, interpolation.unresolved, self.problems)
        found = Examination(
            file,
            broken,
            expanded,
            self.allow_same,
            self.problems,
            self.sources,
            self.today,
            _cores(),
        )
        check(found)
        if self.problems:
            raise self.refusal()
        return found

    def tree(self, path: str | None, here: str) -> Mapping | None:
        """The file's tree, or None when it cannot be read any further."""
        if path is None:
            return Mapping(Origin("configuration", base=here))
        name = "<stdin>" if path == STDIN else printable(path)
        full = path if path == STDIN else os.path.join(here, path)
        text = self.text(full, name)
        if text is None:
            return None
        base = here if path == STDIN else str(Path(full).parent)
        tree = read_document(text, name, base, self.problems)
        if tree is None:
            return None
        copy = copy_of(tree)
        assert isinstance(copy, Mapping)
        return copy

    def text(self, path: str, name: str) -> str | None:
        """The file as text, or None when it is none."""
        try:
            if path == STDIN:
                content = sys.stdin.buffer.read(MAX_CONFIGURATION_BYTES + 1)
            else:
                content = self.sources.read(path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a file name"
            self.problems.append(Problem(name, "", f"cannot read the file: {reason}"))
            return None
        if len(content) > MAX_CONFIGURATION_BYTES:
            self.problems.append(Problem(name, "", "larger than 1 MiB"))
            return None
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            column = error.start - content.rfind(b"\n", 0, error.start)
            self.problems.append(Problem(f"{name}:{line}:{column}", "", "not UTF-8 text"))
            return None

    def refusal(self) -> ConfigError:
        """Every mistake, once, in the order of the file."""
        problems = sorted(dict.fromkeys(self.problems), key=lambda item: (item.rank, item.key))
        if len(problems) > MAX_PROBLEMS:
            last = Problem(
                "configuration", "", f"more than {MAX_PROBLEMS} mistakes; these come first"
            )
            problems = [*problems[:MAX_PROBLEMS], last]
        return ConfigError(problems, self.sources.names, self.sources.digest())


def _here() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "/"


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
