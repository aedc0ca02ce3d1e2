"""The page about metrics and the Grafana board speak of the metrics that there are."""

import json
import re
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from server.measures import Measures
from server.metrics import FAMILIES, Family

DOCS = Path(__file__).parents[3] / "docs"
BOARD: dict[str, Any] = json.loads((DOCS / "grafana" / "warmline.json").read_text("utf-8"))
FAMILY_LIST = [*FAMILIES.values(), *Measures(CollectorRegistry()).families]


def names_of(family: Family) -> dict[str, tuple[str, ...]]:
    """Return every name that Prometheus knows the family by, with its labels."""
    if family.kind == "counter":
        return {family.name + "_total": family.labels}
    if family.kind == "gauge":
        return {family.name: family.labels}
    return {
        family.name + "_bucket": (*family.labels, "le"),
        family.name + "_sum": family.labels,
        family.name + "_count": family.labels,
    }


KNOWN = {name: labels for family in FAMILY_LIST for name, labels in names_of(family).items()}


def test_the_page_lists_every_metric_as_it_is() -> None:
    lines = (DOCS / "metrics.md").read_text("utf-8").splitlines()
    rows = [line for line in lines if re.match(r"\| `warmline_[a-z_]+` \|", line)]
    wanted = []
    for family in FAMILY_LIST:
        name = family.name + ("_total" if family.kind == "counter" else "")
        labels = ", ".join(family.labels)
        wanted.append(f"| `{name}` | {family.kind} | {labels} | {family.meaning} |")
    assert sorted(rows) == sorted(wanted)


def expressions() -> list[str]:
    made = [target["expr"] for panel in BOARD["panels"] for target in panel.get("targets", [])]
    page = (DOCS / "metrics.md").read_text("utf-8")
    # The first column of the table of alarms holds expressions too.
    alarms = [line.split(" | ")[0] for line in page.splitlines() if line.startswith("| `")]
    return made + [line for line in alarms if re.search(r"[<>=]", line)]


def test_every_expression_names_metrics_and_labels_that_there_are() -> None:
    found = expressions()
    assert len(found) > 30
    for expression in found:
        for name, selector in re.findall(r"(warmline_[a-z_]+)(?:\{([^}]*)\})?", expression):
            assert name in KNOWN, expression
            used = set(re.findall(r"([a-z_]+)\s*[=!]~?", selector)) - {"instance"}
            assert used <= set(KNOWN[name]), expression
        grouped = re.findall(r"by \(([a-z_, ]+)\)", expression)
        for labels in grouped:
            names = re.findall(r"warmline_[a-z_]+", expression)
            for label in labels.split(", "):
                assert all(label in KNOWN[name] for name in names), expression


def test_every_legend_names_a_label_that_is_left() -> None:
    for panel in BOARD["panels"]:
        for target in panel.get("targets", []):
            for label in re.findall(r"\{\{([a-z_]+)\}\}", target["legendFormat"]):
                grouped = re.findall(r"by \(([a-z_, ]+)\)", target["expr"])
                assert not grouped or label in grouped[0], target


def test_the_board_fits_grafana() -> None:
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (column, line)
            for column in range(place["x"], place["x"] + place["w"])
            for line in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
        assert panel["title"]
        if panel["type"] != "row":
            assert panel["targets"]
            assert panel["datasource"]["uid"] == "${source}"
