"""PromQL in dashboards and rules, held against what control really renders.

A query is looked at as text: selectors, groupings and words. That is less than a parser, and enough
because house style writes a grouping before its parentheses: `sum by (route) (...)`. promtool says
whether a query parses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from shadowproxy.control.dialling import NAMES
from shadowproxy.control.metrics import Control, render
from shadowproxy.control.standing import Standing, read_processes
from shadowproxy.core.settings import BackendSettings, ListenSettings, Settings
from shadowproxy.ipc.tallies import read_cells

TARGET_LABELS = {"job", "instance"}
"""What Prometheus itself puts on every sample."""

FUNCTIONS = {
    "abs", "avg", "avg_over_time", "changes", "clamp_min", "count", "histogram_quantile",
    "increase", "label_values", "last_over_time", "max", "min", "rate", "sum",
}  # fmt: skip
KEYWORDS = {"and", "by", "group_left", "on", "or", "unless", "without"}

_SELECTOR = re.compile(r'([a-z_:]+)\s*\{((?:[^"}]|"[^"]*")*)\}|\b(shadowproxy_\w+|up)\b')
_MATCHER = re.compile(r'\s*(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"\s*(?:,|$)')
_GROUPING = re.compile(r"\b(by|without)\s*\(([^)]*)\)\s*\(")
_JOINING = re.compile(r"\b(?:on|group_left)\s*\(([^)]*)\)")
_VARIABLE = re.compile(r"\$(\w+)$")

Labels = dict[str, set[str]]


@dataclass(frozen=True)
class Exposition:
    """Every sample's name, with the values that each of its labels can have."""

    samples: dict[str, Labels]
    text: str

    def complaints(self, query: str) -> Iterator[str]:
        """What is wrong with a query: nothing, for one that can be answered."""
        for name, matchers in selectors(query):
            if name not in self.samples:
                yield f"no metric is called {name}"
                continue
            for label, operator, value in matchers:
                yield from self._about(name, label, operator, value)
        yield from self._about_groupings(query)
        for word in words(query):
            if word not in self.samples and word not in FUNCTIONS | KEYWORDS:
                yield f"{word} is neither a metric nor a word that is known here"

    def _about(self, name: str, label: str, operator: str, value: str) -> Iterator[str]:
        known = self.samples[name].get(label)
        variable = _VARIABLE.match(value)
        if label not in TARGET_LABELS and known is None:
            yield f"{name} has no label {label}"
        elif variable:
            if variable[1] != label or operator != "=~":
                yield f"{label}{operator}{value} compares apples with pears"
        elif known is None:
            yield f"{label} is whatever the scrape says, never {value}"
        else:
            choices = value.split("|") if "~" in operator else [re.escape(value)]
            for choice in choices:
                if not any(re.fullmatch(choice, one) for one in known):
                    yield f"{label} of {name} is never {choice}"

    def _about_groupings(self, query: str) -> Iterator[str]:
        for found in _GROUPING.finditer(query):
            body = query[found.end() : _closing(query, found.end())]
            yield from self._missing(found[2], body, found[0])
        for found in _JOINING.finditer(query):
            yield from self._missing(found[1], query, found[0])

    def _missing(self, labels: str, body: str, where: str) -> Iterator[str]:
        for label in split(labels) - TARGET_LABELS:
            for name, _ in selectors(body):
                if label not in self.samples.get(name, {label: set()}):
                    yield f"{where} ...: {name} has no label {label}"


def exposition(folder: Path, settings: Settings | None = None) -> Exposition:
    """What control renders for a proxy that has not seen a request."""
    backend = BackendSettings("http", "127.0.0.1", 9001)
    settings = settings or Settings((ListenSettings("127.0.0.1", 8080),), backend, workers=2)
    processes = read_processes(folder, settings.workers)
    pages = {process["name"]: read_cells(folder, process["name"]) for process in processes}
    standing = Standing(settings, pages, processes, now_ms=0)
    control = Control(dict.fromkeys(NAMES, 1.0), reload_succeeded=True, reloaded_at_s=1.0)
    text = render(standing, control, "")[0].decode()
    samples: dict[str, Labels] = {"up": {}}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = samples.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add(value)
    return Exposition(samples, text)


def selectors(query: str) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Each metric with its (label, operator, value)s."""
    for found in _SELECTOR.finditer(query):
        yield found[1] or found[3], _MATCHER.findall(found[2] or "")


def words(query: str) -> set[str]:
    """All names but those of labels."""
    bare = re.sub(r'\{(?:[^"}]|"[^"]*")*\}|\[[^\]]*\]|"[^"]*"', " ", query)
    bare = re.sub(r"\b(by|without|on|group_left)\s*\([^)]*\)", r" \1 ", bare)
    return set(re.findall(r"\b[a-z_:][\w:]*\b", bare))


def groupings(query: str) -> set[str]:
    """The labels that some `by (...)` keeps."""
    return {label for found in _GROUPING.finditer(query) for label in split(found[2])}


def split(labels: str) -> set[str]:
    """The labels of `a, b`."""
    return {label.strip() for label in labels.split(",") if label.strip()}


def _closing(query: str, start: int) -> int:
    depth = 1
    for index in range(start, len(query)):
        depth += {"(": 1, ")": -1}.get(query[index], 0)
        if not depth:
            return index
    return len(query)
