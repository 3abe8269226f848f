"""The report for whatever reads JUnit's XML: a test case for each condition and each open finding.

Law: it is well-formed XML 1.0, for `printable` leaves no character that XML does not have; and ASCII,
so that it is what its declaration says in whatever encoding it is written.
"""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from shadowproxy.cli.reporting.measuring import Outcome, open_findings
from shadowproxy.cli.reporting.members import Document, count, mapping, moment, text
from shadowproxy.cli.reporting.wording import counted
from shadowproxy.config.escaping import printable

NAME: Final = "shadowproxy"
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def render_junit(document: Document, outcomes: Sequence[Outcome] = ()) -> str:
    """All of it, ending in a line feed."""
    groups = open_findings(document)
    root = ET.Element("testsuites", _sums(outcomes, groups) | {"name": NAME, "time": "0"})
    _add_conditions(root, document, outcomes)
    _add_findings(root, document, groups)
    ET.indent(root)
    return f"{_DECLARATION}{ET.tostring(root, xml_declaration=False).decode('ascii')}\n"


def _sums(outcomes: Sequence[Outcome], groups: Sequence[Document]) -> dict[str, str]:
    failures = sum(outcome.is_failed for outcome in outcomes) + len(groups)
    return {"tests": str(len(outcomes) + len(groups)), "failures": str(failures), "errors": "0"}


def _add_conditions(root: ET.Element, document: Document, outcomes: Sequence[Outcome]) -> None:
    suite = _suite(root, "conditions", document, _sums(outcomes, ()))
    for outcome in outcomes:
        case = _case(suite, "fail-on", printable(outcome.condition.text))
        if outcome.is_failed:
            _fail(case, outcome.sentence, "condition")
        else:
            ET.SubElement(case, "system-out").text = outcome.sentence
    if sentence := text(mapping(document, "conclusion"), "sentence"):
        ET.SubElement(suite, "system-out").text = sentence


def _add_findings(root: ET.Element, document: Document, groups: Sequence[Document]) -> None:
    suite = _suite(root, "findings", document, _sums((), groups))
    for group in groups:
        name = " ".join(filter(None, (text(group, name) for name in ("path", "kind", "id"))))
        case = _case(suite, text(group, "endpoint"), name or "a finding")
        _fail(case, text(group, "sentence"), text(group, "kind"), _facts(group))
    is_open = count(document, "open") or 0
    if is_open > len(groups):
        told = f"the report lists {len(groups):,} of {counted(is_open, 'open finding')}"
        ET.SubElement(suite, "system-out").text = told


def _suite(root: ET.Element, name: str, document: Document, sums: dict[str, str]) -> ET.Element:
    attributes = {"name": f"{NAME} {name}", **sums, "skipped": "0", "time": "0"}
    if at := _moment(document):
        attributes["timestamp"] = at
    return ET.SubElement(root, "testsuite", attributes)


def _moment(document: Document) -> str:
    """As JUnit's schema has it: without a fraction and a zone."""
    try:
        return f"{datetime.fromisoformat(text(document, 'generated_at')):%Y-%m-%dT%H:%M:%S}"
    except ValueError:
        return ""


def _case(suite: ET.Element, of: str, name: str) -> ET.Element:
    """`classname` is what readers group by; a dot in it would be a package."""
    where = f"{NAME}.{of.replace('.', '·')}"
    return ET.SubElement(suite, "testcase", {"classname": where, "name": name, "time": "0"})


def _facts(group: Document) -> str:
    sides = " became ".join(
        text(group, f"{side}_status") or "-" for side in ("legacy", "candidate")
    )
    seen = " to ".join(moment(group, name) or "-" for name in ("first_seen", "last_seen"))
    facts = [f"status: {sides}", f"seen: {counted(count(group, 'count'), 'time')}, {seen}"]
    if news := text(group, "news"):
        facts.append(f"news: {news}")
    if group.get("returned") is True:
        facts.append("was marked fixed")
    return "\n".join(facts)


def _fail(case: ET.Element, message: str, kind: str, facts: str = "") -> None:
    failure = ET.SubElement(case, "failure", {"message": message, "type": kind})
    failure.text = f"{message}\n{facts}".rstrip()
