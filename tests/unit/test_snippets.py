"""What operators are told to write can be written, and what it is said to cost is what it costs."""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from config.load import load
from config.routing import Weights
from domain.contact import Channel
from domain.skill import SkillRequirement
from router.columns import AgentColumns
from router.cost import CHANNELS, CostBook, Needs, Row, Urgency, fit_spread_s, starvation_bound_s
from router.policy import RouterPolicy
from tests.house import ROOT

DOCS = ROOT / "docs"
ENVIRON = {
    "WARMLINE_TOKEN": "0123456789abcdef0123",
    "CRM_SECRET": f"whsec_{b64encode(bytes(32)).decode()}",
}
SNIPPET = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def snippets(page: str) -> list[dict[str, Any]]:
    return [
        yaml.safe_load(text) for text in SNIPPET.findall((DOCS / page).read_text(encoding="utf-8"))
    ]


def merged(below: Any, above: Any) -> Any:
    """Return `below` with what `above` says; things of a list are known by their id."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        names = {**below, **above}
        return {
            name: merged(below[name], above[name])
            if name in below and name in above
            else names[name]
            for name in names
        }
    if isinstance(below, list) and all(isinstance(one, Mapping) and "id" in one for one in above):
        known = {one["id"]: one for one in below}
        return [*merged(known, {one["id"]: one for one in above}).values()]
    return above


@pytest.fixture
def centre() -> dict[str, Any]:
    """The small centre that all snippets add to."""
    text = (ROOT / "config" / "examples" / "minimal.yaml").read_text(encoding="utf-8")
    first, *_ = snippets("routing.md")
    return {**yaml.safe_load(text), **first}


PAGES = ["routing", "decisions", "learning", "customers", "tickets"]


@pytest.mark.parametrize("ending", [".md", ".zh.md"])
@pytest.mark.parametrize("page", PAGES)
def test_a_snippet_passes_the_check(
    page: str, ending: str, centre: dict[str, Any], tmp_path: Path
) -> None:
    found = snippets(f"{page}{ending}")
    assert found
    for number, snippet in enumerate(found):
        file = tmp_path / f"{number}.yaml"
        file.write_text(yaml.safe_dump(merged(centre, snippet)), encoding="utf-8")
        assert load(file, environ=ENVIRON).warnings == ()


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_show_the_same_snippets(page: str) -> None:
    assert snippets(f"{page}.md") == snippets(f"{page}.zh.md")


@pytest.mark.parametrize("page", ["routing.md", "routing.zh.md"])
def test_the_weights_are_told_with_their_defaults(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", text, re.MULTILINE)
    assert {name: float(default) for name, default in rows} == Weights().model_dump()
    assert f"{fit_spread_s(Weights()) + Weights().occupancy_weight_s:g} " in text
    assert f"{starvation_bound_s(Weights()):,.0f} " in text


def test_the_example_costs_what_the_page_says(centre: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(yaml.safe_dump(centre), encoding="utf-8")
    policy = RouterPolicy.of(load(file, environ=ENVIRON).configuration)
    columns = AgentColumns([entry.agent for entry in policy.agents.values()])
    book = CostBook(policy.queues, policy.weights, columns)
    needs = Needs(
        queue_id="support",
        requirements=(SkillRequirement(skill="tech", proficiency_min=3),),
        language="en",
        language_min=1,
        spoken="zh",
        product="router",
        topic="support",
        seniority=4,
    )
    anna, bo = columns.column["anna"], columns.column["bo"]
    worse_s = {}
    for row, place in zip(Row, book.rows(needs), strict=True):
        costs_s = book.tables[row].table[place]
        worse_s[row] = round(float(costs_s[bo] - costs_s[anna]), 3)
    assert {row: one_s for row, one_s in worse_s.items() if one_s} == {
        Row.SKILL: 20,
        Row.LANGUAGE: -20,
        Row.PRODUCT: 25,
        Row.SENIORITY: 8,
    }


def test_contacts_are_as_urgent_as_the_page_says(centre: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(yaml.safe_dump(centre), encoding="utf-8")
    policy = RouterPolicy.of(load(file, environ=ENVIRON).configuration)
    urgency = Urgency.of(policy.queues, policy.weights)
    calls = [(0.0, 0, 1), (40.0, 0, 1), (0.0, 1, 1), (0.0, 0, 5), (250.0, 0, 1)]
    waited_s, priority, value = (
        np.array(column, dtype=np.float64) for column in zip(*calls, strict=True)
    )
    voice = np.zeros(len(calls), dtype=np.int64)
    assert CHANNELS[0] is Channel.VOICE
    urgent_s = urgency.urgency_s(voice, voice, waited_s, priority, value)
    assert urgent_s.tolist() == [60, 120, 120, 540, 540]
    patient = replace(urgency, target_s=np.full(len(policy.queues), 86_400.0))
    mail = np.array([CHANNELS.index(Channel.MAIL)])
    (mail_s,) = patient.urgency_s(
        np.array([0]), mail, np.array([1_800.0]), np.array([0.0]), np.array([1.0])
    )
    assert mail_s == pytest.approx(37.2)
