"""The page at `/`: how the proxy stands and what it found, for people. Plain, without scripts.

Law: every value is escaped where it is put into the page; nothing is trusted for where it came from.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
       color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; margin: 0 0 2rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem 1rem .3rem 0;
         border-bottom: 1px solid #ccc; }
td { overflow-wrap: anywhere; min-width: 4.5rem; }
td.number { overflow-wrap: normal; text-align: right; font-variant-numeric: tabular-nums; }
@media (prefers-color-scheme: dark) {
  body { color: #eee; background: #161616; } a { color: #8ab4f8; } th, td { border-color: #444; }
}
"""

STYLE_SOURCE: Final = (
    f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)
"""What a Content-Security-Policy must allow for the page to have its style, and nothing else."""

MAX_FINDINGS: Final = 200
_LINKS: Final = (
    "status", "summary", "endpoints", "groups", "noise", "latencies", "rules", "openapi.json",
)  # fmt: skip


def render_front(status: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]) -> str:
    """The whole page."""
    standing = "draining" if status["draining"] else "ready" if status["ready"] else "not ready"
    links = " · ".join(f'<a href="/api/v1/{name}">{name}</a>' for name in _LINKS)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>shadowproxy: {standing}</title><style>{STYLE}</style></head><body>"
        f"<h1>shadowproxy is {standing}</h1>"
        f'<p>{links} · <a href="/metrics">metrics</a></p>'
        f"<h2>Exchanges</h2>{_pairs(status['exchanges'])}"
        f"<h2>Dials</h2>{_dials(status['dials'])}"
        f"<h2>Processes</h2>{_table(status['processes'], _PROCESS_COLUMNS)}"
        f"<h2>Findings</h2>{_findings(groups)}"
        "</body></html>"
    )


_PROCESS_COLUMNS: Final = ("name", "pid", "up", "restarts", "heartbeat_age_ms", "generation")
_GROUP_COLUMNS: Final = (
    "count", "endpoint", "path", "kind", "legacy_status", "candidate_status", "sentence",
)  # fmt: skip


def _findings(groups: Sequence[Mapping[str, Any]]) -> str:
    if not groups:
        return "<p>None so far.</p>"
    shown = _table(groups[:MAX_FINDINGS], _GROUP_COLUMNS)
    left = len(groups) - MAX_FINDINGS
    return shown + (f"<p>{left} more in the API.</p>" if left > 0 else "")


def _dials(dials: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [{"dial": name, **dial} for name, dial in dials.items()]
    return _table(rows, ("dial", "value", "source", "configured", "ttl_s", "reason"))


def _pairs(members: Mapping[str, Any]) -> str:
    return _table([members], tuple(members))


def _table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name in columns)
    body = "".join(f"<tr>{''.join(_cell(row.get(name)) for name in columns)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"<td{' class=number' if is_number else ''}>{_text(value)}</td>"


def _text(value: Any) -> str:
    words = {None: "", True: "yes", False: "no"}
    text = words[value] if value is None or isinstance(value, bool) else str(value)
    return escape(text.encode("utf-8", "replace").decode(), quote=True)
