from pathlib import Path

import pytest
from typer.testing import CliRunner

from run_pbx import app
from tests.config_support import RIGHT

CLI = CliRunner()
ENV = {"WARMLINE_CONFIG": "", "NO_COLOR": "1", "COLUMNS": "100"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    file = tmp_path / "site.yaml"
    file.write_text(RIGHT, encoding="utf-8")
    return file


def run(site: Path, *words: str):
    return CLI.invoke(app, ["customers", *words, "--config", str(site)], env=ENV)


def table(site: Path, text: str, name: str = "table.csv") -> str:
    file = site.parent / name
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_a_table_is_imported_and_one_of_it_shown(site: Path) -> None:
    text = "number,name,phones,value\nC-1,Ana Müller,+4930123456,4\nC-2,王芳,,2\n"
    first = run(site, "import", table(site, text))
    assert first.exit_code == 0, first.output
    assert first.output.endswith("2 rows, 2 customers entered, 0 changed\n")
    again = run(site, "import", table(site, text))
    assert again.output.endswith("2 rows, 0 customers entered, 2 changed\n")
    shown = run(site, "show", "C-1")
    assert "Ana Müller" in shown.output
    assert "+49…56" in shown.output
    assert "123456" not in shown.output
    customer_id = next(
        word for line in shown.output.splitlines() for word in line.split() if len(word) == 32
    )
    full = run(site, "show", customer_id, "--full")
    assert "+4930123456" in full.output


def test_a_check_writes_nothing(site: Path) -> None:
    checked = run(site, "import", table(site, "number\nC-1\n"), "--check")
    assert checked.exit_code == 0
    assert "1 customers, no mistakes, nothing written" in checked.output
    assert run(site, "show", "C-1").exit_code == 1


def test_mistakes_are_named_and_nothing_is_written(site: Path) -> None:
    name = table(site, "number,value\nC-1,3\nC-2,7\nC-3,x\n")
    result = run(site, "import", name)
    assert result.exit_code == 2
    where = f"{name}:3: value: found '7'; allowed: a whole number from 1 to 5"
    assert where in result.output
    assert "2 mistakes; nothing written" in result.output
    assert run(site, "show", "C-1").exit_code == 1


def test_more_mistakes_than_anybody_reads(site: Path) -> None:
    result = run(site, "import", table(site, "number,value\n" + "C-1,9\n" * 150))
    assert result.exit_code == 2
    assert result.output.count("allowed:") == 100
    assert "150 mistakes, the first 100 are named" in result.output


def test_json_lines_by_their_ending(site: Path) -> None:
    result = run(site, "import", table(site, '{"number":"C-1","value":5}\n', "table.jsonl"))
    assert result.exit_code == 0, result.output
    assert "value" in run(site, "show", "C-1").output


def test_a_large_table_shows_how_far_it_is(site: Path) -> None:
    text = "number\n" + "".join(f"C-{number}\n" for number in range(10_200))
    result = run(site, "import", table(site, text))
    assert "10000 of 10200 rows" in result.output
    assert "10200 customers entered" in result.output


def test_a_file_that_is_not_there(site: Path) -> None:
    result = run(site, "import", "nowhere.csv")
    assert result.exit_code == 2
    assert "nowhere.csv: No such file" in result.output


def test_a_customer_is_forgotten_once(site: Path) -> None:
    run(site, "import", table(site, "number,name\nC-1,Ana\n"))
    assert run(site, "forget", "C-1").exit_code == 0
    again = run(site, "forget", "C-1")
    assert again.exit_code == 1
    assert "no customer 'C-1'" in again.output
