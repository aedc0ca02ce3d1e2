"""The commands about who is who, over a real database."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.load import load
from run_pbx import app
from server.commands import customer_identity
from server.commands.customer_identity import opened_directory
from tests.config_support import RIGHT
from tests.unit.channels.http.identity_fakes import FakeTimelines

CLI = CliRunner()
ENV = {"WARMLINE_CONFIG": "", "NO_COLOR": "1", "COLUMNS": "250"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Two customers, the second of them with a telephone."""
    file = tmp_path / "site.yaml"
    file.write_text(RIGHT + "customers:\n  region: DE\n", encoding="utf-8")
    table = tmp_path / "table.csv"
    table.write_text("number,name,phones\nC-1,Ana,\nC-2,王芳,030 123456\n", encoding="utf-8")
    assert run(file, "import", str(table)).exit_code == 0
    return file


def run(site: Path, *words: str):
    return CLI.invoke(app, ["customers", *words, "--config", str(site)], env=ENV)


def ids(text: str) -> list[str]:
    """Return every id in a text, in order."""
    words = text.replace("│", " ").replace(":", " ").split()
    return [word for word in words if len(word) == 32]


def test_customers_are_merged_shown_and_unmerged(site: Path) -> None:
    made = run(site, "merge", "C-1", "C-2", "--reason", "same person")
    assert made.exit_code == 0, made.output
    merge_id, member_id, customer_id = ids(made.output)
    shown = run(site, "show", "C-1").output
    assert member_id in shown
    assert "+49…56" in shown
    assert customer_id in run(site, "show", "C-2").output
    listed = run(site, "merges", member_id).output
    assert ids(listed) == [merge_id, customer_id, member_id]
    assert "same person" in listed
    again = run(site, "merge", "C-2", "C-1")
    assert again.exit_code == 1
    assert "no step 'merge'" in again.output
    undone = run(site, "unmerge", merge_id, "--reason", "cousins")
    assert undone.exit_code == 0, undone.output
    assert "cousins" in run(site, "merges", "C-1").output
    assert "+49…56" not in run(site, "show", "C-1").output


def test_an_address_is_linked(site: Path) -> None:
    linked = run(site, "link", "C-1", "phone", "030 654321", "--proved")
    assert linked.exit_code == 0, linked.output
    assert "phone +49…21" in linked.output
    assert "+4930654321" in run(site, "show", "C-1", "--full").output
    mail = run(site, "link", "C-1", "mail", "ana@example.org")
    assert mail.exit_code == 0, mail.output
    assert "example" not in mail.output


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("link", "C-1", "phone", "12"), "is no telephone number", 2),
        (("link", "C-9", "mail", "a@example.org"), "no customer 'C-9'", 1),
        (("merge", "C-1", "C-9"), "no customer 'C-9'", 1),
        (("unmerge", "0" * 32), "no merge", 1),
        (("merges", "C-9"), "no customer 'C-9'", 1),
        (("timeline", "C-9"), "no customer 'C-9'", 1),
        (("export", "C-9"), "no customer 'C-9'", 1),
    ],
)
def test_what_cannot_be_done_is_said(
    site: Path, words: tuple[str, ...], said: str, code: int
) -> None:
    result = run(site, *words)
    assert result.exit_code == code
    assert said in result.output


def test_a_region_that_is_none_is_refused(site: Path) -> None:
    site.write_text(RIGHT + "customers:\n  region: XX\n", encoding="utf-8")
    result = run(site, "link", "C-1", "mail", "a@example.org")
    assert result.exit_code == 1
    assert "customers.region: 'XX'" in result.output


def test_a_timeline_in_a_few_words(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customer_identity, "opened_directory", WithTimelines)
    shown = run(site, "timeline", "C-1")
    assert shown.exit_code == 0, shown.output
    lines = [line for line in shown.output.splitlines() if "2027-" in line]
    assert len(lines) == 4
    assert "identity merged" in lines[0]
    assert "ticket 1042 open: Invoice" in lines[1]
    assert "support alice 60 s caller_ended" in lines[2]
    assert "customer: My invoice is wrong. (+1 files)" in lines[3]


def test_an_export_is_lines_with_an_end(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customer_identity, "opened_directory", WithTimelines)
    result = run(site, "export", "C-1")
    assert result.exit_code == 0, result.output
    kinds = [json.loads(line)["kind"] for line in result.output.splitlines()]
    assert kinds == ["customer", "message", "end"]


class WithTimelines:
    """The customers of a configuration, with timelines and exports that are made up."""

    def __init__(self, configuration) -> None:
        self.opened = opened_directory(configuration)

    async def __aenter__(self):
        directory = await self.opened.__aenter__()
        directory.timelines = directory.exporter = FakeTimelines()
        return directory

    async def __aexit__(self, *exc):
        return await self.opened.__aexit__(*exc)


def test_the_store_finds_a_national_number_that_was_imported(site: Path) -> None:
    async def look() -> list[str]:
        configuration = load(site, look_up_secrets=False).configuration
        async with opened_directory(configuration) as directory:
            view = await directory.by_number("C-2")
            assert view is not None
            return [one.value for one in view.customer.identifiers]

    assert asyncio.run(look()) == ["+4930123456"]
