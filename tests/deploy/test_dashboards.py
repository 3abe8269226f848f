"""The dashboards: they import as they are, every query has an answer, every panel helps."""

import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from shadowproxy.core.settings import BackendSettings, ListenSettings, RouteSettings, Settings
from tests.deploy.promtool import promtool, write_rules
from tests.deploy.queries import exposition, groupings, selectors

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana"
FILES = sorted(FOLDER.glob("*.json"))
COLUMNS = 24

Dashboard = dict[str, Any]
Panel = dict[str, Any]


@pytest.fixture(params=FILES, ids=lambda file: str(file.stem))
def dashboard(request: pytest.FixtureRequest) -> Dashboard:
    """Each dashboard."""
    file: Path = request.param
    found: Dashboard = json.loads(file.read_text())
    return found


def _panels(dashboard: Dashboard) -> list[Panel]:
    """All but the rows' titles."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def _queries(dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    """(where, PromQL with Grafana's variables) of panels, annotations and variables."""
    for panel in _panels(dashboard):
        for target in panel.get("targets", ()):
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            yield annotation["name"], annotation["expr"]


def _plain(query: str) -> str:
    """PromQL as Grafana sends it when everything is selected."""
    query = re.sub(r"\$(job|instance|route)\b", ".+", query)
    query = query.replace("$__rate_interval", "5m").replace("$__range", "1h")
    assert "$" not in query
    return query


def _nested(value: Any, key: str) -> Iterator[Any]:
    """Every value under a key, however deep."""
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _nested(each, key)


def test_each_has_its_own_address() -> None:
    """Both can be imported into one Grafana, and lead to each other by their tag."""
    dashboards = [json.loads(file.read_text()) for file in FILES]
    assert len({each["uid"] for each in dashboards}) == len(dashboards) > 1
    assert len({each["title"] for each in dashboards}) == len(dashboards)
    for each in dashboards:
        assert each["id"] is None
        assert each["schemaVersion"] >= 39
        assert set(each["tags"]) & set(each["links"][0]["tags"])


def test_no_data_source_is_fixed(dashboard: Dashboard) -> None:
    """All ask the one that the reader chose; marks of Grafana itself are its own."""
    sources = [source["uid"] for source in _nested(dashboard, "datasource")]
    assert set(sources) == {"${datasource}", "-- Grafana --"}
    (chosen,) = [v for v in dashboard["templating"]["list"] if v["name"] == "datasource"]
    assert (chosen["type"], chosen["query"]) == ("datasource", "prometheus")
    for panel in _panels(dashboard):
        assert panel["type"] == "text" or all("datasource" in each for each in panel["targets"])


def test_every_variable_is_declared_and_used(dashboard: Dashboard) -> None:
    """No query waits for a variable that nobody sets, no choice is without effect."""
    declared = {variable["name"] for variable in dashboard["templating"]["list"]}
    text = json.dumps([dashboard["panels"], dashboard["annotations"]])
    used = set(re.findall(r"\$\{?([a-z]\w*)", text))
    assert used == declared


def test_panels_have_ids_of_their_own(dashboard: Dashboard) -> None:
    """Grafana would mix up panels that share one."""
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


def test_panels_do_not_overlap(dashboard: Dashboard) -> None:
    """Each place of the grid is taken once, and none is outside."""
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        columns, rows = (range(at[p], at[p] + at[size]) for p, size in (("x", "w"), ("y", "h")))
        assert columns.start >= 0
        assert columns.stop <= COLUMNS
        for place in product(columns, rows):
            other = taken.setdefault(place, panel["title"])
            assert other == panel["title"], f"{panel['title']} lies over {other}"


def test_panels_say_what_is_right(dashboard: Dashboard) -> None:
    """Each has a title of its own, a unit, and says what is right; what to do if it is not."""
    panels = _panels(dashboard)
    assert len({panel["title"] for panel in panels}) == len(panels)
    for panel in panels:
        if panel["type"] == "text":
            assert panel["options"]["content"]
            assert panel["description"]
            continue
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert "Right: " in panel["description"], panel["title"]


def test_queries_ask_for_what_control_renders(dashboard: Dashboard, tmp_path: Path) -> None:
    """Every metric, label and value exists; so do those that fill the variables."""
    rendered = exposition(tmp_path)
    queries = [*_queries(dashboard)]
    assert len(queries) > 20
    complaints = [
        f"{where}: {each}" for where, query in queries for each in rendered.complaints(query)
    ]
    for variable in dashboard["templating"]["list"][1:]:
        found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
        assert found
        assert found[2] == variable["name"]
        complaints += rendered.complaints(f"count by ({found[2]}) ({found[1]})")
    assert complaints == []


def test_every_query_is_about_what_was_chosen(dashboard: Dashboard) -> None:
    """No panel shows proxies, or routes, that the reader has not chosen."""
    for where, query in _queries(dashboard):
        for name, matchers in selectors(query):
            chosen = {label for label, _, value in matchers if value == f"${label}"}
            assert chosen >= {"job", "instance"}, f"{where}: {name}"


def test_legends_name_labels_that_are_left(dashboard: Dashboard) -> None:
    """A legend's label is one that the query keeps."""
    for panel in _panels(dashboard):
        for target in panel.get("targets", ()):
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert named <= groupings(target["expr"]), panel["title"]


def test_promtool_parses_every_query(dashboard: Dashboard, tmp_path: Path) -> None:
    """Each would be accepted as a recording rule."""
    queries = enumerate(_plain(query) for _, query in _queries(dashboard))
    rules = [{"record": f"query:{number}", "expr": query} for number, query in queries]
    result = promtool("check", "rules", write_rules(tmp_path / "rules.yml", rules))
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
def test_every_query_has_an_answer(dashboard: Dashboard, tmp_path: Path) -> None:
    """Put to a proxy whose every counter grows, each gives at least one number that is one."""
    queries = [(where, _plain(query)) for where, query in _queries(dashboard)]
    rules = [
        {"alert": f"{number} {where}", "expr": f"count(({query}) > -Inf) > 0"}
        for number, (where, query) in enumerate(queries)
    ]
    rule_file = write_rules(tmp_path / "rules.yml", rules)
    cases = [{"alertname": rule["alert"], "eval_time": "60m", "exp_alerts": [{}]} for rule in rules]
    test = {"interval": "1m", "input_series": _growing(tmp_path), "alert_rule_test": cases}
    test_file = tmp_path / "test.yml"
    test_file.write_text(yaml.safe_dump({"rule_files": [rule_file.name], "tests": [test]}))
    result = promtool("test", "rules", test_file)
    assert result.returncode == 0, (result.stdout + result.stderr)[-4000:]


def _growing(folder: Path) -> list[dict[str, str]]:
    """All that control renders, each series one more a minute; buckets stay cumulative."""
    backend = BackendSettings("http", "127.0.0.1", 9001)
    routes = (RouteSettings("search", 1, "/search"),)
    settings = Settings((ListenSettings("127.0.0.1", 8080),), backend, workers=1, routes=routes)
    series = []
    for family in text_string_to_metric_families(exposition(folder, settings).text):
        for height, sample in enumerate(family.samples, 1):
            labels = {"job": "shop", "instance": "a:9900", **sample.labels}
            inside = ",".join(f'{name}="{value}"' for name, value in labels.items())
            step = height if family.type == "histogram" else 1
            series.append({"series": f"{sample.name}{{{inside}}}", "values": f"0+{step}x60"})
    return series
