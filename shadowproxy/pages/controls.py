"""The page of controls: each dial with its value, where that comes from and until when; the audit.

Law: the page shows and asks; what a dial accepts is decided by the API alone.
"""

from typing import Any, Final, NamedTuple

from shadowproxy.pages.documents import Document, member, members, text
from shadowproxy.pages.figures import UNKNOWN, finite, percent, span
from shadowproxy.pages.rendering import render

KILL_SWITCH: Final = "shadow"

_MEANINGS: Final = {
    "shadow": "Whether requests are copied to the candidate at all. Users' answers come from legacy either way.",
    "shadow.sample": "The share of eligible requests that is copied.",
}


class Dial(NamedTuple):
    """One dial, in words."""

    name: str
    value: str
    configured: str
    is_turned: bool
    is_switch: bool
    left: str
    reason: str
    by: str
    since: Any
    meaning: str


def controls(status: Document, audit: Document) -> str:
    """The page at `/controls`."""
    dials = [_dial(name, member(status, "dials", name)) for name in member(status, "dials")]
    switch = next((dial for dial in dials if dial.name == KILL_SWITCH), None)
    return render(
        "controls.html",
        problem=text(audit, "problem"),
        switch=switch,
        dials=dials,
        shadow=member(status, "shadow"),
        entries=[(each, _said(each.get("before")), _said(each.get("after")))
                 for each in members(audit, "entries")],
        next_entry=audit.get("next"),
    )  # fmt: skip


def _dial(name: str, dial: Document) -> Dial:
    value = dial.get("value")
    is_turned = text(dial, "source") == "dial"
    left_s = finite(dial.get("ttl_s"))
    left = "until it is returned" if left_s is None else f"for {span(left_s)} more"
    return Dial(
        name,
        _said(value),
        _said(dial.get("configured")),
        is_turned,
        value in ("on", "off") if isinstance(value, str) else False,
        left if is_turned else "",
        text(dial, "reason"),
        text(dial, "peer"),
        dial.get("since"),
        _MEANINGS.get(name, ""),
    )


def _said(value: Any) -> str:
    """A dial's value, or an audited one: shares in per cent, everything else as it is."""
    if value is None:
        return UNKNOWN
    share = finite(value)
    if share is not None and 0 <= share <= 1:
        return percent(share)
    return str(value)
