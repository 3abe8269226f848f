"""Rules as the comparer reads them: mappings of plain values, with what was written and no more.

Booleans are booleans, numbers of `abs` and `rel` decimal texts, durations seconds; one name and one
status are lists too; `replace` is a list of [regular expression, text]; a header is lower-case.
"""

from typing import Any

from shadowproxy.config.rules import ReplacementSection, RuleSection
from shadowproxy.config.sections import Section


def plain_rule(rule: RuleSection) -> dict[str, Any]:
    """One rule as `core.settings.CompareSettings` holds it."""
    plain = _plain_section(rule)
    if rule.header:
        plain["header"] = rule.header.lower()
    if rule.replace:
        plain["replace"] = _pairs(rule.replace)
    return plain


def _plain_section(section: Section) -> dict[str, Any]:
    """Every value in the order of the model, whatever order it was written in."""
    return {
        field.alias or name: _plain(getattr(section, name))
        for name, field in type(section).model_fields.items()
        if name in section.model_fields_set
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Section):
        return _plain_section(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _pairs(replace: Any) -> list[list[str]]:
    items = [replace] if isinstance(replace[0], str) else replace
    return [
        [item.regex, item.with_] if isinstance(item, ReplacementSection) else list(item)
        for item in items
    ]
