"""The pages say what is: links, names of code, numbers, and what is made from code."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from docs import (
    make_chat,
    make_events,
    make_limits,
    make_pictures,
    make_states,
    make_tree,
    make_workload,
)
from server.measures import Measures
from server.metrics import FAMILIES
from tests.house import PACKAGES, ROOT, files

PAGES = [path for path in files() if path.suffix == ".md"]
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def without_code(text: str) -> str:
    """Return Markdown without its code blocks, where brackets are no links."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def links(path: Path) -> Iterator[tuple[str, str]]:
    for text, target in LINK.findall(without_code(path.read_text(encoding="utf-8"))):
        if not re.match(r"[a-z]+:", target):
            yield text, target


def anchors(path: Path) -> set[str]:
    """Return the anchors that a page's headings have on GitHub."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    for _, target in links(page):
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), f"{name_of(page)}: {target}"
        if there.is_dir():
            assert any(path.is_relative_to(there) for path in files()), f"{target} is empty"
        if anchor:
            assert anchor in anchors(there), f"{name_of(page)}: {target}"


@cache
def definitions(source: Path) -> set[str]:
    """Return the names that a file defines, those of methods after their class."""

    def within(body: list[ast.stmt], prefix: str) -> Iterator[str]:
        for node in body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield prefix + node.name
                if isinstance(node, ast.ClassDef):
                    yield from within(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                yield prefix + node.target.id

    return set(within(ast.parse(source.read_text(encoding="utf-8")).body, ""))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_name_of_code_stands_in_the_file_that_it_links_to(page: Path) -> None:
    for text, target in links(page):
        if text.startswith("`") and target.endswith(".py"):
            known = definitions((page.parent / target).resolve())
            assert text.strip("`") in known, f"{name_of(page)}: no {text} in {target}"


def test_the_tree_is_the_tree_on_disk() -> None:
    assert make_tree.page() == ARCHITECTURE, "run: python -m docs.make_tree"


def test_the_tree_has_every_file_of_code_and_every_folder() -> None:
    tree = ARCHITECTURE.partition(make_tree.BEGIN)[2]
    listed = {target for _, target in LINK.findall(tree)}
    for path in files():
        top = path.relative_to(ROOT).parts[0]
        if path.suffix == ".py" and top in PACKAGES and path.name != "__init__.py":
            assert name_of(path) in listed
        if not top.startswith(".") and path.parent != ROOT:
            assert top in listed


def test_the_diagrams_of_the_state_machines_are_up_to_date() -> None:
    written = make_states.PAGE.read_text(encoding="utf-8")
    assert written == make_states.page(), "run: python -m docs.make_states"


def test_the_page_of_events_is_up_to_date() -> None:
    written = make_events.PAGE.read_text(encoding="utf-8")
    assert written == make_events.page(), "run: python -m docs.make_events"


@pytest.mark.parametrize("page", make_workload.PAGES, ids=name_of)
def test_the_keys_of_a_workload_are_up_to_date(page: Path) -> None:
    written = page.read_text(encoding="utf-8")
    assert written == make_workload.page(page), "run: python -m docs.make_workload"


@pytest.mark.parametrize("page", make_chat.documents(), ids=name_of)
def test_the_protocol_of_the_chat_is_up_to_date(page: Path) -> None:
    written = page.read_text(encoding="utf-8")
    assert written == make_chat.documents()[page], "run: python -m docs.make_chat"


def test_the_picture_loads_nothing_from_elsewhere() -> None:
    picture = make_pictures.PICTURE.read_text(encoding="utf-8")
    assert "url(http" not in picture
    assert "@import" not in picture
    assert "Warmline" in picture


LIMITS = [make_limits.cells(row) for row in make_limits.rows(ARCHITECTURE)]


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row[0])
def test_a_limit_is_the_one_in_the_code(row: list[str]) -> None:
    limit, number, what, at_the_limit, _ = row
    assert number == make_limits.number(limit), "run: python -m docs.make_limits"
    assert what
    assert at_the_limit


def test_what_counts_at_a_limit_is_a_metric_with_that_label() -> None:
    families = [*FAMILIES.values(), *Measures(CollectorRegistry()).families]
    known = {
        family.name + ("_total" if family.kind == "counter" else ""): family.labels
        for family in families
    }
    found = 0
    for row in LIMITS:
        for name, label in re.findall(r"`([a-z_]+)\{([a-z]+)=", row[4]):
            found += 1
            assert label in known[f"warmline_{name}"], name
        for name in re.findall(r"`([a-z_]+_total)`", row[4]):
            found += 1
            assert f"warmline_{name}" in known
    assert len(LIMITS) > 50
    assert found > 20


@pytest.mark.parametrize("name", ["operating.md", "operating.zh.md"])
def test_a_setting_that_the_operator_is_told_of_is_one(name: str) -> None:
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    found = re.findall(r"`((?:node|sip|rtp|cells|prompts|store|http)(?:\.[a-z_]+)+)`", page)
    assert len(found) > 8
    for path in found:
        make_limits.setting(path)


@pytest.mark.parametrize("name", ["operating", "emotion", "customers", "routing", "conversations"])
def test_both_languages_of_the_operator_say_the_same(name: str) -> None:
    """Headings, commands and settings are the same ones in the same order."""
    pages = [
        (ROOT / "docs" / f"{name}{ending}").read_text(encoding="utf-8")
        for ending in (".md", ".zh.md")
    ]
    shapes = [
        [
            re.findall(r"^(#+) ", page, re.MULTILINE),
            re.findall(r"`([a-z_]+\.[a-z_.]+)`", page),
            [
                re.sub(r"prompts/(en|zh)/|git clone .*", "", line)
                for line in re.findall(r"^    (.+)$", page, re.MULTILINE)
            ],
        ]
        for page in pages
    ]
    for english, chinese in zip(*shapes, strict=True):
        assert sorted(english) == sorted(chinese)


def test_the_table_of_decisions_has_each_of_them() -> None:
    folder = ROOT / "docs" / "adr"
    table = (folder / "README.md").read_text(encoding="utf-8")
    for decision in folder.glob("[0-9]*.md"):
        number, title = re.match(r"# (\d{4}) (.+)", decision.read_text(encoding="utf-8")).groups()  # type: ignore[union-attr]
        assert decision.name.startswith(number)
        assert f"| [{number}]({decision.name}) | {title} |" in table
