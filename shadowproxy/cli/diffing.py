"""`shadowproxy diff`: two stored answers compared as the proxy would, to try rules without traffic."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from shadowproxy.cli.answers import OK, STDIN, Stored, content_types, read_answer
from shadowproxy.cli.ending import Ending
from shadowproxy.cli.outputs import STANDARD_OUTPUT, writing
from shadowproxy.config.escaping import printable
from shadowproxy.config.loading import load_comparison
from shadowproxy.config.nodes import Origin, Scalar
from shadowproxy.config.rule_values import ENDPOINT
from shadowproxy.core.settings import CompareSettings
from shadowproxy.core.words import Verdict

if TYPE_CHECKING:
    from shadowproxy.compare import Comparison, Observation, Rules

SECTION: Final = "compare."
MAX_ENDPOINTS: Final = 5


@dataclass(frozen=True, slots=True)
class Question:
    """What to compare, as what, and by which rules."""

    legacy: str
    candidate: str
    content_type: str | None = None
    status: int | None = None
    candidate_status: int | None = None
    config_path: str | None = None
    overrides: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    endpoint: str = ""
    form: str = "text"


def diff(question: Question) -> int:
    """Prints how they differ; 1 when they do, or when not everything could be looked at.

    Raises:
        ConfigError, Ending, ClickException: wrong usage, configuration or files.
    """
    _require_usable(question)
    today = datetime.now(UTC).date()
    settings, warnings = load_comparison(
        question.config_path, question.overrides, question.rules, today=today
    )
    for warning in (*warnings, *_unknown_endpoint(question.endpoint, settings)):
        click.echo(warning, err=True)
    from shadowproxy.compare import Rules, compare

    rules = Rules.read(settings, today, as_written=True)
    legacy, candidate = _observations(question)
    comparison = compare(legacy, candidate, rules, question.endpoint)
    if question.form == "text":
        _print_text(comparison, rules.rules)
    elif question.form == "json":
        _print(comparison_json(comparison, rules.rules))
    else:
        _print(_patch_json(legacy, candidate, rules, question.endpoint))
    return 0 if comparison.verdict is Verdict.MATCH else 1


def _print_text(comparison: "Comparison", rules: Sequence[Mapping[str, Any]]) -> None:
    from shadowproxy.cli.diff_text import print_comparison

    with writing(STANDARD_OUTPUT):
        print_comparison(comparison, rules)


def _print(text: str) -> None:
    with writing(STANDARD_OUTPUT):
        click.echo(text)


def _require_usable(question: Question) -> None:
    names = (question.legacy, question.candidate, question.config_path)
    if names.count(STDIN) > 1:
        raise Ending("standard input can be one of LEGACY, CANDIDATE and the configuration", 2)
    for override in question.overrides:
        if not override.strip().startswith(SECTION):
            raise click.BadParameter("diff looks at compare alone", param_hint="--set")
    if question.endpoint:
        try:
            ENDPOINT.read(Scalar(question.endpoint, Origin("--endpoint"), plain=False))
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--endpoint") from None


def _unknown_endpoint(endpoint: str, settings: CompareSettings) -> Iterator[str]:
    """A misspelt endpoint would look like rules without effect."""
    known = [name for name, _ in settings.endpoints]
    if endpoint and known and endpoint not in known:
        shown = ", ".join(printable(name) for name in known[:MAX_ENDPOINTS])
        yield f"no rules for the endpoint {printable(endpoint)}; there are some for {shown}"


def _observations(question: Question) -> "tuple[Observation, Observation]":
    ours, theirs = read_answer(question.legacy), read_answer(question.candidate)
    our_type, their_type = content_types(ours, theirs, question.content_type)
    status = question.candidate_status or question.status
    return (
        _observation(ours, our_type, question.status),
        _observation(theirs, their_type, status),
    )


def _observation(answer: Stored, content_type: str, status: int | None) -> "Observation":
    from shadowproxy.compare import response

    fields = [field for field in answer.fields if field[0].lower() != "content-type"]
    return response(answer.body, content_type, status or answer.status or OK, fields)


def comparison_json(comparison: "Comparison", rules: Sequence[Mapping[str, Any]]) -> str:
    """One JSON document; a side without a value has no member."""
    from shadowproxy.cli.exact_json import exact_json

    differences = [_members(difference) for difference in comparison.differences]
    hits = [{"rule": rule, "hits": comparison.hits.get(at, 0)} for at, rule in enumerate(rules)]
    members = {
        "verdict": exact_json(str(comparison.verdict)),
        "reason": exact_json(comparison.reason),
        "truncated": exact_json(comparison.is_truncated),
        "differences": _lines(differences, "  "),
        "rules": _lines(hits, "  "),
    }
    return "{\n" + ",\n".join(f'  "{name}": {text}' for name, text in members.items()) + "\n}"


def _members(difference: Any) -> dict[str, Any]:
    from shadowproxy.compare.differences import MISSING

    members = {
        "path": difference.path,
        "kind": str(difference.kind),
        "legacy": difference.legacy,
        "candidate": difference.candidate,
    }
    return {name: value for name, value in members.items() if value is not MISSING}


def _patch_json(
    legacy: "Observation", candidate: "Observation", rules: "Rules", endpoint: str
) -> str:
    """RFC 6902, an operation a line."""
    from shadowproxy.compare.patching import NoPatchError, patch

    try:
        return _lines(patch(legacy, candidate, rules, endpoint), "")
    except NoPatchError as error:
        hint = "--format text shows what differs, --content-type says what the bodies are"
        raise Ending(f"cannot make a patch: {error}; {hint}", 2) from None


def _lines(items: Sequence[Mapping[str, Any]], indent: str) -> str:
    from shadowproxy.cli.exact_json import exact_json

    if not items:
        return "[]"
    lines = (f"{indent}  {exact_json(dict(item))}" for item in items)
    return "[\n" + ",\n".join(lines) + f"\n{indent}]"
