"""How the rules of a configuration stand, as people see it: what each hides, and which are misspelt.

Source: COMPARING.md, Rules: misspelt ones are the commonest complaint about every peer.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shadowproxy.compare.ruleset import Rules
from shadowproxy.compare.usage import Standing


def show(
    rules: Rules, standings: Iterable[Standing], saved: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Plain values, one for each rule; `since_s` is in Unix seconds.

    `saved` are the ids of the last rules, which people saved.
    """
    first_saved = len(rules.rules) - len(saved)
    return [
        {
            "source": "file" if each.rule < first_saved else "saved",
            "id": None if each.rule < first_saved else saved[each.rule - first_saved],
            "endpoint": rules.endpoints[each.rule],
            "rule": rules.rules[each.rule],
            "hits": each.hits,
            "has_matched": each.has_matched,
            "responses": each.responses,
            "since_s": each.since_s,
            "is_expired": each.rule in rules.expired,
            "sentence": sentence(rules, each),
        }
        for each in standings
    ]


def sentence(rules: Rules, standing: Standing) -> str:
    """What is to be said of a rule; empty if it does its work, or has had no time to."""
    if standing.rule in rules.expired:
        return "expired: it hides nothing any more, remove it or give it another date"
    if not standing.is_reported:
        return ""
    asked = "header" if "header" in rules.rules[standing.rule] else "path"
    return (
        f"matched nothing in {standing.responses:,} answers {_whose(rules, standing)} "
        f"that were looked into: is its {asked} misspelt?"
    )


def about(rules: Rules, standing: Standing) -> Mapping[str, Any]:
    """What a log event says of it."""
    plain = rules.rules[standing.rule]
    return {
        "endpoint": rules.endpoints[standing.rule],
        "rule": plain.get("path") or plain.get("header"),
        "responses": standing.responses,
        "error": sentence(rules, standing),
    }


def _whose(rules: Rules, standing: Standing) -> str:
    endpoint = rules.endpoints[standing.rule]
    return f"of {endpoint}" if endpoint else "of all endpoints"
