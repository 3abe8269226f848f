"""`shadowproxy replay` from its options to its exit code."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import click

from shadowproxy.cli.admin import choose_admin
from shadowproxy.cli.ending import Ending
from shadowproxy.cli.replaying.asking import Backends
from shadowproxy.cli.replaying.outcomes import Outcome, conclude
from shadowproxy.cli.replaying.preparing import read_header
from shadowproxy.cli.replaying.showing import Result, Shown, progress, show
from shadowproxy.cli.replaying.sources import Found, RunningProxy, Source, Store
from shadowproxy.cli.replaying.stored import Field
from shadowproxy.cli.replaying.working import Sayings, Work, replay, samples_of
from shadowproxy.compare import Rules
from shadowproxy.compare.rules import RuleError
from shadowproxy.config.addresses import print_url
from shadowproxy.config.escaping import printable
from shadowproxy.config.loading import STDIN, load
from shadowproxy.config.stores import read_store
from shadowproxy.core.settings import BackendSettings, Settings
from shadowproxy.redact.redaction import Redactor

INTERRUPTED: Final = 130
"""What a shell calls a command that ended by Ctrl-C."""
UNREACHABLE: Final = 2
"""Nobody was there to ask, which says nothing about any finding."""
KEY_BYTES: Final = 32
_NOWHERE: Final = "127.0.0.1:0"
"""Replay listens to nobody: without a file, no backend may be taken for the proxy's own address."""


@dataclass(frozen=True, slots=True)
class Question:
    """The options."""

    groups: tuple[str, ...] = ()
    path: str | None = None
    legacy: str | None = None
    candidate: str | None = None
    admin: str | None = None
    token: str | None = None
    store: str | None = None
    limit: int = 200
    rate: float = 20.0
    headers: tuple[str, ...] = ()
    mark_fixed: bool = False
    form: str = "text"


def run_replay(question: Question) -> int:
    """Asks, says what came of it, marks.

    1 when not all that was asked about is fixed, UNREACHABLE when a backend was not there at all.

    Raises:
        ConfigError, Ending, ClickException: wrong usage or configuration, or nobody to ask.
    """
    given = _given(question.headers)
    settings, candidate = _settings(question)
    source = _source(question, settings)
    found = source.findings(tuple(dict.fromkeys(question.groups)), question.limit)
    if not found.findings:
        show(Shown((), found.total, found.noise), question.form)
        return 0
    said, troubles = _said(question, settings, candidate, source, given, found)
    for trouble in troubles:
        click.echo(trouble, err=True)
    results = [
        Result(finding, conclude(list(said[finding.id].values())), said[finding.id])
        for finding in found.findings
    ]
    is_interrupted = any(each.said.outcome is Outcome.NOT_ASKED for each in results)
    if question.mark_fixed and not is_interrupted:
        results = _marked(results, source, candidate)
    show(Shown(results, found.total, found.noise, is_interrupted), question.form)
    if is_interrupted:
        return INTERRUPTED
    if troubles:
        return UNREACHABLE
    is_fine = all(each.said.outcome is Outcome.FIXED and not each.trouble for each in results)
    return 0 if is_fine else 1


def _given(headers: Sequence[str]) -> tuple[Field, ...]:
    try:
        return tuple(map(read_header, headers))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--header") from None


def _settings(question: Question) -> tuple[Settings, BackendSettings]:
    if question.path == STDIN:
        raise Ending("replay needs the configuration by its name", 2)
    flags = {"--legacy": question.legacy, "--candidate": question.candidate}
    if question.path is None:
        flags["--listen"] = _NOWHERE
    given = {flag: text for flag, text in flags.items() if text is not None}
    settings = load(question.path, flags=given).settings
    if settings.candidate is None:
        raise Ending("there is no candidate to ask: --candidate URL, or -c FILE with one", 2)
    return settings, settings.candidate


def _source(question: Question, settings: Settings) -> Source:
    if question.store is not None:
        if question.admin is not None or question.token is not None:
            raise click.UsageError("--store is read without any proxy: no --admin, no --token")
        try:
            return Store(read_store(question.store))
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--store") from None
    return RunningProxy(choose_admin(settings.admin, question.admin, question.token))


def _said(
    question: Question,
    settings: Settings,
    candidate: BackendSettings,
    source: Source,
    given: Sequence[Field],
    found: Found,
) -> tuple[Sayings, list[str]]:
    """What each sample came to, and who could not be reached at all."""
    with progress(len(samples_of(found.findings))) as on_progress:
        work = Work(
            source,
            _rules(settings, source),
            Redactor(settings.redact, os.urandom(KEY_BYTES)),
            _authority(settings.legacy),
            given,
            frozenset(route.name for route in settings.routes if not route.shadow),
            question.rate,
            on_progress,
        )
        return asyncio.run(_replay(work, settings, candidate, found))


def _rules(settings: Settings, source: Source) -> Rules:
    """Those of the file, and those that people saved on a page."""
    rules = Rules.read(settings.compare, datetime.now(UTC).date())
    for endpoint, rule in source.saved_rules():
        try:
            rules = rules.and_one_more(rule, endpoint)
        except RuleError as error:
            click.echo(f"a saved rule is left out: {printable(str(error))}", err=True)
    return rules


async def _replay(
    work: Work, settings: Settings, candidate: BackendSettings, found: Found
) -> tuple[Sayings, list[str]]:
    backends = Backends(settings, candidate)
    said = await replay(work, backends, found.findings)
    return said, backends.troubles


def _authority(backend: BackendSettings) -> str:
    return "localhost" if backend.unix else print_url(backend).partition("://")[2]


def _marked(results: Sequence[Result], source: Source, candidate: BackendSettings) -> list[Result]:
    """Those found fixed are marked; what hinders one hinders no other."""
    name = printable(print_url(candidate))
    return [_mark(result, source, name) for result in results]


def _mark(result: Result, source: Source, candidate: str) -> Result:
    if result.said.outcome is not Outcome.FIXED:
        return result
    try:
        source.mark_fixed(result.finding.id, f"replay: {result.said.why} ({candidate})")
    except Ending as ending:
        return replace(result, trouble=ending.message)
    return replace(result, is_marked=True)
