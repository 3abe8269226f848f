"""What `shadowproxy diff` prints for people: a block for each difference, then the sums.

    $.items[0].price  changed
      - 10.00
      + 12.50

Law: what came from the answers is escaped, whatever it is; it moves no cursor and fakes no line.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from shadowproxy.cli.changed_words import ELLIPSIS, MAX_CHARS, Part, changed_parts
from shadowproxy.cli.exact_json import tokens
from shadowproxy.compare.bodies import Opaque
from shadowproxy.compare.differences import (
    MAX_DIFFERENCES,
    MISSING,
    TOO_MANY,
    Comparison,
    Difference,
    type_name,
)
from shadowproxy.core.words import Kind, Verdict
from shadowproxy.findings.escaping import clip, escape
from shadowproxy.findings.places import write_steps

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDTH: Final = 80
MAX_SHOWN: Final = 100
"""Differences; nobody reads more, and `--format json` has them all."""
MAX_PLACE: Final = 200
MAX_RULES: Final = 20

_MEANINGS: Final = {
    Kind.REMOVED: "legacy alone has it",
    Kind.ADDED: "candidate alone has it",
    Kind.ORDER: "the same elements in another order",
    Kind.DUPLICATE_KEY: "a name that is there twice",
    Kind.INVALID: "one of them is not what it is declared to be",
    Kind.RAW: "the bytes differ, nothing decodes them",
    Kind.EMPTY: "one of them has no bytes",
}
_REASONS: Final = {
    TOO_MANY: f"there are more than {MAX_DIFFERENCES:,} differences; hide the known ones with rules",
    "nodes": "the bodies have more values than are compared in time; try parts of them",
    "size": "a body is larger than is decoded in time: 8 MiB, 4 if it is not all ASCII",
    "depth": "a body is nested too deeply",
    "number": "a number has an exponent that nothing can hold",
    "media": "bodies of two formats are not compared; a rule hides that their types differ",
    "markup": "a body has more markup than is read",
    "cell": "a cell of a table is longer than 128 KiB",
    "form": "a form is longer than 1 MiB",
    "protobuf": "a message is longer than 4 MiB",
    "inflation": "a body is too large when decompressed",
    "window": "a body asks for too much memory to be decompressed",
    "members": "a body is compressed in too many pieces",
    "codings": "a body is compressed too often",
    "coding_unknown": "Content-Encoding names none of gzip, deflate, br, zstd",
}
_INDENT: Final = "  "
_SIGNS: Final = (("-", "red"), ("+", "green"))


def print_comparison(comparison: Comparison, rules: Sequence[Mapping[str, Any]]) -> None:
    """Everything, on standard output; coloured on a terminal unless NO_COLOR is set."""
    from rich.console import Console
    from rich.text import Text

    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="backslashreplace")
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    for difference in comparison.differences[:MAX_SHOWN]:
        _print_difference(console, difference)
    hidden = len(comparison.differences) - MAX_SHOWN
    if hidden > 0:
        console.print(Text(f"{ELLIPSIS} and {hidden} more; --format json has them all\n"))
    for line in summary_lines(comparison, rules):
        console.print(Text(line), soft_wrap=True)


def _print_difference(console: "Console", difference: Difference) -> None:
    from rich.text import Text

    meaning = _meaning(difference)
    console.print(
        Text.assemble(
            (place_of(difference), "bold"), f"  {difference.kind}", (f"  {meaning}".rstrip(), "dim")
        )
    )
    for (sign, colour), shown in zip(_SIGNS, shown_values(difference), strict=True):
        lead = sign
        width = console.width - len(_INDENT) - len("- ")
        for line in _styled(shown, colour).wrap(console, width, overflow="fold") if shown else ():
            line.rstrip()
            console.print(Text.assemble(_INDENT, (f"{lead} ", colour), line), soft_wrap=True)
            lead = " "
    console.print()


def _meaning(difference: Difference) -> str:
    if difference.kind is Kind.TYPE:
        sides = (difference.legacy, difference.candidate)
        return " became ".join(_type(side) for side in sides)
    return _MEANINGS.get(difference.kind, "")


def _type(value: Any) -> str:
    try:
        return type_name(value)
    except KeyError:
        return "nothing" if value is MISSING else "bytes"


def place_of(difference: Difference) -> str:
    """As a rule would say it: `$.items[0].price`, `header age`, `status`."""
    if difference.path.startswith("#"):
        return clip(difference.path[1:].replace("/", " ", 1), MAX_PLACE)
    steps = write_steps(difference.steps)
    dot = "." if steps and not steps.startswith("[") else ""
    return clip(f"${dot}{steps}", MAX_PLACE)


def shown_values(difference: Difference) -> tuple[list[Part] | None, list[Part] | None]:
    """Both values as parts, None for a side that has none."""
    legacy, candidate = difference.legacy, difference.candidate
    if isinstance(legacy, str) and isinstance(candidate, str):
        ours, theirs = changed_parts(legacy, candidate)
        return _as_text(ours), _as_text(theirs)
    return _one(legacy), _one(candidate)


def _as_text(parts: Sequence[Part]) -> list[Part]:
    inside = [
        Part(json.dumps(part.text, ensure_ascii=False)[1:-1], part.is_changed) for part in parts
    ]
    return [Part('"', False), *inside, Part('"', False)]


def _one(value: Any) -> list[Part] | None:
    if value is MISSING:
        return None
    if isinstance(value, Opaque):
        return [Part(str(value), False)]
    shown = ""
    for token in tokens(value, is_ascii=False):
        shown += token
        if len(shown) > MAX_CHARS:
            return [Part(shown[:MAX_CHARS], False), Part(ELLIPSIS, False)]
    return [Part(shown, False)]


def _styled(parts: Sequence[Part], colour: str) -> "Text":
    from rich.text import Text

    styles = {False: colour, True: f"bold reverse {colour}"}
    return Text.assemble(*((escape(part.text), styles[part.is_changed]) for part in parts))


def summary_lines(comparison: Comparison, rules: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The verdict with counts by kind, and what rules did."""
    yield f"{comparison.verdict}: {_sum(comparison)}"
    if comparison.reason:
        yield f"not everything was looked at: {_why(comparison.reason)}"
    hits = sorted(comparison.hits.items(), key=lambda item: -item[1])
    told = [(index, count) for index, count in hits if count]
    if told:
        yield f"hidden by rules: {sum(count for _, count in told)}"
    for index, count in told[:MAX_RULES]:
        yield f"{count:>6}  {rule_text(rules[index])}"
    if idle := len(rules) - len(told):
        yield f"rules that hid nothing: {idle} of {len(rules)}"


def _why(reason: str) -> str:
    meaning = _REASONS.get(reason)
    return f"{meaning} ({escape(reason)})" if meaning else escape(reason)


def _sum(comparison: Comparison) -> str:
    count = len(comparison.differences)
    if not count:
        return "no differences" if comparison.verdict is Verdict.MATCH else "no differences found"
    kinds = Counter(str(each.kind) for each in comparison.differences)
    told = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    return f"{count} difference{'s' if count > 1 else ''} ({told})"


def rule_text(rule: Mapping[str, Any]) -> str:
    """A rule in one line: its place, what it does, why."""
    place = str(rule.get("path") or f"header {rule.get('header', '')}")
    actions = {
        name: value
        for name, value in rule.items()
        if name not in ("path", "header", "reason", "expires")
    }
    reason = f"  ({rule['reason']})" if rule.get("reason") else ""
    action = "".join(tokens(actions, is_ascii=False))[1:-1].replace('"', "")
    return clip(f"{place}  {action}{reason}", MAX_PLACE)
