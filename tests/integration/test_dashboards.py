"""The sample alerts and the dashboard ask for metrics and labels that the programs have."""

import json
import re
from pathlib import Path

import pytest

import promtool
from harness import ADMIN, Stack

pytestmark = pytest.mark.once
TOP = Path(__file__).resolve().parents[2]
ALERTS = TOP / "deploy" / "prometheus" / "respool-alerts.yml"
DASHBOARD = TOP / "deploy" / "grafana" / "respool.json"
TABLE = TOP / "common" / "store" / "metric_table.h"

# What Prometheus adds itself, and what a sum over others leaves.
ADDED_LABELS = {"instance", "job", "le"}


@pytest.fixture(scope="module")
def scraped():
    """The types of all metrics, by their names, as a scrape tells them."""
    stack = Stack(supervisor=False)
    reply = stack.client.with_key(ADMIN).with_prefix("").get("/metrics")
    stack.close()
    assert reply.status == 200
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", reply.body.decode(), re.M))


def table_rows():
    """The type and the labels of each metric, as the table in the sources has them."""
    text = re.sub(r"\\\n", " ", TABLE.read_text())
    rows = re.findall(r'X\(\w+,\s*"(\w+)",\s*(\w+),\s*"([^"]*)"', text)
    return {name: (kind, set(filter(None, labels.split(",")))) for name, kind, labels in rows}


def table_labels():
    return {name: labels for name, (_, labels) in table_rows().items()}


def queries():
    """Each alert's and each panel's expression, with what it is for and the labels that its legend
    shows."""
    found = []
    text = ALERTS.read_text()
    for block in re.split(r"^\s*- alert: ", text, flags=re.M)[1:]:
        name = block.split("\n", 1)[0]
        expr = re.search(r"expr: (?:>-\n)?(.*?)\n\s+(?:for|labels): ", block, re.S).group(1)
        shown = set(re.findall(r"\$labels\.(\w+)", block))
        found.append((name, " ".join(expr.split()), shown))
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", []):
            shown = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            found.append((panel["title"], target["expr"], sorted(shown)))
    return found


def metric_of(name, types):
    """The metric that a series belongs to: a histogram has three kinds of them."""
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return base if types.get(base) == "histogram" else name


@pytest.mark.parametrize("title, query, shown", queries(), ids=lambda value: str(value)[:60])
def test_a_query_asks_for_what_a_scrape_has(scraped, title, query, shown):
    labels = table_labels()
    series = re.findall(r"\b(respool_\w+)(?:{([^}]*)})?", query)
    assert series, query
    of_all = set(ADDED_LABELS)
    for name, matchers in series:
        metric = metric_of(name, scraped)
        assert metric in scraped, f"no metric {name}: {title}"
        assert (metric != name) == (scraped[metric] == "histogram"), query
        of_all |= labels[metric]
        assert set(re.findall(r"(\w+)(?:=|!)", matchers)) <= labels[metric], query
    kept = re.findall(r"\bby \(([^)]*)\)", query) + re.findall(r"\bwithout \(([^)]*)\)", query)
    for names in kept:
        assert set(re.findall(r"\w+", names)) <= of_all, query
    assert set(shown) <= of_all, query


def test_every_metric_is_shown_by_the_dashboard(scraped):
    text = DASHBOARD.read_text()
    assert [name for name in scraped if name not in text] == []


def test_the_table_of_the_sources_is_what_a_scrape_tells(scraped):
    assert set(table_labels()) == set(scraped)


def test_prometheus_takes_the_alerts():
    assert "SUCCESS: 12 rules found" in promtool.check("rules", str(ALERTS))


def test_the_manual_describes_every_metric_as_the_table_has_it():
    manual = (TOP / "doc" / "respool.fcgi.8").read_text()
    section = manual.split(".Ss Metrics\n")[1].split("\n.Ss ")[0]
    described = {}
    for name, kind, labels in re.findall(
            r"^\.It Li (\w+)\n\.Em (\w+)(?: , by\n\.Li ([\w ,]+))? \.$", section, re.M):
        described[name] = (kind, set(labels.split(" , ")) - {""})
    table = {name: (kind.lower(), labels) for name, (kind, labels) in table_rows().items()}
    assert described == table
